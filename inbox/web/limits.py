"""How often somebody who is not logged in may ask. By address, so that nobody can try out numbers and hashes."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from rest_framework.throttling import AnonRateThrottle


class PublicThrottle(AnonRateThrottle):
    """Sixty questions a minute: more than anybody scans, far too few to guess a hash."""

    scope = "public"
    rate = "60/min"


def may_ask(request: HttpRequest) -> bool:
    """Whether this address has not asked too often; people who are logged in always may."""
    return bool(PublicThrottle().allow_request(cast(Any, request), cast(Any, None)))
