"""Encrypted columns: unreadable in the database, plain in Python, and never searched by accident."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.conf import LazySettings
from django.db import connection

from inbox.core.fields import decrypt, encrypt, keyed_hash
from inbox.sources.models import InboundPayload
from inbox.tickets.models import Reporter
from tests.factories import TUESDAY, make_source


@pytest.mark.django_db
def test_the_database_holds_only_ciphertext() -> None:
    reporter = Reporter.objects.create(name="Lê Thị Hà", phone="+84903111227")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone FROM inbox_reporter")
        stored = cursor.fetchone()
    assert "Hà" not in stored[0]
    assert "903" not in stored[1]
    reporter.refresh_from_db()
    assert (reporter.name, reporter.phone, reporter.email) == ("Lê Thị Hà", "+84903111227", "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {"text": "nul \u0000 inside"},  # PostgreSQL's own JSON column would refuse it
        {"text": "lone \ud800 surrogate"},  # cannot be encoded as it is
        {"text": "😀 \u202e đảo chiều"},
        {},
    ],
)
def test_a_payload_is_kept_as_it_was_received(body: dict[str, str]) -> None:
    payload = InboundPayload.objects.create(
        source=make_source(), content_hash="x", body=body, received_at=TUESDAY, state="rejected"
    )
    payload.refresh_from_db()
    assert payload.body == body


def test_an_encrypted_column_refuses_to_be_searched() -> None:
    """A silent empty answer would look like "no such citizen"."""
    with pytest.raises(TypeError):
        Reporter.objects.filter(phone="+84903111227")


def test_keys_can_be_rotated(settings: LazySettings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = [old]
    token, looked_up = encrypt("bí mật"), keyed_hash("+84903111227")
    settings.FIELD_KEYS = [new, old]
    assert decrypt(token) == "bí mật"
    assert keyed_hash("+84903111227") == looked_up, "rows stored before the rotation are still found"
    assert decrypt(encrypt("mới")) == "mới"
    settings.FIELD_KEYS = [new]
    with pytest.raises(InvalidToken):
        decrypt(token)
