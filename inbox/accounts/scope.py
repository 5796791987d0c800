"""The one rule about which tickets a person may see. Every list, count, search, page and API item goes through it."""

from __future__ import annotations

from django.db.models import Q

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role

#: Roles that see every ticket of the city. They do not all *work* them: see `permissions`.
_SEE_ALL = frozenset({Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR})
NOTHING = Q(pk__in=[])


def ticket_scope(official: Official, *, prefix: str = "") -> Q:
    """Tickets the person may see, as a condition on a ticket or, with `prefix="ticket__"`, on what hangs on one.

    Ward roles see their units' tickets, triage sees what has no unit yet, city roles see all. Nobody else sees any.
    """
    roles = official.roles() if official.is_authenticated else []
    if any(role in _SEE_ALL for role, _ in roles):
        return Q()
    units = {unit_id for role, unit_id in roles if unit_id is not None}
    condition = Q(**{f"{prefix}unit__in": units}) if units else NOTHING
    if any(role is Role.TRIAGE for role, _ in roles):
        condition |= Q(**{f"{prefix}unit__isnull": True})
    return condition
