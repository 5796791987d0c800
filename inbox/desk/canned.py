"""Variables in ready-made replies: a closed list of names in braces, replaced as plain text and nothing else.

Deliberately not a template language: a text that people edit in the office must not be able to read anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What may stand in braces. Who writes a reply sees this list with explanations (`web.labels`).
VARIABLES = ("code", "title", "address", "category", "citizen", "unit", "officer", "sent_on", "today")
_NAME = re.compile(r"\{([^{}]*)\}")


def unknown_variables(text: str) -> list[str]:
    """The names in braces that mean nothing, in the order of the text."""
    return [name for name in _NAME.findall(text) if name.strip() not in VARIABLES]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced, once: braces in a value stay as they are. Unknown names stay too."""
    return _NAME.sub(lambda found: values.get(found[1].strip(), found[0]), text)
