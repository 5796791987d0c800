"""The table of actions: what each verb needs and which function does it. API and forms read this table.

Turns what somebody typed or sent into typed arguments; the rules themselves stand in the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.add_note import add_note
from inbox.actions.approve_answer import approve_answer
from inbox.actions.approve_extension import approve_extension
from inbox.actions.assign_ticket import assign_ticket
from inbox.actions.base import clean_text
from inbox.actions.change_category import change_category
from inbox.actions.claim_ticket import claim_ticket
from inbox.actions.extend_ticket import extend_ticket
from inbox.actions.link_ticket import link_ticket
from inbox.actions.mark_read import mark_read
from inbox.actions.mark_several_agencies import mark_several_agencies
from inbox.actions.pause_ticket import pause_ticket
from inbox.actions.publish_ticket import publish_ticket
from inbox.actions.refuse_extension import refuse_extension
from inbox.actions.refuse_ticket import refuse_ticket
from inbox.actions.reopen_ticket import reopen_ticket
from inbox.actions.reply_to_citizen import reply_to_citizen
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.resume_ticket import resume_ticket
from inbox.actions.return_ticket import return_ticket
from inbox.actions.send_back_answer import send_back_answer
from inbox.actions.start_ticket import start_ticket
from inbox.actions.transfer_ticket import transfer_ticket
from inbox.actions.undo import UNDO_FOR, UNDOABLE, before_act, keep_step
from inbox.actions.unlink_ticket import unlink_ticket
from inbox.actions.unpublish_ticket import unpublish_ticket
from inbox.actions.urge_ticket import urge_ticket
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.desk.models import UndoStep
from inbox.sla.queries import is_more_time_asked
from inbox.tickets import workflow
from inbox.tickets.models import Ticket, pk_of
from inbox.tickets.vocabulary import Category, Status, Verb
from inbox.units.models import Unit

Kind = Literal["text", "official", "unit", "moment", "ticket", "files", "category"]


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
_FILES = Field("files", "files", required=False)
_W = Permission.WORK_TICKET
ACTIONS: dict[Verb, Action] = {
    action.verb: action
    for action in (
        Action(Verb.ACCEPT, accept_ticket, _W),
        Action(Verb.ASSIGN, assign_ticket, _W, (Field("assignee", "official"),)),
        Action(Verb.CLAIM, claim_ticket, _W),
        Action(Verb.START, start_ticket, _W),
        Action(Verb.ADD_NOTE, add_note, _W, (_TEXT,)),
        Action(Verb.REPLY, reply_to_citizen, _W, (_TEXT, _FILES)),
        Action(Verb.RESOLVE, resolve_ticket, _W, (_TEXT, _FILES)),
        Action(Verb.RETURN, return_ticket, _W, (_REASON,)),
        Action(Verb.REFUSE, refuse_ticket, _W, (_REASON,)),
        Action(Verb.TRANSFER, transfer_ticket, Permission.TRANSFER_TICKET, (Field("unit", "unit"), _REASON)),
        Action(Verb.PAUSE, pause_ticket, _W, (_REASON, Field("until", "moment", required=False))),
        Action(Verb.RESUME, resume_ticket, _W),
        Action(Verb.REOPEN, reopen_ticket, Permission.REOPEN_TICKET, (_REASON,)),
        Action(Verb.EXTEND, extend_ticket, _W, (Field("until", "moment"), _REASON)),
        Action(Verb.APPROVE_EXTENSION, approve_extension, Permission.APPROVE_EXTENSION),
        Action(Verb.REFUSE_EXTENSION, refuse_extension, Permission.APPROVE_EXTENSION, (_REASON,)),
        Action(Verb.MARK_SEVERAL_AGENCIES, mark_several_agencies, _W, (_REASON,)),
        Action(
            Verb.CHANGE_CATEGORY,
            change_category,
            _W,
            (Field("category", "category"), Field("reason", "text", required=False)),
        ),
        Action(Verb.URGE, urge_ticket, Permission.URGE, (_REASON,)),
        Action(
            Verb.APPROVE, approve_answer, Permission.APPROVE_ANSWER, (Field("text", "text", required=False), _FILES)
        ),
        Action(Verb.SEND_BACK, send_back_answer, Permission.APPROVE_ANSWER, (_REASON,)),
        Action(Verb.LINK, link_ticket, _W, (Field("main", "ticket"),)),
        Action(Verb.UNLINK, unlink_ticket, _W),
        Action(Verb.PUBLISH, publish_ticket, Permission.PUBLISH_TICKET, (_TEXT,)),
        Action(Verb.UNPUBLISH, unpublish_ticket, Permission.PUBLISH_TICKET),
    )
}

_ABOUT_EXTENSION = frozenset({Verb.EXTEND, Verb.APPROVE_EXTENSION, Verb.REFUSE_EXTENSION})


def perform(
    verb: Verb, ticket_id: int, *, actor: Official, data: Mapping[str, Any], version: int | None = None
) -> Ticket:
    """Do `verb` to a ticket. Raises the errors of `actions.base.acting_on`, and Invalid for a bad input."""
    return ACTIONS[verb].run(ticket_id, actor=actor, version=version, **inputs(verb, data))


def perform_undoably(
    verb: Verb,
    ticket_id: int,
    *,
    actor: Official,
    data: Mapping[str, Any],
    version: int | None = None,
    within: timedelta = UNDO_FOR,
    is_shown: bool = False,
) -> tuple[Ticket, UndoStep | None]:
    """Like `perform`, and for verbs that can be undone the way back, open for `within`: messages wait that long.

    `is_shown`: the person is shown what becomes of the ticket, and has thereby read it.
    """
    with transaction.atomic():
        before = before_act(verb, ticket_id) if verb in UNDOABLE else None
        ticket = perform(verb, ticket_id, actor=actor, data=data, version=version)
        step = keep_step(before, ticket, verb=verb, actor=actor, within=within) if before else None
        if is_shown:
            mark_read(ticket.pk, ticket.version, actor=actor)
    return ticket, step


def inputs(verb: Verb, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the action of `verb` takes, read from what was typed or sent. Raises Invalid naming the field."""
    fields = ACTIONS[verb].fields
    unknown = set(data) - {field.name for field in fields}
    if unknown:
        raise Invalid("Unknown field", field=min(unknown))
    return {field.name: _read(field, data.get(field.name)) for field in fields}


def possible_verbs(ticket: Ticket, official: Official) -> list[Verb]:
    """What this person can do to this ticket now: the buttons of the page."""
    verbs = [
        verb
        for verb in workflow.possible(Status(ticket.status))
        if may(official, ACTIONS[verb].permission, unit_id=ticket.unit_id)
        and (verb is not Verb.CLAIM or ticket.assignee_id is None)
        and verb is not (Verb.UNLINK if ticket.main_id is None else Verb.LINK)
        and (verb is not Verb.UNPUBLISH or ticket.published_at is not None)
    ]
    if _ABOUT_EXTENSION.isdisjoint(verbs):
        return verbs
    useless = {Verb.EXTEND} if is_more_time_asked(ticket) else {Verb.APPROVE_EXTENSION, Verb.REFUSE_EXTENSION}
    return [verb for verb in verbs if verb not in useless]


def _read(field: Field, value: Any) -> Any:
    if value in (None, "") and not field.required:
        return [] if field.kind == "files" and value == "" else None
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


def _read_category(value: Any, name: str) -> Category:
    try:
        return Category(str(value or ""))
    except ValueError:
        raise Invalid("No such field of work", field=name) from None


def _read_ticket(value: Any, name: str) -> int:
    """The key behind a code. Whether there is such a ticket for this person, the action says."""
    pk = pk_of(str(value or ""))
    if pk is None:
        raise Invalid("No such ticket", field=name)
    return pk


def _read_files(value: Any, name: str) -> list[int]:
    """Keys with commas between them, as forms and the API send several values in one text."""
    keys = [key.strip() for key in str(value).split(",") if key.strip()]
    if not all(key.isdecimal() and len(key) < 19 for key in keys):
        raise Invalid("Not the numbers of files", field=name)
    return [int(key) for key in keys]


_READERS: dict[Kind, Callable[[Any, str], Any]] = {
    "text": lambda value, name: clean_text(value, field=name),
    "official": _read_official,
    "unit": _read_unit,
    "moment": _read_moment,
    "ticket": _read_ticket,
    "category": _read_category,
    "files": _read_files,
}
