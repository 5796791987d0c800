"""Every figure once: its name, its unit and exactly what it means. Pure: sums in, figures out.

Pages, the API and reports read this table; docs/metrics.md says the same at length. A ticket counts in the ward, the
source and the field where it is *now* and with the officer who has it now, each time once: so a figure is the number of
tickets in the list behind it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Sums = Mapping[str, int]
Value = float | int | None


def noop(text: str) -> str:
    """Marks a text for translation where it is shown."""
    return text


class UnitOf(StrEnum):
    """What a figure is counted in."""

    TICKETS = "tickets"
    PERCENT = "percent"
    WORKING_MINUTES = "working_minutes"
    MINUTES = "minutes"
    HOURS = "hours"
    RECORDS = "records"


class Better(StrEnum):
    """Which way a figure should go."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Span(StrEnum):
    """Whether a figure is about this moment or about the days of a period."""

    NOW = "now"
    PERIOD = "period"


#: Upper edges of the steps in which handling times are counted, in working minutes; a working day has 480. What is
#: longer than the last edge is in one step more. Medians are reckoned from the steps, everywhere alike.
STEP_EDGES: tuple[int, ...] = (
    *(15, 30, 60, 90, 120, 180, 240, 300, 360, 420, 480),
    *(600, 720, 840, 960, 1200, 1440, 1680, 1920, 2400, 2880, 3360, 3840, 4800, 5760, 7200, 9600, 14400, 21600, 28800),
)
STEPS: tuple[str, ...] = tuple(f"handled_{number:02}" for number in range(len(STEP_EDGES) + 1))

#: What is summed up per day, and what each of them counts. Every counter is the number of tickets (or minutes,
#: microseconds, messages) that one role of a ticket's day brings: the day it was received, accepted, resolved …
COUNTERS: tuple[str, ...] = (
    "received",
    "accept_judged",
    "accept_on_time",
    "resolved",
    "resolve_judged",
    "resolve_on_time",
    "source_judged",
    "source_on_time",
    "late_elsewhere",
    "first_time_right",
    "outside_hours",
    "paused_minutes",
    "ended",
    "became_late",
    "reopened",
    "returned",
    "transferred",
    "delivered",
    "delivery_microseconds",
    *STEPS,
)

#: Ageing of open tickets: upper edges in working days since they arrived, and a step for what is older.
AGE_EDGES: tuple[int, ...] = (1, 2, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `of` reckons a period's figure from its sums; figures of this moment are counted, not summed.

    `target` and `near` are in the figure's unit; between them a ward has nearly reached the target.
    """

    name: str
    label: str
    unit: UnitOf
    span: Span
    better: Better
    meaning: str
    of: Callable[[Sums], Value] | None = None
    target: float | None = None
    near: float | None = None

    def value(self, sums: Sums) -> Value:
        """The figure of a period; None when there is nothing to reckon it from."""
        return self.of(sums) if self.of else None


def step_of(minutes: int) -> int:
    """The step that a handling time falls into."""
    return bisect_left(STEP_EDGES, minutes)


def quantile(counts: Sequence[int], share: float) -> int | None:
    """The handling time, in whole working minutes, that `share` of all cases did not exceed.

    Within a step cases are taken to lie evenly; what is longer than the last edge counts as that edge.
    """
    rank = share * sum(counts)
    if not rank:
        return None
    passed = 0
    for number, count in enumerate(counts[:-1]):
        if count and passed + count >= rank:
            low = STEP_EDGES[number - 1] if number else 0
            return round(low + (STEP_EDGES[number] - low) * (rank - passed) / count)
        passed += count
    return STEP_EDGES[-1]


def age_of(days: float) -> int:
    """The step of `AGE_EDGES` for so many working days."""
    return sum(1 for edge in AGE_EDGES if days >= edge)


def percent(part: int, whole: int) -> float | None:
    """To one decimal; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def _sum(name: str) -> Callable[[Sums], Value]:
    return lambda sums: sums.get(name, 0)


def _share(part: str, whole: str) -> Callable[[Sums], Value]:
    return lambda sums: percent(sums.get(part, 0), sums.get(whole, 0))


def _handling(share: float) -> Callable[[Sums], Value]:
    return lambda sums: quantile([sums.get(name, 0) for name in STEPS], share)


def _without_others(sums: Sums) -> Value:
    return percent(sums.get("resolve_on_time", 0) + sums.get("late_elsewhere", 0), sums.get("resolve_judged", 0))


def _delivery_lag(sums: Sums) -> Value:
    delivered = sums.get("delivered", 0)
    return round(sums.get("delivery_microseconds", 0) / delivered / 60_000_000, 1) if delivered else None


_T, _PCT, _WM = UnitOf.TICKETS, UnitOf.PERCENT, UnitOf.WORKING_MINUTES
_NOW, _PERIOD = Span.NOW, Span.PERIOD
_UP, _DOWN, _NEITHER = Better.UP, Better.DOWN, Better.NEITHER

_ALL = (
    # --- this moment --------------------------------------------------------------------------------------------------
    Metric(
        "open",
        noop("Open now"),
        _T,
        _NOW,
        _DOWN,
        noop("Tickets on which somebody still has to do something, waiting ones included."),
    ),
    Metric(
        "due_soon",
        noop("Due soon"),
        _T,
        _NOW,
        _DOWN,
        noop("Open tickets in time that have used up the share of their time at which the policy warns."),
    ),
    Metric(
        "overdue",
        noop("Overdue"),
        _T,
        _NOW,
        _DOWN,
        noop("Open tickets whose next deadline, ours or the source's, has passed."),
    ),
    Metric(
        "waiting",
        noop("Waiting for others"),
        _T,
        _NOW,
        _NEITHER,
        noop("Open tickets that wait for the citizen or for another unit, so that the ward cannot go on."),
    ),
    Metric(
        "unassigned",
        noop("Not assigned"),
        _T,
        _NOW,
        _DOWN,
        noop("Open tickets that nobody has been given."),
    ),
    Metric(
        "source_away",
        noop("From a source that is away"),
        _T,
        _NOW,
        _NEITHER,
        noop("Open tickets whose source has an outage at this moment: answers to them are kept and sent later."),
    ),
    # --- a period -----------------------------------------------------------------------------------------------------
    Metric(
        "new",
        noop("New"),
        _T,
        _PERIOD,
        _NEITHER,
        noop("Tickets that arrived here in the period, whatever has become of them."),
        _sum("received"),
    ),
    Metric(
        "resolved",
        noop("Resolved"),
        _T,
        _PERIOD,
        _UP,
        noop("Tickets whose answer was given in the period and still stands: a reopened ticket is not resolved."),
        _sum("resolved"),
    ),
    Metric(
        "ended",
        noop("Finished"),
        _T,
        _PERIOD,
        _UP,
        noop("Tickets that ended in the period, whichever way: resolved, returned, refused, withdrawn."),
        _sum("ended"),
    ),
    Metric(
        "accept_on_time",
        noop("Accepted on time"),
        _PCT,
        _PERIOD,
        _UP,
        noop("Of the tickets accepted in the period by the unit that has them, the share accepted by our deadline."),
        _share("accept_on_time", "accept_judged"),
        target=95,
        near=90,
    ),
    Metric(
        "resolve_on_time",
        noop("Resolved on time"),
        _PCT,
        _PERIOD,
        _UP,
        noop(
            "Of the tickets resolved in the period that had a deadline of ours, the share answered by then, "
            "pauses and extensions counted in. Exactly at the deadline is on time."
        ),
        _share("resolve_on_time", "resolve_judged"),
        target=90,
        near=85,
    ),
    Metric(
        "source_on_time",
        noop("On time for the source"),
        _PCT,
        _PERIOD,
        _UP,
        noop("Of the tickets resolved in the period for which the source set a deadline, the share answered by then."),
        _share("source_on_time", "source_judged"),
        target=90,
        near=85,
    ),
    Metric(
        "on_time_without_others",
        noop("On time, without what others caused"),
        _PCT,
        _PERIOD,
        _UP,
        noop(
            "As resolved on time, but a ticket that came late, because its source was away or another unit had held "
            "it, counts as on time when the ward needed no more than the whole time allowed."
        ),
        _without_others,
        target=90,
        near=85,
    ),
    Metric(
        "late_elsewhere",
        noop("Late through others"),
        _T,
        _PERIOD,
        _NEITHER,
        noop(
            "Tickets resolved late in the period that reached the ward late, and on which it needed no more than the "
            "whole time allowed."
        ),
        _sum("late_elsewhere"),
    ),
    Metric(
        "became_late",
        noop("Missed deadlines"),
        _T,
        _PERIOD,
        _DOWN,
        noop(
            "Tickets that have ended whose deadline, the earlier of ours and the source's, passed unmet in the period."
        ),
        _sum("became_late"),
    ),
    Metric(
        "reopened",
        noop("Reopened"),
        _T,
        _PERIOD,
        _DOWN,
        noop("Tickets reopened in the period; one reopened several times counts on the day of the last time."),
        _sum("reopened"),
    ),
    Metric(
        "first_time_right",
        noop("Right the first time"),
        _PCT,
        _PERIOD,
        _UP,
        noop("Of the tickets resolved in the period, the share that was never reopened."),
        _share("first_time_right", "resolved"),
        target=95,
        near=90,
    ),
    Metric(
        "handling_median",
        noop("Median handling time"),
        _WM,
        _PERIOD,
        _DOWN,
        noop(
            "Working time between arrival and answer, pauses left out, that half of the tickets resolved in the period "
            "did not exceed. Reckoned from steps of 15 minutes to several days."
        ),
        _handling(0.5),
    ),
    Metric(
        "handling_p90",
        noop("Nine in ten answered within"),
        _WM,
        _PERIOD,
        _DOWN,
        noop("As the median handling time, for nine of ten tickets."),
        _handling(0.9),
    ),
    Metric(
        "returned",
        noop("Returned"),
        _T,
        _PERIOD,
        _NEITHER,
        noop("Tickets given back to their source in the period because they are not ours to decide."),
        _sum("returned"),
    ),
    Metric(
        "transferred",
        noop("Taken over"),
        _T,
        _PERIOD,
        _NEITHER,
        noop("Tickets that another unit handed over in the period, counted where they are now; the last time counts."),
        _sum("transferred"),
    ),
    Metric(
        "outside_hours",
        noop("Answered outside working hours"),
        _T,
        _PERIOD,
        _DOWN,
        noop(
            "Tickets resolved in the period by an official at a time at which the ward's calendar has no working hours."
        ),
        _sum("outside_hours"),
    ),
    Metric(
        "paused_hours",
        noop("Time spent waiting"),
        UnitOf.HOURS,
        _PERIOD,
        _NEITHER,
        noop("Working hours for which the tickets resolved in the period waited for the citizen or for another unit."),
        lambda sums: round(sums.get("paused_minutes", 0) / 60, 1),
    ),
    Metric(
        "delivery_lag",
        noop("Delivery to the source"),
        UnitOf.MINUTES,
        _PERIOD,
        _DOWN,
        noop("Minutes between an act and its arrival at the source, the average of what arrived in the period."),
        _delivery_lag,
    ),
    Metric(
        "outage_hours",
        noop("Hours of outage"),
        UnitOf.HOURS,
        _PERIOD,
        _DOWN,
        noop("Hours of the period for which a source was away, summed over the sources."),
    ),
    Metric(
        "evidence",
        noop("Evidence records"),
        UnitOf.RECORDS,
        _PERIOD,
        _NEITHER,
        noop("Records of answers given in the period whose delivery an outage held up."),
    ),
    Metric(
        "satisfaction",
        noop("Satisfied citizens"),
        _PCT,
        _PERIOD,
        _UP,
        noop("Share of satisfied ratings. No source connected so far hands ratings on, so there are no data."),
    ),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
