"""Template tags and filters: icons, words for codes, times and highlighted search words. No queries here."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from inbox.core.text import fold
from inbox.web import labels, moments

register = template.Library()


@register.simple_tag
def icon(name: str, cls: str = "") -> SafeString:
    """A decorative icon. It always stands next to words, or its parent carries an aria-label."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        cls,
        static("inbox/icons.svg"),
        name,
    )


@register.filter
def label(code: Any, kind: str) -> Any:
    """The words for a code: `{{ ticket.status|label:"status" }}`."""
    return labels.of(kind, code)


@register.filter
def icon_of(code: Any, kind: str) -> str:
    """The icon that goes with a code."""
    return labels.icon_of(kind, code)


@register.filter
def moment(at: datetime | None, now: datetime) -> str:
    """ "16:10" today, else "16:10 T4 25/11"; empty for None."""
    return moments.short(at, now=now) if at else ""


@register.filter
def clock_time(at: datetime | None) -> str:
    """ "16:10", local."""
    return moments.time(at) if at else ""


@register.filter
def avatar_tone(pk: int | None) -> int:
    """One of six background tones; they help the eye and mean nothing."""
    return (pk or 0) % 6


@register.filter
def capped(count: int, limit: int = 1000) -> str:
    """ "1.000+" for counts that were not counted further."""
    return moments.number(limit) + "+" if count > limit else moments.number(count)


@register.filter
def highlight(text: str, query: str) -> SafeString:
    """Escaped text with the first occurrence of `query` marked, with or without diacritics."""
    plain = unicodedata.normalize("NFC", text)
    folded = [fold(char) or char for char in plain]
    needle = fold(query or "")
    start = "".join(char if len(char) == 1 else char[:1] for char in folded).find(needle) if needle else -1
    if start < 0:
        return conditional_escape(plain)
    end = start + len(needle)
    return format_html("{}<mark>{}</mark>{}", plain[:start], plain[start:end], plain[end:])


@register.simple_tag(takes_context=True)
def query_with(context: dict[str, Any], **changes: Any) -> SafeString:
    """The page's filters as a query string, changed by `changes`; None or empty takes one away."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = value
    return mark_safe("?" + conditional_escape(params.urlencode()))  # noqa: S308  urlencoded and escaped
