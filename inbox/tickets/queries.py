"""Reading tickets for the screens: the inbox with its views, one ticket, its history. Every row is visible to the
official who asks, or it is not returned. What became of messages to sources is in `inbox.outbox.queries`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import Any, NamedTuple

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.db.models.functions import Cast, Coalesce, NullIf
from django.http import QueryDict

from connectors import mapping
from inbox.accounts.models import Official
from inbox.accounts.queries import standing
from inbox.accounts.vocabulary import CITY_ROLES
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.core.fields import keyed_hash
from inbox.core.nested import Nested, instances
from inbox.core.statements import Joined, columns_of, named_rows_of, numbered, rows_of
from inbox.sources.models import Source
from inbox.tickets.filters import TicketFilter, is_due_soon
from inbox.tickets.models import Attachment, ExternalRef, ReadMark, Reporter, Ticket, TicketEvent, TicketQuerySet
from inbox.tickets.models import code_of as code_of  # for doors, which know no models
from inbox.tickets.models import pk_of as pk_of
from inbox.tickets.vocabulary import AT_RISK, WAITING, EventKind, FileOrigin, Status
from inbox.units.models import Unit

#: Two screens and more; the next ones come while one scrolls.
PAGE_SIZE = 20
#: Nobody needs to know exactly how many more there are.
COUNT_LIMIT = 1000
RECENT = timedelta(days=7)
#: As many earlier tickets of a citizen as help somebody at the counter.
EARLIER = 10
#: What counts as the same place, in metres, and as the same time.
SAME_PLACE = 50.0
SAME_TIME = timedelta(days=90)
MOST_NEARBY = 100
#: As many changes as help somebody who was writing meanwhile.
MOST_CHANGES = 6
EARTH_RADIUS = 6_371_000.0  # metres
METRES_PER_DEGREE = 111_195.0


class View(StrEnum):
    """Ready-made narrowings of the inbox."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    DUE_SOON = "due_soon"
    AT_RISK = "at_risk"  # in time still, but similar ones mostly were not
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
    View.AT_RISK,
    View.OVERDUE,
    View.WAITING,
    View.RESOLVED,
    View.NO_UNIT,
)


_WITH_ENDED = frozenset({View.RESOLVED, View.ALL})
#: Most tickets are closed and most are old: these views are few rows that an index finds.
_COUNTED_BY = {View.OPEN: ("next_due_at", "pk"), View.RESOLVED: ("-resolved_at", "-pk")}


class Order(StrEnum):
    """In which order a list is read."""

    DEADLINE = "deadline"  # the next one first, tickets without one last
    NEWEST = "newest"
    RISK = "risk"  # whatever is most likely to be late first
    CHANGED = "changed"  # what has changed last first
    RESOLVED = "resolved"  # what was resolved last first


class CountUpTo(Subquery):
    """How many rows a query has, counted no further than `most`, one beyond COUNT_LIMIT where nothing else is said.

    `by`: an order that an index keeps makes the database read that index; without one it takes the rows as they lie.
    """

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0

    def __init__(self, rows: QuerySet[Any], *, by: Sequence[str] = (), most: int = 0) -> None:
        super().__init__(rows.order_by(*by).values("pk")[: most or COUNT_LIMIT + 1])


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: where the next one starts."""

    pk: int
    due_at: datetime | None = None
    risk: int | None = None

    def __str__(self) -> str:
        key = self.due_at.isoformat() if self.due_at else "" if self.risk is None else str(self.risk)
        return f"{key}~{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position behind `str(position)`. Raises Invalid."""
        due, _, pk = text.rpartition("~")
        try:
            if due.isdecimal() and len(due) <= 3:
                return cls(pk=int(pk), risk=int(due))
            due_at = datetime.fromisoformat(due) if due else None
            if due_at is not None and due_at.tzinfo is None:
                raise ValueError("naive")
            return cls(pk=int(pk), due_at=due_at)
        except ValueError:
            raise Invalid("Not a position in the list", field="after") from None


class Line(NamedTuple):
    """A ticket as a line of the list: what it shows, is sorted by or can be acted on by, and nothing else.

    Not a model: of a page's time, a sixth went into making three models for each line. `read_version`: what the person
    has read of it, None for nothing; `channels`: in how many sources it is.
    """

    pk: int
    title: str
    address: str
    category: str
    urgency: str
    status: str
    is_open: bool
    unit_id: int | None
    version: int
    late_risk: int | None
    received_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    next_due_at: datetime | None
    source_name: str
    assignee_id: int | None
    assignee_name: str
    read_version: int | None
    channels: int
    text: str = ""  # only where something is searched for

    @classmethod
    def of(cls, ticket: Ticket, *, read_version: int | None) -> Line:
        """The line of a ticket of `ticket()`. Its text stays out."""
        own = {name: getattr(ticket, name) for name in _OWN_COLUMNS}
        return cls(
            **own,
            source_name=ticket.source.name,
            assignee_id=ticket.assignee_id,
            assignee_name=ticket.assignee.display_name if ticket.assignee else "",
            read_version=read_version,
            channels=ticket.channels,  # type: ignore[attr-defined]
        )

    @property
    def code(self) -> str:
        return code_of(self.pk)

    @property
    def is_unread(self) -> bool:
        """Whether it has changed since the person last opened it."""
        return self.read_version is None or self.read_version < self.version


_OWN_COLUMNS = Line._fields[: Line._fields.index("source_name")]


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of the inbox, and where the next page starts (None at the end)."""

    tickets: list[Line]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Menu:
    """What stands beside the list: how much there is in each view and from each source."""

    counts: dict[View, int]
    sources: Sequence[Source]  # with `.open_count`
    newest: int  # the newest visible ticket's key, 0 when there is none
    also: dict[str, Any]  # what else was asked; None where there is not even a source


def sees_city(official: Official) -> bool:
    """Whether the person serves the whole city and so meets tickets without a unit."""
    return any(role in CITY_ROLES for role, _ in official.roles())


def in_view(tickets: TicketQuerySet, view: View, *, official: Official, at: datetime) -> TicketQuerySet:
    """The tickets of a view."""
    if view is View.ALL:
        return tickets
    if view is View.RESOLVED:
        return tickets.filter(status__in=[Status.RESOLVED, Status.CLOSED], resolved_at__gte=at - RECENT)
    condition = _among_open(official, at=at)[view]
    # All that wait are open, and without saying so the database takes their own small index.
    return (tickets if view is View.WAITING else tickets.open()).filter(condition)


def _among_open(official: Official, *, at: datetime) -> dict[View, Q]:
    """What makes an open ticket one of a view, for each view that has nothing but open ones."""
    return {
        View.OPEN: Q(),
        View.MINE: Q(assignee=official),
        View.UNASSIGNED: Q(assignee__isnull=True),
        View.DUE_SOON: is_due_soon(at=at),
        View.AT_RISK: Q(late_risk__gte=AT_RISK, next_due_at__gte=at),
        View.OVERDUE: Q(next_due_at__lt=at),
        View.WAITING: Q(status__in=list(WAITING)),
        View.NO_UNIT: Q(unit__isnull=True),
    }


def narrowed(
    params: QueryDict,
    view: View,
    *,
    official: Official,
    at: datetime,
    also_allowed: Collection[str] = (),
    is_lazy: bool = False,
) -> QuerySet[Ticket]:
    """The tickets that fit view and filters, unordered. Raises Invalid naming the parameter that is wrong."""
    return searched(params, view, official=official, at=at, also_allowed=also_allowed, is_lazy=is_lazy).tickets


@dataclass(frozen=True, slots=True)
class Searched:
    """The tickets of a list, unordered, and what searching has found out about them."""

    tickets: QuerySet[Ticket]
    hits: int | None = None  # how many there are, counted as in `count_of`, where it is known
    first: Sequence[int] = ()  # the keys of the first hits in the order asked for, where that is known


def searched(
    params: QueryDict,
    view: View,
    *,
    official: Official,
    at: datetime,
    also_allowed: Collection[str] = (),
    is_lazy: bool = False,
    order: Order | None = None,
) -> Searched:
    """As `narrowed`, with what searching finds out anyway. `order`: in which the list is going to be read."""
    tickets = in_view(Ticket.objects.visible_to(official), view, official=official, at=at)
    if params.keys() <= set(also_allowed):
        return Searched(tickets.order_by())  # the usual list, without setting up what would narrow it
    narrowing = TicketFilter(
        params,
        tickets,
        official=official,
        at=at,
        also_allowed=also_allowed,
        among_open=view not in _WITH_ENDED,
        is_lazy=is_lazy,
        in_order=_IN_ORDER[order] if order else (),
    )
    return Searched(narrowing.tickets().order_by(), narrowing.hits, narrowing.first_hits)


def inbox_page(
    tickets: QuerySet[Ticket],
    *,
    official: Official,
    order: Order = Order.DEADLINE,
    after: Position | None = None,
    with_text: bool = False,
    by_keys: bool = False,
    first: Sequence[int] = (),
) -> Page:
    """One page; a page costs the same however deep it lies. `with_text`: also what the citizen wrote.

    `by_keys`: thousands of tickets have to be sorted for it, so their keys are, and not all that hangs on them.
    `first`: the keys of the first in this order, where they are known.
    """
    keys = first[: PAGE_SIZE + 1] if after is None else ()
    if by_keys and not keys:
        keys = [pk for (pk,) in _read(tickets.values_list("pk"), order, after)]
    if keys:
        return _page(_lines_of(keys, official, order, with_text=with_text), order)
    return _page(_read(_lines(tickets, official, with_text=with_text), order, after), order)


def _lines_of(keys: Sequence[int], official: Official, order: Order, *, with_text: bool) -> list[list[Any]]:
    """The lines of these tickets in the order, by a statement that is kept for so many."""

    def compose(**keys: Any) -> QuerySet[Any, Any]:
        tickets = Ticket.objects.visible_to(official).filter(pk__in=list(keys.values()))
        return _lines(tickets, official, with_text=with_text).order_by(*_IN_ORDER[order])

    return rows_of(("lines", *standing(official), order, with_text, len(keys)), compose, **numbered(keys))


def first_page(official: Official, view: View, order: Order, *, at: datetime) -> Page:
    """Where everybody begins: the first page of a view that nothing narrows, by a statement that is kept."""

    def compose(at: Any) -> QuerySet[Any, Any]:
        tickets = in_view(Ticket.objects.visible_to(official), view, official=official, at=at)
        return _lines(tickets, official).order_by(*_IN_ORDER[order])[: PAGE_SIZE + 1]

    return _page(rows_of(("page", *standing(official), view, order), compose, at=at), order)


def _lines(tickets: QuerySet[Ticket], official: Official, *, with_text: bool = False) -> QuerySet[Ticket, Any]:
    """The columns of `Line`, in its order."""
    read = ReadMark.objects.filter(ticket=OuterRef("pk"), official=official).values("version")[:1]
    return tickets.values_list(
        *_OWN_COLUMNS,
        Coalesce(NullIf("source__short_label", Value("")), "source__label"),
        "assignee_id",
        Coalesce(NullIf("assignee__full_name", Value("")), "assignee__username", Value("")),
        Subquery(read),
        CountUpTo(ExternalRef.objects.filter(ticket=OuterRef("pk"))),
        *(("text",) if with_text else ()),
    )


def _page(rows: Sequence[Any], order: Order) -> Page:
    """What `_read` has read, as a page."""
    found = [Line(*row) for row in rows]
    shown = found[:PAGE_SIZE]
    return Page(tickets=shown, after=_position(shown[-1], order) if len(found) > PAGE_SIZE else None)


def _position(ticket: Line, order: Order) -> Position:
    if order is Order.DEADLINE:
        return Position(ticket.pk, due_at=ticket.next_due_at)
    if order in _MOMENTS:
        return Position(ticket.pk, due_at=getattr(ticket, _MOMENTS[order]))
    return Position(ticket.pk, risk=ticket.late_risk if order is Order.RISK else None)


_MOMENTS = {Order.CHANGED: "updated_at", Order.RESOLVED: "resolved_at"}
#: Columns of moments are never empty where they order a list.
_IN_ORDER: Mapping[Order, tuple[Any, ...]] = {
    Order.DEADLINE: (F("next_due_at").asc(nulls_last=True), "pk"),
    Order.NEWEST: ("-pk",),
    Order.RISK: ("-late_risk", "pk"),
    **{order: (f"-{column}", "-pk") for order, column in _MOMENTS.items()},
}


def _read(rows: QuerySet[Ticket, Any], order: Order, after: Position | None) -> list[Any]:
    """One row more than a page, so that one sees whether there is another."""
    if after is not None and order is Order.DEADLINE:
        return _deadlines_after(rows, after)
    if after is not None:
        rows = rows.filter(_beyond(order, after))
    return list(rows.order_by(*_IN_ORDER[order])[: PAGE_SIZE + 1])


def _beyond(order: Order, after: Position) -> Any:
    """That a row comes later in the order."""
    if order in _MOMENTS:
        return TupleLessThan((F(_MOMENTS[order]), F("pk")), (after.due_at, after.pk))
    if order is Order.RISK:
        return Q(late_risk__lt=after.risk or 0) | Q(late_risk=after.risk, pk__gt=after.pk)
    return Q(pk__lt=after.pk)


def _deadlines_after(rows: QuerySet[Ticket, Any], after: Position) -> list[Any]:
    """Row comparison instead of OFFSET. It leaves out rows without a deadline, so those are read on their own."""
    wanted = PAGE_SIZE + 1
    without = rows.filter(next_due_at__isnull=True).order_by("pk")
    if after.due_at is None:
        return list(without.filter(pk__gt=after.pk)[:wanted])
    later = TupleGreaterThan((F("next_due_at"), F("pk")), (after.due_at, after.pk))
    found = list(rows.filter(later).order_by("next_due_at", "pk")[:wanted])
    return found if len(found) == wanted else [*found, *without[: wanted - len(found)]]


@dataclass(frozen=True, slots=True)
class PlaceInList:
    """Where a ticket stands in a list, counted from 1, and the codes of those around it."""

    number: int
    total: int  # counted as in `count_of`
    before: str
    after: str


def place_in(tickets: QuerySet[Ticket], order: Order, pk: int) -> PlaceInList | None:
    """None when the ticket is not in the list, or further down than anybody counts. One statement."""
    keys = list(tickets.order_by(*_IN_ORDER[order]).values_list("pk", flat=True)[: COUNT_LIMIT + 1])
    if pk not in keys:
        return None
    at = keys.index(pk)
    return PlaceInList(
        number=at + 1,
        total=len(keys),
        before=code_of(keys[at - 1]) if at else "",
        after=code_of(keys[at + 1]) if at + 1 < len(keys) else "",
    )


#: Something that is counted within another statement. It is called with moments by their names and takes what it needs.
Question = Callable[..., Subquery]


def menu(
    official: Official,
    *,
    at: datetime,
    views: Collection[View] = COUNTED,
    also: Mapping[str, Question] | None = None,
    **moments: datetime,
) -> Menu:
    """Counts of views and sources, and whatever else is asked, in one statement; a ward takes two.

    Every ticket has a source, so no source means no ticket. Without `views` nothing is counted of sources either. A
    name in `also` stands for the same question whenever the same person asks: statements are kept (`rows_of`).
    """
    is_city = sees_city(official)
    views = tuple(view for view in views if view is not View.NO_UNIT or is_city)
    asked = _Asked(official, is_city, views, also or {})
    key = (*standing(official), views, *asked.also)
    rows = named_rows_of(("menu", *key), asked.beside, at=at, **moments)
    sources = [_BESIDE.made(row) for row in rows]  # with .open_count, where it is counted here
    found = rows[0] if rows else {}
    if views and not is_city:
        found |= _in_open(named_rows_of(("open", *key), asked.among_open, at=at), sources)
    return Menu(
        counts={view: found.get(f"in_{view}", 0) for view in views},
        sources=sources,
        newest=found.get("newest") or 0,
        also={name: found.get(f"also_{name}") for name in asked.also},
    )


#: Of a source what pages show of it.
_BESIDE = Joined(Source, columns_of(Source, but=("settings", "secrets", "cursor", "rhythm")))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The statements of a menu, composed."""

    official: Official
    is_city: bool
    views: Sequence[View]
    also: Mapping[str, Question]

    def beside(self, *, at: Any, **moments: Any) -> QuerySet[Any, Any]:
        """The sources, and beside each the counts."""
        visible = Ticket.objects.visible_to(self.official)
        asked: dict[str, Any] = {"newest": Subquery(visible.order_by("-pk").values("pk")[:1])}
        asked |= {f"also_{name}": question(at=at, **moments) for name, question in self.also.items()}
        # The open tickets of a ward are so few that one pass through them counts everything; the city's are not.
        asked |= {
            f"in_{view}": CountUpTo(in_view(visible, view, official=self.official, at=at), by=_COUNTED_BY.get(view, ()))
            for view in self.views
            if self.is_city or view is View.RESOLVED
        }
        if self.is_city and self.views:
            asked["open_count"] = CountUpTo(visible.open().filter(source=OuterRef("pk")))
        return Source.objects.annotate(**asked).order_by("label").values_list(*_BESIDE.names, *asked)

    def among_open(self, *, at: Any) -> QuerySet[Any, Any]:
        """By source, how many open tickets there are in each of the views that have nothing but open ones: one pass."""
        conditions = _among_open(self.official, at=at)
        counts = {
            f"in_{view}": Count("pk", filter=conditions[view] or None) for view in self.views if view in conditions
        }
        by_source: Any = Ticket.objects.visible_to(self.official).open().order_by().values("source")
        rows: QuerySet[Any, Any] = by_source.annotate(**counts).values_list("source", *counts)
        return rows


def _in_open(rows: Iterable[dict[str, Any]], sources: Sequence[Source]) -> dict[str, int]:
    """The sums of what `_Asked.among_open` has found; `open_count` is set on the sources."""
    of_source: dict[int, Counter[str]] = {row.pop("source"): Counter(row) for row in rows}
    for source in sources:
        source.open_count = of_source.get(source.pk, Counter())[f"in_{View.OPEN}"]  # type: ignore[attr-defined]
    return sum(of_source.values(), Counter())


def count_of(tickets: QuerySet[Ticket]) -> int:
    """How many tickets a list has, counted no further than one beyond COUNT_LIMIT."""
    return tickets.order_by()[: COUNT_LIMIT + 1].count()


def count_newer(tickets: QuerySet[Ticket], *, than: int) -> int:
    """How many of the tickets have come since the one with the key `than`, up to COUNT_LIMIT."""
    return tickets.filter(pk__gt=than).order_by()[: COUNT_LIMIT + 1].count()


def changed_rows(keys: Collection[int], official: Official, *, since: datetime) -> list[Line]:
    """Those of the tickets that have changed since, as `inbox_page` shows them, in or out of its list by now."""
    changed = Ticket.objects.visible_to(official).filter(pk__in=keys, updated_at__gt=since)
    return inbox_page(changed, official=official, order=Order.CHANGED, with_text=True).tickets


#: Annotations for more of a ticket than stands in its own row, as somebody may see it.
Parts = Callable[[Official], dict[str, Any]]


def ticket(code: str, official: Official, *parts: Parts) -> Ticket:
    """A ticket with everything that stands in single rows: reporter, unit, source, assignee. Raises NotFound.

    `parts`: more that a page needs and would otherwise ask for one by one. Functions of a module, nothing made up: the
    statement is kept under their names.
    """
    key = ("ticket", *standing(official), *parts)
    rows = named_rows_of(key, lambda pk: _with_parts(pk, official, parts), pk=pk_of(code) or 0)
    if not rows:
        raise NotFound("No such ticket")
    return _ON_TICKET_PAGES.made(rows[0])


def _with_parts(pk: Any, official: Official, parts: Sequence[Parts]) -> QuerySet[Any, Any]:
    asked: dict[str, Any] = {
        "channels": CountUpTo(ExternalRef.objects.filter(ticket=OuterRef("pk"))),
        "files": CountUpTo(Attachment.objects.filter(ticket=OuterRef("pk"))),
    }
    for part in parts:
        asked |= part(official)
    tickets = Ticket.objects.visible_to(official).filter(pk=pk)
    return tickets.annotate(**asked).values_list(*_ON_TICKET_PAGES.names, *asked)


def parts_of_ticket(official: Official) -> dict[str, Any]:
    """Annotations for a ticket that is shown on its own: where it came from, its files, what one has read of it."""
    refs = ExternalRef.objects.filter(ticket=OuterRef("pk")).order_by("first_seen_at", "pk")
    files = Attachment.objects.filter(ticket=OuterRef("pk")).order_by("pk")
    linked = Ticket.objects.filter(main=OuterRef("pk")).order_by("pk")
    return {
        "ref_rows": Nested(
            refs,
            *("id", "source_id", "external_id", "seen_status", "seen_status_raw", "first_seen_at"),
            source_label=F("source__label"),
            source_short_label=F("source__short_label"),
        ),
        "file_rows": Nested(
            files,
            *_FILE_COLUMNS,
            adder=Coalesce(NullIf("added_by__full_name", Value("")), "added_by__username"),
        ),
        "linked_rows": Nested(linked, *_LINKED_COLUMNS, source_label=F("source__label")),
        "main_title": Subquery(Ticket.objects.filter(pk=OuterRef("main")).values("title")[:1]),
        "read_version": Subquery(ReadMark.objects.filter(ticket=OuterRef("pk"), official=official).values("version")),
    }


def linked_part(_official: Official) -> dict[str, Any]:
    """An annotation for a ticket: whether others are linked to it, ended ones too."""
    return {"has_linked": Exists(Ticket.objects.filter(main=OuterRef("pk")))}


#: A ticket but for what is only searched in, and of what it points to whatever a page says.
_ON_TICKET_PAGES = Joined(
    Ticket,
    columns_of(Ticket, but=("search_key", "answer_key")),
    source=(
        *("slug", "label", "short_label", "connector", "unit_id"),
        *("is_enabled", "health", "health_since", "deliveries_paused"),
    ),
    unit=("code", "name", "short_name", "kind", "slug", "lat", "lng"),
    assignee=("username", "full_name", "position", "email", "is_active"),
    reporter=columns_of(Reporter),
)
_FILE_COLUMNS = (
    *("id", "ticket_id", "source_id", "name", "added_at", "state", "reason_code", "content_type", "size"),
    *("origin", "stage", "event_id"),
)
_LINKED_COLUMNS = ("id", "title", "status", "is_open", "sent_at", "address", "source_id", "version")


def refs_of(ticket: Ticket) -> list[ExternalRef]:
    """The complaint in each of its sources, in the order they were found. For a ticket with `parts_of_ticket`."""
    return _with_sources(instances(ExternalRef, ticket.ref_rows))  # type: ignore[attr-defined]


def files_of(ticket: Ticket) -> list[Attachment]:
    """Its files, oldest first. For a ticket with `parts_of_ticket`."""
    return instances(Attachment, ticket.file_rows)  # type: ignore[attr-defined]


def linked_to(ticket: Ticket) -> list[Ticket]:
    """The tickets whose sources get this one's answers too. For a ticket with `parts_of_ticket`."""
    return instances(Ticket, ticket.linked_rows)  # type: ignore[attr-defined]


def linked_sources(ticket_id: int) -> list[ExternalRef]:
    """Where an answer to this ticket goes: its own references, then those of open tickets that are linked to it."""
    refs = ExternalRef.objects.filter(Q(ticket=ticket_id) | Q(ticket__main=ticket_id, ticket__is_open=True))
    own_first = Case(When(ticket=ticket_id, then=0), default=1)
    return list(refs.select_related("source").order_by(own_first, "first_seen_at", "pk"))


def files_to_send(ticket_id: int) -> list[Attachment]:
    """What officials have added and no answer has taken along yet, oldest first."""
    mine = Attachment.objects.filter(ticket=ticket_id, origin=FileOrigin.OFFICIAL, event__isnull=True)
    return list(mine.order_by("pk"))


def proposed_answer(ticket: Ticket) -> TicketEvent | None:
    """The newest answer that waits for a leader, with its text and who wrote it."""
    proposals = TicketEvent.objects.filter(ticket=ticket, kind=EventKind.ANSWER_PROPOSED)
    return proposals.select_related("actor", "message").last()


def waits_for_approval(pk: int) -> bool:
    """Whether a ticket's answer waits for a leader now."""
    return Ticket.objects.filter(pk=pk, status=Status.AWAITING_APPROVAL).exists()


def same_citizen(ticket: Ticket, official: Official) -> list[Ticket]:
    """Other tickets with the phone or e-mail of this one, of those one may see, newest first; no anonymous ones.

    For the action that asks for permission and logs it.
    """
    reporter = ticket.reporter
    known = Q()
    if reporter.phone_hash:
        known |= Q(reporter__phone_hash=reporter.phone_hash)
    if reporter.email_hash:
        known |= Q(reporter__email_hash=reporter.email_hash)
    if not known or reporter.is_anonymous:
        return []
    others = Ticket.objects.visible_to(official).filter(known, reporter__is_anonymous=False).exclude(pk=ticket.pk)
    return list(others.select_related("unit", "source").order_by("-pk")[:EARLIER])


@dataclass(frozen=True, slots=True)
class Nearby:
    """A ticket and how far away it happened, in metres."""

    ticket: Ticket
    metres: int


def nearby(ticket: Ticket, official: Official) -> list[Nearby]:
    """Tickets within 50 m that came in the 90 days before or after, of those one may see; the nearest first.

    A box that the index knows, then the exact distance.
    """
    if ticket.lat is None or ticket.lng is None:
        return []
    lat, lng = ticket.lat, ticket.lng
    up = SAME_PLACE / METRES_PER_DEGREE
    across = up / max(cos(radians(lat)), 0.01)
    box = (
        Ticket.objects.visible_to(official)
        .filter(lat__range=(lat - up, lat + up), lng__range=(lng - across, lng + across))
        .filter(received_at__range=(ticket.received_at - SAME_TIME, ticket.received_at + SAME_TIME))
        .exclude(pk=ticket.pk)
        .select_related("source")
        .defer("text", "search_key", "source__settings", "source__secrets", "source__cursor")
        .order_by("-pk")[:MOST_NEARBY]
    )
    found = [Nearby(other, round(metres_between(lat, lng, other.lat or 0, other.lng or 0))) for other in box]
    return sorted((near for near in found if near.metres <= SAME_PLACE), key=lambda near: (near.metres, near.ticket.pk))


def metres_between(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """The distance on a sphere (haversine) between two points in degrees."""
    north, east = radians(other_lat - lat), radians(other_lng - lng)
    a = sin(north / 2) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(a)))


def history(pk: int, official: Official) -> list[TicketEvent]:
    """What happened to a ticket, newest first, with people, texts and the messages that went out because of it.

    Each message has its record of evidence, where there is one.
    """
    outbox = _outbox().objects.select_related("source", "evidence")
    hidden = ("source__settings", "source__secrets", "source__cursor")
    return list(
        _named(TicketEvent.objects.visible_to(official).filter(ticket=pk))
        .defer(*hidden)
        .prefetch_related(Prefetch("outbox", outbox.defer(*hidden).order_by("pk")))
        .order_by("-at", "-pk")
    )


def newest_events(pk: int, official: Official, *, most: int) -> list[TicketEvent]:
    """The last things that happened to a ticket, newest first, with what a preview says of them and no more."""

    def compose(pk: Any) -> QuerySet[Any, Any]:
        sent = _outbox().objects.filter(event=OuterRef("pk")).order_by("pk")
        label, short = F("source__label"), F("source__short_label")
        rows = Nested(sent, "state", "delivered_at", "source_id", source_label=label, source_short_label=short)
        events: Any = TicketEvent.objects.visible_to(official).filter(ticket=pk).annotate(sent_rows=rows)
        shown: QuerySet[Any, Any] = events.order_by("-at", "-pk").values_list(*_IN_PREVIEW.names, "sent_rows")[:most]
        return shown

    return [_IN_PREVIEW.made(row) for row in named_rows_of(("events", *standing(official), most), compose, pk=pk)]


_IN_PREVIEW = Joined(
    TicketEvent,
    ("id", "ticket_id", "kind", "at", "data", "actor_id", "source_id"),
    actor=("username", "full_name"),
    source=("label",),
    message=("kind", "body"),
)


def sent_with(event: TicketEvent) -> list[Any]:
    """The messages that went out because of an event, with their sources; no statement where they came with it."""
    rows = getattr(event, "sent_rows", None)
    return list(event.outbox.all()) if rows is None else _with_sources(instances(_outbox(), rows))


def _outbox() -> Any:
    """The model of messages, which knows tickets and not the other way round."""
    return TicketEvent._meta.get_field("outbox").related_model


def _with_sources(rows: list[Any]) -> list[Any]:
    """Each with the source whose names came with it."""
    for row in rows:
        row.source = Source(pk=row.source_id, label=row.source_label, short_label=row.source_short_label)
    return rows


def events_part(_official: Official) -> dict[str, Any]:
    """An annotation for a ticket: how many things have happened to it, counted as in `count_of`."""
    return {"event_count": CountUpTo(TicketEvent.objects.filter(ticket=OuterRef("pk")))}


def _named(events: QuerySet[TicketEvent]) -> QuerySet[TicketEvent]:
    """With people and texts, and the names behind the keys that the data carries."""
    person = Official.objects.filter(pk=Cast(KeyTextTransform("assignee", OuterRef("data")), BigIntegerField()))
    unit = Unit.objects.filter(pk=Cast(KeyTextTransform("unit", OuterRef("data")), BigIntegerField()))
    name = Coalesce(NullIf("full_name", Value("")), "username")
    return events.select_related("actor", "source", "message").annotate(
        assignee_name=Subquery(person.annotate(known_as=name).values("known_as")[:1]),
        unit_name=Subquery(unit.values("name")[:1]),
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Names behind the keys that events carry."""

    people: Mapping[int, str]
    units: Mapping[int, str]


def names_in(events: Sequence[TicketEvent]) -> Names:
    """The names of people and units that the data of these events points to; of events with their names only."""
    return Names(
        people={e.data["assignee"]: e.assignee_name for e in events if getattr(e, "assignee_name", None)},  # type: ignore[attr-defined]
        units={e.data["unit"]: e.unit_name for e in events if getattr(e, "unit_name", None)},  # type: ignore[attr-defined]
    )


def receiving_units(unit_id: int | None) -> list[tuple[str, str]]:
    """Codes and names of the units of today that a ticket of this unit can be transferred to, by name."""
    current = Unit.objects.current(clock.now().date()).exclude(pk=unit_id or 0)
    return list(current.values_list("code", "name"))


def visible_keys(keys: Collection[int], official: Official) -> set[int]:
    """Those of the keys that are tickets this person may see."""
    return set(Ticket.objects.visible_to(official).filter(pk__in=keys).values_list("pk", flat=True))


def common_to(keys: Collection[int], official: Official) -> tuple[set[int | None], set[str]]:
    """The units and categories of these tickets, as far as the person may see them."""
    rows = set(Ticket.objects.visible_to(official).filter(pk__in=keys).order_by().values_list("unit_id", "category"))
    return {unit for unit, _category in rows}, {category for _unit, category in rows}


def versions_of(tickets: QuerySet[Ticket], *, most: int) -> list[tuple[int, int]]:
    """Key and version of at most `most` tickets, the most pressing first."""
    return list(tickets.order_by(F("next_due_at").asc(nulls_last=True), "pk").values_list("pk", "version")[:most])


def last_change(pk: int, official: Official) -> TicketEvent | None:
    """The newest thing that happened to a ticket: who got in between when a version is stale."""
    return _named(TicketEvent.objects.visible_to(official).filter(ticket=pk)).last()


def changes_since(pk: int, official: Official, since: datetime) -> list[TicketEvent]:
    """What happened to a ticket after an instant, oldest first: what somebody missed while writing."""
    events = TicketEvent.objects.visible_to(official).filter(ticket=pk, at__gt=since)
    return list(_named(events).order_by("at", "pk")[:MOST_CHANGES])


def earlier_tickets(phone: str, official: Official) -> list[Ticket]:
    """The newest tickets of whoever has this number, of those one may see. Exact: a part of a number finds nobody."""
    number = mapping.phone(phone.strip())
    if not number:
        return []
    mine = Ticket.objects.visible_to(official).filter(reporter__phone_hash=keyed_hash(number))
    return list(mine.select_related("unit", "source").order_by("-pk")[:EARLIER])
