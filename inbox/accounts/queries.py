"""Reading people: who works where, and what else is asked about one of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django.db.models import QuerySet, Subquery

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role

_WORKERS = [Role.OFFICER.value, Role.LEADER.value]


def workers_of_unit(unit_id: int | None) -> QuerySet[Official]:
    """Active officers and leaders of one unit, by name. Nobody works for no unit."""
    return (
        Official.objects.filter(is_active=True, memberships__unit=unit_id, memberships__role__in=_WORKERS)
        .distinct()
        .order_by("full_name", "username")
        if unit_id is not None
        else Official.objects.none()
    )


def works_in(unit_id: int | None, official: Official) -> bool:
    """Whether somebody is one of `workers_of_unit`, by the roles that are read with them. Nobody works for no unit."""
    return unit_id is not None and any(unit == unit_id and role.value in _WORKERS for role, unit in official.roles())


def standing(official: Official) -> tuple[Hashable, ...]:
    """Who somebody is, as far as any rule about what they may see or do looks: the key and all roles."""
    return official.pk, frozenset(official.roles())


def told_of(official: Official, **asked: Subquery) -> dict[str, Any]:
    """What is asked about one person, in one statement."""
    return dict(Official.objects.filter(pk=official.pk).values(**asked).get())
