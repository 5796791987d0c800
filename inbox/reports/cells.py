"""What may stand in a cell of a text file: nothing that a spreadsheet runs, no way to reach a citizen. Pure.

PostgreSQL does the same with the same patterns while it copies (`csv_file`), so they keep to what both understand.
"""

from __future__ import annotations

import re

from inbox.core.masking import CONTACT

#: A spreadsheet takes a cell for a formula that begins so, also behind blanks and in full width.
_BLANK = " \t\r\n\v\f\u00a0\u200b\u3000\ufeff"
FORMULA = f"^([\t\r\n]|[{_BLANK}]*[=+@\uff1d\uff0b\uff0d\uff20-])"
#: Put before such a cell: spreadsheets show the rest as text.
GUARD = "'"
HIDDEN = "[…]"

_FORMULA, _CONTACT = re.compile(FORMULA), re.compile(CONTACT)


def harmless(text: str) -> str:
    """The text, with a quotation mark before it where a spreadsheet would run it."""
    return _guard(text) + text


def of_citizen(text: str) -> str:
    """What a citizen wrote, harmless and without ways to reach them."""
    return _guard(text) + without_contacts(text)


def without_contacts(text: str) -> str:
    """The text without phone numbers and e-mail addresses."""
    return _CONTACT.sub(HIDDEN, text)


def quoted(text: str) -> str:
    """A cell in quotation marks (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"'


def _guard(text: str) -> str:
    return GUARD if _FORMULA.match(text) else ""
