"""The sweep: each level once per clock and due date, in order, also after downtime; and recalculation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.core.heartbeat import age
from inbox.sla import timers
from inbox.sla.models import CalendarOverride, PolicyLevel, SlaClock, SlaPolicy
from inbox.sla.recalculate import preview, recalculate
from inbox.sla.sweep import sweep
from inbox.tickets.models import TicketEvent
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

pytestmark = pytest.mark.usefixtures("city")

START = local("2026-03-02 09:00")  # accept due 11:00, warned 10:30; resolve due Thu 05/03 09:00, warned Wed 11:00
MOMENT = timedelta(microseconds=1)


def levels(ticket) -> list[tuple[str, str]]:
    return list(TicketEvent.objects.filter(ticket=ticket).order_by("pk").values_list("kind", "data__clock"))


def test_each_level_fires_once_and_at_its_instant() -> None:
    ticket = make_ticket(START)
    assert sweep(local("2026-03-02 10:30") - MOMENT).due_soon == 0, "the first level does not fire at once"
    assert sweep(local("2026-03-02 10:30")).due_soon == 1
    assert sweep(local("2026-03-02 10:31")).due_soon == 0, "not again in the next round"
    assert sweep(local("2026-03-02 11:00")).overdue == 0, "exactly due is not overdue"
    assert sweep(local("2026-03-02 11:00") + MOMENT).overdue == 1
    assert sweep(local("2026-03-02 12:00")).overdue == 0
    assert levels(ticket) == [("due_soon", "accept"), ("became_overdue", "accept")]


def test_after_downtime_every_level_comes_once_and_in_order() -> None:
    ticket = make_ticket(START)
    result = sweep(local("2026-03-20 09:00"))
    assert (result.due_soon, result.overdue) == (2, 2)
    assert levels(ticket) == [
        ("due_soon", "accept"),
        ("due_soon", "resolve"),
        ("became_overdue", "accept"),
        ("became_overdue", "resolve"),
        ("escalated", "accept"),
        ("escalated", "resolve"),
    ]
    again = sweep(local("2026-03-20 09:00"))
    assert (again.due_soon, again.overdue, again.escalated) == (0, 0, 0)


def test_a_clock_moved_back_an_hour_fires_nothing_twice() -> None:
    ticket = make_ticket(START)
    sweep(local("2026-03-02 11:30"))
    sweep(local("2026-03-02 10:30"))
    sweep(local("2026-03-02 11:30"))
    assert len(levels(ticket)) == 2


def test_what_was_done_in_time_is_never_called_late() -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "resolve", at=local("2026-03-02 10:00"))
    sweep(local("2026-03-20 09:00"))
    assert levels(ticket) == []


def test_a_paused_clock_is_left_alone_until_its_pause_has_lasted_too_long() -> None:
    ticket = make_ticket(START)
    SlaPolicy.objects.update(max_pause_days=2)
    timers.meet(ticket, "accept", at=START)
    timers.pause(ticket, at=local("2026-03-03 09:00"), reason="Chờ dân")
    assert sweep(local("2026-03-05 08:59")).resumed == 0
    assert levels(ticket) == []
    assert sweep(local("2026-03-05 09:30")).resumed == 1
    ticket.refresh_from_db()
    assert ticket.next_due_at == local("2026-03-09 09:00"), "two days later, counted from the end of the pause"
    assert levels(ticket) == [("pause_ended", "resolve")]


def test_a_moved_due_date_is_warned_about_again() -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=START)
    sweep(local("2026-03-04 11:00"))
    timers.extend(ticket, until=local("2026-03-20 09:00"))
    assert sweep(local("2026-03-04 11:01")).due_soon == 0, "the new due date is far away"
    assert sweep(local("2026-03-19 09:00")).due_soon == 1


def test_one_working_day_late_goes_to_the_supervisor() -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=START)
    sweep(local("2026-03-05 10:00"))
    assert sweep(local("2026-03-06 09:00")).escalated == 0, "due Thursday 09:00, so one working day ends Friday 09:00"
    assert sweep(local("2026-03-06 09:00") + MOMENT).escalated == 1
    assert [event.data["tells"] for event in TicketEvent.objects.filter(ticket=ticket).order_by("pk")] == [
        ["officer"],
        ["officer", "leader"],
        ["supervisor"],
    ]


def test_the_policy_says_who_is_told_and_when() -> None:
    SlaPolicy.objects.update(late_days=3, warn_fraction=0.5)
    PolicyLevel.objects.filter(level="warn").update(tells="leader")
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=START)
    assert sweep(local("2026-03-03 14:30")).due_soon == 1, "12 of 24 working hours"
    assert TicketEvent.objects.get(ticket=ticket).data["tells"] == ["leader"]
    sweep(local("2026-03-09 15:00"))
    assert sweep(local("2026-03-10 09:01")).escalated == 1, "three working days after Thursday 09:00"


def test_a_due_date_that_moves_away_and_back_is_told_of_once() -> None:
    """A calendar that is corrected twice must not call people twice for one and the same deadline."""
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=START)
    assert sweep(local("2026-03-04 11:00")).due_soon == 1
    close("2026-03-04")
    recalculate(at=local("2026-03-04 11:05"))
    CalendarOverride.objects.filter(date=local("2026-03-04 00:00").date()).delete()
    recalculate(at=local("2026-03-04 11:10"))
    sweep(local("2026-03-04 11:15"))
    assert [kind for kind, _ in levels(ticket)].count("due_soon") == 1


def test_the_number_of_statements_does_not_grow_with_the_clocks() -> None:
    def statements(number: int) -> int:
        for _ in range(number):
            make_ticket(START)
        with CaptureQueriesContext(connection) as captured:
            assert sweep(local("2026-03-20 09:00")).overdue == 2 * number
        return len(captured)

    sweep(START)  # the first sign of life is an insert, later ones are updates
    assert statements(30) == statements(3)


def test_the_sweep_leaves_a_sign_of_life() -> None:
    sweep(START)
    assert age("sla_sweep", START + timedelta(minutes=5)) == timedelta(minutes=5)


# --- recalculation ----------------------------------------------------------------------------------------------------


def close(day: str) -> None:
    calendar = SlaClock.objects.all()[0].calendar
    CalendarOverride.objects.create(calendar=calendar, date=local(f"{day} 00:00").date(), reason="Nghỉ đột xuất")


def test_a_day_off_decreed_late_moves_open_clocks_and_says_so() -> None:
    ticket = make_ticket(START)
    done = make_ticket(START)
    timers.meet(done, "resolve", at=local("2026-03-02 10:00"))
    sweep(local("2026-03-04 11:00"))
    close("2026-03-04")
    assert [(move.ticket_id, move.kind) for move in preview()] == [(ticket.pk, "resolve")]
    assert ticket.clocks.get(kind="resolve").due_at == local("2026-03-05 09:00"), "a preview writes nothing"
    recalculate(at=local("2026-03-04 12:00"))
    resolve = ticket.clocks.get(kind="resolve")
    assert resolve.due_at == local("2026-03-06 09:00")
    assert resolve.warned_at is None
    assert done.clocks.get(kind="resolve").due_at == local("2026-03-05 09:00"), "what is done stays done"
    event = TicketEvent.objects.get(kind="sla_recalculated")
    assert (event.ticket_id, event.data["clock"]) == (ticket.pk, "resolve")
    assert recalculate(at=local("2026-03-04 12:00")) == []


def test_recalculating_stores_the_next_deadline() -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=START)
    close("2026-03-04")
    recalculate(at=START)
    ticket.refresh_from_db()
    assert ticket.next_due_at == local("2026-03-06 09:00")


def test_pauses_survive_recalculation() -> None:
    ticket = make_ticket(START)
    timers.pause(ticket, at=local("2026-03-03 09:00"), reason="Chờ dân")
    timers.resume(ticket, at=local("2026-03-03 10:00"))
    assert preview() == []
    close("2026-03-04")
    recalculate(at=START)
    assert ticket.clocks.get(kind="resolve").due_at == local("2026-03-06 10:00")
