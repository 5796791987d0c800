"""The filters of the inbox as a person sees them: removable chips, and the fields of the filter form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from inbox.tickets.vocabulary import Category, Status
from inbox.web import labels, moments

if TYPE_CHECKING:
    from inbox.sources.models import Source

NONE, ME = "none", "me"
#: Never kept when a filter changes: they belong to the list as it was.
_OF_THE_OLD_LIST = ("after", "ticket")


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
        Chip(names[name], _value(name, str(params[name]), sources), _without(params, name))
        for name in params
        if name in names and params[name]
    ]


def fields(params: QueryDict, *, sources: Sequence[Source]) -> list[Choice]:
    """The fields of the filter form, with what is chosen now."""
    names = _names()
    options: dict[str, Sequence[tuple[str, labels.Words]]] = {
        "source": [(source.slug, source.label) for source in sources],
        "category": [(category, labels.CATEGORY[category].words) for category in Category],
        "status": [(status, labels.STATUS[status].words) for status in Status],
        "assignee": [(ME, _("Me")), (NONE, _("Nobody"))],
        "created_after": (),
        "due_before": (),
    }
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
    }


def _value(name: str, value: str, sources: Sequence[Source]) -> labels.Words:
    if name == "source":
        return next((source.label for source in sources if source.slug == value), value)
    if name in {"category", "status"}:
        return labels.label_of(name, value).words
    if name in {"assignee", "unit"}:
        return {ME: _("Me"), NONE: _("Nobody") if name == "assignee" else _("Not known")}.get(value, value)
    if name == "overdue":
        return _("Yes") if value in {"true", "1"} else _("No")
    moment = parse_datetime(value)
    return moments.date(moment) if moment else value


def _without(params: QueryDict, name: str) -> str:
    rest = params.copy()
    for gone in (name, *_OF_THE_OLD_LIST):
        rest.pop(gone, None)
    return "?" + rest.urlencode()
