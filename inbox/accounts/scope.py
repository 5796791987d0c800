"""The one rule about which tickets a person may see. Every list, count, search, page and API item goes through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from inbox.accounts.models import Official
from inbox.accounts.permissions import TABLE, Permission
from inbox.accounts.vocabulary import Role

#: Roles that see every ticket of the city. They do not all *work* them: see `permissions`.
_SEE_ALL = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})
NOTHING = Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class Reach:
    """Which tickets somebody gets at: every one, or those of some units and perhaps those that have none yet."""

    everything: bool = False
    units: frozenset[int] = frozenset()
    without_unit: bool = False

    def condition(self, *, prefix: str = "") -> Q:
        """As a condition on a ticket or, with `prefix="ticket__"`, on what hangs on one."""
        if self.everything:
            return Q()
        condition = Q(**{f"{prefix}unit__in": self.units}) if self.units else NOTHING
        return condition | Q(**{f"{prefix}unit__isnull": True}) if self.without_unit else condition

    def covers(self, other: Reach) -> bool:
        """Whether everything in the other's reach is in this one's."""
        if self.everything or other.everything:
            return self.everything
        return other.units <= self.units and self.without_unit >= other.without_unit

    def facts(self) -> dict[str, Any]:
        """As JSON, to be kept beside what was taken out of it."""
        return {"everything": self.everything, "units": sorted(self.units), "without_unit": self.without_unit}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Reach:
        """The reach behind `reach.facts()`."""
        return cls(facts["everything"], frozenset(facts["units"]), facts["without_unit"])


def reach_of(official: Official, *, permission: Permission | None = None) -> Reach:
    """What the person may see; with `permission`, only as far as the roles go that grant it.

    Ward roles see their units' tickets, triage sees what has no unit yet, city roles see all. Nobody else sees any.
    """
    roles = [
        (role, unit_id)
        for role, unit_id in (official.roles() if official.is_authenticated else [])
        if permission is None or permission in TABLE[role]
    ]
    return Reach(
        everything=any(role in _SEE_ALL for role, _ in roles),
        units=frozenset(unit_id for _, unit_id in roles if unit_id is not None),
        without_unit=any(role is Role.TRIAGE for role, _ in roles),
    )


def ticket_scope(official: Official, *, prefix: str = "") -> Q:
    """Tickets the person may see, as a condition on a ticket or, with `prefix="ticket__"`, on what hangs on one."""
    return reach_of(official).condition(prefix=prefix)
