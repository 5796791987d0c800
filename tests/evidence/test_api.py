"""Outages and evidence over the API."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from rest_framework.test import APIClient

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.evidence.collect import collect
from inbox.sources.models import Outage, Source
from tests.evidence.conftest import Answer, tried
from tests.factories import make_official

pytestmark = pytest.mark.django_db
DONE = datetime.fromisoformat("2026-11-17T09:00:00+07:00")


def api_of(official: Official) -> APIClient:
    client = APIClient()
    client.force_authenticate(official)
    return client


def test_records_are_listed_with_their_facts_and_hash(answer: Answer, leader: Official) -> None:
    tried(answer(at=DONE), "retry", at=DONE, error="http_503")
    collect(at=DONE + timedelta(hours=1))
    (row,) = api_of(leader).get("/api/v1/evidence/?source=portal&month=2026-11").json()["results"]
    assert (row["number"], row["version"], row["arrived_at"]) == ("BB-2026-000001", 1, None)
    assert row["facts"]["attempts"][0]["error"] == "http_503" and len(row["hash"]) == 64
    assert api_of(leader).get("/api/v1/evidence/?month=2026-10").json()["results"] == []
    assert api_of(leader).get("/api/v1/evidence/?month=soon").status_code == 400


def test_who_has_no_list_gets_none(leader: Official) -> None:
    assert (
        api_of(make_official(Role.OFFICER, leader.memberships_now[0].unit)).get("/api/v1/evidence/").status_code == 403
    )


def test_outages_are_listed_newest_first(portal: Source, leader: Official) -> None:
    for hours in (5, 3):
        began = DONE - timedelta(hours=hours)
        Outage.objects.create(source=portal, began=began, ended=began + timedelta(hours=1), reason_code="http_503")
    rows = api_of(leader).get("/api/v1/outages/?source=portal").json()["results"]
    assert [row["began"] for row in rows] == ["2026-11-17T06:00:00+07:00", "2026-11-17T04:00:00+07:00"]
    assert api_of(leader).get("/api/v1/outages/?source=other").json()["results"] == []
