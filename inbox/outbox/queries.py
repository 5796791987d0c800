"""Reading messages to sources, and tickets together with what became of their messages. Everything here is visible
to the official who asks, or it is not returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Count, Exists, Model, OuterRef, Prefetch, Q, QuerySet, Subquery

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.outbox.models import BulkRetry, Difference, OutboxMessage, Reconciliation
from inbox.outbox.vocabulary import CONFLICTS, WAITING, Decision, DeliveryState
from inbox.sources.models import Source
from inbox.tickets.models import Attachment, ExternalRef, Ticket, TicketEvent, TicketQuerySet
from inbox.tickets.queries import CountUpTo

Row = TypeVar("Row", bound=Model)


def tickets_with_deliveries(official: Official) -> TicketQuerySet:
    """Tickets with all that stands in their document, in five statements however many they are.

    Each of `ticket.refs.all()` has `.delivery`: the state of its newest message, None when there was none.
    """
    newest = OutboxMessage.objects.filter(ref=OuterRef("pk")).order_by("-pk").values("state")[:1]
    refs = ExternalRef.objects.select_related("source").annotate(delivery=Subquery(newest)).order_by("pk")
    return (
        Ticket.objects.visible_to(official)
        .select_related("source", "unit", "assignee", "reporter")
        .prefetch_related(Prefetch("refs", refs), "clocks", Prefetch("attachments", _attachments_by_source()))
    )


def ticket_with_deliveries(code: str, official: Official) -> Ticket:
    """One such ticket. Raises NotFound."""
    return _one(tickets_with_deliveries(official).with_code(code))


def events_of(code: str, official: Official) -> QuerySet[TicketEvent]:
    """What happened to a ticket, oldest first. Raises NotFound."""
    ticket = _one(Ticket.objects.visible_to(official).with_code(code))
    return (
        TicketEvent.objects.visible_to(official)
        .filter(ticket=ticket)
        .select_related("actor", "source", "message")
        .order_by("at", "pk")
    )


def attachments(official: Official, *, ticket: str = "") -> QuerySet[Attachment]:
    """Files of the tickets one may see, newest first; `ticket` (a code) narrows them to one."""
    found = Attachment.objects.visible_to(official).select_related("source", "ticket").order_by("-pk")
    return _of_ticket(found, ticket)


def attachment(pk: int, official: Official) -> Attachment:
    """One file. Raises NotFound."""
    return _one(attachments(official).filter(pk=pk))


def deliveries(official: Official, *, state: str = "", source: str = "", ticket: str = "") -> QuerySet[OutboxMessage]:
    """Messages about the tickets one may see, newest first."""
    found = OutboxMessage.objects.visible_to(official).select_related("source", "ticket", "ref").order_by("-pk")
    if state:
        found = found.filter(state=state)
    if source:
        found = found.filter(source__slug=source)
    return _of_ticket(found, ticket)


def delivery(pk: int, official: Official) -> OutboxMessage:
    """One message. Raises NotFound."""
    return _one(deliveries(official).filter(pk=pk))


def delivery_with_attempts(pk: int, official: Official) -> OutboxMessage:
    """One message with its attempts, files and open differences. Raises NotFound."""
    rows = deliveries(official).select_related("source", "ticket__unit", "ref", "event", "bulk_retry")
    return _one(rows.filter(pk=pk).prefetch_related("attempts", "files", "differences"))


def is_overtaken(message: OutboxMessage) -> bool:
    """Whether a later message about the same complaint has arrived: sending this one now would undo that."""
    return OutboxMessage.objects.filter(ref=message.ref_id, pk__gt=message.pk, state=DeliveryState.DELIVERED).exists()


def retryable(source_id: int, official: Official, *, reason: str = "") -> QuerySet[OutboxMessage]:
    """Given-up messages of one source that can be sent again together, oldest first: those of the official's units,
    without what a person has to decide one by one (conflicts) and what a later message has overtaken.
    """
    later = OutboxMessage.objects.filter(ref=OuterRef("ref"), pk__gt=OuterRef("pk"), state=DeliveryState.DELIVERED)
    found = OutboxMessage.objects.visible_to(official).filter(
        ~Exists(later), source=source_id, state=DeliveryState.DEAD
    )
    if reason:
        found = found.filter(reason_code=reason)
    rows: QuerySet[OutboxMessage] = found.exclude(reason_code__in=CONFLICTS).order_by("pk")
    return rows


def retry_reasons(official: Official) -> list[dict[str, object]]:
    """Why messages were given up, per source, where they can be sent again together: `source__slug`, `source__label`,
    `reason_code`, `count`."""
    rows = OutboxMessage.objects.visible_to(official).filter(state=DeliveryState.DEAD)
    grouped = rows.exclude(reason_code__in=CONFLICTS).order_by().values("source__slug", "source__label", "reason_code")
    return list(grouped.annotate(count=Count("pk")).order_by("source__label", "-count", "reason_code"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk retry is, counted over the messages that one may see."""

    bulk: BulkRetry
    total: int
    arrived: int
    failed: int

    @property
    def waiting(self) -> int:
        return self.total - self.arrived - self.failed

    @property
    def ended(self) -> int:
        return self.arrived + self.failed


def bulk_retries(official: Official, *, most: int = 5) -> list[Progress]:
    """The newest bulk retries that concern messages one may see. Raises NotAllowed for who may not start one."""
    if not may(official, Permission.RETRY_DELIVERY):
        raise NotAllowed("retry_delivery is not granted")
    rows = OutboxMessage.objects.visible_to(official).filter(bulk_retry__isnull=False)
    counted = (
        rows.order_by()
        .values("bulk_retry")
        .annotate(
            total=Count("pk"),
            arrived=Count("pk", filter=Q(state__in=[DeliveryState.DELIVERED, DeliveryState.CANCELLED])),
            failed=Count("pk", filter=Q(state=DeliveryState.DEAD)),
        )
        .order_by("-bulk_retry")[:most]
    )
    counts = {row["bulk_retry"]: row for row in counted}
    bulks = BulkRetry.objects.filter(pk__in=counts).select_related("source", "started_by").order_by("-pk")
    return [
        Progress(bulk, counts[bulk.pk]["total"], counts[bulk.pk]["arrived"], counts[bulk.pk]["failed"])
        for bulk in bulks
    ]


PAGE_SIZE = 50
#: What a list can be narrowed to beside a single state: what has not arrived, and what waits for a person.
NOT_ARRIVED, FOR_A_PERSON = "not_arrived", "for_a_person"
_STATES = {
    NOT_ARRIVED: [*WAITING, DeliveryState.IN_FLIGHT, DeliveryState.BY_HAND, DeliveryState.DEAD],
    FOR_A_PERSON: [DeliveryState.BY_HAND, DeliveryState.DEAD],
}


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, newest first, and the key after which the next page starts (None at the end)."""

    messages: list[OutboxMessage]
    after: int | None


def delivery_page(official: Official, *, view: str, source: str = "", after: int | None = None) -> DeliveryPage:
    """Messages of the tickets one may see; `view` is a state, NOT_ARRIVED, FOR_A_PERSON or empty for all.

    Raises NotAllowed, Invalid.
    """
    _require_list(official)
    if view and view not in _STATES and view not in set(DeliveryState):
        raise Invalid("Not a state of a delivery", field="state")
    rows = deliveries(official, source=source).defer(
        "source__settings", "source__secrets", "source__cursor", "ticket__text", "ticket__search_key"
    )
    if view:
        rows = rows.filter(state__in=_STATES.get(view, [view]))
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found = list(rows[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return DeliveryPage(shown, shown[-1].pk if len(found) > len(shown) else None)


def counts_by_state(official: Official) -> dict[str, int]:
    """How many visible messages there are in each state that is not final by itself, counted up to COUNT_LIMIT + 1."""
    visible = OutboxMessage.objects.visible_to(official)
    states = [*_STATES[NOT_ARRIVED]]
    columns = {f"n_{state}": CountUpTo(visible.filter(state=state)) for state in states}
    row = Source.objects.order_by("pk").annotate(**columns).values(*columns).first() or {}
    return {str(state): int(row.get(f"n_{state}", 0)) for state in states}


def _require_list(official: Official) -> None:
    if not may(official, Permission.VIEW_SOURCES):
        raise NotAllowed("view_sources is not granted")


def open_differences(ticket_id: int, official: Official) -> list[Difference]:
    """In what the sources and we differ about a ticket, undecided."""
    rows = Difference.objects.visible_to(official).filter(ticket=ticket_id, decision=Decision.OPEN)
    return list(rows.select_related("source", "message").order_by("pk"))


def difference(pk: int, official: Official) -> Difference:
    """One difference about a ticket one may see, decided or not. Raises NotFound."""
    rows: QuerySet[Difference] = Difference.objects.visible_to(official).select_related("source", "ticket")
    return _one(rows.filter(pk=pk))


def differences_of(source_id: int, official: Official) -> QuerySet[Difference]:
    """Open differences with one source, newest first: of the tickets one may see, and for those who manage sources
    also what is only there.
    """
    mine = Difference.objects.visible_to(official).filter(ticket__isnull=False)
    if may(official, Permission.MANAGE_SOURCES):
        mine = mine | Difference.objects.filter(ticket__isnull=True)
    found: QuerySet[Difference] = mine.filter(source=source_id, decision=Decision.OPEN)
    return found.select_related("ticket", "message", "source").order_by("-pk")


def reconciliations_of(source_id: int, *, most: int = 20) -> list[Reconciliation]:
    """The newest comparisons of a source."""
    return list(Reconciliation.objects.filter(source=source_id).order_by("-started_at", "-pk")[:most])


def delivery_counts(official: Official) -> dict[int, dict[str, int]]:
    """Per source id how many visible messages are `waiting` for their turn and how many were given up (`dead`)."""
    rows = (
        OutboxMessage.objects.visible_to(official)
        .order_by()
        .values("source_id")
        .annotate(
            waiting=Count("pk", filter=Q(state__in=[*WAITING, DeliveryState.IN_FLIGHT])),
            dead=Count("pk", filter=Q(state=DeliveryState.DEAD)),
        )
    )
    return {row["source_id"]: {"waiting": row["waiting"], "dead": row["dead"]} for row in rows}


def _attachments_by_source() -> QuerySet[Attachment]:
    return Attachment.objects.select_related("source").order_by("pk")


def _of_ticket(rows: QuerySet[Row], code: str) -> QuerySet[Row]:
    return rows.filter(ticket__in=Ticket.objects.with_code(code)) if code else rows


def _one(rows: QuerySet[Row]) -> Row:
    found = rows.first()
    if found is None:
        raise NotFound("No such thing")
    return found
