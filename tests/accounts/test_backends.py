"""Who somebody is on each page: the person and what they are, in one statement."""

from __future__ import annotations

from typing import Any

import pytest

from inbox.accounts.backends import OfficialBackend
from inbox.accounts.models import Membership
from inbox.accounts.vocabulary import Role
from tests.factories import make_official, make_unit

pytestmark = pytest.mark.django_db


def test_the_person_comes_with_roles_and_units(django_assert_num_queries: Any) -> None:
    ward = make_unit()
    made = make_official(Role.OFFICER, ward)
    Membership.objects.create(official=made, role=Role.LEADER.value, unit=ward)
    with django_assert_num_queries(1):
        found = OfficialBackend().get_user(made.pk)
        assert sorted(found.roles()) == [(Role.LEADER, ward.pk), (Role.OFFICER, ward.pk)]
        assert {membership.unit.name for membership in found.memberships_now} == {ward.name}


def test_somebody_without_any_role_is_known_too() -> None:
    made = make_official(Role.SUPERVISOR)
    made.memberships.all().delete()
    found = OfficialBackend().get_user(made.pk)
    assert found == made
    assert found.roles() == []


def test_nobody_comes_in_who_may_not() -> None:
    gone = make_official(Role.SUPERVISOR)
    gone.is_active = False
    gone.save()
    assert OfficialBackend().get_user(gone.pk) is None, "deactivated while logged in"
    gone.memberships.all().delete()
    assert OfficialBackend().get_user(gone.pk) is None, "and without a role either"
    assert OfficialBackend().get_user(0) is None, "never was"
