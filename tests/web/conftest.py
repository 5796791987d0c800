"""A ward with its people, and browsers that are logged in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import CITY_ROLES, Role
from inbox.sources.models import Source
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_unit

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def other_ward(city: None) -> Unit:
    return make_unit()


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward)


@pytest.fixture
def portal(city: None) -> Source:
    """A source whose complaints have deadlines."""
    return make_source("portal", connector="national_portal", label="Cổng DVCQG")


@pytest.fixture
def browser(ward: Unit) -> Callable[..., Client]:
    """`browser(role or official)`: somebody's browser."""

    def log_in(who: Role | Official, **defaults: str) -> Client:
        if isinstance(who, Role):
            who = make_official(who, None if who in CITY_ROLES else ward)
        client = Client(headers={"Accept-Language": "vi"} | defaults)
        client.force_login(who)
        return client

    return log_in
