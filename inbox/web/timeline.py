"""A ticket's history in sentences: who did what, to whom it went, what became of it. Reads rows it is given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from inbox.tickets.queries import Names, code_of, sent_with
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb
from inbox.web import labels, moments
from inbox.web.advice import advice_for

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket, TicketEvent

log = logging.getLogger(__name__)


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
    group: str = "system"
    files: list[Any] = field(default_factory=list)
    told: int = 0  # how many colleagues a note names


def known_names(ticket: Ticket, events: Iterable[TicketEvent]) -> Names:
    """The names that are at hand without asking: enough for the preview."""
    people = {event.actor_id: event.actor.display_name for event in events if event.actor_id and event.actor}
    if ticket.assignee:
        people[ticket.assignee.pk] = ticket.assignee.display_name
    return Names(people=people, units={ticket.unit.pk: ticket.unit.name} if ticket.unit else {})


def items(events: Sequence[TicketEvent], *, names: Names, files: Iterable[Any] = ()) -> list[Item]:
    """The events as entries, in the same order, each with the files that went out with it or came by it."""
    by_event: dict[int, list[Any]] = {}
    by_key = {}
    for file in files:
        by_key[file.pk] = file
        if file.event_id is not None:
            by_event.setdefault(file.event_id, []).append(file)
    found = []
    for event in events:
        own = by_event.get(event.pk, [])
        if event.kind == EventKind.PHOTO_ADDED and event.data.get("attachment") in by_key:
            own = [by_key[event.data["attachment"]]]
        found.append(_item(event, names, own))
    return found


def narrowed(entries: Sequence[Item], show: str) -> list[Item]:
    """The entries of one group; "all" is every one, "deliveries" also messages that went somewhere."""
    if show == "all":
        return list(entries)
    if show == "deliveries":
        return [entry for entry in entries if entry.group == show or entry.deliveries]
    return [entry for entry in entries if entry.group == show]


def counts(entries: Sequence[Item]) -> list[tuple[str, int]]:
    """How many entries each filter shows, in the order of the buttons."""
    return [(show, len(narrowed(entries, show))) for show in labels.SHOW]


def days(entries: Sequence[Item], *, now: datetime) -> list[tuple[str, list[Item]]]:
    """The entries under the names of their days, in the same order."""
    groups = groupby(entries, key=lambda item: timezone.localdate(item.at))
    found = [list(group) for _day, group in groups]
    return [
        (_("Today") if moments.is_today(group[0].at, now=now) else moments.day(group[0].at, now=now), group)
        for group in found
    ]


def _item(event: TicketEvent, names: Names, files: list[Any]) -> Item:
    icon, tone, sentence = _sentence(event, names)
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
        deliveries=sent_with(event),
        group=_group(event, message.kind if message else ""),
        files=files,
        told=len(event.data.get("mentions", ())),
    )


def _group(event: TicketEvent, message: str) -> str:
    """Which filter of the history an event belongs to."""
    if event.kind in _DELIVERIES:
        return "deliveries"
    if message in {MessageKind.REPLY, MessageKind.CITIZEN} or event.kind in _PUBLIC:
        return "public"
    return "internal" if message or event.actor_id else "system"


_DELIVERIES = frozenset({EventKind.DELIVERED, EventKind.DELIVERY_FAILED})
_PUBLIC = frozenset({EventKind.RECEIVED, EventKind.CITIZEN_ANSWERED, EventKind.SOURCE_UPDATED, EventKind.WITHDRAWN})


def _who(event: TicketEvent) -> str:
    if event.actor:
        return event.actor.display_name
    return event.source.label if event.source and event.kind not in _OURS else _("System")


Sentence = tuple[str, str, str]
#: What we did ourselves with what a source sent.
_OURS = frozenset(
    {
        EventKind.ROUTED,
        EventKind.DUE_SOON,
        EventKind.BECAME_OVERDUE,
        EventKind.ESCALATED,
        EventKind.PAUSE_ENDED,
        EventKind.SLA_RECALCULATED,
    }
)


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


def _updated(event: TicketEvent, names: Names) -> Sentence:
    """What was changed in the source, and what stayed here because somebody had chosen otherwise."""
    fields = ", ".join(str(labels.label_of("field", name).words) for name in event.data.get("fields", ()))
    changed = _("the complaint was changed in the source: %(fields)s") % {"fields": fields} if fields else ""
    kept = event.data.get("kept", {}).get("category")
    if not kept:
        return "refresh", "", changed or _("the complaint was changed in the source")
    ours = labels.label_of("category", kept["ours"]).words
    theirs = labels.label_of("category", kept["theirs"]).words
    stays = _("the source now says “%(theirs)s”; “%(ours)s”, chosen here, stays") % {"theirs": theirs, "ours": ours}
    return "alert", "soon", "; ".join(part for part in (changed, stays) if part)


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


def _escalated(event: TicketEvent, names: Names) -> Sentence:
    return "alert", "late", _("overdue for long: %(clock)s") % {"clock": _clock(event)}


def _until(icon: str, words: str, tone: str = "") -> Callable[[TicketEvent, Names], Sentence]:
    """A sentence with the moment that the event speaks of. `words` is an English message."""

    def sentence(event: TicketEvent, names: Names) -> Sentence:
        moment = datetime.fromisoformat(event.data.get("until") or event.data["due_at"])
        return icon, tone, _(words) % {"time": moments.short(moment, now=event.at)}

    return sentence


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


def _repeated(event: TicketEvent, names: Names) -> Sentence:
    what = labels.label_of("outbound", event.data.get("action", "")).words
    return "refresh", "soon", _("confirmed the %(what)s but does not show it: sent once more") % {"what": what}


def _given_up(event: TicketEvent, names: Names) -> Sentence:
    what = labels.label_of("outbound", event.data.get("action", "")).words
    return "x", "hold", _("decided that the %(what)s need not reach the source") % {"what": what}


def _decided(event: TicketEvent, names: Names) -> Sentence:
    decision = labels.label_of("decision", event.data.get("decision", "")).words
    difference = labels.label_of("difference", event.data.get("difference", "")).words
    words = _("decided about “%(difference)s”: %(decision)s")
    return "user-check", "", words % {"difference": difference, "decision": decision}


def _revealed(event: TicketEvent, names: Names) -> Sentence:
    words = _("looked at the citizen’s contact details: %(reason)s")
    return "eye", "", words % {"reason": event.data.get("reason", "")}


def _undone(event: TicketEvent, names: Names) -> Sentence:
    what = str(labels.label_of("verb", event.data.get("verb", "")).words)
    return "back", "hold", _("took back at once: %(what)s") % {"what": what[:1].lower() + what[1:]}


def _linked(event: TicketEvent, names: Names) -> Sentence:
    if "main" in event.data:
        words, other = _("linked this ticket to %(code)s, the same matter"), event.data["main"]
    else:
        words, other = _("linked %(code)s to this ticket, the same matter"), event.data["linked"]
    return "channels", "", words % {"code": code_of(other)}


def _unlinked(event: TicketEvent, names: Names) -> Sentence:
    other = event.data.get("main") or event.data["linked"]
    return "channels", "", _("separated this ticket from %(code)s") % {"code": code_of(other)}


def _photo(event: TicketEvent, names: Names) -> Sentence:
    words = {"before": _("added a photo from before"), "after": _("added a photo from after")}
    return "camera", "", words.get(event.data.get("stage", ""), _("added a file"))


def _resolved(event: TicketEvent, names: Names) -> Sentence:
    if event.data.get("main"):
        words = _("answered and finished, together with %(code)s")
        return "check-circle", "ok", words % {"code": code_of(event.data["main"])}
    if event.data.get("proposed_by"):
        return "check-circle", "ok", _("approved the answer, which finished the ticket")
    return "check-circle", "ok", _("answered and finished")


def _replied(event: TicketEvent, names: Names) -> Sentence:
    if event.data.get("main"):
        return "send", "", _("wrote to the citizen, together with %(code)s") % {"code": code_of(event.data["main"])}
    return "send", "", _("wrote to the citizen")


def _task(icon: str, words: str, tone: str = "") -> Callable[[TicketEvent, Names], Sentence]:
    """A sentence with the words of a task. `words` is an English message."""
    return lambda event, names: (icon, tone, _(words) % {"task": event.data.get("words", "")})


def _category_changed(event: TicketEvent, names: Names) -> Sentence:
    before, after = (str(labels.label_of("category", event.data[name]).words) for name in ("before", "category"))
    return "list", "", _("changed the field from “%(before)s” to “%(after)s”") % {"before": before, "after": after}


def _recalculated(event: TicketEvent, names: Names) -> Sentence:
    words = _("calendar changed, %(clock)s counted again: from %(before)s to %(after)s") % {
        "clock": str(_clock(event)),
        "before": moments.short(datetime.fromisoformat(event.data["before"]), now=event.at),
        "after": moments.short(datetime.fromisoformat(event.data["after"]), now=event.at),
    }
    return "calendar", "", words


def _unnamed(event: TicketEvent, names: Names) -> Sentence:
    return "info", "", event.kind


def _sentence(event: TicketEvent, names: Names) -> Sentence:
    """What happened, in words. One entry that lacks what its words need must not shut the whole ticket: it is named."""
    try:
        return _SENTENCES.get(EventKind(event.kind), _unnamed)(event, names)
    except (KeyError, TypeError, ValueError):
        log.exception("event %s of kind %s lacks what its words need", event.pk, event.kind)
        return _unnamed(event, names)


_SENTENCES: dict[EventKind, Callable[[TicketEvent, Names], Sentence]] = {
    EventKind.RECEIVED: _received,
    EventKind.ROUTED: _routed,
    EventKind.ACCEPTED: _accepted,
    EventKind.ASSIGNED: _assigned,
    EventKind.STARTED: _says("play", noop("started work")),
    EventKind.NOTE_ADDED: _says("lock", noop("wrote a note")),
    EventKind.REPLIED: _replied,
    EventKind.RESOLVED: _resolved,
    EventKind.ANSWER_PROPOSED: _says("user-check", noop("proposes an answer"), "soon"),
    EventKind.ANSWER_SENT_BACK: _says("back", noop("sent the proposed answer back"), "soon"),
    EventKind.LINKED: _linked,
    EventKind.UNLINKED: _unlinked,
    EventKind.PHOTO_ADDED: _photo,
    EventKind.TASK_ADDED: _task("list", noop("added a task: %(task)s")),
    EventKind.TASK_DONE: _task("check", noop("has done: %(task)s"), "ok"),
    EventKind.TASK_REOPENED: _task("reopen", noop("is not done yet: %(task)s")),
    EventKind.ORIGINAL_VIEWED: _says("eye", noop("looked at the original as received")),
    EventKind.CITIZEN_TICKETS_VIEWED: _says("eye", noop("looked at the citizen’s other tickets")),
    EventKind.RETURNED: _says("back", noop("returned the ticket to the source")),
    EventKind.REFUSED: _says("ban", noop("refused the complaint")),
    EventKind.TRANSFERRED: _transferred,
    EventKind.PAUSED: _says("pause", noop("paused and asked the citizen")),
    EventKind.RESUMED: _says("play", noop("resumed work, the clock runs again")),
    EventKind.REOPENED: _says("reopen", noop("reopened the ticket")),
    EventKind.SOURCE_UPDATED: _updated,
    EventKind.SOURCE_STATUS_CHANGED: _followed,
    EventKind.SOURCE_DISAGREES: _disagrees,
    EventKind.SOURCE_CAME_LATE: _says("clock", noop("an older state arrived late from the source and changed nothing")),
    EventKind.WITHDRAWN: _says("ban", noop("the citizen has withdrawn the complaint")),
    EventKind.DUE_SOON: _due_soon,
    EventKind.BECAME_OVERDUE: _overdue,
    EventKind.ESCALATED: _escalated,
    EventKind.EXTENSION_ASKED: _until("calendar", noop("asked for more time, until %(time)s")),
    EventKind.EXTENSION_APPROVED: _until("check", noop("approved more time, until %(time)s"), "ok"),
    EventKind.EXTENSION_REFUSED: _says("x", noop("did not give more time"), "hold"),
    EventKind.SEVERAL_AGENCIES_MARKED: _until("users", noop("several agencies have to act: due %(time)s")),
    EventKind.CATEGORY_CHANGED: _category_changed,
    EventKind.URGED: _says("clock-alert", noop("urges"), "soon"),
    EventKind.PUBLISHED: _says("eye", noop("made the ticket public")),
    EventKind.UNPUBLISHED: _says("lock", noop("took the ticket out of the public")),
    EventKind.CITIZEN_ANSWERED: _says("message", noop("the citizen has answered, the clock runs again"), "ok"),
    EventKind.PAUSE_ENDED: _says("play", noop("the longest pause is over, the clock runs again"), "soon"),
    EventKind.DELIVERED: _delivered,
    EventKind.DELIVERY_FAILED: _not_delivered,
    EventKind.DELIVERY_REPEATED: _repeated,
    EventKind.DELIVERY_GIVEN_UP: _given_up,
    EventKind.DIFFERENCE_DECIDED: _decided,
    EventKind.REPORTER_REVEALED: _revealed,
    EventKind.SLA_RECALCULATED: _recalculated,
    EventKind.UNDONE: _undone,
}

#: What the history says after each verb.
EVENT_OF: dict[Verb, EventKind] = {
    Verb.ACCEPT: EventKind.ACCEPTED,
    Verb.ASSIGN: EventKind.ASSIGNED,
    Verb.CLAIM: EventKind.ASSIGNED,
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
    Verb.EXTEND: EventKind.EXTENSION_ASKED,
    Verb.APPROVE_EXTENSION: EventKind.EXTENSION_APPROVED,
    Verb.REFUSE_EXTENSION: EventKind.EXTENSION_REFUSED,
    Verb.MARK_SEVERAL_AGENCIES: EventKind.SEVERAL_AGENCIES_MARKED,
    Verb.CHANGE_CATEGORY: EventKind.CATEGORY_CHANGED,
    Verb.URGE: EventKind.URGED,
    Verb.APPROVE: EventKind.RESOLVED,
    Verb.SEND_BACK: EventKind.ANSWER_SENT_BACK,
    Verb.LINK: EventKind.LINKED,
    Verb.UNLINK: EventKind.UNLINKED,
    Verb.PUBLISH: EventKind.PUBLISHED,
    Verb.UNPUBLISH: EventKind.UNPUBLISHED,
}
#: What it says where a verb only proposes.
PROPOSAL_OF = {Verb.RESOLVE: EventKind.ANSWER_PROPOSED}
