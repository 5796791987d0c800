"""Who somebody is, by their session: Django's own way, but that it reads at once what they are in which unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet

from inbox.accounts.models import Membership, Official
from inbox.core.statements import rows_of
from inbox.units.models import Unit

#: What is read together, and how a membership leads there.
_PARTS: tuple[tuple[type[Model], str], ...] = ((Membership, ""), (Official, "official__"), (Unit, "unit__"))
_COLUMNS = [[field.attname for field in model._meta.concrete_fields] for model, _ in _PARTS]


class OfficialBackend(ModelBackend):
    """Every page asks for roles and units; read together with the person they cost no statement of their own."""

    def get_user(self, user_id: int) -> Any:
        """The person with `memberships_now`, None when they may not come in (any more)."""
        rows = rows_of(("person", user_id), lambda: _memberships(user_id))
        if not rows:
            return super().get_user(user_id)
        official: Any = None
        memberships = []
        for row in rows:
            membership, person, unit = _models(row)
            official = official or person
            membership.official, membership.unit = official, unit if membership.unit_id else None
            memberships.append(membership)
        official.memberships_now = memberships
        return official if self.user_can_authenticate(official) else None


def _memberships(user_id: int) -> QuerySet[Any, Any]:
    names = [f"{path}{name}" for (_, path), columns in zip(_PARTS, _COLUMNS, strict=True) for name in columns]
    return Membership.objects.filter(official=user_id).values_list(*names)


def _models(row: Sequence[Any]) -> list[Any]:
    """A membership, its official and its unit."""
    found, start = [], 0
    for (model, _), columns in zip(_PARTS, _COLUMNS, strict=True):
        found.append(model.from_db(DEFAULT_DB_ALIAS, columns, row[start : start + len(columns)]))
        start += len(columns)
    return found
