"""Reading what officials have at hand: replies that fit a ticket, drafts, tasks, who else is there, and the lists that
somebody keeps, one's own and the unit's, with how much there is in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import QueryDict

from inbox.accounts.models import Official
from inbox.accounts.permissions import TABLE, Permission
from inbox.accounts.queries import standing, workers_of_unit
from inbox.accounts.vocabulary import Role
from inbox.core.errors import Invalid, NotFound
from inbox.core.nested import Nested, instances
from inbox.core.statements import rows_of
from inbox.desk.models import CannedReply, Draft, Follow, Presence, SavedView, Task, TaskTemplate, UnitRule
from inbox.tickets.models import Ticket
from inbox.tickets.queries import View, narrowed
from inbox.tickets.vocabulary import Verb

#: As many as fit beside the list; also what one page counts at most.
SHOWN = 15
#: Parameters of a list that are not filters.
OF_LISTS = ("view", "ordering")

#: A page says every ten seconds that it is open; who has not for this long is gone.
EXPIRES = timedelta(seconds=35)
MOST_SUGGESTED = 8


def needs_approval(unit_id: int | None) -> bool:
    """Whether an officer's final answer waits for a leader in this unit."""
    return UnitRule.objects.filter(unit=unit_id, needs_approval=True).exists() if unit_id is not None else False


# --- Ready-made replies -----------------------------------------------------------------------------------------------


def replies_for(ticket: Ticket) -> list[CannedReply]:
    """The replies that fit a ticket: of its unit before those of the city, of its field before general ones."""
    fits = CannedReply.objects.filter(
        Q(unit=ticket.unit_id) | Q(unit__isnull=True), is_active=True, category__in=[ticket.category, ""]
    )
    return sorted(fits, key=lambda reply: (reply.category == "", reply.unit_id is None, -reply.uses, reply.title))


def reply_for(pk: int, ticket: Ticket) -> CannedReply | None:
    """One of them."""
    return next((reply for reply in replies_for(ticket) if reply.pk == pk), None)


def count_use(pk: int) -> None:
    """A reply was put into a message: what is used most stands on top."""
    CannedReply.objects.filter(pk=pk).update(uses=F("uses") + 1)


def managed_units(official: Official) -> list[Any]:
    """The units whose desk somebody looks after."""
    return [m.unit for m in official.memberships_now if m.unit and Permission.MANAGE_DESK in TABLE[Role(m.role)]]


def manages_city(official: Official) -> bool:
    """Whether somebody looks after what holds for every unit."""
    return any(role is Role.ADMIN for role, _unit in official.roles())


def replies_to_manage(official: Official) -> QuerySet[CannedReply]:
    """The replies that somebody may change."""
    mine = Q(unit__in=managed_units(official))
    if manages_city(official):
        mine |= Q(unit__isnull=True)
    return CannedReply.objects.filter(mine).select_related("unit").order_by("unit__name", "category", "title")


def rules_of(units: list[Any]) -> dict[int, bool]:
    """By unit, whether answers wait for a leader."""
    return dict(UnitRule.objects.filter(unit__in=units).values_list("unit_id", "needs_approval"))


# --- Tasks ------------------------------------------------------------------------------------------------------------


def task_lines(category: str, unit_id: int | None) -> list[str]:
    """What has to be done in a field: the unit's own list, else the city's."""
    rows = TaskTemplate.objects.filter(Q(unit=unit_id) | Q(unit__isnull=True), category=category)
    found = list(rows.order_by("position", "pk").values_list("unit_id", "words"))
    own = [words for unit, words in found if unit is not None]
    return own or [words for _unit, words in found]


def task_lists(unit_id: int | None) -> Mapping[str, list[str]]:
    """The lists of a unit (or, None, of the city) by field."""
    lists: dict[str, list[str]] = {}
    rows = TaskTemplate.objects.filter(unit=unit_id).order_by("category", "position", "pk")
    for category, words in rows.values_list("category", "words"):
        lists.setdefault(category, []).append(words)
    return lists


def tasks_of(ticket: Ticket) -> list[Task]:
    """Its tasks in order, each with `.doer`, who ticked it off. For a ticket with `parts_of_ticket`."""
    return instances(Task, ticket.task_rows)  # type: ignore[attr-defined]


def parts_of_ticket(official: Official) -> dict[str, Any]:
    """Annotations for a ticket that is shown on its own: its tasks, and whether one follows it."""
    tasks = Task.objects.filter(ticket=OuterRef("pk")).order_by("position", "pk")
    doer = Coalesce(NullIf("done_by__full_name", Value("")), "done_by__username")
    return {
        "task_rows": Nested(tasks, "id", "ticket_id", "position", "words", "done_at", doer=doer),
        "is_followed": Exists(Follow.objects.filter(ticket=OuterRef("pk"), official=official)),
    }


# --- Drafts and presence ----------------------------------------------------------------------------------------------


def draft_of(ticket_id: int, verb: Verb, official: Official) -> Draft | None:
    """What one has typed into a form and not sent."""
    return Draft.objects.filter(ticket=ticket_id, official=official, verb=verb).first()


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody else who has the ticket open."""

    name: str
    is_typing: bool


def others_at(ticket_id: int, official: Official, *, at: datetime) -> list[Colleague]:
    """Who else has the ticket open, whoever writes first."""
    rows = Presence.objects.filter(ticket=ticket_id, seen_at__gt=at - EXPIRES).exclude(official=official)
    found = [
        Colleague(row.official.display_name, row.typing_at is not None and row.typing_at > at - EXPIRES)
        for row in rows.select_related("official").order_by("official__full_name", "pk")
    ]
    return sorted(found, key=lambda colleague: not colleague.is_typing)


def colleagues_to_mention(ticket: Ticket, official: Official, typed: str) -> list[Official]:
    """People of the ticket's unit whose name or user name begins like `typed`: all of them see the ticket."""
    found = workers_of_unit(ticket.unit_id).exclude(pk=official.pk)
    if typed:
        found = found.filter(Q(username__istartswith=typed) | Q(full_name__icontains=typed))
    return list(found[:MOST_SUGGESTED])


# --- Lists ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved view as the menu shows it. `tickets` is None when its parameters mean nothing any more."""

    pk: int
    name: str
    params: str
    is_own: bool
    is_shared: bool
    tickets: QuerySet[Ticket] | None

    @property
    def key(self) -> str:
        """Under which name it is counted."""
        return f"saved_{self.pk}"


def saved_views(official: Official, *, at: datetime) -> list[Kept]:
    """What this person sees of saved views, by name, each with its tickets to be counted."""

    def compose() -> QuerySet[Any, Any]:
        mine = SavedView.objects.visible_to(official).order_by("name", "pk")
        return mine.values_list("pk", "name", "params", "owner_id", "shared_with_id")[:SHOWN]

    return [
        Kept(
            pk=pk,
            name=name,
            params=params,
            is_own=owner_id == official.pk,
            is_shared=unit_id is not None,
            tickets=_tickets(params, official, at=at),
        )
        for pk, name, params, owner_id, unit_id in rows_of(("saved", *standing(official)), compose)
    ]


def saved_view(pk: int, official: Official) -> SavedView:
    """A saved view of this person or their unit. Raises NotFound."""
    found = SavedView.objects.visible_to(official).filter(pk=pk).select_related("shared_with").first()
    if found is None:
        raise NotFound("No such view")
    return found


def _tickets(params: str, official: Official, *, at: datetime) -> QuerySet[Ticket] | None:
    """The tickets of a saved view as this person sees them: "me" is whoever looks.

    None when a source or a person that it names is gone.
    """
    query = QueryDict(params)
    try:
        view = View(query.get("view") or View.OPEN)
        return narrowed(query, view, official=official, at=at, also_allowed=OF_LISTS, is_lazy=True)
    except (Invalid, ValueError):
        return None
