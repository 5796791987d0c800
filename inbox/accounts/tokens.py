"""Keys for scripts: making, recognising and counting the use of them. The key itself is never stored, only its hash.

A key carries 256 bits of chance, so a plain SHA-256 is enough: there is nothing to guess offline.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from inbox.accounts.models import ApiToken, Official

#: `last_used_at` is a sign of life, not a log: one write a minute at most, however busy the script.
USE_RECORDED_EVERY = timedelta(minutes=1)
_PREFIX = "mm_"


def issue_token(
    official: Official, *, name: str, lifetime: timedelta, can_write: bool, at: datetime
) -> tuple[ApiToken, str]:
    """Make a token. The second value is the key, known only now: show it once and forget it."""
    key = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        official=official,
        name=name,
        key_hash=hash_key(key),
        can_write=can_write,
        created_at=at,
        expires_at=at + lifetime,
    )
    return token, key


def token_of(key: str, *, at: datetime) -> ApiToken | None:
    """The live token behind a key: not expired, not revoked, its official still active. Otherwise None."""
    return (
        ApiToken.objects.select_related("official")
        .filter(key_hash=hash_key(key), revoked_at__isnull=True, expires_at__gt=at, official__is_active=True)
        .first()
    )


def record_use(token: ApiToken, *, at: datetime) -> None:
    """Note that the token was used, unless that was noted less than a minute ago."""
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at - USE_RECORDED_EVERY)
    if token.last_used_at is None or token.last_used_at < at - USE_RECORDED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)


def hash_key(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
