"""Encrypted columns. Keys come from `FIELD_KEYS`, newest first; older ones only decrypt, so keys can be rotated.

An encrypted column cannot be searched: keep a `keyed_hash` beside it where look-up by exact value is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Ciphertext of `text` under the newest key."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """The text behind `token`. Raises cryptography.fernet.InvalidToken when no key fits."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token.encode("ascii")).decode()


def keyed_hash(text: str) -> str:
    """A look-up key for an encrypted value: the same text gives the same 64 hex characters, unguessable without keys.

    Uses the oldest key, so that putting a new one in front does not orphan the hashes already stored.
    """
    key = settings.FIELD_KEYS[-1].encode()
    return hmac.new(key, text.strip().casefold().encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """Text that is ciphertext in the database and plain in Python. The empty string stays empty."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(str(value)) if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name in {"exact", "in"}:
            raise TypeError("An encrypted column cannot be searched; use its keyed hash.")
        return super().get_lookup(lookup_name)


class EncryptedJSONField(EncryptedTextField):
    """A JSON object that is ciphertext in the database."""

    # How the type stubs know what a column takes and gives.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        # Escaped, because a payload as received may hold lone surrogates, which cannot be encoded.
        return super().get_prep_value(json.dumps(value)) if value else ""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        text = super().from_db_value(value, expression, connection)
        return json.loads(text) if text else {}

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) and value else (value or {})
