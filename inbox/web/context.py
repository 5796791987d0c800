"""What the frame around every page shows: where one is, for which units, and which sources are in trouble.

Everything is lazy: a fragment that does not draw the frame costs no query.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from inbox.accounts.permissions import Permission, may
from inbox.core import clock


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template variables of the frame. Anonymous people get the bare minimum, without a query."""
    official = getattr(request, "user", None)
    if official is None or not official.is_authenticated:
        return {"shell": {"now": clock.now()}}
    return {
        "shell": SimpleLazyObject(
            lambda: {
                "now": clock.now(),
                "nav": request.resolver_match.url_name if request.resolver_match else "",
                "units": [membership.unit.name for membership in official.memberships_now if membership.unit],
                "sees_sources": may(official, Permission.VIEW_SOURCES),
            }
        )
    }
