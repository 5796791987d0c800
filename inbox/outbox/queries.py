"""Reading messages to sources, and tickets together with what became of their messages. Everything here is visible
to the official who asks, or it is not returned.
"""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Count, Model, OuterRef, Prefetch, Q, QuerySet, Subquery

from inbox.accounts.models import Official
from inbox.core.errors import NotFound
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import WAITING, DeliveryState
from inbox.tickets.models import Attachment, ExternalRef, Ticket, TicketEvent, TicketQuerySet

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
