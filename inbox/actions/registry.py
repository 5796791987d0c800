"""The table of actions: what each verb needs and which function does it. API and forms read this table.

Turns what somebody typed or sent into typed arguments; the rules themselves stand in the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.add_note import add_note
from inbox.actions.assign_ticket import assign_ticket
from inbox.actions.base import clean_text
from inbox.actions.pause_ticket import pause_ticket
from inbox.actions.refuse_ticket import refuse_ticket
from inbox.actions.reopen_ticket import reopen_ticket
from inbox.actions.reply_to_citizen import reply_to_citizen
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.resume_ticket import resume_ticket
from inbox.actions.return_ticket import return_ticket
from inbox.actions.start_ticket import start_ticket
from inbox.actions.transfer_ticket import transfer_ticket
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.tickets import workflow
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit

Kind = Literal["text", "official", "unit", "moment"]


@dataclass(frozen=True, slots=True)
class Field:
    """One input of an action."""

    name: str
    kind: Kind
    required: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """A verb with its function, inputs and the permission it needs."""

    verb: Verb
    run: Callable[..., Ticket]
    permission: Permission
    fields: tuple[Field, ...] = ()


_TEXT, _REASON = Field("text", "text"), Field("reason", "text")
_W = Permission.WORK_TICKET
ACTIONS: dict[Verb, Action] = {
    action.verb: action
    for action in (
        Action(Verb.ACCEPT, accept_ticket, _W),
        Action(Verb.ASSIGN, assign_ticket, _W, (Field("assignee", "official"),)),
        Action(Verb.START, start_ticket, _W),
        Action(Verb.ADD_NOTE, add_note, _W, (_TEXT,)),
        Action(Verb.REPLY, reply_to_citizen, _W, (_TEXT,)),
        Action(Verb.RESOLVE, resolve_ticket, _W, (_TEXT,)),
        Action(Verb.RETURN, return_ticket, _W, (_REASON,)),
        Action(Verb.REFUSE, refuse_ticket, _W, (_REASON,)),
        Action(Verb.TRANSFER, transfer_ticket, Permission.TRANSFER_TICKET, (Field("unit", "unit"), _REASON)),
        Action(Verb.PAUSE, pause_ticket, _W, (_REASON, Field("until", "moment", required=False))),
        Action(Verb.RESUME, resume_ticket, _W),
        Action(Verb.REOPEN, reopen_ticket, Permission.REOPEN_TICKET, (_REASON,)),
    )
}


def perform(
    verb: Verb, ticket_id: int, *, actor: Official, data: Mapping[str, Any], version: int | None = None
) -> Ticket:
    """Do `verb` to a ticket. Raises the errors of `actions.base.acting_on`, and Invalid for a bad input."""
    action = ACTIONS[verb]
    unknown = set(data) - {field.name for field in action.fields}
    if unknown:
        raise Invalid("Unknown field", field=min(unknown))
    values = {field.name: _read(field, data.get(field.name)) for field in action.fields}
    return action.run(ticket_id, actor=actor, version=version, **values)


def possible_verbs(ticket: Ticket, official: Official) -> list[Verb]:
    """What this person can do to this ticket now: the buttons of the page."""
    return [
        verb
        for verb in workflow.possible(Status(ticket.status))
        if may(official, ACTIONS[verb].permission, unit_id=ticket.unit_id)
    ]


def _read(field: Field, value: Any) -> Any:
    if value in (None, "") and not field.required:
        return None
    return _READERS[field.kind](value, field.name)


def _read_official(value: Any, name: str) -> Official:
    by = {"pk": int(value)} if str(value).isdecimal() else {"username": str(value or "")}
    found = Official.objects.filter(is_active=True, **by).first()
    if found is None:
        raise Invalid("No such person", field=name)
    return found


def _read_unit(value: Any, name: str) -> Unit:
    found = Unit.objects.current(timezone.localdate(clock.now())).filter(code=str(value or "")).first()
    if found is None:
        raise Invalid("No such unit", field=name)
    return found


def _read_moment(value: Any, name: str) -> datetime:
    try:
        moment = parse_datetime(str(value))
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid("Not a date and time (expected ISO 8601)", field=name)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


_READERS: dict[Kind, Callable[[Any, str], Any]] = {
    "text": lambda value, name: clean_text(value, field=name),
    "official": _read_official,
    "unit": _read_unit,
    "moment": _read_moment,
}
