"""What the list can be narrowed by, and that nothing else reaches the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from inbox.accounts.models import Membership
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.sla.models import SlaClock
from inbox.tickets.models import ExternalRef, Reporter, Ticket
from inbox.tickets.vocabulary import Status
from tests.api.conftest import TICKETS, World, token_client
from tests.factories import make_official, make_source, make_ticket, make_unit


def codes(client: APIClient, **asked: Any) -> list[str]:
    answer = client.get(TICKETS, asked)
    assert answer.status_code == 200, answer.content
    return [ticket["code"] for ticket in answer.json()["results"]]


def refused_field(client: APIClient, asked: dict[str, Any]) -> str:
    answer = client.get(TICKETS, asked)
    assert answer.status_code == 400, asked
    return str(answer.json()["errors"][0]["field"])


def change(ticket: Ticket, **values: Any) -> Ticket:
    Ticket.objects.filter(pk=ticket.pk).update(**values)
    return ticket


@pytest.fixture
def admin_list(world: World, admin_api: APIClient) -> APIClient:
    """Somebody who sees both wards, so that what is missing was filtered out."""
    assert len(codes(admin_api)) == 2
    return admin_api


def test_by_unit_and_source(world: World, admin_list: APIClient) -> None:
    elsewhere = make_ticket(world.ward, make_source("khac"))
    assert codes(admin_list, unit=world.other_ward.code) == [world.theirs.code]
    assert codes(admin_list, source="khac") == [elsewhere.code]


def test_tickets_without_a_unit_are_found_as_none(world: World, admin_list: APIClient) -> None:
    change(world.theirs, unit=None)
    assert codes(admin_list, unit="none") == [world.theirs.code]


def test_by_several_statuses(world: World, admin_list: APIClient) -> None:
    change(world.theirs, status=Status.ACCEPTED)
    assert codes(admin_list, status="accepted") == [world.theirs.code]
    assert set(codes(admin_list, status=["accepted", "new"])) == {world.ours.code, world.theirs.code}


def test_by_category(world: World, admin_list: APIClient) -> None:
    change(world.ours, category="trees")
    assert codes(admin_list, category="trees") == [world.ours.code]


def test_by_assignee(world: World, officer_api: APIClient) -> None:
    colleague = make_official(Role.OFFICER, world.ward, "dong.nghiep")
    mine, hers = (make_ticket(world.ward, world.source, assignee=who) for who in (world.officer, colleague))
    assert codes(officer_api, assignee="me") == [mine.code]
    assert codes(officer_api, assignee="dong.nghiep") == [hers.code]
    assert codes(officer_api, assignee="none") == [world.ours.code]


def test_ranges_take_their_start_and_leave_out_their_end(world: World, admin_list: APIClient) -> None:
    at = clock.now().replace(microsecond=0)
    change(world.ours, received_at=at, updated_at=at, next_due_at=at)
    change(world.theirs, received_at=at - timedelta(days=9), updated_at=at - timedelta(days=9), next_due_at=None)
    stamp, later = at.isoformat(), (at + timedelta(seconds=1)).isoformat()
    for name in ("created", "due"):
        assert codes(admin_list, **{f"{name}_after": stamp, f"{name}_before": later}) == [world.ours.code]
        assert world.ours.code not in codes(admin_list, **{f"{name}_before": stamp})
        assert world.ours.code not in codes(admin_list, **{f"{name}_after": later})
    assert codes(admin_list, updated_after=stamp) == [world.ours.code]


# --- Deadlines --------------------------------------------------------------------------------------------------------


def set_clock(ticket: Ticket, *, state: str, due: timedelta, warn: timedelta) -> None:
    """Give the ticket's resolve clock a state and a deadline so long from now, and drop its other clocks."""
    now = clock.now()
    row = SlaClock.objects.get(ticket=ticket, kind="resolve")
    row.state, row.due_at, row.warn_at = state, now + due, now + warn
    row.save()
    SlaClock.objects.filter(ticket=ticket).exclude(pk=row.pk).delete()
    is_due = state == "running"
    change(ticket, next_due_at=row.due_at if is_due else None, next_warn_at=row.warn_at if is_due else None)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "due", "warn", "expected", "why"),
    [
        ("running", 2 * HOUR, HOUR, "ok", "neither warned nor late"),
        ("running", 2 * HOUR, -HOUR, "due_soon", "past the warning, before the deadline"),
        ("running", -HOUR, -2 * HOUR, "overdue", "past the deadline"),
        ("paused", HOUR, HOUR, "paused", "no deadline counts while the clock stands"),
        ("cancelled", HOUR, HOUR, "none", "nothing is promised any more"),
    ],
)
def test_each_ticket_has_exactly_one_sla_state(
    world: World,
    officer_api: APIClient,
    state: str,
    due: timedelta,
    warn: timedelta,
    expected: str,
    why: str,
) -> None:
    set_clock(world.ours, state=state, due=due, warn=warn)
    found = {s for s in ("ok", "due_soon", "overdue", "paused", "none") if codes(officer_api, sla=s)}
    assert found == {expected}, why
    assert bool(codes(officer_api, overdue="true")) == (expected == "overdue")
    assert bool(codes(officer_api, overdue="false")) == (expected != "overdue")


def test_an_ended_ticket_is_never_overdue(world: World, officer_api: APIClient) -> None:
    set_clock(world.ours, state="breached", due=-HOUR, warn=-2 * HOUR)
    change(world.ours, status=Status.RESOLVED, is_open=False)
    assert codes(officer_api, sla="overdue") == codes(officer_api, overdue="true") == []
    assert codes(officer_api, sla="none") == [world.ours.code]


# --- Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found", "why"),
    [
        ("cây xanh", True, "as written"),
        ("CAY XANH", True, "without marks, in capitals"),
        ("xanh cây", True, "words in any order"),
        ("cây đèn", False, "every word must be there"),
        ("   ", True, "nothing typed narrows nothing"),
        ("%", False, "a wildcard of the database is a plain letter"),
        ("c_y", False, "the other wildcard too"),
        ("'; drop table inbox_ticket; --", False, "not SQL"),
    ],
)
def test_words_are_found_folded(world: World, officer_api: APIClient, typed: str, found: bool, why: str) -> None:
    assert (world.ours.code in codes(officer_api, q=typed)) == found, why


def test_a_code_and_an_external_id_are_found_exactly(world: World, officer_api: APIClient) -> None:
    external_id = ExternalRef.objects.get(ticket=world.ours).external_id
    make_ticket(world.ward, world.source)
    assert codes(officer_api, q=world.ours.code.lower()) == [world.ours.code]
    assert codes(officer_api, q=external_id) == [world.ours.code]
    assert codes(officer_api, q=external_id[:-1]) == []


@pytest.mark.parametrize("typed", ["0903 111 227", "+84903111227", "84903111227"])
def test_whoever_may_see_phones_finds_by_phone(world: World, officer_api: APIClient, typed: str) -> None:
    assert codes(officer_api, q=typed) == [world.ours.code]


@pytest.mark.parametrize("typed", ["0903", "090311122", "0903111"])
def test_a_part_of_a_phone_finds_nothing(world: World, officer_api: APIClient, typed: str) -> None:
    assert codes(officer_api, q=typed) == []


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN])
def test_whoever_may_not_see_phones_does_not_find_by_phone(world: World, role: Role) -> None:
    assert codes(token_client(make_official(role)), q="0903111227") == []


def test_a_phone_is_found_only_where_it_may_be_seen(world: World) -> None:
    """Somebody with a ward and a city role sees all tickets, but phones only in the ward."""
    Membership.objects.create(official=world.officer, role=Role.SUPERVISOR)
    client = token_client(world.officer)
    assert set(codes(client)) == {world.ours.code, world.theirs.code}
    assert codes(client, q="0903111227") == [world.ours.code]


def test_anonymous_citizens_are_not_found_by_phone(world: World, officer_api: APIClient) -> None:
    Reporter.objects.filter(ticket=world.ours).update(is_anonymous=True)
    assert codes(officer_api, q="0903111227") == []


# --- Order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["next_due", "received", "updated"])
def test_order(world: World, admin_list: APIClient, column: str) -> None:
    early, late = clock.now(), clock.now() + timedelta(hours=5)
    change(world.theirs, **{f"{column}_at": early})
    change(world.ours, **{f"{column}_at": late})
    assert codes(admin_list, ordering=column) == [world.theirs.code, world.ours.code]
    assert codes(admin_list, ordering=f"-{column}") == [world.ours.code, world.theirs.code]


def test_tickets_without_a_deadline_come_last_either_way(world: World, admin_list: APIClient) -> None:
    change(world.ours, next_due_at=None)
    change(world.theirs, next_due_at=clock.now())
    for ordering in ("next_due", "-next_due"):
        assert codes(admin_list, ordering=ordering) == [world.theirs.code, world.ours.code]


# --- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"unit": "00000"}, "no such unit"),
        ({"source": "khong-co"}, "no such source"),
        ({"status": "done"}, "not a status"),
        ({"status": ["new", "done"]}, "one of them is not a status"),
        ({"category": "everything"}, "not a category"),
        ({"assignee": "nobody"}, "no such person"),
        ({"due_before": "tomorrow"}, "not a moment"),
        ({"due_after": "2026-13-01"}, "no such month"),
        ({"created_after": "0001-01-01"}, "cannot be shifted to UTC"),
        ({"created_before": "9999-12-31T23:59:59"}, "nor this one"),
        ({"updated_after": "x" * 5000}, "too long for a moment"),
        ({"sla": "late"}, "not a state"),
        ({"overdue": "maybe"}, "neither yes nor no"),
        ({"q": "a" * 201}, "longer than anybody types"),
        ({"q": "a\x00b"}, "the database refuses NUL"),
        ({"ordering": "reporter__phone"}, "a column that is not offered"),
        ({"ordering": ";select pg_sleep(3)"}, "not SQL"),
        ({"ordering": "?"}, "random order is an attack on the database"),
        ({"page_size": "0"}, "an empty page never ends"),
        ({"page_size": "1000000"}, "more than a page holds"),
        ({"page_size": "-1"}, "negative"),
        ({"page_size": "²"}, "a digit, but not of ours"),
        ({"unit": "x" * 100_000}, "100 KB"),
    ],
)
def test_a_wrong_value_is_named(world: World, officer_api: APIClient, asked: dict[str, Any], why: str) -> None:
    assert refused_field(officer_api, asked) == next(iter(asked)), why


@pytest.mark.parametrize(
    "name",
    ["assignee__password__startswith", "filter", "fields", "reporter__phone", "id", "page", "offset"],
)
def test_an_unknown_parameter_is_named(world: World, officer_api: APIClient, name: str) -> None:
    assert refused_field(officer_api, {name: "x"}) == name


# --- Nothing of others ------------------------------------------------------------------------------------------------


def test_no_filter_reaches_another_ward(world: World, officer_api: APIClient) -> None:
    external_id = ExternalRef.objects.get(ticket=world.theirs).external_id
    probes: list[dict[str, Any]] = [
        {"unit": world.other_ward.code},
        {"unit": "none"},
        {"q": "đèn đường"},
        {"q": world.theirs.code},
        {"q": external_id},
        {"assignee": world.stranger.username},
    ]
    change(world.theirs, assignee=world.stranger)
    for asked in probes:
        assert codes(officer_api, **asked) == [], asked


def test_a_unit_nobody_uses_and_a_foreign_one_look_the_same(world: World, officer_api: APIClient) -> None:
    answers = [officer_api.get(TICKETS, {"unit": unit.code}).content for unit in (world.other_ward, make_unit())]
    assert answers[0] == answers[1]
