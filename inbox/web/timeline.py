"""A ticket's history in sentences: who did what, to whom it went, what became of it. Reads rows it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from inbox.tickets.queries import Names
from inbox.tickets.vocabulary import EventKind, Verb
from inbox.web import labels, moments
from inbox.web.advice import advice_for

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket, TicketEvent


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. With a `body` it is a message: `kind` note, reply or citizen; without one a single line."""

    who: str
    sentence: str
    at: datetime
    icon: str = "info"
    tone: str = ""
    actor: Official | None = None
    kind: str = ""
    body: str = ""
    deliveries: list[Any] = field(default_factory=list)


def known_names(ticket: Ticket, events: Iterable[TicketEvent]) -> Names:
    """The names that are at hand without asking: enough for the preview."""
    people = {event.actor_id: event.actor.display_name for event in events if event.actor_id and event.actor}
    if ticket.assignee:
        people[ticket.assignee.pk] = ticket.assignee.display_name
    return Names(people=people, units={ticket.unit.pk: ticket.unit.name} if ticket.unit else {})


def items(events: Sequence[TicketEvent], *, names: Names) -> list[Item]:
    """The events as entries, in the same order."""
    return [_item(event, names) for event in events]


def days(entries: Sequence[Item], *, now: datetime) -> list[tuple[str, list[Item]]]:
    """The entries under the names of their days, in the same order."""
    groups = groupby(entries, key=lambda item: timezone.localdate(item.at))
    found = [list(group) for _day, group in groups]
    return [
        (_("Today") if moments.is_today(group[0].at, now=now) else moments.day(group[0].at, now=now), group)
        for group in found
    ]


def _item(event: TicketEvent, names: Names) -> Item:
    icon, tone, sentence = _SENTENCES.get(EventKind(event.kind), _unnamed)(event, names)
    message = getattr(event, "message", None)
    return Item(
        who=_who(event),
        sentence=sentence,
        at=event.at,
        icon=icon,
        tone=tone,
        actor=event.actor,
        kind=message.kind if message else "",
        body=message.body if message else "",
        deliveries=list(event.outbox.all()),
    )


def _who(event: TicketEvent) -> str:
    if event.actor:
        return event.actor.display_name
    return event.source.label if event.source and event.kind not in _OURS else _("System")


Sentence = tuple[str, str, str]
#: What we did ourselves with what a source sent.
_OURS = frozenset({EventKind.ROUTED, EventKind.DUE_SOON, EventKind.BECAME_OVERDUE, EventKind.SLA_RECALCULATED})


def _says(icon: str, words: str, tone: str = "") -> Callable[[TicketEvent, Names], Sentence]:
    """A sentence that is always the same. `words` is an English message, translated when it is shown."""
    return lambda event, names: (icon, tone, _(words))


def _received(event: TicketEvent, names: Names) -> Sentence:
    return "inbox", "", _("sent a complaint, number %(id)s") % {"id": event.data.get("external_id", "")}


def _routed(event: TicketEvent, names: Names) -> Sentence:
    unit = event.data.get("unit")
    words = str(labels.label_of("routing", event.data.get("method", "triage")).words)
    method = words[:1].lower() + words[1:]
    if unit is None:
        return "map-question", "soon", _("no unit could be found: %(method)s") % {"method": method}
    name = names.units.get(unit, _("a unit"))
    return "map-pin", "", _("routed to %(unit)s: %(method)s") % {"unit": name, "method": method}


def _accepted(event: TicketEvent, names: Names) -> Sentence:
    took = event.data.get("took")
    return "check", "ok", _("accepted the ticket and works on it") if took else _("accepted the ticket")


def _assigned(event: TicketEvent, names: Names) -> Sentence:
    assignee = event.data.get("assignee")
    if event.actor_id == assignee:
        return "user-check", "", _("took the ticket")
    return "user-plus", "", _("assigned the ticket to %(name)s") % {"name": names.people.get(assignee, "?")}


def _transferred(event: TicketEvent, names: Names) -> Sentence:
    name = names.units.get(event.data.get("unit"), _("another unit"))
    return "forward", "", _("transferred the ticket to %(unit)s") % {"unit": name}


def _followed(event: TicketEvent, names: Names) -> Sentence:
    status = labels.label_of("status", event.data.get("status", "")).words
    return "refresh", "", _("the source says: %(status)s") % {"status": status}


def _disagrees(event: TicketEvent, names: Names) -> Sentence:
    theirs = event.data.get("raw") or event.data.get("status", "")
    ours = labels.label_of("status", event.data.get("ours", "")).words
    words = _("the source says “%(theirs)s”, here it is “%(ours)s”: please check which is right")
    return "alert", "soon", words % {"theirs": theirs, "ours": ours}


def _due_soon(event: TicketEvent, names: Names) -> Sentence:
    return "clock-alert", "soon", _("due soon: %(clock)s") % {"clock": _clock(event)}


def _overdue(event: TicketEvent, names: Names) -> Sentence:
    return "alert", "late", _("overdue: %(clock)s") % {"clock": _clock(event)}


def _clock(event: TicketEvent) -> labels.Words:
    return labels.label_of("clock", event.data.get("clock") or event.data.get("kind") or "resolve").words


def _delivered(event: TicketEvent, names: Names) -> Sentence:
    what = labels.label_of("outbound", event.data.get("action", "")).words
    words = _("entered by hand in the source: %(what)s") if event.data.get("by_hand") else _("received the %(what)s")
    return "check", "ok", words % {"what": what}


def _not_delivered(event: TicketEvent, names: Names) -> Sentence:
    what = labels.label_of("outbound", event.data.get("action", "")).words
    why = advice_for(event.data.get("reason", "")).what
    return "plug-off", "late", _("did not take the %(what)s: %(why)s") % {"what": what, "why": why}


def _revealed(event: TicketEvent, names: Names) -> Sentence:
    words = _("looked at the citizen’s contact details: %(reason)s")
    return "eye", "", words % {"reason": event.data.get("reason", "")}


def _unnamed(event: TicketEvent, names: Names) -> Sentence:
    return "info", "", event.kind


_SENTENCES: dict[EventKind, Callable[[TicketEvent, Names], Sentence]] = {
    EventKind.RECEIVED: _received,
    EventKind.ROUTED: _routed,
    EventKind.ACCEPTED: _accepted,
    EventKind.ASSIGNED: _assigned,
    EventKind.STARTED: _says("play", noop("started work")),
    EventKind.NOTE_ADDED: _says("lock", noop("wrote a note")),
    EventKind.REPLIED: _says("send", noop("wrote to the citizen")),
    EventKind.RESOLVED: _says("check-circle", noop("answered and finished"), "ok"),
    EventKind.RETURNED: _says("back", noop("returned the ticket to the source")),
    EventKind.REFUSED: _says("ban", noop("refused the complaint")),
    EventKind.TRANSFERRED: _transferred,
    EventKind.PAUSED: _says("pause", noop("paused and asked the citizen")),
    EventKind.RESUMED: _says("play", noop("resumed work, the clock runs again")),
    EventKind.REOPENED: _says("reopen", noop("reopened the ticket")),
    EventKind.SOURCE_UPDATED: _says("refresh", noop("the complaint was changed in the source")),
    EventKind.SOURCE_STATUS_CHANGED: _followed,
    EventKind.SOURCE_DISAGREES: _disagrees,
    EventKind.WITHDRAWN: _says("ban", noop("the citizen has withdrawn the complaint")),
    EventKind.DUE_SOON: _due_soon,
    EventKind.BECAME_OVERDUE: _overdue,
    EventKind.DELIVERED: _delivered,
    EventKind.DELIVERY_FAILED: _not_delivered,
    EventKind.REPORTER_REVEALED: _revealed,
    EventKind.SLA_RECALCULATED: _says(
        "clock", noop("the deadline was counted again after a change of calendar or policy")
    ),
}

#: What the history says after each verb.
EVENT_OF: dict[Verb, EventKind] = {
    Verb.ACCEPT: EventKind.ACCEPTED,
    Verb.ASSIGN: EventKind.ASSIGNED,
    Verb.START: EventKind.STARTED,
    Verb.ADD_NOTE: EventKind.NOTE_ADDED,
    Verb.REPLY: EventKind.REPLIED,
    Verb.RESOLVE: EventKind.RESOLVED,
    Verb.RETURN: EventKind.RETURNED,
    Verb.REFUSE: EventKind.REFUSED,
    Verb.TRANSFER: EventKind.TRANSFERRED,
    Verb.PAUSE: EventKind.PAUSED,
    Verb.RESUME: EventKind.RESUMED,
    Verb.REOPEN: EventKind.REOPENED,
}
