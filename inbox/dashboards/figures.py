"""Reading figures, for pages, the API and reports: who may see which, sums of periods, how things stand at this moment.

Everything takes a `Scope`, and only `scope_of` makes one: whoever asks sees figures of their units, or their own, and
nothing else. `behind` narrows a list of tickets to those that a figure counts, so that the number equals the list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.permissions import TABLE, Permission
from inbox.accounts.vocabulary import CITY_ROLES, Role
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.dashboards.metrics import AGE_EDGES, COUNTERS, METRICS, Metric, Span, Sums, Value
from inbox.dashboards.models import ArrivalHour, MixDay, UnitDay, UnitSourceDay, Upkeep
from inbox.dashboards.periods import Grain, Period, start_of
from inbox.dashboards.tally import DIMENSIONS, Narrowing, arrivals_by_hour, tally, units_condition
from inbox.evidence.models import EvidenceRecord
from inbox.sla.queries import Calendars
from inbox.sources.models import Outage, Source
from inbox.tickets.filters import FIGURES, counted_in, is_due_soon
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import WAITING
from inbox.units.models import Unit

_WORKERS = (Role.OFFICER.value, Role.LEADER.value)
_WORKING_DAY = timedelta(hours=8)
#: Nothing open is older than this many calendar days for each working day of age, holidays included.
_LOOK_BACK = timedelta(days=40)


# --- Who sees what ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures, as far as the person who asks may see them. `units` as in `Narrowing`."""

    units: frozenset[int | None] | None
    unit: Unit | None = None
    source: Source | None = None
    person: Official | None = None

    @property
    def narrowing(self) -> Narrowing:
        """The same for queries."""
        return Narrowing(
            units=self.units,
            source=self.source.pk if self.source else None,
            official=self.person.pk if self.person else None,
        )

    @property
    def is_city(self) -> bool:
        """Whether nothing but perhaps the source narrows it."""
        return self.units is None and self.person is None

    @property
    def shows_people(self) -> bool:
        """Whether figures of single officers belong on the page."""
        return self.person is None


def figure_units(official: Official) -> frozenset[int | None] | None:
    """Units whose figures the person may see: None for all of them, empty for somebody who sees only their own."""
    units: set[int | None] = set()
    for role, unit_id in official.roles():
        if Permission.VIEW_FIGURES not in TABLE[role]:
            continue
        if role in CITY_ROLES and role is not Role.TRIAGE:
            return None
        units.add(unit_id)  # triage has none: it sees what nobody has been given yet
    return frozenset(units)


def scope_of(official: Official, *, unit: str = "", source: str = "", person: int | None = None) -> Scope:
    """What the person may see of a unit (its code), a source (its slug), an officer (their key). Raises NotFound.

    Without any of them: the city, the person's units, or only what is theirs.
    """
    allowed = figure_units(official)
    if person is None and allowed is not None and not allowed:
        person = official.pk
    if person == official.pk and allowed is not None:
        allowed = _own_units(official)
    found = Scope(units=allowed)
    if unit:
        found = replace(found, **_one_unit(unit, allowed))
    elif allowed is not None and len(allowed) == 1 and None not in allowed:
        found = replace(found, unit=Unit.objects.get(pk__in=[unit_id for unit_id in allowed if unit_id]))
    if person is not None:
        found = replace(found, person=_one_person(person, official, found.units))
    if source:
        row = Source.objects.filter(slug=source).defer("settings", "secrets", "cursor").first()
        if row is None:
            raise NotFound("No such source")
        found = replace(found, source=row)
    return found


def _own_units(official: Official) -> frozenset[int | None]:
    """Units whose tickets the person sees: what is assigned to them elsewhere is not theirs to see any more."""
    return frozenset(unit_id for role, unit_id in official.roles() if unit_id is not None or role is Role.TRIAGE)


def _one_unit(code: str, allowed: frozenset[int | None] | None) -> dict[str, Any]:
    row = Unit.objects.filter(code=code).order_by("-valid_from").first()
    if row is None or (allowed is not None and row.pk not in allowed):
        raise NotFound("No such unit")
    return {"unit": row, "units": frozenset({row.pk})}


def _one_person(person: int, official: Official, units: frozenset[int | None] | None) -> Official:
    if person == official.pk:
        return official
    works = Official.objects.filter(pk=person, memberships__role__in=_WORKERS)
    if units is not None:
        works = works.filter(units_condition(units, "memberships__unit"))
    row = works.first()
    if row is None:
        raise NotFound("No such person")
    return row


def unit_choices(official: Official) -> list[tuple[str, str]]:
    """Codes and names of the units to choose from, by name; none when there is no choice."""
    allowed = figure_units(official)
    rows = Unit.objects.current(timezone.localdate(clock.now())).order_by("search_key")
    if allowed is not None:
        rows = rows.filter(pk__in=[unit for unit in allowed if unit is not None])
    return list(rows.values_list("code", "short_name"))


# --- Sums of periods --------------------------------------------------------------------------------------------------

_COLUMNS = {"unit": "unit_id", "source": "source_id", "category": "category", "urgency": "urgency"}


def sums(
    narrowing: Narrowing,
    period: Period,
    *,
    by: Sequence[str] = (),
    grain: Grain | None = None,
    only: Iterable[str] | None = None,
) -> dict[tuple[Any, ...], Sums]:
    """Sums by (*by, first day of the day, week or month); without `grain` over the whole period.

    `by` names dimensions, `only` the counters that matter. From roll-ups where they have the answer.
    """
    counters = [name for name in COUNTERS if only is None or name in set(only)]
    table = _table(narrowing, by)
    if table is None:
        return _from_tally(tally(period, narrowing, by=by, only=counters), grain)
    names = {**_COLUMNS, "official": ""}
    rows: QuerySet[Any, Any] = table._default_manager.filter(
        narrowing.condition(names), day__gte=period.first, day__lte=period.last
    )
    keys = [*(["day"] if grain else []), *(_COLUMNS[name] for name in by)]
    annotations = {f"c_{name}": Sum(name) for name in counters}
    if not keys:
        total = rows.aggregate(**annotations)
        return {(): {name: total[f"c_{name}"] or 0 for name in counters}}
    found: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in rows.order_by().values_list(*keys).annotate(**annotations):
        key = (*row[1 : len(keys)], start_of(row[0], grain)) if grain else row[: len(keys)]
        _add(found.setdefault(key, {}), zip(counters, row[len(keys) :], strict=True))
    return dict(found)


def total(narrowing: Narrowing, period: Period, *, only: Iterable[str] | None = None) -> Sums:
    """The sums of a whole period."""
    return sums(narrowing, period, only=only).get((), {})


def overview(
    narrowing: Narrowing, periods: Sequence[Period], weeks: Period, *, only: Collection[str]
) -> tuple[list[Sums], dict[tuple[Any, ...], Sums]]:
    """The sums of each period, and those of the weeks as far as `only` names them.

    What no roll-up has is counted once for all of them: one person's tickets are few, the statements are not.
    """
    if _table(narrowing, ()) is not None:
        return [total(narrowing, one) for one in periods], sums(narrowing, weeks, grain=Grain.WEEK, only=only)
    found = tally([*periods, weeks], narrowing)
    weekly = {(day,): values for (day,), values in found.items() if day in weeks}
    return (
        [added(values for (day,), values in found.items() if day in one) for one in periods],
        _from_tally(weekly, Grain.WEEK),
    )


def _table(narrowing: Narrowing, by: Sequence[str]) -> Any:
    """The smallest roll-up that has the answer; None when none has."""
    asked = set(by)
    if narrowing.official is not None or "official" in asked:
        return None
    if narrowing.units is None and "unit" not in asked:
        return UnitDay if narrowing.source is None and not asked else MixDay
    if asked <= {"unit"} and narrowing.source is None:
        return UnitDay
    return UnitSourceDay if asked <= {"unit", "source"} else None


def _from_tally(found: Mapping[tuple[Any, ...], Sums], grain: Grain | None) -> dict[tuple[Any, ...], Sums]:
    gathered: dict[tuple[Any, ...], dict[str, int]] = {}
    for (day, *keys), values in found.items():
        key = (*keys, start_of(day, grain)) if grain else tuple(keys)
        _add(gathered.setdefault(key, {}), values.items())
    return dict(gathered)


def _add(into: dict[str, int], values: Iterable[tuple[str, int | None]]) -> None:
    for name, value in values:
        if value:
            into[name] = into.get(name, 0) + int(value)


def added(parts: Iterable[Sums]) -> Sums:
    """Several sums as one."""
    total: dict[str, int] = {}
    for part in parts:
        _add(total, part.items())
    return total


def arrivals(narrowing: Narrowing, period: Period) -> dict[tuple[int, int], int]:
    """How many tickets arrived by (weekday, hour); Monday is 0."""
    if narrowing.units is None and narrowing.official is None:
        rows = ArrivalHour.objects.filter(day__gte=period.first, day__lte=period.last)
        if narrowing.source is not None:
            rows = rows.filter(source=narrowing.source)
        found: Iterable[tuple[Any, ...]] = rows.values_list("day", "hour").annotate(number=Sum("received"))
    else:
        found = arrivals_by_hour(period, narrowing)
    hours: dict[tuple[int, int], int] = {}
    for day, hour, number in found:
        hours[day.weekday(), hour] = hours.get((day.weekday(), hour), 0) + number
    return hours


def outage_hours(scope: Scope, period: Period, *, at: datetime) -> float:
    """Hours of the period, up to `at`, for which the scope's sources were away."""
    first, end = period.instants(timezone.get_default_timezone())
    end = min(end, at)
    rows = Outage.objects.filter(Q(ended__isnull=True) | Q(ended__gt=first), began__lt=end)
    if scope.source is not None:
        rows = rows.filter(source=scope.source)
    if scope.units is not None:  # an app of another ward concerns nobody here
        rows = rows.filter(Q(source__unit__isnull=True) | units_condition(scope.units, "source__unit"))
    spans = rows.values_list("began", "ended")
    away = sum((min(ended or end, end) - max(began, first) for began, ended in spans), timedelta())
    return round(away / timedelta(hours=1), 1)


def evidence_count(scope: Scope, period: Period) -> int:
    """Records of answers given in the period."""
    first, end = period.instants(timezone.get_default_timezone())
    names = {"unit": "ticket__unit", "source": "source", "official": "ticket__assignee"}
    found: int = EvidenceRecord.objects.filter(
        scope.narrowing.condition(names), done_at__gte=first, done_at__lt=end
    ).count()
    return found


# --- This moment ------------------------------------------------------------------------------------------------------

_NOW_COLUMNS = {name: f"{name}_id" for name in ("unit", "source")} | {
    "category": "category",
    "urgency": "urgency",
    "official": "assignee_id",
}


def standing(
    narrowing: Narrowing, *, at: datetime, by: Sequence[str] = (), also: Mapping[str, Count] | None = None
) -> dict[tuple[Any, ...], Sums]:
    """How many open tickets there are by (*by,): in all and of each kind.

    `overdue`, `due_soon`, `held` (waiting and in time) and `in_time` make up `open` without overlap; `waiting`,
    `unassigned` and `source_away` cut across. `also`: what else to count on the way through the same tickets.
    """
    keys = [_NOW_COLUMNS[name] for name in by]
    waiting = Q(status__in=[status.value for status in WAITING])
    in_time = Q(next_due_at__isnull=True) | Q(next_due_at__gte=at)
    soon = is_due_soon(at=at)
    away = away_sources()
    rows = Ticket.objects.open().filter(narrowing.condition(_NOW_COLUMNS))
    counts = {
        "open": Count("pk"),
        "overdue": Count("pk", filter=Q(next_due_at__lt=at)),
        "waiting": Count("pk", filter=waiting),
        "due_soon": Count("pk", filter=soon),
        "held": Count("pk", filter=waiting & in_time & ~soon),
        "unassigned": Count("pk", filter=Q(assignee__isnull=True)),
        "source_away": Count("pk", filter=Q(source__in=away)),
        **(also or {}),
    }
    found: dict[tuple[Any, ...], Mapping[str, int]] = {}
    named = {f"c_{name}": count for name, count in counts.items()}
    grouped = rows.order_by().values_list(*keys).annotate(**named) if keys else [rows.aggregate(**named).values()]
    for row in map(tuple, grouped):
        one = dict(zip(counts, row[len(keys) :], strict=True))
        one["in_time"] = one["open"] - one["overdue"] - one["due_soon"] - one["held"]
        found[row[: len(keys)]] = one
    return found


@dataclass(frozen=True, slots=True)
class AgeStep:
    """Open tickets of one age, in working days since they arrived: from `low` on and below `high` (None: any more)."""

    low: int
    high: int | None
    received_from: datetime | None
    received_before: datetime | None
    count: int = 0


def age_steps(at: datetime) -> list[AgeStep]:
    """The steps, not counted yet. The instants that part them come with them: the list uses the same."""
    calendars = Calendars()
    edges = [_working_days_ago(days, at, calendars) for days in AGE_EDGES]
    return [
        AgeStep(low, high, since, before)
        for low, high, since, before in zip(
            (0, *AGE_EDGES), (*AGE_EDGES, None), (*edges, None), (None, *edges), strict=True
        )
    ]


def age_counts(steps: Sequence[AgeStep]) -> dict[str, Count]:
    """How old open tickets are, for `standing` to count: `age_0` and so on."""
    counts = {}
    for number, step in enumerate(steps):
        within = Q()
        if step.received_from is not None:
            within &= Q(received_at__gte=step.received_from)
        if step.received_before is not None:
            within &= Q(received_at__lt=step.received_before)
        counts[f"age_{number}"] = Count("pk", filter=within)
    return counts


def with_counts(steps: Sequence[AgeStep], counted: Sums) -> list[AgeStep]:
    """The steps with what `standing` has counted of them."""
    return [replace(step, count=counted.get(f"age_{number}", 0)) for number, step in enumerate(steps)]


def _working_days_ago(days: int, at: datetime, calendars: Calendars) -> datetime:
    """The latest instant, to the second, since which so many working days have passed by the default calendar."""
    if calendars.default_id is None:
        return at - timedelta(days=days)
    office, wanted = calendars.working(calendars.default_id), days * _WORKING_DAY
    low, high = at - days * _LOOK_BACK, at
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if office.between(middle, at) >= wanted:
            low = middle
        else:
            high = middle
    return low.replace(microsecond=0)


def day_counts(at: datetime, days: int) -> dict[str, Count]:
    """How many open tickets fall due on each of the coming days, for `standing` to count: `day_0` is today."""
    zone = timezone.get_default_timezone()
    today = timezone.localdate(at, zone)
    counts = {}
    for number in range(days):
        day = today + timedelta(days=number)
        first, end = Period(day, day).instants(zone)
        counts[f"day_{number}"] = Count("pk", filter=Q(next_due_at__gte=max(first, at), next_due_at__lt=end))
    return counts


def at_risk(scope: Scope, *, at: datetime, number: int) -> list[Ticket]:
    """What to look at first: those overdue longest, at most half, then those that are due soonest.

    With unit, assignee and outcome; clocks are not loaded.
    """
    rows = (
        Ticket.objects.open()
        .filter(scope.narrowing.condition(_NOW_COLUMNS))
        .select_related("unit", "assignee", "source", "outcome")
        .defer("text", "search_key", "routing_candidates", "remarks", "source__settings", "source__secrets")
    )
    late = list(rows.filter(next_due_at__lt=at).order_by("next_due_at", "pk")[:number])
    due = rows.filter(next_due_at__gte=at).order_by("next_due_at", "pk")
    soon = list(due[: max(number - len(late), number // 2)])
    return [*late[: number - len(soon)], *soon]


def people_of(keys: Iterable[int | None]) -> dict[int, Official]:
    """Officials by key."""
    return Official.objects.in_bulk([key for key in keys if key is not None])


def units_of(keys: Iterable[int | None]) -> dict[int, Unit]:
    """Units by key, with their names."""
    named = Unit.objects.only("code", "name", "short_name")
    return named.in_bulk({key for key in keys if key is not None})


def data_until() -> datetime | None:
    """As of when changes are in the sums; None before the first run of upkeep."""
    return Upkeep.objects.values_list("done_at", flat=True).first()


def unit_names() -> list[tuple[str, str]]:
    """Codes and names of all units in force."""
    on = timezone.localdate(clock.now())
    return list(Unit.objects.current(on).order_by("search_key").values_list("code", "name"))


def away_sources() -> list[int]:
    """Keys of the sources that have an outage at this moment."""
    return list(Outage.objects.filter(ended__isnull=True).values_list("source_id", flat=True))


def all_sources() -> dict[int, Source]:
    """Sources by key, in the order of their labels."""
    rows = Source.objects.defer("settings", "secrets", "cursor").order_by("label")
    return {source.pk: source for source in rows}


# --- One figure -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one thing: the key is that of a dimension, or the first day of a day, week or month."""

    key: Any
    value: Value


def names_of(by: str, keys: Sequence[Any]) -> dict[Any, tuple[str, str]]:
    """What stands for a key outside, and its name: a unit's code, a source's slug, an officer's key as they are."""
    if by == "unit":
        return {key: (unit.code, unit.name) for key, unit in units_of(keys).items()}
    if by == "source":
        return {key: (source.slug, source.label) for key, source in all_sources().items()}
    if by == "official":
        return {key: (str(key), person.display_name) for key, person in people_of(keys).items()}
    return {}


def metric_named(name: str) -> Metric:
    """Raises NotFound naming those there are."""
    if name not in METRICS:
        raise NotFound(f"No such figure; there are: {', '.join(METRICS)}")
    return METRICS[name]


def figure(metric: Metric, scope: Scope, period: Period, *, at: datetime) -> Value:
    """One figure."""
    if metric.span is Span.NOW:
        return standing(scope.narrowing, at=at).get((), {}).get(metric.name, 0)
    if metric.name == "outage_hours":
        return outage_hours(scope, period, at=at)
    if metric.name == "evidence":
        return evidence_count(scope, period)
    return metric.value(total(scope.narrowing, period))


def figure_by(metric: Metric, scope: Scope, period: Period, by: str, *, at: datetime) -> list[Row]:
    """One figure by unit, source, field … or by day, week, month. Raises Invalid where that makes no sense."""
    grains = {grain.value for grain in Grain}
    if by not in {*DIMENSIONS, *grains}:
        raise Invalid(f"There is no such grouping; there are: {', '.join([*DIMENSIONS, *grains])}", field="by")
    if by == "official" and scope.units is None and scope.person is None:
        raise Invalid("Figures by officer need a unit", field="unit")
    if metric.span is Span.NOW:
        if by in grains:
            raise Invalid("This figure is about this moment", field="by")
        found = standing(scope.narrowing, at=at, by=(by,))
        return _rows({key[0]: one.get(metric.name, 0) for key, one in found.items()})
    if metric.of is None:
        raise Invalid("This figure cannot be split", field="by")
    if by in grains:
        grain = Grain(by)
        by_day = sums(scope.narrowing, period, grain=grain)
        return [Row(day, metric.value(by_day.get((day,), {}))) for day in period.starts(grain)]
    found = sums(scope.narrowing, period, by=(by,))
    return _rows({key[0]: metric.value(one) for key, one in found.items()})


def _rows(values: Mapping[Any, Value]) -> list[Row]:
    return [Row(key, value) for key, value in sorted(values.items(), key=lambda pair: (pair[0] is None, pair[0]))]


# --- The tickets behind a figure --------------------------------------------------------------------------------------

#: What a list can be narrowed to, beside the views of the inbox.
LISTED = tuple(FIGURES)


def behind(tickets: Any, name: str, period: Period) -> Any:
    """Of these tickets, those that a figure of a period counts: what the filters of lists do. Raises Invalid."""
    if name not in FIGURES:
        raise Invalid("There is no such figure", field="figure")
    return tickets.filter(counted_in(name, period.first, period.last))
