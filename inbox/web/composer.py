"""What somebody sees who writes to a citizen: ready-made texts, what goes along, and what each source will get when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from connectors.records import OutboundAction
from inbox.accounts.permissions import Permission, may
from inbox.actions.undo import UNDOABLE
from inbox.core.masking import masked_name
from inbox.desk import queries as desk
from inbox.desk.canned import VARIABLES, filled
from inbox.outbox.enqueue import first_state, takes_files
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.queries import TROUBLE
from inbox.sources.vocabulary import Health
from inbox.tickets import queries
from inbox.tickets.vocabulary import Verb
from inbox.web import labels, moments, toasts

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket

#: The verbs whose text a citizen reads.
COMPOSED = (Verb.RESOLVE, Verb.REPLY, Verb.APPROVE)
_OUTBOUND = {
    Verb.RESOLVE: OutboundAction.RESOLVE,
    Verb.REPLY: OutboundAction.REPLY,
    Verb.APPROVE: OutboundAction.RESOLVE,
}


@dataclass(frozen=True, slots=True)
class Destination:
    """One source that a text goes to. `tone`: ok, soon (later, or by hand) or late."""

    source: str
    number: str  # of the complaint there
    code: str  # of the linked ticket it belongs to, "" for this one
    words: str
    tone: str
    icon: str
    takes_files: bool = True


@dataclass(frozen=True, slots=True)
class Composer:
    """The parts of the drawer beside the text. `proposes`: a leader reads it before the citizen does."""

    replies: Sequence[Any]
    files: Sequence[Any]
    chosen: frozenset[int]
    destinations: Sequence[Destination]
    proposes: bool
    also_reply: bool
    preview: str
    first_text: str  # of a fresh form: what was typed before, or the answer that waits for approval
    saved_at: datetime | None
    proposed_by: str
    undo_seconds: int  # for how long pressing the button can be taken back; 0 where it is final

    @property
    def count(self) -> int:
        """How many different people get the text."""
        return len(self.destinations)


def composer_of(
    verb: Verb,
    ticket: Ticket,
    official: Official,
    *,
    now: datetime,
    chosen: Sequence[int] | None = None,
    preview: str = "",
    also_reply: bool = False,
) -> Composer:
    """For a ticket with `queries.linked_part`. `chosen`: the files that were ticked, None for a fresh form, where all
    that wait are.
    """
    files = queries.files_to_send(ticket.pk)
    refs = queries.linked_sources(ticket.pk)
    draft = desk.draft_of(ticket.pk, verb, official)
    proposal = queries.proposed_answer(ticket) if verb is Verb.APPROVE else None
    ticked = {file.pk for file in files} if chosen is None else set(chosen)
    if proposal is not None and chosen is None:
        ticked &= set(proposal.data.get("files", []))
    unit_id = ticket.unit_id
    return Composer(
        replies=desk.replies_for(ticket),
        files=files,
        chosen=frozenset(ticked),
        destinations=[_destination(ref, first_state(ref.source, _OUTBOUND[verb]), ticket, now) for ref in refs],
        proposes=(
            verb is Verb.RESOLVE
            and not may(official, Permission.APPROVE_ANSWER, unit_id=unit_id)
            and desk.needs_approval(unit_id)
        ),
        also_reply=also_reply,
        preview=preview,
        first_text=draft.text if draft else proposal.message.body if proposal else "",
        saved_at=draft.saved_at if draft else None,
        proposed_by=proposal.actor.display_name if proposal and proposal.actor else "",
        undo_seconds=0 if verb not in UNDOABLE or ticket.has_linked else toasts.SHOWN,  # type: ignore[attr-defined]
    )


def with_reply(pk: int, text: str, ticket: Ticket, official: Official, *, now: datetime) -> str:
    """The text with a ready-made reply put in: in place of nothing, or below what is there."""
    reply = desk.reply_for(pk, ticket)
    if reply is None:
        return text
    desk.count_use(reply.pk)
    put_in = filled(reply.body, values_of(ticket, official, now=now))
    return f"{text.rstrip()}\n\n{put_in}" if text.strip() else put_in


def values_of(ticket: Ticket, official: Official, *, now: datetime) -> dict[str, str]:
    """What the variables of ready-made replies stand for. The citizen's name is shortened as everywhere."""
    reporter = ticket.reporter
    name = "" if reporter.is_anonymous else masked_name(reporter.name)
    unit = ticket.unit.name if ticket.unit else ""
    known = {
        "code": ticket.code,
        "title": ticket.title,
        "address": ticket.address,
        "category": str(labels.label_of("category", ticket.category).words),
        "citizen": name or _("Sir or Madam"),
        "unit": unit,
        "officer": official.display_name,
        "sent_on": moments.date(ticket.sent_at),
        "today": moments.date(now),
    }
    return {variable: known[variable] for variable in VARIABLES}


def _destination(ref: Any, state: DeliveryState | None, ticket: Ticket, now: datetime) -> Destination:
    source = ref.source
    tone, icon, words = "ok", "check", _("gets it now")
    if state is None:
        tone, icon, words = "hold", "x", _("is not told of this")
    elif state is DeliveryState.BY_HAND:
        tone, icon, words = "soon", "hand", _("takes no answers from outside: you enter it there by hand afterwards")
    elif source.health in TROUBLE or not source.is_enabled:
        since = moments.short(source.health_since, now=now) if source.health_since else ""
        tone, icon = "soon", "shield-alert"
        words = (
            _(
                "is interrupted since %(since)s. The moment you press the button is kept as evidence and what counts; "
                "the answer is sent by itself once the source is back"
            )
            % {"since": since}
            if since
            else _(
                "is interrupted. The moment you press the button is kept as evidence and what counts; "
                "the answer is sent by itself once the source is back"
            )
        )
    elif source.health == Health.DEGRADED:
        tone, icon, words = "hold", "clock-alert", _("is slow now, gets it a little later")
    other = queries.code_of(ref.ticket_id) if ref.ticket_id != ticket.pk else ""
    return Destination(source.label, ref.external_id, other, words, tone, icon, takes_files(source))
