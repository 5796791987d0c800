"""Who somebody is, by their session: Django's own way, but that it reads at once what they are in which unit."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from inbox.accounts.models import Membership


class OfficialBackend(ModelBackend):
    """Every page asks for roles and units; read together with the person they cost no statement of their own."""

    def get_user(self, user_id: int) -> Any:
        """The person with `memberships_now`, None when they may not come in (any more)."""
        rows = list(Membership.objects.filter(official=user_id).select_related("official", "unit"))
        if not rows:
            return super().get_user(user_id)
        official = rows[0].official
        official.memberships_now = rows
        return official if self.user_can_authenticate(official) else None
