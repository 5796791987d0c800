"""Reading tickets for the screens: the inbox with its views, one ticket, its history. Every row is visible to the
official who asks, or it is not returned. What became of messages to sources is in `inbox.outbox.queries`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from django.db.models import (
    Count,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    prefetch_related_objects,
)
from django.db.models.fields.tuple_lookups import TupleGreaterThan
from django.http import QueryDict

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import CITY_ROLES
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.sources.models import Source
from inbox.tickets.filters import TicketFilter
from inbox.tickets.models import ExternalRef, ReadMark, Ticket, TicketEvent, TicketQuerySet
from inbox.tickets.vocabulary import WAITING, EventKind, Status
from inbox.units.models import Unit

PAGE_SIZE = 40
#: Nobody needs to know exactly how many more there are.
COUNT_LIMIT = 1000
RECENT = timedelta(days=7)
_ASSIGNED = EventKind.ASSIGNED.value


class View(StrEnum):
    """Ready-made narrowings of the inbox."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    WAITING = "waiting"
    RESOLVED = "resolved"  # in the last seven days
    NO_UNIT = "no_unit"  # nobody knows yet whose it is
    ALL = "all"  # closed ones too


#: Views that are counted in the menu, in its order. `NO_UNIT` is for people who serve the whole city.
COUNTED = (
    View.OPEN,
    View.MINE,
    View.UNASSIGNED,
    View.DUE_SOON,
    View.OVERDUE,
    View.WAITING,
    View.RESOLVED,
    View.NO_UNIT,
)


class CountUpTo(Subquery):
    """How many rows a query has, counted no further than one beyond COUNT_LIMIT."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[: COUNT_LIMIT + 1])


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: where the next one starts."""

    pk: int
    due_at: datetime | None

    def __str__(self) -> str:
        return f"{self.due_at.isoformat() if self.due_at else ''}~{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position behind `str(position)`. Raises Invalid."""
        due, _, pk = text.rpartition("~")
        try:
            due_at = datetime.fromisoformat(due) if due else None
            if due_at is not None and due_at.tzinfo is None:
                raise ValueError("naive")
            return cls(pk=int(pk), due_at=due_at)
        except ValueError:
            raise Invalid("Not a position in the list", field="after") from None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the inbox, and where the next page starts (None at the end)."""

    tickets: list[Ticket]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Menu:
    """What stands beside the list: how much there is in each view and from each source."""

    counts: dict[View, int]
    sources: Sequence[Source]  # with `.open_count`
    newest: int  # the newest visible ticket's key, 0 when there is none


def sees_city(official: Official) -> bool:
    """Whether the person serves the whole city and so meets tickets without a unit."""
    return any(role in CITY_ROLES for role, _ in official.roles())


def in_view(tickets: TicketQuerySet, view: View, *, official: Official, at: datetime) -> TicketQuerySet:
    """The tickets of a view."""
    if view is View.ALL:
        return tickets
    if view is View.RESOLVED:
        return tickets.filter(status__in=[Status.RESOLVED, Status.CLOSED], resolved_at__gte=at - RECENT)
    if view is View.DUE_SOON:
        narrowing = TicketFilter(None, tickets, official=official, at=at)
        return cast("TicketQuerySet", narrowing.by_sla(tickets.open(), "sla", "due_soon"))
    conditions = {
        View.OPEN: Q(),
        View.MINE: Q(assignee=official),
        View.UNASSIGNED: Q(assignee__isnull=True),
        View.OVERDUE: Q(next_due_at__lt=at),
        View.WAITING: Q(status__in=list(WAITING)),
        View.NO_UNIT: Q(unit__isnull=True),
    }
    return tickets.open().filter(conditions[view])


def narrowed(
    params: QueryDict, view: View, *, official: Official, at: datetime, also_allowed: Collection[str] = ()
) -> QuerySet[Ticket]:
    """The tickets that fit view and filters, unordered. Raises Invalid naming the parameter that is wrong."""
    tickets = in_view(Ticket.objects.visible_to(official), view, official=official, at=at)
    return TicketFilter(params, tickets, official=official, at=at, also_allowed=also_allowed).tickets().order_by()


def inbox_page(
    tickets: QuerySet[Ticket], *, official: Official, newest_first: bool = False, after: Position | None = None
) -> Page:
    """One page, by deadline (without one: last) or newest first; a page costs the same however deep it lies."""
    read = ReadMark.objects.filter(ticket=OuterRef("pk"), official=official).values("version")[:1]
    channels = ExternalRef.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    rows = (
        tickets.select_related("source", "assignee")
        .defer("text", "search_key", "routing_candidates", "remarks", "source__settings", "source__secrets")
        .annotate(
            read_version=Subquery(read), channels=Subquery(channels.annotate(count=Count("pk")).values("count")[:1])
        )
    )
    found = list(_newest(rows, after)[: PAGE_SIZE + 1]) if newest_first else _by_deadline(rows, after)
    shown = found[:PAGE_SIZE]
    last = Position(shown[-1].pk, None if newest_first else shown[-1].next_due_at) if len(found) > PAGE_SIZE else None
    return Page(tickets=shown, after=last)


def _newest(rows: QuerySet[Ticket], after: Position | None) -> QuerySet[Ticket]:
    return (rows.filter(pk__lt=after.pk) if after else rows).order_by("-pk")


def _by_deadline(rows: QuerySet[Ticket], after: Position | None) -> list[Ticket]:
    """Row comparison instead of OFFSET. It leaves out rows without a deadline, so those are read on their own."""
    wanted = PAGE_SIZE + 1
    if after is None:
        return list(rows.order_by(F("next_due_at").asc(nulls_last=True), "pk")[:wanted])
    without = rows.filter(next_due_at__isnull=True).order_by("pk")
    if after.due_at is None:
        return list(without.filter(pk__gt=after.pk)[:wanted])
    later = TupleGreaterThan((F("next_due_at"), F("pk")), (after.due_at, after.pk))
    found = list(rows.filter(later).order_by("next_due_at", "pk")[:wanted])
    return found if len(found) == wanted else [*found, *without[: wanted - len(found)]]


def menu(official: Official, *, at: datetime) -> Menu:
    """Counts of views and sources in one statement. Every ticket has a source, so no source means no ticket."""
    visible = Ticket.objects.visible_to(official)
    views = [view for view in COUNTED if view is not View.NO_UNIT or sees_city(official)]
    counts = {f"count_{view}": CountUpTo(in_view(visible, view, official=official, at=at)) for view in views}
    newest = visible.order_by("-pk").values("pk")[:1]
    sources = list(
        Source.objects.defer("settings", "secrets", "cursor")
        .annotate(open_count=CountUpTo(visible.open().filter(source=OuterRef("pk"))), newest=Subquery(newest), **counts)
        .order_by("label")
    )
    first = sources[0] if sources else None
    return Menu(
        counts={view: getattr(first, f"count_{view}", 0) for view in views},
        sources=sources,
        newest=getattr(first, "newest", 0) or 0,
    )


def count_newer(tickets: QuerySet[Ticket], *, than: int) -> int:
    """How many of the tickets have come since the one with the key `than`, up to COUNT_LIMIT."""
    return tickets.filter(pk__gt=than).order_by()[: COUNT_LIMIT + 1].count()


def ticket_row(pk: int, official: Official) -> Ticket | None:
    """One ticket as `inbox_page` shows it; None when it is no longer for this person."""
    page = inbox_page(Ticket.objects.visible_to(official).filter(pk=pk), official=official)
    return page.tickets[0] if page.tickets else None


def ticket(code: str, official: Official) -> Ticket:
    """A ticket with everything that stands in single rows: reporter, unit, source, assignee. Raises NotFound."""
    found = (
        Ticket.objects.visible_to(official)
        .with_code(code)
        .select_related("source", "unit", "assignee", "reporter")
        .annotate(
            channels=Count("refs", distinct=True),
            files=Count("attachments", distinct=True),
        )
        .defer("search_key", "source__settings", "source__secrets")
        .first()
    )
    if found is None:
        raise NotFound("No such ticket")
    return found


def load_clocks(tickets: Sequence[Ticket]) -> None:
    """Load the clocks of all the tickets, in one statement."""
    prefetch_related_objects(tickets, "clocks")


def refs_of(pk: int, official: Official) -> list[ExternalRef]:
    """The complaint in each of its sources, in the order they were found."""
    return list(
        ExternalRef.objects.filter(ticket__in=Ticket.objects.visible_to(official).filter(pk=pk))
        .select_related("source")
        .order_by("first_seen_at", "pk")
    )


def history(pk: int, official: Official) -> list[TicketEvent]:
    """What happened to a ticket, newest first, with people, texts and the messages that went out because of it."""
    outbox = TicketEvent._meta.get_field("outbox").related_model._default_manager.select_related("source")
    return list(
        TicketEvent.objects.visible_to(official)
        .filter(ticket=pk)
        .select_related("actor", "source", "message")
        .prefetch_related(Prefetch("outbox", outbox.order_by("pk")))
        .order_by("-at", "-pk")
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Names behind the keys that events carry."""

    people: Mapping[int, str]
    units: Mapping[int, str]


def names_in(events: Sequence[TicketEvent]) -> Names:
    """The names of people and units that the data of these events points to."""
    people = {event.data.get(key) for event in events for key in ("assignee", "before") if event.kind == _ASSIGNED}
    units = {event.data.get("unit") for event in events}
    found = Official.objects.filter(pk__in=people - {None})
    return Names(
        people={official.pk: official.display_name for official in found},
        units=dict(Unit.objects.filter(pk__in=units - {None}).values_list("pk", "name")),
    )


def receiving_units(ticket: Ticket) -> list[Unit]:
    """The units of today that a ticket can be transferred to, by name."""
    return list(
        Unit.objects.current(clock.now().date()).exclude(pk=ticket.unit_id or 0).only("code", "name", "search_key")
    )


def last_change(pk: int, official: Official) -> TicketEvent | None:
    """The newest thing that happened to a ticket: who got in between when a version is stale."""
    return (
        TicketEvent.objects.visible_to(official).filter(ticket=pk).select_related("actor", "source", "message").last()
    )


def is_unread(ticket: Ticket) -> bool:
    """Whether a row of `inbox_page` has changed since the official last opened it."""
    version = ticket.read_version  # type: ignore[attr-defined]
    return version is None or version < ticket.version
