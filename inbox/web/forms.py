"""The form of a verb: built from the table of actions, filled with what was typed, with errors next to the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from inbox.accounts.permissions import Permission, may
from inbox.actions.registry import ACTIONS
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.desk.workload import Workload, suggestion, workloads
from inbox.tickets import queries
from inbox.tickets.vocabulary import Category
from inbox.web import labels

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket
    from inbox.tickets.vocabulary import Verb

#: Messages of `Invalid` that people may meet in these forms.
_MESSAGES = (
    noop("This text is required"),
    noop("At most 10000 characters"),
    noop("No such person"),
    noop("No such unit"),
    noop("Not a date and time (expected ISO 8601)"),
    noop("This must be in the future"),
    noop("The ticket is already with this unit"),
    noop("This person does not work in the ticket's unit"),
    noop("More time has been asked for already"),
    noop("Nobody has asked for more time"),
    noop("No deadline is running"),
    noop("This must be later than the deadline, in working time"),
    noop("The policy knows no limit for several agencies"),
    noop("This ticket has the limit for several agencies already"),
    noop("No such field of work"),
    noop("The ticket has this field already"),
    noop("This ticket is not public"),
    noop("Everybody will read this: leave out phone numbers and e-mail addresses"),
    noop("Choose between 1 and 1000 tickets"),
    noop("No such ticket"),
    noop("A ticket cannot be linked to itself"),
    noop("Only tickets of the same unit can be linked"),
    noop("That ticket has ended"),
    noop("That ticket is linked to another one itself"),
    noop("This ticket is linked already"),
    noop("This ticket is not linked"),
    noop("Nobody has proposed an answer"),
    noop("One of the files has gone out already or does not belong here"),
    noop("Not the numbers of files"),
    noop("This file is empty"),
    noop("This file is too large (at most 20 MB)"),
    noop("This file is damaged"),
    noop("Files of this kind are not kept"),
    noop("There are enough files on this ticket"),
    noop("At most 200 characters"),
    noop("There are enough tasks on this ticket"),
    noop("This form is out of date"),
)


@dataclass(frozen=True, slots=True)
class Input:
    """One field. `kind`: text, official, unit, moment or ticket; `options` for people and units."""

    name: str
    kind: str
    label: labels.Words
    required: bool
    value: str = ""
    error: str = ""
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What a form has to know of its ticket, or has in common with all its tickets."""

    unit_id: int | None
    category: str
    version: int = 0
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class VerbForm:
    """A verb's form for one ticket at one version."""

    verb: Verb
    version: int
    inputs: Sequence[Input]
    error: str = ""
    seen: Seen | None = None

    @property
    def hint(self) -> labels.Words:
        return labels.HINT.get(self.verb, "")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the person saw when the form was drawn; it travels with the form, so that a conflict can show both sides."""

    status: str
    assignee: str
    due: str
    at: str

    @classmethod
    def of(cls, ticket: Ticket, *, now: datetime) -> Seen:
        due = ticket.next_due_at
        return cls(
            status=ticket.status,
            assignee=ticket.assignee.display_name if ticket.assignee else "",
            due=due.isoformat() if due else "",
            at=now.isoformat(),
        )

    @classmethod
    def sent(cls, data: Mapping[str, str]) -> Seen | None:
        """What came back with a form; None where there is nothing. Only ever shown to who sent it."""
        if not data.get("seen_at"):
            return None
        return cls(*(data.get(f"seen_{name}", "")[:200] for name in ("status", "assignee", "due", "at")))


def form_of(
    verb: Verb,
    ticket: Ticket,
    official: Official,
    *,
    now: datetime,
    data: Mapping[str, str] | None = None,
    invalid: Invalid | None = None,
) -> VerbForm:
    """The form, empty or with what was typed and what is wrong with it."""
    about = About(ticket.unit_id, ticket.category, ticket.version, Seen.of(ticket, now=now))
    return form_about(verb, about, official, data=data, invalid=invalid)


def form_about(
    verb: Verb,
    about: About,
    official: Official,
    *,
    data: Mapping[str, str] | None = None,
    invalid: Invalid | None = None,
) -> VerbForm:
    """The same for tickets of which only this is known."""
    data = data or {}
    inputs = []
    for field in ACTIONS[verb].fields:
        if field.kind == "files":
            continue
        options, suggested = _options(field.kind, about, official)
        inputs.append(
            Input(
                name=field.name,
                kind=field.kind,
                label=labels.field_label(verb, field.name),
                required=field.required,
                value=data.get(field.name, suggested),
                error=_(str(invalid)) if invalid and invalid.field == field.name else "",
                options=options,
            )
        )
    elsewhere = invalid is not None and not any(field.error for field in inputs)
    return VerbForm(verb, about.version, inputs, error=_(str(invalid)) if elsewhere else "", seen=about.seen)


def _options(kind: str, about: About, official: Official) -> tuple[Sequence[tuple[str, str]], str]:
    """What can be chosen, and what is suggested."""
    if kind == "unit":
        return queries.receiving_units(about.unit_id), ""
    if kind == "category":
        return [(one.value, str(labels.CATEGORY[one].words)) for one in Category if one != about.category], ""
    if kind != "official":
        return (), ""
    loads = workloads(about.unit_id, category=about.category, at=clock.now())
    if not may(official, Permission.ASSIGN_TICKET, unit_id=about.unit_id):
        loads = [load for load in loads if load.person == official]
    suggested = suggestion(loads) if len(loads) > 1 else None
    return (
        [(load.person.username, _with_load(load, is_suggested=load is suggested)) for load in loads],
        suggested.person.username if suggested else "",
    )


def _with_load(load: Workload, *, is_suggested: bool) -> str:
    """ "Nguyễn Thị Lan: 3 đang mở, 1 sắp đến hạn hoặc quá hạn (gợi ý)"."""
    words = _("%(name)s: %(open)s open, %(pressing)s due soon or late") % {
        "name": load.person.display_name,
        "open": load.open,
        "pressing": load.pressing,
    }
    return _("%(words)s (suggested)") % {"words": words} if is_suggested else words
