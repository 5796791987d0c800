"""Signed messages in the Standard Webhooks way: HMAC-SHA256 over "id.timestamp.body", base64, several secrets alive.

Secrets are `whsec_` + base64. While a secret is being replaced, the old and the new one both count.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.errors import AuthError, ConfigError

#: How far the sender's clock may be from ours; older messages may be replays.
TOLERANCE = timedelta(minutes=5)
PREFIX = "whsec_"
SHORTEST_SECRET = 16  # bytes
LONGEST_ID = 200
LONGEST_STAMP = 11  # digits of seconds since 1970: until the year 5138


def key_of(secret: str) -> bytes:
    """The key inside a secret. Raises ConfigError when it is not one."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.strip().startswith(PREFIX) or len(key) < SHORTEST_SECRET:
        raise ConfigError(f"A secret is {PREFIX} and base64 of at least {SHORTEST_SECRET} bytes", code="bad_secret")
    return key


def headers_for(secret: str, *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed message."""
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{_signature(key_of(secret), message_id, stamp, body)}",
    }


def verified_id(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The message's id, when one of the secrets signed it and it is fresh. Raises AuthError, with the reason as code.

    `headers` has lower-case names.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    if not 0 < len(message_id) <= LONGEST_ID or not signatures:
        raise AuthError("The message carries no signature", code="unsigned")
    if abs(_instant(stamp) - now) > TOLERANCE:
        raise AuthError("The message is older or newer than five minutes", code="stale_signature")
    for secret in secrets:
        expected = _signature(key_of(secret), message_id, stamp, body)
        if any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures):
            return message_id
    raise AuthError("The signature does not fit", code="bad_signature")


def _signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _instant(stamp: str) -> datetime:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= LONGEST_STAMP):
        raise AuthError("The message carries no time", code="unsigned")
    return datetime.fromtimestamp(int(stamp), UTC)
