"""What preview and ticket page show of one ticket, put together from the queries of several modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inbox.accounts.permissions import Permission, may
from inbox.actions.registry import ACTIONS, possible_verbs
from inbox.actions.view_original import may_view_original
from inbox.core.masking import masked_email, masked_name, masked_phone
from inbox.desk import queries as desk
from inbox.outbox.queries import open_differences
from inbox.outbox.vocabulary import DeliveryState
from inbox.sla import queries as promises
from inbox.sla.foresight import outlook
from inbox.tickets import queries
from inbox.tickets.vocabulary import Verb
from inbox.web import deadlines, timeline, ward_map
from inbox.web.sides import sides

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket

PREVIEW_EVENTS = 8
#: In the order of the buttons. Notes have their own field on the page; the rest folds away under "more".
MAIN_VERBS = (
    Verb.ACCEPT,
    Verb.APPROVE,
    Verb.SEND_BACK,
    Verb.RESOLVE,
    Verb.RESUME,
    Verb.REOPEN,
    Verb.ASSIGN,
    Verb.TRANSFER,
    Verb.PAUSE,
    Verb.URGE,
)
#: The one button that stands out, if it is possible; the first of these.
PRIMARY = (Verb.ACCEPT, Verb.APPROVE, Verb.RESOLVE, Verb.REOPEN, Verb.URGE)
#: Pressed where the request stands, beside its reason.
BESIDE_REQUEST = (Verb.APPROVE_EXTENSION, Verb.REFUSE_EXTENSION)
MOST_MAIN = 4


@dataclass(frozen=True, slots=True)
class Button:
    """A verb as a button: a form of its own when it needs words, else pressed at once."""

    verb: Verb
    primary: bool
    at_once: bool


@dataclass(frozen=True, slots=True)
class Masked:
    """The citizen as everybody may see them."""

    name: str
    phone: str
    email: str
    is_anonymous: bool
    may_reveal: bool

    @property
    def phone_end(self) -> str:
        return self.phone[-2:]


@dataclass(frozen=True, slots=True)
class Buttons:
    """What can be done to a ticket now."""

    main: list[Button]
    more: list[Button]
    on_request: list[Button]
    may_note: bool

    @property
    def any(self) -> bool:
        return bool(self.main or self.more)


def buttons_of(ticket: Ticket, official: Official) -> Buttons:
    """The possible verbs as buttons: up to four in the bar, the others folded away."""
    verbs = possible_verbs(ticket, official)
    primary = next((verb for verb in PRIMARY if verb in verbs), None)
    buttons = [
        _button(verb, primary=verb is primary)
        for verb in [*(v for v in MAIN_VERBS if v in verbs), *(v for v in verbs if v not in MAIN_VERBS)]
        if verb is not Verb.ADD_NOTE and verb not in BESIDE_REQUEST
    ]
    main = [button for button in buttons if button.verb in MAIN_VERBS][:MOST_MAIN]
    return Buttons(
        main=main,
        more=[button for button in buttons if button not in main],
        on_request=[_button(verb) for verb in BESIDE_REQUEST if verb in verbs],
        may_note=Verb.ADD_NOTE in verbs,
    )


def _button(verb: Verb, *, primary: bool = False) -> Button:
    return Button(verb, primary=primary, at_once=not ACTIONS[verb].fields)


def masked(ticket: Ticket, official: Official) -> Masked:
    """The reporter of a ticket, masked; of anonymous ones nothing."""
    reporter = ticket.reporter
    if reporter.is_anonymous:
        return Masked("", "", "", is_anonymous=True, may_reveal=False)
    return Masked(
        name=masked_name(reporter.name),
        phone=masked_phone(reporter.phone),
        email=masked_email(reporter.email),
        is_anonymous=False,
        may_reveal=may(official, Permission.REVEAL_REPORTER, unit_id=ticket.unit_id),
    )


def previewed(code: str, official: Official) -> Ticket:
    """A ticket with what `preview_of` needs, in one statement. Raises NotFound."""
    return queries.ticket(code, official, promises.asked_part, queries.events_part)


def preview_of(
    ticket: Ticket, official: Official, clocks: Sequence[deadlines.AnyClock], *, now: datetime
) -> dict[str, Any]:
    """The preview pane of a ticket of `previewed`: two statements more."""
    events = queries.newest_events(ticket.pk, official, most=PREVIEW_EVENTS)
    names = timeline.known_names(ticket, events)
    return {
        "deadline": deadlines.deadline_of(ticket, clocks, now=now),
        "cards": deadlines.cards_of(clocks, now=now),
        "buttons": buttons_of(ticket, official),
        "reporter": masked(ticket, official),
        "items": timeline.items(events, names=names),
        "events": ticket.event_count,  # type: ignore[attr-defined]
        "main_code": queries.code_of(ticket.main_id) if ticket.main_id else "",
    }


def deliveries_of(events: Any) -> list[Any]:
    """The messages that went out because of these events, newest first; per reference only what still matters.

    What was delivered long ago is told by the timeline; here stand the newest message of each source and every
    message that somebody has to do something about.
    """
    seen: set[int] = set()
    found = []
    for event in events:
        for message in event.outbox.all():
            open_matter = message.state in {DeliveryState.DEAD, DeliveryState.BY_HAND}
            if open_matter or message.ref_id not in seen:
                found.append(message)
            seen.add(message.ref_id)
    return found


def page_of(code: str, official: Official, *, now: datetime, show: str = "all") -> dict[str, Any]:
    """The whole ticket page, its history narrowed to `show`. Raises NotFound."""
    ticket = queries.ticket(code, official, queries.parts_of_ticket, promises.parts_of_ticket, desk.parts_of_ticket)
    promises.load_promises(ticket)
    events = queries.history(ticket.pk, official)
    files = queries.files_of(ticket)
    entries = timeline.items(events, names=queries.names_in(events), files=files)
    tasks = desk.tasks_of(ticket)
    may_work = may(official, Permission.WORK_TICKET, unit_id=ticket.unit_id)
    return {
        "now": now,
        "ticket": ticket,
        "place": "ticket",
        "deadline": deadlines.deadline_of(ticket, ticket.clocks.all(), now=now),
        "cards": deadlines.cards_of(ticket.clocks.all(), now=now),
        "buttons": buttons_of(ticket, official),
        "reporter": masked(ticket, official),
        "refs": queries.refs_of(ticket),
        "files": files,
        "linked": queries.linked_to(ticket),
        "main_code": queries.code_of(ticket.main_id) if ticket.main_id else "",
        "tasks": tasks,
        "tasks_done": sum(task.done_at is not None for task in tasks),
        "items": entries,
        "days": timeline.days(timeline.narrowed(entries, show), now=now),
        "show": show,
        "shows": timeline.counts(entries),
        "deliveries": deliveries_of(events),
        "evidence": evidence_of(events),
        "differences": sides(open_differences(ticket.pk, official), events),
        "may_retry": may(official, Permission.RETRY_DELIVERY, unit_id=ticket.unit_id),
        "may_enter": may_work,
        "may_work": may_work,
        "may_view_original": may_view_original(ticket, official),
        "directions": directions(ticket),
        "explained": deadlines.explained(ticket, now=now),
        "more_time": promises.more_time_asked(ticket),
        "outlook": outlook(ticket, at=now, calendars=deadlines.calendars()),
        "map": ward_map.map_of(ticket.unit.code if ticket.unit else "", ticket.lat, ticket.lng),
    }


def directions(ticket: Ticket) -> str:
    """An address that opens the way there in the map of a phone or computer; "" when the place is not known exactly."""
    if ticket.lat is None or ticket.lng is None:
        return ""
    return f"https://www.google.com/maps/dir/?api=1&destination={ticket.lat:.6f},{ticket.lng:.6f}"


def evidence_of(events: Any) -> list[Any]:
    """The records of evidence about these events' messages, oldest first, each with its source."""
    found = []
    for event in events:
        for message in event.outbox.all():
            record = getattr(message, "evidence", None)
            if record is not None:
                record.source = message.source
                found.append(record)
    return sorted(found, key=lambda record: record.pk)
