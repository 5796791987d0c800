"""Reading exports: only one's own. Auditors also see whose there are and who took them, without the files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Count, QuerySet
from django.http import QueryDict

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.accounts.scope import reach_of
from inbox.accounts.vocabulary import Role
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.reports.models import Export
from inbox.reports.vocabulary import ExportState
from inbox.tickets import queries as tickets
from inbox.tickets.filters import TicketFilter
from inbox.tickets.models import Ticket

#: As many as a page shows; older ones are of no use, their files are gone.
SHOWN = 100
#: Rows are counted no further than this for somebody who is about to ask.
COUNTED = 1_000_000
#: What narrows a list that is taken out: the filters of the inbox, and its views.
PARAMETERS = frozenset(TicketFilter.base_filters) - {"ordering"} | {"view"}


def exports(official: Official) -> QuerySet[Export]:
    """One's own, newest first. Raises NotAllowed."""
    require(official)
    return Export.objects.filter(asked_by=official).exclude(state=ExportState.DELETED).order_by("-pk")


def export(key: uuid.UUID, official: Official) -> Export:
    """One of one's own. Raises NotAllowed, NotFound."""
    found = exports(official).filter(key=key).first()
    if found is None:
        raise NotFound("No such export")
    return found


def unseen(official: Official) -> tickets.CountUpTo:
    """How many files are ready that the person has not seen in the list yet, counted within another statement."""
    return tickets.CountUpTo(Export.objects.filter(asked_by=official, state=ExportState.DONE, seen_at=None))


def everybodys(official: Official) -> QuerySet[Export]:
    """Who took out what, with `.taken`, for auditors. Raises NotAllowed."""
    if not audits(official):
        raise NotAllowed("only auditors see everybody's exports")
    return Export.objects.select_related("asked_by").annotate(taken=Count("downloads")).order_by("-pk")


def audits(official: Official) -> bool:
    """Whether the person sees who took out what."""
    return any(role is Role.AUDITOR for role, _unit in official.roles())


def require(official: Official) -> None:
    """Raises NotAllowed."""
    if not may(official, Permission.EXPORT):
        raise NotAllowed(f"{Permission.EXPORT} is not granted")


def narrowed(parameters: QueryDict, *, official: Official, at: datetime) -> QuerySet[Ticket]:
    """The tickets that somebody may take out, as far as the filters let them through, by key.

    Raises NotAllowed, and Invalid naming the parameter that is wrong.
    """
    require(official)
    for name in sorted(set(parameters) - PARAMETERS):
        raise Invalid("There is no such filter.", field=name[:50])
    try:
        view = tickets.View(parameters.get("view") or tickets.View.ALL)
    except ValueError:
        raise Invalid("There is no such view", field="view") from None
    found = tickets.narrowed(parameters, view, official=official, at=at, also_allowed={"view"})
    return found.filter(reach_of(official, permission=Permission.EXPORT).condition()).order_by("pk")


def query_of(parameters: Mapping[str, Sequence[str]]) -> QueryDict:
    """Stored filters as the inbox reads them."""
    query = QueryDict(mutable=True)
    for name, values in parameters.items():
        query.setlist(name, list(values))
    return query
