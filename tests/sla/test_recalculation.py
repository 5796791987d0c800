"""What a change of calendar moves: seen before it is applied, then done once, by however many workers and deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date

import pytest

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.add_calendar import NewCalendar, add_calendar
from inbox.actions.change_calendar import Day, change_calendar, proposed
from inbox.actions.change_office_hours import Hours, change_office_hours, proposed_hours
from inbox.actions.choose_unit_calendar import choose_unit_calendar, proposed_unit
from inbox.sla import recalculate, timers
from inbox.sla.explain import explain
from inbox.sla.models import (
    CalendarOverride,
    ClockPause,
    Recalculation,
    SlaClock,
    SlaPolicy,
    UnitCalendar,
    WorkCalendar,
)
from inbox.sla.recalculate import preview_change, run_jobs
from inbox.sla.seed import OFFICE_HOURS
from inbox.sla.sweep import sweep
from inbox.sla.tasks import check_deadlines
from inbox.sla.words import sentences
from inbox.tickets.models import Ticket, TicketEvent
from inbox.units.models import Unit
from tests.factories import make_official
from tests.processes import ROOT, database_url, wait_until
from tests.sla.office_hours import local
from tests.sla.test_sweepers import at_once
from tests.sla.tickets import make_ticket

START = local("2026-03-02 09:00")  # Monday; district_app: 2 working hours to accept, 3 working days to resolve
AT = local("2026-03-02 10:00")
WEDNESDAY = date(2026, 3, 4)
OFF = Day([], "Nghỉ đột xuất", "Công văn 1/UBND")
MORNINGS = {**{str(day): OFFICE_HOURS for day in range(5)}, "5": [["07:30", "11:30"]]}


@pytest.fixture
def admin(city: None) -> Official:
    return make_official(Role.ADMIN)


def due(ticket: Ticket, kind: str = "resolve") -> object:
    return SlaClock.objects.filter(ticket=ticket, kind=kind).order_by("-round")[0].due_at


def moved_events() -> int:
    return TicketEvent.objects.filter(kind="sla_recalculated").count()


def saturday_ward(admin: Official) -> WorkCalendar:
    """A calendar with Saturday mornings that follows the city's holidays."""
    wanted = NewCalendar("Có sáng thứ Bảy", MORNINGS, "Phường làm sáng thứ Bảy", follows="office")
    return add_calendar(wanted, actor=admin, at=AT)


# --- Dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_preview_is_exact_and_writes_nothing(admin: Official) -> None:
    over, before = make_ticket(START), make_ticket(local("2026-02-23 09:00"))
    round_the_clock = make_ticket(START, connector="hotline_1022")
    preview = preview_change(proposed("office", [WEDNESDAY], OFF, actor=admin))
    assert [(m.ticket, m.kind, m.before, m.after) for m in preview.moves] == [
        (over.code, "resolve", local("2026-03-05 09:00"), local("2026-03-06 09:00"))
    ], "one more day; what was due before the date and what runs round the clock stays"
    assert (preview.tickets, preview.later, preview.earlier, preview.is_whole) == (1, 1, 0, True)
    assert due(over) == local("2026-03-05 09:00")
    assert due(before) < AT < due(round_the_clock)  # type: ignore[operator]
    assert not Recalculation.objects.exists() and not moved_events()


@pytest.mark.django_db
def test_what_was_previewed_is_what_happens(admin: Official) -> None:
    tickets = [make_ticket(START), make_ticket(local("2026-03-04 10:00")), make_ticket(local("2026-03-03 16:30"))]
    change = proposed("office", [WEDNESDAY], OFF, actor=admin)
    promised = {(move.ticket_id, move.kind): move.after for move in preview_change(change).moves}
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    run_jobs(AT)
    found = {(row.ticket_id, row.kind): row.due_at for row in SlaClock.objects.all()}
    assert promised == {key: found[key] for key in promised}
    assert moved_events() == len(promised) == 5
    job = Recalculation.objects.get()
    assert (job.moved, job.percent, job.finished_at, job.asked_by) == (5, 100, AT, admin)
    for ticket in tickets:
        ticket.refresh_from_db()
        stored = ticket.next_due_at, ticket.next_warn_at
        timers.set_next_due(ticket)
        assert stored == (ticket.next_due_at, ticket.next_warn_at), "the queue is in the new order"
    event = TicketEvent.objects.filter(ticket=tickets[0], kind="sla_recalculated").get()
    assert event.actor == admin
    assert event.data["before"] != event.data["after"]


@pytest.mark.django_db
def test_a_day_that_becomes_worked_brings_deadlines_forward(admin: Official) -> None:
    ticket = make_ticket(local("2026-03-06 09:00"))
    saturday = Day(OFFICE_HOURS, "Làm bù", "Công văn 2/UBND")
    change_calendar("office", [date(2026, 3, 7)], saturday, actor=admin, at=AT)
    run_jobs(AT)
    assert due(ticket) == local("2026-03-10 09:00"), "Saturday, Monday, Tuesday"


@pytest.mark.django_db
def test_taking_a_date_back_puts_everything_where_it_was(admin: Official) -> None:
    ticket = make_ticket(START)
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    run_jobs(AT)
    change_calendar("office", [WEDNESDAY], Day(None, "Rút lại quyết định"), actor=admin, at=AT)
    run_jobs(AT)
    assert due(ticket) == local("2026-03-05 09:00")
    assert not CalendarOverride.objects.filter(date=WEDNESDAY).exists()


@pytest.mark.django_db
def test_the_last_level_of_a_clock_round_the_clock_moves_too(admin: Official) -> None:
    """Ten plain days stay ten plain days, but "one working day late" is another day now."""
    ticket = make_ticket(START, connector="hotline_1022")
    row = SlaClock.objects.get(ticket=ticket, kind="resolve")
    assert (row.due_at, row.late_at) == (local("2026-03-12 09:00"), local("2026-03-13 09:00"))
    change_calendar("office", [date(2026, 3, 13)], OFF, actor=admin, at=AT)
    run_jobs(AT)
    row.refresh_from_db()
    assert (row.due_at, row.late_at) == (local("2026-03-12 09:00"), local("2026-03-16 09:00"))
    assert not moved_events(), "no deadline has moved"


@pytest.mark.django_db
def test_a_finished_ticket_keeps_its_verdict_and_says_that_the_calendar_changed(admin: Official) -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "resolve", at=local("2026-03-05 10:00"))
    ticket.refresh_from_db()
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    run_jobs(AT)
    row = SlaClock.objects.get(ticket=ticket, kind="resolve")
    assert (row.state, row.due_at) == ("breached", local("2026-03-05 09:00")), "late by the calendar of that day"
    told = explain(ticket, at=local("2026-03-05 11:00"))
    assert [(one.due_at, one.changed_since) for one in told.clocks if one.kind == "resolve"] == [(row.due_at, True)]


@pytest.mark.django_db
def test_a_moved_deadline_may_be_warned_of_again_and_no_other(admin: Official) -> None:
    ticket = make_ticket(START)
    sweep(local("2026-03-04 12:00"))
    warned = TicketEvent.objects.filter(ticket=ticket, kind="due_soon", data__clock="resolve")
    assert warned.count() == 1
    change_calendar("office", [date(2026, 3, 5)], OFF, actor=admin, at=AT)
    run_jobs(AT)
    sweep(local("2026-03-06 08:00"))
    assert warned.count() == 2, "of the new date, once"
    assert TicketEvent.objects.filter(ticket=ticket, kind="became_overdue", data__clock="accept").count() == 1


@pytest.mark.django_db
def test_the_longest_pause_is_in_working_days_and_moves_too(admin: Official) -> None:
    ticket = make_ticket(START)
    SlaPolicy.objects.update(max_pause_days=2)
    timers.pause(ticket, at=local("2026-03-03 09:00"), reason="Chờ dân")
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    run_jobs(AT)
    assert ClockPause.objects.get().until == local("2026-03-06 09:00"), "Thursday and Friday"


@pytest.mark.django_db
def test_what_came_in_at_the_moment_of_a_change_is_put_right_at_night(admin: Official) -> None:
    """Counted by the calendar as it was, stored when the job was through."""
    ticket = make_ticket(START)
    CalendarOverride.objects.create(calendar=WorkCalendar.objects.get(), date=WEDNESDAY, reason="Nghỉ")
    check_deadlines()
    assert due(ticket) == local("2026-03-06 09:00")
    check_deadlines()
    assert moved_events() == 1, "and left alone the next night"


# --- Hours ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_new_office_hours_count_from_their_date_and_the_past_stays(admin: Official) -> None:
    """From Wednesday on the offices open an hour later: what was counted on Monday and Tuesday is not touched."""
    ticket = make_ticket(local("2026-03-03 16:00"))  # accept: an hour on Tuesday, an hour on Wednesday
    week = {str(day): [["08:30", "11:30"], ["13:00", "17:00"]] for day in range(5)}
    wanted = Hours(WEDNESDAY, week, "Giờ mùa đông", "Quyết định 3")
    preview = preview_change(proposed_hours("office", wanted, actor=admin))
    assert {(m.kind, m.after) for m in preview.moves} == {("accept", local("2026-03-04 09:30"))}
    change_office_hours("office", wanted, actor=admin, at=AT)
    run_jobs(AT)
    assert due(ticket, "accept") == local("2026-03-04 09:30")
    assert due(ticket) == local("2026-03-06 16:00")


@pytest.mark.django_db
def test_hours_can_change_twice_and_each_holds_until_the_next(admin: Official) -> None:
    afternoons = {str(day): [["13:00", "17:00"]] for day in range(5)}
    usual = {str(day): OFFICE_HOURS for day in range(5)}
    change_office_hours("office", Hours(date(2026, 3, 4), afternoons, "Sửa trụ sở"), actor=admin, at=AT)
    change_office_hours("office", Hours(date(2026, 3, 6), usual, "Xong"), actor=admin, at=AT)
    ticket = make_ticket(local("2026-03-03 16:00"))
    assert due(ticket, "accept") == local("2026-03-04 14:00")
    late = make_ticket(local("2026-03-05 16:00"))
    assert due(late, "accept") == local("2026-03-06 08:30")


# --- Units ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_unit_with_hours_of_its_own_counts_by_them_and_by_the_citys_holidays(admin: Official) -> None:
    calendar = saturday_ward(admin)
    choose_unit_calendar(calendar.slug, "26929", joins=True, reason="Thông báo 7", actor=admin, at=AT)
    ticket = make_ticket(local("2026-03-06 16:00"))
    assert due(ticket, "accept") == local("2026-03-07 08:30"), "an hour on Friday, an hour on Saturday"
    assert due(ticket) == local("2026-03-10 16:00"), "Saturday, closed at four: Monday and Tuesday follow"
    tet = make_ticket(local("2026-02-13 16:00"))
    assert due(tet) == local("2026-02-23 16:00"), "the decree frees 16 to 20; the ward works on Saturday 14 and 21"
    own = Day([], "Nghỉ Tết theo phường", "Thông báo 5")
    change_calendar(calendar.slug, [date(2026, 2, 14), date(2026, 2, 21)], own, actor=admin, at=AT)
    run_jobs(AT)
    assert due(tet) == local("2026-02-25 16:00"), "unless it says that it does not"
    text = " ".join(sentences(explain(tet, at=AT)))
    assert "Có sáng thứ Bảy" in text and "Nghỉ Tết theo phường" in text and "Tết Bính Ngọ" in text


@pytest.mark.django_db
def test_joining_a_calendar_takes_the_open_clocks_along_and_leaving_brings_them_back(admin: Official) -> None:
    calendar, ticket = saturday_ward(admin), make_ticket(local("2026-03-05 09:00"))
    elsewhere = make_ticket(local("2026-03-05 09:00"))
    Ticket.objects.filter(pk=elsewhere.pk).update(unit=Unit.objects.get(code="26740"))
    assert due(ticket) == local("2026-03-10 09:00")
    joining = proposed_unit(calendar.slug, "26929", joins=True, reason="Thông báo 7", actor=admin)
    assert [(m.ticket_id, m.after) for m in preview_change(joining).moves] == [(ticket.pk, local("2026-03-09 09:00"))]
    choose_unit_calendar(calendar.slug, "26929", joins=True, reason="Thông báo 7", actor=admin, at=AT)
    run_jobs(AT)
    assert (due(ticket), due(elsewhere)) == (local("2026-03-09 09:00"), local("2026-03-10 09:00"))
    choose_unit_calendar(calendar.slug, "26929", joins=False, reason="Thôi làm thứ Bảy", actor=admin, at=AT)
    run_jobs(AT)
    assert due(ticket) == local("2026-03-10 09:00")
    assert set(SlaClock.objects.values_list("calendar__slug", flat=True)) == {"office"}


@pytest.mark.django_db
def test_a_date_of_the_city_moves_the_clocks_of_calendars_that_follow_it(admin: Official) -> None:
    calendar = saturday_ward(admin)
    UnitCalendar.objects.create(unit=Unit.objects.get(code="26929"), calendar=calendar)
    ticket = make_ticket(START)
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    run_jobs(AT)
    assert due(ticket) == local("2026-03-06 09:00")
    own = Day(OFFICE_HOURS, "Phường vẫn làm việc", "Thông báo 8")
    change_calendar(calendar.slug, [WEDNESDAY], own, actor=admin, at=AT)
    run_jobs(AT)
    assert due(ticket) == local("2026-03-05 09:00"), "the ward's own word outweighs the city's"
    change = proposed("office", [WEDNESDAY], Day(None, "Rút lại"), actor=admin)
    assert preview_change(change).affected == 0, "and the city's no longer touches it"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("week", "accept", "resolve", "reason"),
    [
        ({"2": OFFICE_HOURS}, "2026-03-11 09:30", "2026-04-01 07:30", "open on Wednesdays only: these are what counts"),
        (MORNINGS, "2026-03-07 08:30", "2026-03-10 09:00", "a ward that works more makes nobody late: the date stays"),
    ],
)
def test_a_transfer_to_a_unit_with_other_hours(
    admin: Official, week: dict[str, list[list[str]]], accept: str, resolve: str, reason: str
) -> None:
    receiving = Unit.objects.get(code="26740")
    calendar = WorkCalendar.objects.create(slug="x", name="X", weekly=week)
    UnitCalendar.objects.create(unit=receiving, calendar=calendar)
    ticket = make_ticket(local("2026-03-05 09:00"))
    ticket.unit = receiving
    ticket.save()
    timers.restart_for_unit(ticket, at=local("2026-03-06 16:00"))
    assert (due(ticket, "accept"), due(ticket)) == (local(accept), local(resolve)), reason


# --- Jobs -------------------------------------------------------------------------------------------------------------


def crowd(number: int) -> None:
    for _ in range(number):
        make_ticket(START)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_move_each_deadline_once(admin: Official, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(12)  # their accept clocks are over before the date and are not looked at
    monkeypatch.setattr(recalculate, "BATCH", 5)
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    at_once(lambda: run_jobs(AT), 4)
    run_jobs(AT)
    assert moved_events() == Recalculation.objects.get().moved == 12
    assert set(SlaClock.objects.filter(kind="resolve").values_list("due_at", flat=True)) == {local("2026-03-06 09:00")}


_SLOW_WORKER = """
import django, time
django.setup()
from inbox.core import clock
from inbox.sla import recalculate
recalculate.BATCH = 2
stored = recalculate.update_rows
recalculate.update_rows = lambda *args: (time.sleep(0.2), stored(*args))
recalculate.run_jobs(clock.now())
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_leaves_nothing_undone_and_nothing_twice(admin: Official) -> None:
    crowd(10)
    change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    worker = subprocess.Popen([sys.executable, "-c", _SLOW_WORKER], cwd=ROOT, env=environment)
    job = Recalculation.objects.get()

    def is_under_way() -> bool:
        job.refresh_from_db()
        return job.done >= 4

    wait_until(is_under_way, seconds=30, what="the first batches")
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    job.refresh_from_db()
    assert job.finished_at is None and 0 < job.percent < 100, "how far it came is known"
    _when_free(lambda: run_jobs(AT))
    job.refresh_from_db()
    assert job.finished_at is not None and (job.done, job.moved) == (10, 10)
    assert moved_events() == 10
    assert set(SlaClock.objects.filter(kind="resolve").values_list("due_at", flat=True)) == {local("2026-03-06 09:00")}


def _when_free(work: Callable[[], object]) -> None:
    """PostgreSQL notices a moment later that its client is gone; until then the job's row is locked."""
    for _ in range(50):
        work()
        if not Recalculation.objects.filter(finished_at=None).exists():
            return
        time.sleep(0.1)


@pytest.mark.django_db
def test_a_second_change_while_a_job_is_under_way_starts_it_over_with_both_dates(
    admin: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(4)
    monkeypatch.setattr(recalculate, "BATCH", 3)
    first = change_calendar("office", [WEDNESDAY], OFF, actor=admin, at=AT)
    assert first is not None
    recalculate._step(first.pk, AT)
    again = change_calendar("office", [date(2026, 3, 3)], OFF, actor=admin, at=AT)
    assert again is not None and again.pk == first.pk
    assert (again.first, again.last, again.done) == (date(2026, 3, 3), WEDNESDAY, 0)
    run_jobs(AT)
    assert set(SlaClock.objects.filter(kind="resolve").values_list("due_at", flat=True)) == {local("2026-03-09 09:00")}


@pytest.mark.django_db
def test_a_preview_of_very_many_says_that_it_looked_at_the_next_ones(
    admin: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(5)
    monkeypatch.setattr(recalculate, "PREVIEWED", 3)
    preview = preview_change(proposed("office", [WEDNESDAY], OFF, actor=admin))
    assert (preview.affected, preview.checked, preview.is_whole) == (5, 3, False)
