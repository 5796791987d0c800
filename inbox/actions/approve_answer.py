"""Let an officer's answer out, as it is or with a better text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import acting_on, clean_text
from inbox.actions.resolve_ticket import finish
from inbox.core.errors import Invalid
from inbox.tickets.models import Attachment, Ticket
from inbox.tickets.queries import proposed_answer
from inbox.tickets.vocabulary import Verb


def approve_answer(
    ticket_id: int,
    *,
    actor: Official,
    text: str | None = None,
    files: Sequence[int] | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """The ticket is resolved now, in the leader's name; the history keeps whose answer it was.

    Without `text` and `files` it goes out as proposed. Raises Invalid when there is no proposal.
    """
    with acting_on(
        ticket_id,
        verb=Verb.APPROVE,
        actor=actor,
        permission=Permission.APPROVE_ANSWER,
        version=version,
        at=at,
        with_linked=True,
    ) as act:
        proposal = proposed_answer(act.ticket)
        if proposal is None:
            raise Invalid("Nobody has proposed an answer", field="text")
        body = proposal.message.body if text is None else clean_text(text, field="text")
        if files is None:
            # One that has gone out with a reply meanwhile is with the citizen already.
            proposed = Attachment.objects.filter(pk__in=proposal.data.get("files", []), event__isnull=True)
            files = list(proposed.values_list("pk", flat=True))
        finish(act, body, files, proposed_by=proposal.actor_id)
    return act.ticket
