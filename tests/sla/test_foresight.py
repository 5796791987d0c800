"""Which tickets will probably be late: the arithmetic, whom a ticket is compared with, and what the list shows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from inbox.accounts.vocabulary import Role
from inbox.sla import foresight, timers
from inbox.sla.foresight import Alike
from inbox.sla.models import HandlingCurve
from inbox.sla.queries import Calendars
from inbox.sla.survival import Curve
from inbox.tickets import queries
from inbox.tickets.models import Ticket
from inbox.tickets.queries import Order, Position, View
from inbox.tickets.vocabulary import Status
from tests.factories import make_official
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

START = local("2026-03-02 09:00")  # resolve due Thu 05/03 09:00: 24 working hours
NOW = local("2026-03-30 09:00")
HOUR = 3600.0


# --- The curve --------------------------------------------------------------------------------------------------------


def test_shares_of_finished_cases() -> None:
    curve = Curve.of([(hours * HOUR, True) for hours in range(1, 101)])
    assert curve.open_after(0) == 1.0
    assert curve.open_after(50 * HOUR) == pytest.approx(0.5)
    assert curve.open_after(100 * HOUR) == 0.0
    assert curve.median() == 50 * HOUR


def test_what_is_still_open_counts_as_lasting_longer() -> None:
    """Fifty answered within an hour and fifty open for a week: not a ward where everything takes an hour."""
    quick, open_still = [(HOUR, True)] * 50, [(168 * HOUR, False)] * 50
    assert Curve.of(quick).open_after(2 * HOUR) == 0.0
    assert Curve.of(quick + open_still).open_after(2 * HOUR) == pytest.approx(0.5)


def test_the_textbook_example() -> None:
    """Kaplan and Meier by hand: 5 at risk, one ends at 1; one drops out at 2; of 3, one ends at 3; then nothing."""
    curve = Curve.of([(1, True), (2, False), (3, True), (4, False), (5, False)])
    assert curve.open_after(1) == pytest.approx(4 / 5)
    assert curve.open_after(3) == pytest.approx(4 / 5 * 2 / 3)
    assert curve.open_after(9) == pytest.approx(4 / 5 * 2 / 3)
    assert curve.median() is None


def test_few_cases_say_nothing_and_none_gives_certainty() -> None:
    curve = Curve.of([(hours * HOUR, True) for hours in range(1, 21)])
    assert curve.longer(20 * HOUR, given=15 * HOUR) is None, "five comparable cases are too few"
    chance = curve.longer(100 * HOUR, given=0)
    assert chance is not None
    assert 0 < chance < 0.1


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), min_size=1, max_size=80),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
)
def test_a_curve_only_falls(cases: list[tuple[float, bool]], a: float, b: float) -> None:
    curve, (first, last) = Curve.of(cases), sorted((a, b))
    assert 0 <= curve.open_after(last) <= curve.open_after(first) <= 1
    chance = curve.longer(last, given=first)
    assert chance is None or 0 < chance <= 1


# --- Whom a ticket is compared with -----------------------------------------------------------------------------------


def history(number: int, *, working_hours: int, **facts: object) -> None:
    """Tickets that were answered after so many working hours."""
    for _ in range(number):
        ticket = make_ticket(START, **facts)
        due = Calendars().working(ticket.clocks.all()[0].calendar_id).add(START, timedelta(hours=working_hours))
        ticket.set_status(Status.RESOLVED)
        ticket.save()
        timers.meet(ticket, "resolve", at=due)


def outlook_of(ticket: Ticket, at: datetime) -> foresight.Outlook | None:
    return foresight.outlook(ticket, at=at, calendars=Calendars())


@pytest.mark.usefixtures("city")
def test_a_slow_category_is_foreseen_to_be_late() -> None:
    history(25, working_hours=40, category="trees")
    history(10, working_hours=8, category="trees")
    assert foresight.learn(NOW) > 0
    found = outlook_of(make_ticket(NOW, category="trees"), NOW)
    assert found is not None
    assert found.alike is Alike.WARD_AND_CATEGORY
    assert found.late == pytest.approx(100 * 26 / 37, abs=1), "25 of 35 took longer than 24 working hours"
    assert found.cases == 35
    assert found.median == timedelta(hours=40)


@pytest.mark.usefixtures("city")
def test_as_time_goes_by_only_those_as_old_are_compared() -> None:
    history(25, working_hours=40, category="trees")
    history(10, working_hours=8, category="trees")
    foresight.learn(NOW)
    ticket = make_ticket(NOW, category="trees")
    later = outlook_of(ticket, NOW + timedelta(days=2))
    assert later is not None
    assert later.cases == 25
    assert later.late > 90, "whoever was not done in a day was not done in three"


@pytest.mark.usefixtures("city")
def test_a_rare_category_is_compared_with_all() -> None:
    history(5, working_hours=40, category="trees")
    history(40, working_hours=8, category="lighting")
    foresight.learn(NOW)
    found = outlook_of(make_ticket(NOW, category="trees"), NOW)
    assert found is not None
    assert found.alike is Alike.ALL


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("what", ["nothing known", "late already", "paused", "ended"])
def test_sometimes_there_is_nothing_to_say(what: str) -> None:
    if what != "nothing known":
        history(40, working_hours=8)
        foresight.learn(NOW)
    ticket, at = make_ticket(NOW), NOW
    if what == "late already":
        at = NOW + timedelta(days=30)
    if what == "paused":
        timers.pause(ticket, at=NOW, reason="Chờ dân")
    if what == "ended":
        ticket.set_status(Status.RESOLVED)
        ticket.save()
    assert outlook_of(ticket, at) is None


# --- The list ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("city")
def test_the_list_shows_the_most_likely_first_and_forgets_what_is_done() -> None:
    history(40, working_hours=40, category="trees")
    history(20, working_hours=40, category="lighting")
    history(20, working_hours=8, category="lighting")
    history(40, working_hours=8, category="noise")
    foresight.learn(NOW)
    tickets = {name: make_ticket(NOW, category=name) for name in ("noise", "lighting", "trees")}
    assert foresight.refresh(NOW) == 3
    assert foresight.refresh(NOW) == 0, "nothing has changed"
    official = make_official(Role.SUPERVISOR)
    shown = queries.in_view(Ticket.objects.visible_to(official), View.AT_RISK, official=official, at=NOW)
    page = queries.inbox_page(shown, official=official, order=Order.RISK)
    assert [line.pk for line in page.tickets] == [tickets["trees"].pk, tickets["lighting"].pk]
    tickets["trees"].refresh_from_db()
    tickets["trees"].set_status(Status.RESOLVED)
    tickets["trees"].save()
    foresight.refresh(NOW)
    tickets["trees"].refresh_from_db()
    assert tickets["trees"].late_risk is None


@pytest.mark.usefixtures("city")
def test_pages_of_the_list_leave_out_nothing_and_repeat_nothing() -> None:
    made = [make_ticket(NOW) for _ in range(queries.PAGE_SIZE + 15)]
    for number, ticket in enumerate(made):
        Ticket.objects.filter(pk=ticket.pk).update(late_risk=50 + number % 4)
    official = make_official(Role.SUPERVISOR)
    seen: list[int] = []
    after = None
    while True:
        page = queries.inbox_page(Ticket.objects.all(), official=official, order=Order.RISK, after=after)
        seen += [ticket.pk for ticket in page.tickets]
        if page.after is None:
            break
        after = Position.parse(str(page.after))
    assert sorted(seen) == sorted(ticket.pk for ticket in made)
    risks = dict(Ticket.objects.values_list("pk", "late_risk"))
    assert [risks[pk] for pk in seen] == sorted((risks[pk] for pk in seen), reverse=True)


@pytest.mark.usefixtures("city")
def test_learning_and_refreshing_take_a_number_of_statements_that_does_not_grow() -> None:
    def statements(number: int) -> int:
        history(number, working_hours=8)
        for _ in range(number):
            make_ticket(NOW)
        with CaptureQueriesContext(connection) as captured:
            foresight.learn(NOW)
            foresight.refresh(NOW)
        return len(captured)

    statements(40)
    assert statements(5) >= statements(20)


@pytest.mark.usefixtures("city")
def test_learning_again_takes_the_place_of_what_was_known() -> None:
    history(40, working_hours=8)
    assert foresight.learn(NOW) == foresight.learn(NOW) == HandlingCurve.objects.count()
