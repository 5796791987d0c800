"""Who sees evidence: one record whoever sees its ticket, the lists only those who answer for them."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from tests.access.conftest import INSIDERS, ONLOOKERS, OUTSIDERS, City

LISTS = ("/evidence/", "/evidence/list.xlsx")


def client_of(city: City, person: str) -> Client:
    client = Client()
    client.force_login(city.people[person])
    return client


@pytest.mark.parametrize("address", LISTS)
def test_lists_are_for_leaders_supervisors_and_auditors(city: City, address: str) -> None:
    allowed = {"own leader", "other leader", "supervisor", "auditor"}
    for person in (*INSIDERS, *ONLOOKERS, *OUTSIDERS):
        expected = 200 if person in allowed else 403
        assert client_of(city, person).get(address).status_code == expected, person


def test_a_leaders_list_holds_their_own_ward_only(city: City) -> None:
    own = client_of(city, "own leader").get("/evidence/").content.decode()
    assert city.home.number in own and city.away.number not in own
    whole = client_of(city, "auditor").get("/evidence/").content.decode()
    assert city.home.number in whole and city.away.number in whole


def test_anybody_may_check_a_paper_and_learns_nothing_else(city: City) -> None:
    cache.clear()
    client = Client()
    right = client.get(f"/verify/{city.home.number}/{city.home.digest}/").content.decode()
    wrong = client.get(f"/verify/{city.home.number}/{city.away.digest}/").content.decode()
    never = client.get(f"/verify/BB-2026-999999/{city.away.digest}/").content.decode()
    assert "callout-ok" in right and "callout-ok" not in wrong
    for secret in (city.home.code, city.ward.name, city.source.label, "PA-"):
        assert secret not in right, secret
    assert wrong.replace(city.home.number, "…") == never.replace("BB-2026-999999", "…"), "a number alone says nothing"


def test_nobody_can_try_out_hashes(city: City) -> None:
    cache.clear()
    client = Client()
    answers = [client.get(f"/verify/?number=BB-2026-000001&hash={n:064x}").status_code for n in range(61)]
    assert answers == [200] * 60 + [429]
    assert client.get("/verify/").status_code == 200, "the form itself stays"
    forged = client.get("/verify/?number=BB-2026-000001&hash=1", headers={"X-Forwarded-For": "203.0.113.7"})
    assert forged.status_code == 429, "an address in a header is not believed"
    cache.clear()
