"""The explanation of a deadline: its days add up to the target, and it says why a day does not count."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inbox.sla import timers
from inbox.sla.explain import ClockExplanation, explain
from inbox.sla.models import SlaPolicy
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

pytestmark = pytest.mark.usefixtures("city")

HOUR = timedelta(hours=1)


def sixteen_hours() -> None:
    """The policy of the design: sixteen working hours to resolve."""
    SlaPolicy.objects.filter(connector="district_app").update(resolve_amount=16, resolve_unit="working_hours")


def resolve_of(ticket, at: str) -> ClockExplanation:
    return next(c for c in explain(ticket, at=local(at)).clocks if c.kind == "resolve")


def test_the_ruler_of_the_design() -> None:
    """Received Thursday 14:10, sixteen working hours, paused on Friday from 9 to 11: due on Monday at 16:10."""
    sixteen_hours()
    ticket = make_ticket(local("2026-11-19 14:10"))
    timers.pause(ticket, at=local("2026-11-20 09:00"), reason="Chờ dân")
    timers.resume(ticket, at=local("2026-11-20 11:00"))
    told = resolve_of(ticket, "2026-11-23 10:42")
    assert told.due_at == local("2026-11-23 16:10")
    assert [(day.date.day, day.counted, day.paused, day.is_off) for day in told.days] == [
        (19, timedelta(hours=2, minutes=50), 0 * HOUR, False),
        (20, 6 * HOUR, 2 * HOUR, False),
        (21, 0 * HOUR, 0 * HOUR, True),
        (22, 0 * HOUR, 0 * HOUR, True),
        (23, timedelta(hours=7, minutes=10), 0 * HOUR, False),
    ]
    assert told.total == 16 * HOUR
    assert (told.policy, told.policy_version) == ("Ứng dụng quận, phường", 1)
    assert [step.reason for step in told.pauses] == ["Chờ dân"]


def test_segments_fill_their_opening_and_mark_now_and_due() -> None:
    sixteen_hours()
    ticket = make_ticket(local("2026-11-19 14:10"))
    told = resolve_of(ticket, "2026-11-20 10:00")
    kinds = [[[segment.kind for segment in block] for block in day.blocks] for day in told.days]
    assert kinds[0] == [["out"], ["out", "used"]], "counted from 14:10"
    assert kinds[1] == [["used", "left"], ["left"]], "it is ten o'clock"
    for day in told.days:
        for block in day.blocks:
            assert sum(segment.percent for segment in block) == pytest.approx(100, abs=0.05)
    segments = [segment for day in told.days for block in day.blocks for segment in block]
    assert [s.end for s in segments if s.ends_now] == [local("2026-11-20 10:00")]
    assert [s.end for s in segments if s.ends_due] == [told.due_at]
    assert [day.date.day for day in told.days if day.is_today] == [20]


def test_a_day_off_says_why_and_whether_that_is_certain() -> None:
    ticket = make_ticket(local("2026-11-23 09:00"))
    off = next(day for day in resolve_of(ticket, "2026-11-23 10:00").days if day.date == date(2026, 11, 24))
    assert (off.is_off, off.note, off.to_be_confirmed) == (True, "Ngày Văn hóa Việt Nam", True)


def test_a_worked_saturday_says_why() -> None:
    ticket = make_ticket(local("2026-01-09 09:00"))
    worked = next(day for day in resolve_of(ticket, "2026-01-09 10:00").days if day.date == date(2026, 1, 10))
    assert (worked.is_off, worked.note, worked.to_be_confirmed) == (False, "Làm bù cho 2/1/2026", False)


def test_a_running_pause_is_shown_as_if_it_ended_now() -> None:
    sixteen_hours()
    ticket = make_ticket(local("2026-11-19 14:10"))
    timers.pause(ticket, at=local("2026-11-20 09:00"), reason="Chờ dân")
    told = resolve_of(ticket, "2026-11-20 11:00")
    assert told.due_at == local("2026-11-23 16:10")
    assert told.total == 16 * HOUR
    assert told.pauses[0].end is None


def test_round_the_clock_counts_nights_and_has_no_days_off() -> None:
    ticket = make_ticket(local("2026-02-17 20:00"), urgency="urgent")
    told = resolve_of(ticket, "2026-02-17 21:00")
    assert told.is_round_the_clock
    assert [day.counted for day in told.days] == [4 * HOUR, 20 * HOUR]
    assert not any(day.is_off or day.note for day in told.days), "Tết does not matter to a live wire"


def test_without_a_policy_there_is_nothing_to_explain() -> None:
    ticket = make_ticket(local("2026-11-19 14:10"), connector="unknown", source_due_at=local("2026-11-30 00:00"))
    told = explain(ticket, at=local("2026-11-20 11:00"))
    assert told.clocks == ()
    assert told.source_due_at == local("2026-11-30 00:00")


def test_each_round_is_explained() -> None:
    ticket = make_ticket(local("2026-11-19 14:10"))
    timers.meet(ticket, "resolve", at=local("2026-11-20 09:00"))
    timers.reopen(ticket, at=local("2026-11-23 09:00"))
    told = explain(ticket, at=local("2026-11-23 10:00"))
    assert [(c.kind, c.round, c.state) for c in told.clocks] == [
        ("accept", 1, "breached"),
        ("resolve", 1, "met"),
        ("resolve", 2, "running"),
    ]


def test_an_explanation_takes_few_queries(django_assert_max_num_queries) -> None:
    ticket = make_ticket(local("2026-11-19 14:10"))
    with django_assert_max_num_queries(6):
        explain(ticket, at=local("2026-11-20 11:00"))
