"""What a page says about a deed, with the way back where there is one. It may be said on the next page, or at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from inbox.actions.undo import UNDO_FOR
from inbox.web import labels

_PREFIX = "undo-"


def toast(title: labels.Words, text: labels.Words = "", *, step: Any = None, tone: str = "ok") -> dict[str, Any]:
    """A toast for this answer."""
    return {"tone": tone, "title": title, "text": text, "undo": step.pk if step else None}


def say(request: HttpRequest, words: str, *, step: Any = None) -> None:
    """Say it on the next page."""
    messages.success(request, words, extra_tags=f"{_PREFIX}{step.pk}" if step else "")


def undo_of(message: Any) -> int | None:
    """The key of the way back that a message of `say` carries."""
    number = (message.extra_tags or "").removeprefix(_PREFIX)
    return int(number) if number.isdecimal() else None


#: How long the offer to undo is shown, in seconds.
SHOWN = int(UNDO_FOR.total_seconds())
