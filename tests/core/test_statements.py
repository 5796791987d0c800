"""Statements that are kept: the same rows as composed anew at every moment, and never those of somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock, statements
from inbox.core.statements import Blank, Joined, columns_of, named_rows_of, rows_of
from inbox.tickets import queries
from inbox.tickets.models import Ticket
from tests.factories import TUESDAY, make_official, make_ticket, make_tickets, make_unit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    statements._composed.clear()


def received(before: Any) -> QuerySet[Any, Any]:
    return (
        Ticket.objects.filter(received_at__lt=before - DAY).order_by("pk").values_list("pk", "received_at", "remarks")
    )


def test_filled_in_it_is_what_would_be_composed_anew() -> None:
    tickets = [make_ticket(at=TUESDAY + number * DAY) for number in range(4)]
    Ticket.objects.update(remarks=["x"])
    for number in range(7):
        at = TUESDAY + number * DAY
        assert rows_of("received", received, before=at) == [list(row) for row in received(at)], number
    assert len(rows_of("received", received, before=TUESDAY + 9 * DAY)) == len(tickets)


def test_it_is_composed_once() -> None:
    composed: list[Blank] = []

    def compose(at: Blank) -> QuerySet[Any, Any]:
        composed.append(at)
        return received(at)

    with CaptureQueriesContext(connection) as captured:
        for _ in range(3):
            rows_of("once", compose, at=clock.now())
    assert (len(composed), len(captured)) == (1, 3)


def test_a_moment_that_is_not_left_open_is_refused() -> None:
    with pytest.raises(TypeError, match="fixed"):
        rows_of("fixed", lambda: received(clock.now()))


def test_what_the_orm_knows_to_be_empty_is_not_asked() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert rows_of("none", lambda: Ticket.objects.filter(pk__in=[]).values_list("pk")) == []
    assert not captured.captured_queries


def test_no_more_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST", 3)
    for number in range(9):
        rows_of(number, received, before=TUESDAY)
    assert list(statements._composed) == [6, 7, 8]


def test_whoever_changes_the_ward_gets_the_numbers_of_the_new_one_at_once() -> None:
    old, new = make_unit(), make_unit()
    make_tickets(2, unit=old)
    make_tickets(3, unit=new)
    official = make_official(Role.OFFICER, old)

    def numbers(at: datetime) -> tuple[int, int]:
        menu = queries.menu(Official.objects.get(pk=official.pk), at=at)
        return menu.counts[queries.View.OPEN], menu.newest

    assert numbers(clock.now())[0] == 2
    Membership.objects.filter(official=official).update(unit=new)
    assert numbers(clock.now()) == (3, Ticket.objects.filter(unit=new).latest("pk").pk)
    Membership.objects.filter(official=official).delete()
    assert numbers(clock.now()) == (0, 0)
    Membership.objects.create(official=official, role=Role.SUPERVISOR.value)
    assert numbers(clock.now())[0] == 5


def test_models_read_together_are_those_of_the_orm_and_ask_nothing_more() -> None:
    ward = make_unit()
    official = make_official(Role.OFFICER, ward)
    bare, full = make_ticket(), make_ticket(unit=ward, assignee=official, text="Đèn đường tắt", remarks=["x"])
    names = ["status", "remarks", *columns_of(Ticket)]  # in no order, and one of them twice
    read = Joined(Ticket, names, unit=["name"], assignee=columns_of(Official), reporter=["name", "phone"])

    def compose(before: Any) -> QuerySet[Any, Any]:
        return Ticket.objects.filter(received_at__lt=before).order_by("pk").values_list(*read.names)

    rows = named_rows_of("tickets", compose, before=clock.now() + DAY)
    with CaptureQueriesContext(connection) as captured:
        found = [read.made(row) for row in rows]
        others = [(one.unit, one.assignee, one.reporter, one.reporter.phone) for one in found]
    assert not captured.captured_queries
    assert [row.__dict__ | {"_state": None} for row in found] == [
        row.__dict__ | {"_state": None} for row in Ticket.objects.order_by("pk")
    ]
    assert others == [(one.unit, one.assignee, one.reporter, one.reporter.phone) for one in (bare, full)]
    assert found[1].assignee.get_session_auth_hash() == official.get_session_auth_hash()
