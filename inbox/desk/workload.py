"""How much everybody in a unit has to do, and who could take the next ticket.

The suggestion is a sum that anybody can follow, never an assignment: a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from inbox.accounts.models import Official
from inbox.accounts.queries import workers_of_unit
from inbox.tickets.models import Ticket

#: What falls due within this time is pressing already.
SOON = timedelta(hours=24)
#: How far back experience with a category counts, and how much of it at most.
REMEMBERED = timedelta(days=90)
MOST_EXPERIENCE = 4


@dataclass(frozen=True, slots=True)
class Workload:
    """What one person has: open tickets, those of them due soon or late, and resolved ones of the category."""

    person: Official
    open: int
    pressing: int
    experience: int

    @property
    def weight(self) -> int:
        """Pressing tickets count double; experience with the category lightens by at most four open tickets."""
        return self.open + self.pressing - min(self.experience, MOST_EXPERIENCE)


def workloads(unit_id: int | None, *, category: str, at: datetime) -> list[Workload]:
    """Everybody who works in the unit, by name. An empty category asks for no experience."""
    people = list(workers_of_unit(unit_id))
    if not people:
        return []
    is_open, is_pressing = Q(is_open=True), Q(is_open=True, next_due_at__lt=at + SOON)
    knows = Q(category=category, resolved_at__gte=at - REMEMBERED) & ~Q(category="")
    counted = (
        Ticket.objects.filter(is_open | Q(resolved_at__gte=at - REMEMBERED), assignee__in=people)
        .order_by()
        .values("assignee")
        .annotate(
            open=Count("pk", filter=is_open),
            pressing=Count("pk", filter=is_pressing),
            experience=Count("pk", filter=knows),
        )
    )
    found = {row["assignee"]: row for row in counted}
    nothing = {"open": 0, "pressing": 0, "experience": 0}
    return [
        Workload(person, *((found.get(person.pk) or nothing)[name] for name in ("open", "pressing", "experience")))
        for person in people
    ]


def suggestion(loads: Sequence[Workload]) -> Workload | None:
    """Whoever has least to do; among equals who knows the category best, then by name. None for an empty unit."""
    return min(loads, key=lambda load: (load.weight, -load.experience), default=None)
