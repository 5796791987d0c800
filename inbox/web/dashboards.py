"""What every panel of a dashboard is made from: sums read once, numbers as people read them, addresses of lists.

Reads `inbox.dashboards.figures` and decides nothing about who sees what: it is given a scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from inbox.dashboards import figures
from inbox.dashboards.metrics import STEPS, Better, Metric, Span, Sums, UnitOf, Value
from inbox.dashboards.periods import Grain, Period, weeks
from inbox.web import moments

if TYPE_CHECKING:
    from inbox.units.models import Unit

WEEKS, MOST_WEEKS = 12, 53
DAYS_AHEAD = 14
_WEEKLY = ("received", "ended", "became_late", "resolved", "resolve_judged", "resolve_on_time", *STEPS)
#: Of fewer tickets a rate says nothing: such rows are not ranked, such areas not coloured.
FEW = 5


def shown(metric: Metric, value: Value) -> str:
    """A figure with its unit; a dash for none."""
    if value is None:
        return "–"
    match metric.unit:
        case UnitOf.PERCENT:
            return f"{decimal(value)}%"
        case UnitOf.WORKING_MINUTES:
            return moments.length(timedelta(minutes=value))
        case UnitOf.MINUTES:
            return _("%(count)s minutes") % {"count": decimal(value)}
        case UnitOf.HOURS:
            return _("%(count)s hours") % {"count": decimal(value)}
        case _:
            return moments.number(int(value))


def decimal(value: float) -> str:
    """ "89,7" in Vietnamese."""
    return formats.number_format(value, decimal_pos=1, use_l10n=True, force_grouping=True)


@dataclass(frozen=True, slots=True)
class Delta:
    """By how much a figure differs from another period's. `tone`: good, bad or plain; `up`: where the arrow points."""

    words: str
    tone: str
    up: bool


def delta(metric: Metric, value: Value, before: Value) -> Delta | None:
    """None when one of them is missing or nothing changed."""
    if value is None or before is None or round(value - before, 1) == 0:
        return None
    change = value - before
    sign = "+" if change > 0 else "−"
    amount = abs(change)
    words = (
        _("%(count)s points") % {"count": decimal(amount)} if metric.unit is UnitOf.PERCENT else shown(metric, amount)
    )
    good = {Better.UP: change > 0, Better.DOWN: change < 0}.get(metric.better)
    tone = "plain" if good is None else "good" if good else "bad"
    return Delta(sign + words, tone, change > 0)


class Lists:
    """Addresses of the lists of tickets behind the numbers of a page."""

    def __init__(self, scope: figures.Scope, period: Period) -> None:
        self._inbox = reverse("inbox")
        self._base: dict[str, str] = {}
        self._period = period
        if scope.unit is not None:
            self._base["unit"] = scope.unit.code
        elif scope.units == frozenset({None}):
            self._base["unit"] = "none"
        if scope.source is not None:
            self._base["source"] = scope.source.slug
        if scope.person is not None:
            self._base["assignee"] = scope.person.username

    def view(self, view: str = "open", **more: str) -> str:
        """One of the views of the inbox, narrowed as the page is."""
        return f"{self._inbox}?{urlencode({'view': view} | self._base | more)}"

    def figure(self, name: str, period: Period | None = None, /, **more: str) -> str:
        """The tickets that a figure of a period counts."""
        span = period or self._period
        days = {"first": span.first.isoformat(), "last": span.last.isoformat()}
        return self.view("all", figure=name, **days, **more)


#: Which list a metric opens, and with which name where that differs.
_LIST_OF = {
    "accept_on_time": "accepted",
    "resolve_on_time": "resolved",
    "source_on_time": "resolved",
    "on_time_without_others": "resolved",
    "first_time_right": "resolved",
    "handling_median": "resolved",
    "handling_p90": "resolved",
    "paused_hours": "resolved",
}
_NO_LIST = frozenset({"delivery_lag", "outage_hours", "evidence", "satisfaction", "source_away"})


def list_of(metric: Metric, lists: Lists) -> str:
    """The address of the tickets that a metric is about; empty where it is not about tickets."""
    if metric.name in _NO_LIST:
        return ""
    if metric.span is Span.NOW:
        return lists.view(metric.name)
    return lists.figure(_LIST_OF.get(metric.name, metric.name))


@dataclass
class Facts:
    """What was read for a page, once."""

    scope: figures.Scope
    period: Period
    now: datetime
    today: date
    standing: Sums
    sums: Sums
    before: Sums
    year_before: Sums
    weekly: Mapping[tuple[Any, ...], Sums]
    weeks: list[date]
    by_unit: Mapping[int | None, Sums] = field(default_factory=dict)
    standing_by_unit: Mapping[int | None, Sums] = field(default_factory=dict)
    units: Mapping[int, Unit] = field(default_factory=dict)  # those of the two above
    ages: list[figures.AgeStep] = field(default_factory=list)
    lists: Lists = field(init=False)

    def __post_init__(self) -> None:
        self.lists = Lists(self.scope, self.period)

    @property
    def coming(self) -> list[int]:
        """How many open tickets fall due on each of the coming days, today first."""
        return [self.standing.get(f"day_{number}", 0) for number in range(DAYS_AHEAD)]

    def week(self, first: date) -> Sums:
        return self.weekly.get((first,), {})

    def weekly_values(self, metric: Metric) -> list[Value]:
        return [metric.value(self.week(first)) for first in self.weeks]


def read(scope: figures.Scope, period: Period, *, now: datetime) -> Facts:
    """The sums that several panels share."""
    today = timezone.localdate(now)
    number = min(MOST_WEEKS, max(WEEKS, -(-period.days // 7)))
    span = weeks(number, max(period.last, period.first + timedelta(days=1)) if period.last < today else today)
    narrowing = scope.narrowing
    by_unit: dict[int | None, Sums] = {}
    standing_by_unit: dict[int | None, Sums] = {}
    compared = [period.before, period.year_before]
    steps = figures.age_steps(now)
    also = figures.age_counts(steps) | figures.day_counts(now, DAYS_AHEAD)
    if scope.is_city:
        by_unit = {key[0]: one for key, one in figures.sums(narrowing, period, by=("unit",)).items()}
        counted = figures.standing(narrowing, at=now, by=("unit",), also=also)
        standing_by_unit = {key[0]: one for key, one in counted.items()}
        standing = figures.added(standing_by_unit.values())
        (before, year_before), weekly = figures.overview(narrowing, compared, span, only=_WEEKLY)
        total = figures.added(by_unit.values())
    else:
        standing = figures.standing(narrowing, at=now, also=also).get((), {})
        (total, before, year_before), weekly = figures.overview(narrowing, [period, *compared], span, only=_WEEKLY)
    return Facts(
        scope=scope,
        period=period,
        now=now,
        today=today,
        standing=standing,
        sums=total,
        before=before,
        year_before=year_before,
        weekly=weekly,
        weeks=span.starts(Grain.WEEK),
        by_unit=by_unit,
        standing_by_unit=standing_by_unit,
        units=figures.units_of([*by_unit, *standing_by_unit]) if scope.is_city else {},
        ages=figures.with_counts(steps, standing),
    )


@lru_cache(maxsize=1024)
def unit_page(code: str) -> str:
    """The address of a unit's figures. A map has all units, and looking an address up costs more than drawing it."""
    return reverse("dashboard-unit", args=[code])


def left_over(facts: Facts) -> list[int]:
    """How many tickets were open at the end of each week, reckoned back from now by what came in and what ended."""
    open_then = facts.standing.get("open", 0)
    found: list[int] = []
    for first in reversed(facts.weeks):
        found.append(open_then)
        week = facts.week(first)
        open_then += week.get("ended", 0) - week.get("received", 0)
    return found[::-1]


def open_at_start(facts: Facts) -> int | None:
    """How many were open when the period began; None for a period that does not reach to today."""
    if facts.period.last != facts.today:
        return None
    return int(facts.standing.get("open", 0) + facts.sums.get("ended", 0) - facts.sums.get("received", 0))


def tone_of(metric: Metric, value: Value) -> str:
    """Where a figure stands to its target: good, mid, bad; none without a figure."""
    if value is None or metric.target is None:
        return "none"
    return "good" if value >= metric.target else "mid" if value >= (metric.near or metric.target) else "bad"


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day, 12))


def week_from(first: date, facts: Facts) -> Period:
    return Period(first, first + timedelta(days=6))
