"""Promises with pauses and extensions: when due, in which state, how much is left."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.sla.calendar import WorkingCalendar
from inbox.sla.clock import Clock, Pause, State, WorkingDays
from tests.sla.office_hours import TZ, local, office

CALENDAR = office()
ROUND_THE_CLOCK = WorkingCalendar({day: [(time.min, "24:00")] for day in range(7)}, {}, TZ)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
START = local("2026-03-02 09:00")  # a Monday

INSTANTS = st.datetimes(datetime(2026, 2, 1), datetime(2026, 4, 1)).map(lambda at: at.replace(tzinfo=TZ))
TARGETS = st.one_of(st.timedeltas(MOMENT, timedelta(hours=60)), st.integers(1, 12).map(WorkingDays))


def pauses(*spans: tuple[str, str | None]) -> list[Pause]:
    return [(local(begin), local(end) if end else None) for begin, end in spans]


@pytest.mark.parametrize(
    ("target", "spans", "due", "reason"),
    [
        (2 * HOUR, [], "2026-03-02 11:00", "no pause"),
        (WorkingDays(1), [], "2026-03-03 09:00", "a working day"),
        (4 * HOUR, [("2026-03-02 10:00", "2026-03-02 11:00")], "2026-03-02 15:30", "an hour within working time"),
        (4 * HOUR, [("2026-03-02 11:30", "2026-03-02 13:00")], "2026-03-02 14:30", "a pause at lunch costs nothing"),
        (4 * HOUR, [("2026-03-02 11:00", "2026-03-02 13:30")], "2026-03-02 15:30", "only its working time counts"),
        (4 * HOUR, [("2026-03-02 10:00", "2026-03-04 10:00")], "2026-03-04 14:30", "two days in between"),
        (WorkingDays(1), [("2026-03-02 10:00", "2026-03-02 12:00")], "2026-03-03 10:30", "days move by working time"),
        (WorkingDays(3), [("2026-03-03 07:30", "2026-03-03 17:00")], "2026-03-06 09:00", "a day paused is a day more"),
        (2 * HOUR, [("2026-03-02 11:00", "2026-03-02 13:30")], "2026-03-02 11:00", "begins when all was used up"),
        (2 * HOUR, [("2026-03-02 14:00", "2026-03-02 15:00")], "2026-03-02 11:00", "begins after the due date"),
        (2 * HOUR, [("2026-03-02 08:00", "2026-03-02 08:30")], "2026-03-02 11:00", "lies before the start"),
        (2 * HOUR, [("2026-03-02 08:00", "2026-03-02 09:30")], "2026-03-02 11:30", "reaches over the start"),
        (
            3 * HOUR,
            [("2026-03-02 09:30", "2026-03-02 10:00"), ("2026-03-02 10:30", "2026-03-02 11:00")],
            "2026-03-02 14:30",
            "two pauses add up",
        ),
        (
            3 * HOUR,
            [("2026-03-02 10:00", "2026-03-02 11:00"), ("2026-03-02 09:30", "2026-03-02 10:30")],
            "2026-03-02 15:00",
            "overlapping and out of order: the time counts once",
        ),
        (2 * HOUR, [("2026-03-02 10:00", None)], "2026-03-02 11:00", "an open pause has not moved the due date yet"),
        (2 * HOUR, [("2026-03-02 10:00", "2026-03-02 10:00")], "2026-03-02 11:00", "a pause without length"),
        (
            2 * HOUR,
            [("2026-03-02 10:00", "2026-03-02 11:00"), ("2026-03-02 13:15", "2026-03-02 14:15")],
            "2026-03-02 14:30",
            "the second one begins in time only because the first one moved the due date",
        ),
    ],
)
def test_due(target: timedelta | WorkingDays, spans: list, due: str, reason: str) -> None:
    assert Clock(CALENDAR, target, START, pauses(*spans)).due_at == local(due), reason


@pytest.mark.parametrize(
    ("at", "spans", "met", "state", "reason"),
    [
        ("2026-03-02 10:00", [], None, State.RUNNING, "on the way"),
        ("2026-03-02 11:00", [], None, State.RUNNING, "exactly due is not late"),
        ("2026-03-02 11:01", [], None, State.BREACHED, "a minute later is"),
        ("2026-03-02 15:00", [], "2026-03-02 11:00", State.MET, "met exactly at the due date is on time"),
        ("2026-03-02 15:00", [], "2026-03-02 11:01", State.BREACHED, "met too late, whenever it is judged"),
        ("2026-03-09 15:00", [], "2026-03-02 10:00", State.MET, "judged a week later it is still on time"),
        ("2026-03-02 09:30", [], "2026-03-02 10:00", State.RUNNING, "judged for an instant before it was met"),
        ("2026-03-02 10:30", [("2026-03-02 10:00", None)], None, State.PAUSED, "waiting"),
        ("2026-03-20 10:30", [("2026-03-02 10:00", None)], None, State.PAUSED, "however long"),
        ("2026-03-02 10:00", [("2026-03-02 10:00", None)], None, State.PAUSED, "from the first instant"),
        (
            "2026-03-02 10:30",
            [("2026-03-02 10:00", "2026-03-02 10:30")],
            None,
            State.RUNNING,
            "the end of a pause is out of it",
        ),
        ("2026-03-02 14:00", [("2026-03-02 13:30", None)], None, State.BREACHED, "pausing does not heal lateness"),
    ],
)
def test_state(at: str, spans: list, met: str | None, state: State, reason: str) -> None:
    clock = Clock(CALENDAR, 2 * HOUR, START, pauses(*spans), local(met) if met else None)
    assert clock.state(local(at)) is state, reason


@pytest.mark.parametrize(
    ("at", "spans", "elapsed", "remaining", "reason"),
    [
        ("2026-03-02 08:00", [], 0, 240, "before it starts"),
        ("2026-03-02 10:00", [], 60, 180, "an hour used"),
        ("2026-03-02 12:15", [], 150, 90, "lunch does not count"),
        ("2026-03-02 14:30", [], 240, 0, "exactly due"),
        ("2026-03-02 15:30", [], 300, -60, "an hour late"),
        ("2026-03-03 07:30", [], 390, -150, "lateness is working time too"),
        ("2026-03-02 11:00", [("2026-03-02 10:00", None)], 60, 180, "frozen while paused"),
        ("2026-03-04 11:00", [("2026-03-02 10:00", None)], 60, 180, "still frozen two days later"),
        ("2026-03-02 11:00", [("2026-03-02 10:00", "2026-03-02 10:30")], 90, 150, "runs on after the pause"),
    ],
)
def test_elapsed_and_remaining(at: str, spans: list, elapsed: int, remaining: int, reason: str) -> None:
    clock = Clock(CALENDAR, 4 * HOUR, START, pauses(*spans))
    assert clock.elapsed(local(at)) == timedelta(minutes=elapsed), reason
    assert clock.remaining(local(at)) == timedelta(minutes=remaining), reason


def test_met_freezes_what_was_left() -> None:
    clock = Clock(CALENDAR, 4 * HOUR, START, met_at=local("2026-03-02 10:00"))
    much_later = local("2026-03-20 10:00")
    assert clock.elapsed(much_later) == HOUR
    assert clock.remaining(much_later) == 3 * HOUR


def test_an_extension_is_counted_like_the_target() -> None:
    assert Clock(CALENDAR, 4 * HOUR, START, extension=3 * HOUR).due_at == local("2026-03-03 08:00")
    assert Clock(CALENDAR, WorkingDays(1), START, extension=8 * HOUR).due_at == local("2026-03-04 09:00")


def test_round_the_clock() -> None:
    clock = Clock(ROUND_THE_CLOCK, 24 * HOUR, local("2026-02-14 20:00"))
    assert clock.due_at == local("2026-02-15 20:00"), "Saturday night in Tết: a live wire does not wait"


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (Clock(CALENDAR, timedelta(0), START), "no time at all"),
        (Clock(CALENDAR, WorkingDays(0), START), "no days at all"),
        (Clock(CALENDAR, HOUR, START.replace(tzinfo=None)), "naive start"),
        (Clock(CALENDAR, HOUR, START, [(START + HOUR, START)]), "a pause that ends before it starts"),
    ],
)
def test_refusals(clock: Clock, reason: str) -> None:
    with pytest.raises(ValueError):
        print(clock.due_at, reason)


# --- properties -------------------------------------------------------------------------------------------------------


@st.composite
def spans(draw: st.DrawFn) -> list[Pause]:
    edges = sorted(draw(st.lists(INSTANTS, max_size=6, unique=True)))
    return [(edges[i], edges[i + 1]) for i in range(0, len(edges) - 1, 2)]


@given(TARGETS, INSTANTS, spans(), st.floats(0.01, 0.99))
def test_splitting_a_pause_changes_nothing(
    target: timedelta | WorkingDays, start: datetime, whole: list[Pause], where: float
) -> None:
    halves: list[Pause] = []
    for begin, end in whole:
        assert end is not None
        middle = begin + (end - begin) * where
        halves += [(begin, middle), (middle, end)]
    assert Clock(CALENDAR, target, start, halves).due_at == Clock(CALENDAR, target, start, whole).due_at


@given(st.timedeltas(MOMENT, timedelta(hours=60)), INSTANTS, spans(), INSTANTS)
def test_used_and_left_make_the_target(target: timedelta, start: datetime, paused: list[Pause], at: datetime) -> None:
    clock = Clock(CALENDAR, target, start, paused)
    moment = max(at, start)
    assert clock.elapsed(moment) + clock.remaining(moment) == target


@given(st.timedeltas(MOMENT, timedelta(hours=60)), INSTANTS, spans())
def test_at_the_due_date_exactly_the_target_is_used(target: timedelta, start: datetime, paused: list[Pause]) -> None:
    clock = Clock(CALENDAR, target, start, paused)
    assert clock.elapsed(clock.due_at) == target
    assert clock.state(clock.due_at) is not State.BREACHED
    assert clock.state(clock.due_at + MOMENT) is State.BREACHED


@given(TARGETS, INSTANTS, spans(), INSTANTS)
def test_a_pause_never_makes_it_due_earlier(
    target: timedelta | WorkingDays, start: datetime, paused: list[Pause], at: datetime
) -> None:
    without = Clock(CALENDAR, target, start).due_at
    assert Clock(CALENDAR, target, start, paused).due_at >= without


@given(TARGETS, INSTANTS, spans(), INSTANTS)
def test_late_and_on_time_are_told_apart_by_the_instant_of_the_act_alone(
    target: timedelta | WorkingDays, start: datetime, paused: list[Pause], met_at: datetime
) -> None:
    met_at = max(met_at, start)
    clock = Clock(CALENDAR, target, start, paused, met_at)
    verdicts = {clock.state(met_at + delay) for delay in (timedelta(0), MOMENT, timedelta(days=400))}
    assert verdicts == {State.MET if met_at <= clock.due_at else State.BREACHED}
