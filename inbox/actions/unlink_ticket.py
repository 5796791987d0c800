"""Take a ticket away from the one it was linked to: from now on it gets answers of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import Act, acting_on
from inbox.core.errors import Invalid
from inbox.tickets.events import NewEvent, lock_histories, record, record_many
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Verb


def unlink_ticket(ticket_id: int, *, actor: Official, version: int | None = None, at: datetime | None = None) -> Ticket:
    """Raises Invalid when it is not linked."""
    with transaction.atomic():
        main = Ticket.objects.filter(pk=ticket_id).values_list("main", flat=True).first()
        lock_histories({ticket_id} if main is None else {ticket_id, main})
        with acting_on(
            ticket_id, verb=Verb.UNLINK, actor=actor, permission=Permission.WORK_TICKET, version=version, at=at
        ) as act:
            before, act.ticket.main = act.ticket.main_id, None
            if before is None:
                raise Invalid("This ticket is not linked")
            act.record(EventKind.UNLINKED, main=before)
            record(NewEvent(before, EventKind.UNLINKED, act.at, {"linked": act.ticket.pk}, actor_id=actor.pk))
    return act.ticket


def leave_links(act: Act) -> None:
    """Within another act: the ticket goes where its links cannot follow."""
    if act.ticket.main_id is not None:
        act.record(EventKind.UNLINKED, main=act.ticket.main_id)
        act.ticket.main = None
    mine = list(Ticket.objects.filter(main=act.ticket).values_list("pk", flat=True))
    if mine:
        Ticket.objects.filter(pk__in=mine).update(main=None)
        record_many(
            NewEvent(pk, EventKind.UNLINKED, act.at, {"main": act.ticket.pk}, actor_id=act.actor.pk)
            for pk in sorted(mine)
        )
