"""HTML written in Python, for what a page has dozens of."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from django.utils.safestring import SafeString


def markup(shape: str, **parts: Any) -> SafeString:
    """Django's `format_html` at a quarter of its price: everything is escaped but what is marked as safe.

    Half of what a list costs are such parts. Django's looks at each four times: whether it is lazy, whether it knows
    its own HTML, and again both while escaping.
    """
    return SafeString(
        shape.format(**{name: part if type(part) is SafeString else escape(str(part)) for name, part in parts.items()})
    )


def joined(parts: Iterable[SafeString]) -> SafeString:
    """Pieces of `markup`, one after the other."""
    return SafeString("".join(parts))
