"""People and what they are in which unit."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from inbox.accounts.vocabulary import CITY_ROLES, Role

#: In a fixed order, because migrations compare it.
_CITY_ROLES = sorted(role.value for role in CITY_ROLES)


def initials_of(name: str) -> str:
    """The two letters of an avatar: Vietnamese names are recognised by their last two words."""
    return "".join(word[0] for word in name.split()[-2:]).upper()


class Official(AbstractUser):
    """Somebody who can log in. `full_name` is how colleagues and citizens see them."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    full_name = models.CharField(max_length=150, blank=True)
    position = models.CharField(max_length=150, blank=True, help_text="Job title as shown to colleagues.")
    dense_list = models.BooleanField(default=False, help_text="Likes more tickets on one screen.")

    objects = UserManager()  # type: ignore[misc]  # bound to Self in the stubs

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name

    @property
    def initials(self) -> str:
        """The two letters of an avatar."""
        return initials_of(self.display_name)

    @cached_property
    def memberships_now(self) -> list[Membership]:
        """The person's memberships with their units, read once per request."""
        return list(self.memberships.select_related("unit"))

    def roles(self) -> list[tuple[Role, int | None]]:
        """(role, unit id) pairs; the unit is None for city-wide roles. Inactive people have none."""
        if not self.is_active:
            return []
        return [(Role(m.role), m.unit_id) for m in self.memberships_now]


class Membership(models.Model):
    """One role of one person, in one unit or (unit empty) in the city as a whole."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role])
    unit = models.ForeignKey("inbox.Unit", on_delete=models.PROTECT, null=True, blank=True, related_name="memberships")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["official", "role", "unit"], name="membership_once"),
            models.UniqueConstraint(
                fields=["official", "role"], condition=Q(unit__isnull=True), name="membership_city_once"
            ),
            models.CheckConstraint(
                condition=Q(role__in=_CITY_ROLES, unit__isnull=True)
                | (~Q(role__in=_CITY_ROLES) & Q(unit__isnull=False)),
                name="membership_unit_fits_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.official_id}: {self.role} in {self.unit_id or 'the city'}"


class ApiToken(models.Model):
    """A key for scripts. Only its hash is kept; it acts as `official` and never beyond what they may do."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    key_hash = models.CharField(max_length=64, unique=True)
    can_write = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
