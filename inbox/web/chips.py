"""The filters of the inbox as a person sees them: removable chips, and the fields of the filter form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from inbox.tickets.filters import SLA_STATES
from inbox.tickets.queries import receiving_units, sees_city
from inbox.tickets.vocabulary import Category, Status
from inbox.web import labels, moments

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.sources.models import Source

DAYS_OF_FIGURE = ("first", "last")
NONE, ME = "none", "me"
#: Never kept when a filter changes: they belong to the list as it was.
_OF_THE_OLD_LIST = ("after", "ticket", "saved")


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on, and the address of the list without it."""

    name: str
    value: labels.Words
    without: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of the filter form. Without options it takes a date."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, labels.Words]] = ()


def chips(params: QueryDict, *, sources: Sequence[Source]) -> list[Chip]:
    """The filters that are on, in the order of the address. Search words are not a chip: they stand in their field."""
    names = _names()
    return [
        Chip(names[name], f"{_value(name, value, sources)}{_days(name, params)}", _without(params, name, value))
        for name in params
        if name in names
        for value in params.getlist(name)
        if value
    ]


def fields(params: QueryDict, *, sources: Sequence[Source], official: Official) -> list[Choice]:
    """The fields of the filter form, with what is chosen now."""
    names = _names()
    options: dict[str, Sequence[tuple[str, labels.Words]]] = {
        "source": [(source.slug, source.label) for source in sources],
        "category": [(category, labels.CATEGORY[category].words) for category in Category],
        "status": [(status, labels.STATUS[status].words) for status in Status],
        "sla": [(state, labels.SLA[state].words) for state in SLA_STATES],
        "assignee": [(ME, _("Me")), (NONE, _("Nobody"))],
        "created_after": (),
        "created_before": (),
        "due_after": (),
        "due_before": (),
        "updated_after": (),
    }
    if sees_city(official):
        options["unit"] = [(NONE, _("Not known")), *receiving_units(None)]
    return [Choice(name, names[name], params.get(name, ""), values) for name, values in options.items()]


def _names() -> dict[str, str]:
    return {
        "source": _("Source"),
        "category": _("Field"),
        "status": _("Status"),
        "assignee": _("Assignee"),
        "unit": _("Unit"),
        "sla": _("Deadline"),
        "overdue": _("Overdue"),
        "created_after": _("Received from"),
        "created_before": _("Received before"),
        "updated_after": _("Changed from"),
        "due_after": _("Due from"),
        "due_before": _("Due before"),
        "figure": _("Figure"),
    }


def _value(name: str, value: str, sources: Sequence[Source]) -> labels.Words:
    if name == "source":
        return next((source.label for source in sources if source.slug == value), value)
    if name in {"category", "status", "sla"}:
        return labels.label_of(name, value).words
    if name in {"assignee", "unit"}:
        return {ME: _("Me"), NONE: _("Nobody") if name == "assignee" else _("Not known")}.get(value, value)
    if name == "overdue":
        return _("Yes") if value in {"true", "1"} else _("No")
    if name == "figure":
        return str(labels.label_of("figure", value).words)
    moment = parse_datetime(value)
    return moments.date(moment) if moment else value


def _days(name: str, params: QueryDict) -> str:
    """The days that belong to a figure; they go with it."""
    days = [parse_date(params.get(day, "")) for day in DAYS_OF_FIGURE] if name == "figure" else []
    return ", " + " – ".join(f"{day:%d/%m/%Y}" for day in days if day) if any(days) else ""


def _without(params: QueryDict, name: str, value: str) -> str:
    rest = params.copy()
    for gone in (*_OF_THE_OLD_LIST, *(DAYS_OF_FIGURE if name == "figure" else ())):
        rest.pop(gone, None)
    rest.setlist(name, [other for other in params.getlist(name) if other != value])
    return "?" + rest.urlencode()
