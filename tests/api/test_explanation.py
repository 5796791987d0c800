"""Why a deadline is when it is, for other software: the same facts as the ticket page shows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inbox.accounts.vocabulary import Role
from inbox.actions.registry import perform
from inbox.sla.models import SlaClock
from inbox.tickets.vocabulary import Verb
from tests.api.conftest import TICKETS, World
from tests.factories import make_official

UNTIL = "2026-12-11T09:00:00+07:00"


def test_the_days_add_up_and_the_calendar_says_why(world: World, officer_api: APIClient) -> None:
    found = officer_api.get(f"{TICKETS}{world.ours.code}/explanation/").json()
    assert found["code"] == world.ours.code
    assert [(clock["kind"], clock["target_amount"], clock["target_unit"]) for clock in found["clocks"]] == [
        ("accept", 5, "working_days"),
        ("resolve", 15, "working_days"),
    ]
    for clock in found["clocks"]:
        assert sum(day["counted_seconds"] for day in clock["days"]) == clock["total_seconds"]
    off = next(day for day in found["clocks"][1]["days"] if day["date"] == "2026-11-24")
    assert (off["counted_seconds"], off["note"], off["to_be_confirmed"]) == (0, "Ngày Văn hóa Việt Nam", True)
    assert any("Ngày Văn hóa Việt Nam" in sentence for sentence in found["text"])


def test_pauses_and_extensions_are_told(world: World, officer_api: APIClient) -> None:
    leader = make_official(Role.LEADER, world.ward)
    pk = world.ours.pk
    perform(Verb.EXTEND, pk, actor=world.officer, data={"until": UNTIL, "reason": "Chờ vật tư."})
    perform(Verb.APPROVE_EXTENSION, pk, actor=leader, data={})
    perform(Verb.ACCEPT, pk, actor=world.officer, data={})
    perform(Verb.PAUSE, pk, actor=world.officer, data={"reason": "Số nhà mấy?"})
    found = officer_api.get(f"{TICKETS}{world.ours.code}/explanation/").json()
    (extension,) = found["extensions"]
    assert (extension["reason"], extension["given_by"]) == ("Chờ vật tư.", leader.display_name)
    assert datetime.fromisoformat(extension["until"]) == datetime.fromisoformat(UNTIL)
    resolve = found["clocks"][1]
    assert resolve["extension_seconds"] > 0
    assert resolve["state"] == "paused"
    assert resolve["pauses"][0]["end"] is None


def test_without_a_policy_it_says_so(world: World, officer_api: APIClient) -> None:
    SlaClock.objects.all().delete()
    found = officer_api.get(f"{TICKETS}{world.ours.code}/explanation/").json()
    assert found["clocks"] == []
    assert len(found["text"]) == 1


def test_another_wards_ticket_does_not_exist(world: World, officer_api: APIClient) -> None:
    assert officer_api.get(f"{TICKETS}{world.theirs.code}/explanation/").status_code == 404


@pytest.mark.parametrize("days", [1, 60])
def test_the_number_of_statements_does_not_depend_on_the_days(days: int, world: World, officer_api: APIClient) -> None:
    for row in SlaClock.objects.all():
        row.due_at += timedelta(days=days)
        row.save()
    with CaptureQueriesContext(connection) as captured:
        officer_api.get(f"{TICKETS}{world.ours.code}/explanation/")
    assert len(captured) <= 14
