"""Who somebody is, by their session: Django's own way, but that it reads at once what they are in which unit."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet

from inbox.accounts.models import Membership, Official
from inbox.core.statements import Joined, columns_of, named_rows_of
from inbox.units.models import Unit

_READ = Joined(Membership, columns_of(Membership), official=columns_of(Official), unit=columns_of(Unit))


class OfficialBackend(ModelBackend):
    """Every page asks for roles and units; read together with the person they cost no statement of their own."""

    def get_user(self, user_id: int) -> Any:
        """The person with `memberships_now`, None when they may not come in (any more)."""
        rows = named_rows_of("person", _memberships, person=user_id)
        if not rows:
            return super().get_user(user_id)
        memberships = [_READ.made(row) for row in rows]
        official = memberships[0].official
        official.memberships_now = memberships
        return official if self.user_can_authenticate(official) else None


def _memberships(person: Any) -> QuerySet[Any, Any]:
    return Membership.objects.filter(official=person).values_list(*_READ.names)
