"""Say that a ticket is about the same matter as another: the main one's answers go to both, each in its own source."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import Act, acting_on, locked_ticket, require
from inbox.core.errors import Invalid, NotFound
from inbox.sla import timers
from inbox.tickets.events import NewEvent, lock_histories, record, record_many
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Status, Verb


def link_ticket(
    ticket_id: int, *, actor: Official, main: int, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """The ticket keeps its own sources, clocks and history. A new one is accepted with it: the ward knows the matter.

    Raises Invalid when the two cannot belong together: another unit, ended, or `main` hangs on a third one itself.
    """
    with transaction.atomic():
        lock_histories({ticket_id, main})
        with acting_on(
            ticket_id, verb=Verb.LINK, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
        ) as act:
            other = _main(act, main)
            _accept_with(act, other)
            act.ticket.main = other
            act.record(EventKind.LINKED, main=other.pk)
            _bring_along(act, other)
            other.version += 1
            other.updated_at = act.at
            other.save(update_fields=["version", "updated_at"])
            record(NewEvent(other.pk, EventKind.LINKED, act.at, {"linked": act.ticket.pk}, actor_id=actor.pk))
    return act.ticket


def _main(act: Act, main: int) -> Ticket:
    try:
        other = locked_ticket(main, actor=act.actor)
    except NotFound:
        raise Invalid("No such ticket", field="main") from None
    require(act.actor, Permission.WORK_TICKET, ticket=other)
    if other.pk == act.ticket.pk:
        raise Invalid("A ticket cannot be linked to itself", field="main")
    if other.unit_id != act.ticket.unit_id:
        raise Invalid("Only tickets of the same unit can be linked", field="main")
    if not other.is_open:
        raise Invalid("That ticket has ended", field="main")
    if other.main_id is not None:
        raise Invalid("That ticket is linked to another one itself", field="main")
    if act.ticket.main_id is not None:
        raise Invalid("This ticket is linked already", field="main")
    return other


def _accept_with(act: Act, main: Ticket) -> None:
    ticket = act.ticket
    if ticket.assignee_id is None:
        ticket.assignee_id = main.assignee_id
    if ticket.status != Status.NEW:
        return
    ticket.set_status(Status.ACCEPTED)
    ticket.accepted_at = act.at
    timers.meet(ticket, "accept", at=act.at)
    event = act.record(EventKind.ACCEPTED, took=False)
    act.tell_sources(event, action=OutboundAction.ACCEPT)


def _bring_along(act: Act, main: Ticket) -> None:
    """What was linked to this ticket now belongs to the main one: there is only one level."""
    mine = list(Ticket.objects.filter(main=act.ticket).values_list("pk", flat=True))
    if mine:
        lock_histories(mine)
        Ticket.objects.filter(pk__in=mine).update(main=main)
        record_many(
            NewEvent(pk, EventKind.LINKED, act.at, {"main": main.pk}, actor_id=act.actor.pk) for pk in sorted(mine)
        )
