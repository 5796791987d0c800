"""How a leader's units stand: the figures and the most pressing tickets of the morning's letter. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.sla.models import ExtensionState
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Status

MOST_PRESSING = 10


@dataclass(frozen=True, slots=True)
class Digest:
    """Open tickets of the units that somebody leads."""

    units: Sequence[str]
    open: int
    overdue: int
    due_today: int
    not_accepted: int
    unassigned: int
    more_time_asked: int
    pressing: Sequence[Ticket]

    @property
    def is_empty(self) -> bool:
        """Nothing is open, so there is nothing to write about."""
        return self.open == 0


def digest_of(leader: Official, *, at: datetime) -> Digest:
    """The units that `leader` leads, as they stand at `at`. Three statements."""
    led = [m for m in leader.memberships_now if m.role == Role.LEADER and m.unit]
    tickets = Ticket.objects.filter(unit__in=[m.unit_id for m in led], is_open=True)
    tomorrow = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    counts = tickets.aggregate(
        open=Count("pk", distinct=True),
        overdue=Count("pk", filter=Q(next_due_at__lt=at), distinct=True),
        due_today=Count("pk", filter=Q(next_due_at__gte=at, next_due_at__lt=tomorrow), distinct=True),
        not_accepted=Count("pk", filter=Q(status=Status.NEW), distinct=True),
        unassigned=Count("pk", filter=Q(assignee=None), distinct=True),
        more_time_asked=Count("pk", filter=Q(extension_requests__state=ExtensionState.OPEN), distinct=True),
    )
    pressing = tickets.filter(next_due_at__lt=tomorrow).select_related("unit").order_by("next_due_at", "pk")
    units = [m.unit.name for m in led if m.unit]
    return Digest(units=units, pressing=list(pressing[:MOST_PRESSING]), **counts)
