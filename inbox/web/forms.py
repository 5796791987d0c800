"""The form of a verb: built from the table of actions, filled with what was typed, with errors next to the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from inbox.accounts.permissions import Permission, may
from inbox.accounts.queries import workers_of_unit
from inbox.actions.registry import ACTIONS
from inbox.core.errors import Invalid
from inbox.tickets import queries
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
)


@dataclass(frozen=True, slots=True)
class Input:
    """One field. `kind`: text, official, unit or moment; `options` for the two in the middle."""

    name: str
    kind: str
    label: labels.Words
    required: bool
    value: str = ""
    error: str = ""
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class VerbForm:
    """A verb's form for one ticket at one version."""

    verb: Verb
    version: int
    inputs: Sequence[Input]
    error: str = ""

    @property
    def hint(self) -> labels.Words:
        return labels.HINT.get(self.verb, "")


def form_of(
    verb: Verb,
    ticket: Ticket,
    official: Official,
    *,
    data: Mapping[str, str] | None = None,
    invalid: Invalid | None = None,
) -> VerbForm:
    """The form, empty or with what was typed and what is wrong with it."""
    data = data or {}
    inputs = [
        Input(
            name=field.name,
            kind=field.kind,
            label=labels.field_label(verb, field.name),
            required=field.required,
            value=data.get(field.name, ""),
            error=_(str(invalid)) if invalid and invalid.field == field.name else "",
            options=_options(field.kind, ticket, official),
        )
        for field in ACTIONS[verb].fields
    ]
    elsewhere = invalid is not None and not any(field.error for field in inputs)
    return VerbForm(verb, ticket.version, inputs, error=_(str(invalid)) if elsewhere else "")


def _options(kind: str, ticket: Ticket, official: Official) -> Sequence[tuple[str, str]]:
    if kind == "unit":
        return [(unit.code, unit.name) for unit in queries.receiving_units(ticket)]
    if kind != "official":
        return ()
    people = list(workers_of_unit(ticket.unit_id))
    if not may(official, Permission.ASSIGN_TICKET, unit_id=ticket.unit_id):
        people = [person for person in people if person == official]
    return [(person.username, person.display_name) for person in people]
