"""Two wards with a ticket each, and callers for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from inbox.accounts.models import Official
from inbox.accounts.tokens import issue_token
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.sla.seed import load_calendars, load_policies
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket, make_unit

TICKETS = "/api/v1/tickets/"


def token_client(official: Official, *, can_write: bool = True) -> APIClient:
    """A caller with a fresh token."""
    _token, key = issue_token(official, name="test", lifetime=timedelta(days=1), can_write=can_write, at=clock.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@dataclass
class World:
    """`ours` is a ticket of the officer's ward, `theirs` one of another ward, both from the same source."""

    ward: Unit
    other_ward: Unit
    source: Source
    ours: Ticket
    theirs: Ticket
    officer: Official
    stranger: Official
    admin: Official


@pytest.fixture
def world(db: None) -> World:
    load_calendars()
    load_policies()
    ward, other_ward = make_unit(), make_unit()
    source = make_source("gopy-thu")
    return World(
        ward=ward,
        other_ward=other_ward,
        source=source,
        ours=make_ticket(ward, source, title="Cây xanh ngã đổ"),
        theirs=make_ticket(other_ward, source, title="Đèn đường không sáng"),
        officer=make_official(Role.OFFICER, ward, "can.bo"),
        stranger=make_official(Role.OFFICER, other_ward, "can.bo.khac"),
        admin=make_official(Role.ADMIN, None, "quan.tri"),
    )


@pytest.fixture
def officer_api(world: World) -> APIClient:
    return token_client(world.officer)


@pytest.fixture
def admin_api(world: World) -> APIClient:
    return token_client(world.admin)
