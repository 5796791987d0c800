"""Where a list of rows goes on: the key of the last row shown, in the address."""

from __future__ import annotations

from inbox.core.errors import Invalid
from inbox.web.doors import PageRequest


def position(request: PageRequest) -> int | None:
    """The key after which the page starts, None for the first page. Raises Invalid."""
    after = request.GET.get("after", "")
    if not after:
        return None
    if not after.isdecimal() or len(after) > 18:
        raise Invalid("Not a row", field="after")
    return int(after)
