"""Marking what was searched for in what was found. Works letter by letter, so that diacritics stay where they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from inbox.core.text import fold
from inbox.tickets.search import words_of

#: Letters on either side of the first hit.
AROUND = 45


def marked(text: str, query: str) -> SafeString:
    """Escaped text with every hit marked: the whole of what was typed, else each of its words."""
    plain = unicodedata.normalize("NFC", text)
    spans = list(_spans(plain, query)) if query else []
    if not spans:
        return conditional_escape(plain)
    parts, at = [], 0
    for start, end in spans:
        parts.append(format_html("{}<mark>{}</mark>", plain[at:start], plain[start:end]))
        at = end
    return format_html("{}{}", format_html_join("", "{}", ((part,) for part in parts)), plain[at:])


def excerpt(ticket: Any, query: str) -> SafeString:
    """Where the text of a ticket has what was searched for; else that it was found by something not shown."""
    if not query or any(
        list(_spans(unicodedata.normalize("NFC", part), query)) for part in (ticket.title, ticket.address)
    ):
        return mark_safe("")
    text = " ".join(unicodedata.normalize("NFC", ticket.text).split())
    start, end = next(_spans(text, query), (0, 0))
    if not end:
        return conditional_escape(_("Found by number, reporter or answer"))
    before, after = max(0, start - AROUND), end + AROUND
    shown = marked(text[before:after], query)
    return format_html("{}{}{}", "…" if before else "", shown, "…" if after < len(text) else "")


def _spans(plain: str, query: str) -> Iterator[tuple[int, int]]:
    """Where the hits begin and end, in order and apart from each other."""
    folded = "".join(map(_letter, plain))
    phrase, words = _patterns(query)
    found = list(phrase.finditer(folded)) if phrase else []
    if not found and words:
        found = list(words.finditer(folded))
    for hit in found:
        yield hit.start(), hit.end()


@lru_cache(maxsize=2048)
def _letter(char: str) -> str:
    """One letter for each, so that hits stand where they stood."""
    return (fold(char) or char)[:1]


@lru_cache(maxsize=64)
def _patterns(query: str) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """The whole of what was typed, and each of its words, longer ones first; None when there is nothing to look for."""
    phrase = re.escape(fold(query))
    words = sorted((word.pattern for word in words_of(query)), key=len, reverse=True)
    return (
        re.compile(rf"(?<![^\W_]){phrase}") if phrase else None,
        re.compile("|".join(words)) if words else None,
    )
