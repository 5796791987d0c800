"""One's own password."""

from __future__ import annotations

import pytest
from django.test import Client

from inbox.accounts.vocabulary import Role
from tests.factories import PASSWORD, make_official, make_unit

pytestmark = pytest.mark.django_db
NEW = "bốn từ không ai đoán"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW) -> object:
    return client.post("/account/password/", {"old_password": old, "new_password1": new, "new_password2": again})


def test_a_new_password_works_and_ends_every_other_session() -> None:
    official = make_official(Role.OFFICER, make_unit())
    here, elsewhere = Client(), Client()
    here.force_login(official)
    elsewhere.force_login(official)
    assert change(here).status_code == 302
    assert here.get("/inbox/").status_code == 200
    assert elsewhere.get("/inbox/").status_code == 302
    official.refresh_from_db()
    assert official.check_password(NEW)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"old": "wrong"}, "whoever finds the computer open does not take the account over"),
        ({"new": "ngắn", "again": "ngắn"}, "too short"),
        ({"new": "password123", "again": "password123"}, "everybody's first guess"),
        ({"again": "khác hẳn với ở trên"}, "not typed the same twice"),
    ],
)
def test_what_is_refused_leaves_the_password_as_it_was(values: dict[str, str], why: str) -> None:
    official = make_official(Role.OFFICER, make_unit())
    client = Client()
    client.force_login(official)
    response = change(client, **values)
    assert response.status_code == 200 and b"is-invalid" in response.content, why
    for typed in (PASSWORD, *values.values()):
        assert f'value="{typed}"'.encode() not in response.content, "passwords are never sent back"
    official.refresh_from_db()
    assert official.check_password(PASSWORD), why
