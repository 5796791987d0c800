"""What preview and ticket page show of one ticket, put together from the queries of several modules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inbox.accounts.permissions import Permission, may
from inbox.actions.registry import ACTIONS, possible_verbs
from inbox.core.masking import masked_email, masked_name, masked_phone
from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets import queries
from inbox.tickets.vocabulary import Verb
from inbox.web import deadlines, timeline, ward_map

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket

PREVIEW_EVENTS = 8
#: In the order of the buttons. Notes have their own field on the page; the rest folds away under "more".
MAIN_VERBS = (Verb.ACCEPT, Verb.RESOLVE, Verb.RESUME, Verb.REOPEN, Verb.ASSIGN, Verb.TRANSFER, Verb.PAUSE)
#: The one button that stands out, if it is possible; the first of these.
PRIMARY = (Verb.ACCEPT, Verb.RESOLVE, Verb.REOPEN)
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
    may_note: bool

    @property
    def any(self) -> bool:
        return bool(self.main or self.more)


def buttons_of(ticket: Ticket, official: Official) -> Buttons:
    """The possible verbs as buttons: up to four in the bar, the others folded away."""
    verbs = possible_verbs(ticket, official)
    primary = next((verb for verb in PRIMARY if verb in verbs), None)
    buttons = [
        Button(verb, primary=verb is primary, at_once=not ACTIONS[verb].fields)
        for verb in [*(v for v in MAIN_VERBS if v in verbs), *(v for v in verbs if v not in MAIN_VERBS)]
        if verb is not Verb.ADD_NOTE
    ]
    main = [button for button in buttons if button.verb in MAIN_VERBS][:MOST_MAIN]
    return Buttons(main, [button for button in buttons if button not in main], Verb.ADD_NOTE in verbs)


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


def preview_of(ticket: Ticket, official: Official, *, now: datetime) -> dict[str, Any]:
    """The preview pane of a ticket whose clocks are loaded: two statements more."""
    events = queries.history(ticket.pk, official)
    names = timeline.known_names(ticket, events)
    return {
        "deadline": deadlines.deadline_of(ticket, now=now),
        "cards": deadlines.cards_of(ticket, now=now),
        "buttons": buttons_of(ticket, official),
        "reporter": masked(ticket, official),
        "items": timeline.items(events[:PREVIEW_EVENTS], names=names),
        "events": len(events),
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


def page_of(code: str, official: Official, *, now: datetime) -> dict[str, Any]:
    """The whole ticket page. Raises NotFound."""
    ticket = queries.ticket(code, official)
    queries.load_clocks([ticket])
    events = queries.history(ticket.pk, official)
    entries = timeline.items(events, names=queries.names_in(events))
    return {
        "now": now,
        "ticket": ticket,
        "place": "ticket",
        "deadline": deadlines.deadline_of(ticket, now=now),
        "cards": deadlines.cards_of(ticket, now=now),
        "buttons": buttons_of(ticket, official),
        "reporter": masked(ticket, official),
        "refs": queries.refs_of(ticket.pk, official),
        "files": list(ticket.attachments.all()),
        "items": entries,
        "days": timeline.days(entries, now=now),
        "deliveries": deliveries_of(events),
        "may_retry": may(official, Permission.RETRY_DELIVERY, unit_id=ticket.unit_id),
        "may_enter": may(official, Permission.WORK_TICKET, unit_id=ticket.unit_id),
        "explained": deadlines.explained(ticket, now=now),
        "map": ward_map.map_of(ticket.unit.code if ticket.unit else "", ticket.lat, ticket.lng),
    }
