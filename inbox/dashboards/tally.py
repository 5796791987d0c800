"""Sums straight from tickets, outcomes and deliveries, by plain GROUP BY: exact at once, slow over a city's years.

Roll-ups are made with this and checked against it; narrow questions (one officer, one ward by field) are answered by
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Model, Q, QuerySet, Sum
from django.db.models.functions import ExtractHour, TruncDate
from django.utils import timezone

from inbox.dashboards.metrics import STEPS
from inbox.dashboards.models import TicketOutcome
from inbox.dashboards.periods import Period
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets.models import Ticket

DIMENSIONS = ("unit", "source", "category", "urgency", "official")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which tickets to count. `units`: None for all, else keys, in which None stands for tickets without a unit."""

    units: frozenset[int | None] | None = None
    source: int | None = None
    official: int | None = None

    def condition(self, names: Mapping[str, str]) -> Q:
        """As a condition on a table whose columns are named so."""
        found = Q()
        if self.units is not None:
            found &= units_condition(self.units, names["unit"])
        if self.source is not None:
            found &= Q(**{names["source"]: self.source})
        if self.official is not None:
            found &= Q(**{names["official"]: self.official})
        return found


def units_condition(units: frozenset[int | None], column: str) -> Q:
    """That the unit is one of these."""
    known = sorted(unit for unit in units if unit is not None)
    found = Q(**{column: known[0]}) if len(known) == 1 else Q(**{f"{column}__in": known})
    return found | Q(**{f"{column}__isnull": True}) if None in units else found


@dataclass(frozen=True, slots=True)
class _Role:
    """One day in a ticket's life with the counters that it brings. `day` is a date, or an instant with `is_instant`."""

    model: type[Model]
    day: str
    counters: Mapping[str, Any]
    names: Mapping[str, str]
    is_instant: bool = False
    only: Q = field(default_factory=Q)

    def rows(self, periods: Sequence[Period], narrowing: Narrowing, by: Sequence[str]) -> QuerySet[Any, Any]:
        """(day, *by, *counters) of the days of any of the periods."""
        rows = self.model._default_manager.filter(self.only, narrowing.condition(self.names))
        rows = rows.filter(reduce(or_, map(self._within, periods)))
        day = TruncDate(self.day, tzinfo=timezone.get_default_timezone()) if self.is_instant else F(self.day)
        rows = rows.annotate(on=day)
        keys = [self.names[name] for name in by]
        counters = {f"c_{name}": how for name, how in self.counters.items()}
        found: QuerySet[Any, Any] = rows.order_by().values_list("on", *keys).annotate(**counters)
        return found

    def _within(self, period: Period) -> Q:
        if self.is_instant:
            first, end = period.instants(timezone.get_default_timezone())
            return Q(**{f"{self.day}__gte": first, f"{self.day}__lt": end})
        return Q(**{f"{self.day}__gte": period.first, f"{self.day}__lte": period.last})


_OUTCOME = {name: f"{name}_id" if name in {"unit", "source", "official"} else name for name in DIMENSIONS}
_TICKET = _OUTCOME | {"official": "assignee_id"}
_MESSAGE = {name: f"ticket__{column}" for name, column in _TICKET.items()} | {"source": "source_id"}


def _outcome(day: str, **counters: Any) -> _Role:
    return _Role(TicketOutcome, day, counters, _OUTCOME)


def _if(**conditions: Any) -> Count:
    return Count("pk", filter=Q(**conditions))


_TOOK = ExpressionWrapper(F("delivered_at") - F("done_at"), output_field=DurationField())
_ROLES = (
    _Role(Ticket, "received_at", {"received": Count("pk")}, _TICKET, is_instant=True),
    _outcome("accept_day", accept_judged=Count("pk"), accept_on_time=_if(accept_on_time=True)),
    _outcome(
        "resolved_day",
        resolved=Count("pk"),
        resolve_judged=Count("resolve_on_time"),
        resolve_on_time=_if(resolve_on_time=True),
        source_judged=Count("source_on_time"),
        source_on_time=_if(source_on_time=True),
        late_elsewhere=_if(late_elsewhere=True),
        first_time_right=_if(reopened_day__isnull=True),
        outside_hours=_if(is_outside_hours=True),
        paused_minutes=Sum("paused_minutes"),
        **{name: _if(handling_step=number) for number, name in enumerate(STEPS)},
    ),
    _outcome("ended_day", ended=Count("pk")),
    _outcome("late_day", became_late=Count("pk")),
    _outcome("reopened_day", reopened=Count("pk")),
    _outcome("returned_day", returned=Count("pk")),
    _outcome("transferred_day", transferred=Count("pk")),
    _Role(
        OutboxMessage,
        "delivered_at",
        {"delivered": Count("pk"), "delivery_microseconds": Sum(_TOOK)},
        _MESSAGE,
        is_instant=True,
        only=Q(state=DeliveryState.DELIVERED),
    ),
)

Key = tuple[Any, ...]
_MICROSECOND = timedelta(microseconds=1)


def tally(
    period: Period | Sequence[Period],
    narrowing: Narrowing | None = None,
    *,
    by: Sequence[str] = (),
    only: Iterable[str] | None = None,
) -> dict[Key, dict[str, int]]:
    """Sums by (day, *by) of the days of a period, or of several; `by` names DIMENSIONS.

    `only` names the counters that matter, None means all.
    """
    periods = [period] if isinstance(period, Period) else period
    wanted = None if only is None else set(only)
    found: dict[Key, dict[str, int]] = {}
    for role in _ROLES:
        if wanted is not None and wanted.isdisjoint(role.counters):
            continue
        names = list(role.counters)
        for row in role.rows(periods, narrowing or Narrowing(), by).iterator(chunk_size=5000):
            key, values = row[: 1 + len(by)], row[1 + len(by) :]
            sums = found.setdefault(key, {})
            for name, value in zip(names, values, strict=True):
                if value:
                    sums[name] = sums.get(name, 0) + _whole(value)
    return found


def arrivals_by_hour(
    period: Period, narrowing: Narrowing | None = None, *, by_source: bool = False
) -> Iterator[tuple[Any, ...]]:
    """(day, hour, [source,] how many) of the tickets that arrived in a period."""
    zone = timezone.get_default_timezone()
    first, end = period.instants(zone)
    rows = Ticket.objects.filter(
        (narrowing or Narrowing()).condition(_TICKET), received_at__gte=first, received_at__lt=end
    )
    rows = rows.annotate(on=TruncDate("received_at", tzinfo=zone), hour=ExtractHour("received_at", tzinfo=zone))
    keys = ["on", "hour", *(["source_id"] if by_source else [])]
    yield from rows.order_by().values_list(*keys).annotate(number=Count("pk"))


def _whole(value: Any) -> int:
    return value // _MICROSECOND if isinstance(value, timedelta) else int(value)
