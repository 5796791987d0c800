"""Encrypted columns. Keys come from `FIELD_KEYS`, newest first; older ones only decrypt, so keys can be rotated.

An encrypted column cannot be searched: keep a `keyed_hash` beside it where look-up by exact value is needed.
"""

from __future__ import annotations

import hmac
import json
import zlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models

from inbox.core.text import fold


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


#: Stands before the ciphertext of what was compressed; no ciphertext begins like this by itself.
_PACKED = "z:"


def encrypt(text: str) -> str:
    """Ciphertext of `text` under the newest key."""
    return encrypt_bytes(text.encode())


def encrypt_bytes(content: bytes) -> str:
    """Ciphertext of any content under the newest key."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(content).decode("ascii")


def decrypt(token: str) -> str:
    """The text behind `token`. Raises cryptography.fernet.InvalidToken when no key fits."""
    return decrypt_bytes(token).decode()


def decrypt_bytes(token: str) -> bytes:
    """The content behind `token`. Raises cryptography.fernet.InvalidToken when no key fits."""
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token.encode("ascii"))


def keyed_hash(text: str) -> str:
    """A look-up key for an encrypted value: the same text gives the same 64 hex characters, unguessable without keys.

    Uses the oldest key, so that putting a new one in front does not orphan the hashes already stored.
    """
    key = settings.FIELD_KEYS[-1].encode()
    return hmac.digest(key, text.strip().casefold().encode(), "sha256").hex()


def name_hash(name: str) -> str:
    """The look-up key of a person's name: accents, capitals and spaces do not matter, every word does."""
    folded = fold(name)
    return keyed_hash(folded) if folded else ""


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


class PackedJSONField(EncryptedJSONField):
    """A JSON object that is compressed before it becomes ciphertext: large bodies that are read seldom."""

    def get_prep_value(self, value: Any) -> Any:
        if not value:
            return ""
        return _PACKED + encrypt_bytes(zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 6))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value and value.startswith(_PACKED):
            return json.loads(zlib.decompress(decrypt_bytes(value.removeprefix(_PACKED))))
        return super().from_db_value(value, expression, connection)  # stored before bodies were compressed
