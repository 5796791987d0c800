"""One act on many tickets, as the page sees it: which verbs each row allows, what was chosen, what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.accounts.permissions import may
from inbox.actions.registry import ACTIONS
from inbox.bulk.vocabulary import BULK_VERBS, ItemState
from inbox.core.errors import Invalid
from inbox.tickets import workflow
from inbox.tickets.vocabulary import Status, Verb
from inbox.web import labels

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket
    from inbox.tickets.queries import Line

#: Why an act on one of many tickets was refused.
REASON = {
    "stale_version": gettext_lazy("Somebody has changed it meanwhile"),
    "illegal_move": gettext_lazy("Not possible in this state"),
    "not_allowed": gettext_lazy("Your role does not allow this here"),
    "not_found": gettext_lazy("No longer with your unit"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Tickets with the versions that were on the page."""

    tickets: list[tuple[int, int]]
    is_whole_list: bool


def verbs_of(tickets: Sequence[Ticket | Line], official: Official) -> dict[int, list[Verb]]:
    """What this person may do to each ticket together with others. No query."""
    allowed: dict[tuple[Any, Any, bool], list[Verb]] = {}
    found = {}
    for ticket in tickets:
        key = (ticket.unit_id, ticket.status, ticket.assignee_id is None)
        if key not in allowed:
            allowed[key] = [verb for verb in BULK_VERBS if _possible(verb, ticket, official)]
        found[ticket.pk] = allowed[key]
    return found


def _possible(verb: Verb, ticket: Ticket | Line, official: Official) -> bool:
    return (
        workflow.can(verb, Status(ticket.status))
        and may(official, ACTIONS[verb].permission, unit_id=ticket.unit_id)
        and (verb is not Verb.CLAIM or ticket.assignee_id is None)
    )


def offered(verbs: Iterable[Collection[Verb]]) -> list[Verb]:
    """The verbs of the bar: those that at least one ticket of the page allows."""
    possible = {verb for one in verbs for verb in one}
    return [verb for verb in BULK_VERBS if verb in possible]


def chosen(posted: QueryDict) -> Chosen:
    """The ticked rows, `key:version` each, and those of `tickets`, all in one field. Raises Invalid."""
    tickets = []
    values = [value for value in posted.get("tickets", "").split(",") if value]
    for value in [*posted.getlist("ticket"), *values]:
        pk, _colon, version = value.partition(":")
        if not (pk.isdecimal() and version.isdecimal() and len(value) < 30):
            raise Invalid("Not a ticket of the list", field="ticket")
        tickets.append((int(pk), int(version)))
    return Chosen(tickets, is_whole_list=posted.get("all") == "1")


def verb_of(posted: QueryDict) -> Verb:
    """The verb of the button. Raises Invalid."""
    try:
        verb = Verb(posted.get("verb", ""))
    except ValueError:
        raise Invalid("There is no such action", field="verb") from None
    if verb not in BULK_VERBS:
        raise Invalid("This is done one ticket at a time", field="verb")
    return verb


def reason(item: Any) -> labels.Words:
    """Why an act on one ticket was refused, in words."""
    return REASON.get(item.reason_code) or (_(item.reason_detail) if item.reason_detail else item.reason_code)


def summary(progress: Any) -> str:
    """ "498 phiếu xong, 2 phiếu không thực hiện được"."""
    done = progress.counts[ItemState.DONE]
    undone, failed = progress.counts[ItemState.UNDONE], progress.counts[ItemState.FAILED]
    parts = [_("%(count)s done") % {"count": done}]
    if undone:
        parts.append(_("%(count)s undone") % {"count": undone})
    if failed:
        parts.append(_("%(count)s not possible") % {"count": failed})
    return ", ".join(parts)
