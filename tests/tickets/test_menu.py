"""The numbers beside the views are the lengths of their lists, for a ward in one pass and for the city one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.tickets import queries
from inbox.tickets.models import Ticket
from inbox.tickets.queries import COUNTED, PAGE_SIZE, Order, View
from inbox.tickets.vocabulary import AT_RISK
from tests.factories import make_official, make_source, make_ticket, make_unit

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR])
def test_each_view_is_as_long_as_its_number_says(role: Role) -> None:
    ward, portal, other = make_unit(), make_source("a"), make_source("b")
    official = make_official(role, ward if role is Role.OFFICER else None)
    now = clock.now()
    due = {"next_due_at": now + HOUR, "next_warn_at": now + HOUR}
    for source, values in (
        (portal, {"next_due_at": now - HOUR}),
        (portal, due | {"next_warn_at": now - HOUR, "assignee": official}),
        (portal, due | {"late_risk": AT_RISK}),
        (other, {"next_due_at": None, "status": "waiting_citizen"}),
        (other, {"status": "resolved", "resolved_at": now - HOUR}),
        (other, {"status": "resolved", "resolved_at": now - timedelta(days=8)}),
    ):
        make_ticket(unit=ward, source=source, **values)
    make_ticket(source=portal, next_due_at=now - HOUR)  # nobody knows where

    menu = queries.menu(official, at=now)

    visible = Ticket.objects.visible_to(official)
    lists = {view: queries.in_view(visible, view, official=official, at=now).count() for view in COUNTED}
    assert menu.counts == {view: lists[view] for view in menu.counts}
    assert (View.NO_UNIT in menu.counts) == (role is Role.SUPERVISOR)
    assert min(menu.counts.values()) > 0, "each view has something to count"
    open_of = {source.slug: source.open_count for source in menu.sources}
    assert open_of == {portal.slug: visible.open().filter(source=portal).count(), other.slug: 1}


@pytest.mark.parametrize("role", [Role.OFFICER, Role.TRIAGE, Role.SUPERVISOR])
@pytest.mark.parametrize("view", list(View))
def test_the_first_page_by_a_kept_statement_is_the_one_composed_anew(view: View, role: Role) -> None:
    ward, now = make_unit(), clock.now()
    official = make_official(role, ward if role is Role.OFFICER else None)
    for number in range(PAGE_SIZE + 3):
        ended = {"status": "resolved", "resolved_at": now - number * HOUR} if number % 3 == 0 else {}
        due = {"next_due_at": now + (number - 9) * HOUR, "next_warn_at": now - HOUR, "late_risk": AT_RISK + number % 2}
        make_ticket(unit=ward if number % 4 else None, assignee=official if number % 5 == 0 else None, **due, **ended)
    for order in Order:
        page = queries.first_page(official, view, order, at=now)
        tickets = queries.in_view(Ticket.objects.visible_to(official), view, official=official, at=now)
        assert page == queries.inbox_page(tickets, official=official, order=order), order


def every(**_: object) -> queries.CountUpTo:
    return queries.CountUpTo(Ticket.objects.all())


def test_where_nothing_is_there_is_nothing_to_count() -> None:
    official = make_official(Role.OFFICER, make_unit())
    menu = queries.menu(official, at=clock.now(), also={"all": every})
    assert (menu.sources, menu.newest, menu.also) == ([], 0, {"all": None})
    portal = make_source()
    menu = queries.menu(official, at=clock.now(), also={"all": every})
    assert set(menu.counts.values()) == {0}
    assert ([source.slug for source in menu.sources], menu.also) == ([portal.slug], {"all": 0})
