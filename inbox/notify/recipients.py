"""Who hears of an event: one table from kind of event to roles, and people for the roles. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from inbox.accounts.models import Membership
from inbox.accounts.vocabulary import Role
from inbox.desk.models import Follow
from inbox.sla.models import Told
from inbox.tickets.models import TicketEvent
from inbox.tickets.vocabulary import EventKind

OFFICER, LEADER, SUPERVISOR = Told.OFFICER.value, Told.LEADER.value, Told.SUPERVISOR.value
#: In `Event.data`, who asked for the time that was given or not.
ASKER = "asked_by"
#: What those who follow a ticket hear of, whoever else does.
FOLLOWED = frozenset(
    {
        EventKind.TRANSFERRED,
        EventKind.REOPENED,
        EventKind.WITHDRAWN,
        EventKind.BECAME_OVERDUE,
        EventKind.CITIZEN_ANSWERED,
        EventKind.NOTE_ADDED,
        EventKind.REPLIED,
        EventKind.RESOLVED,
    }
)
#: Deadlines name their roles themselves (`tells`), because the policy says who is told.
ROLES: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.ASSIGNED: (OFFICER,),
    EventKind.TRANSFERRED: (LEADER,),
    EventKind.REOPENED: (OFFICER,),
    EventKind.SOURCE_DISAGREES: (OFFICER,),
    EventKind.WITHDRAWN: (OFFICER,),
    EventKind.EXTENSION_ASKED: (LEADER,),
    EventKind.EXTENSION_APPROVED: (ASKER,),
    EventKind.EXTENSION_REFUSED: (ASKER,),
    EventKind.URGED: (OFFICER, LEADER),
    EventKind.CITIZEN_ANSWERED: (OFFICER,),
    EventKind.PAUSE_ENDED: (OFFICER,),
    EventKind.DELIVERY_FAILED: (OFFICER,),
    EventKind.NOTE_ADDED: (),  # whoever is named in it
    EventKind.REPLIED: (),  # whoever follows the ticket
    EventKind.RESOLVED: (),
    EventKind.ANSWER_PROPOSED: (LEADER,),
    EventKind.ANSWER_SENT_BACK: (ASKER,),
}
#: Roles that see every ticket, whatever its unit.
_SEE_ALL = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})


class Recipients:
    """The people of a batch of events, read in two statements."""

    def __init__(self, events: Iterable[TicketEvent]) -> None:
        events = list(events)
        self._followers: dict[int, set[int]] = {}
        followed = {event.ticket_id for event in events if event.kind in FOLLOWED}
        for ticket, official in Follow.objects.filter(ticket__in=followed).values_list("ticket_id", "official_id"):
            self._followers.setdefault(ticket, set()).add(official)
        named = {pk for event in events for pk in (event.ticket.assignee_id, event.data.get(ASKER)) if pk is not None}
        named |= {pk for event in events for pk in event.data.get("mentions", ())}
        named |= {pk for officials in self._followers.values() for pk in officials}
        units = {event.ticket.unit_id for event in events}
        rows = Membership.objects.filter(
            Q(role=Role.LEADER, unit__in=units) | Q(role__in=[Role.SUPERVISOR, Role.TRIAGE]) | Q(official__in=named),
            official__is_active=True,
        ).values_list("official_id", "role", "unit_id")
        self._active: set[int] = set()
        self._holders: dict[tuple[str, int | None], set[int]] = {}
        for official, role, unit in rows:
            self._active.add(official)
            self._holders.setdefault((role, unit), set()).add(official)

    def of(self, event: TicketEvent) -> set[int]:
        """Who is to be told of one event; never the person who did it."""
        roles: Sequence[str] = event.data.get("tells") or ROLES.get(EventKind(event.kind), ())
        found: set[int] = set()
        for role in roles:
            found |= self._people(role, event)
        also = set(event.data.get("mentions", ()))
        if event.kind in FOLLOWED:
            also |= self._followers.get(event.ticket_id, set())
        found |= {official for official in also if self._sees(official, event.ticket.unit_id)}
        return found - {event.actor_id}

    def _sees(self, official: int, unit_id: int | None) -> bool:
        """Whether somebody who followed or was named may still see a ticket of this unit."""
        nowhere: set[int] = set()
        if any(official in self._holders.get((role, None), nowhere) for role in _SEE_ALL):
            return True
        roles = (Role.TRIAGE,) if unit_id is None else (Role.OFFICER, Role.LEADER)
        return any(official in self._holders.get((role, unit_id), nowhere) for role in roles)

    def _people(self, role: str, event: TicketEvent) -> set[int]:
        """The officer is the assignee; where there is none, the leaders stand in; without a unit, triage does."""
        if role == SUPERVISOR:
            return self._holders.get((Role.SUPERVISOR, None), set())
        named = event.data.get(ASKER) if role == ASKER else event.ticket.assignee_id if role == OFFICER else None
        if named in self._active:
            return {named}
        if event.ticket.unit_id is None:
            return self._holders.get((Role.TRIAGE, None), set())
        return self._holders.get((Role.LEADER, event.ticket.unit_id), set())
