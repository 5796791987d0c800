"""A ward with an officer, two leaders and a city supervisor, and a ticket that is the officer's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket

VN = ZoneInfo("Asia/Ho_Chi_Minh")


def local(text: str) -> datetime:
    """An instant by the clock of Ho Chi Minh City: "2026-11-17 09:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=VN)


#: A Tuesday in office hours.
AT = local("2026-11-17 10:00")


@dataclass(frozen=True)
class Ward:
    """Who is who."""

    unit: Unit
    officer: Official
    leader: Official
    deputy: Official
    supervisor: Official
    ticket: Ticket


@pytest.fixture
def ward(city: None) -> Ward:
    unit = Unit.objects.get(code="26929")
    people = {
        "officer": make_official(Role.OFFICER, unit, "canbo"),
        "leader": make_official(Role.LEADER, unit, "lanhdao"),
        "deputy": make_official(Role.LEADER, unit, "phophuong"),
        "supervisor": make_official(Role.SUPERVISOR, username="giamsat"),
    }
    for person in people.values():
        person.email = f"{person.username}@mot-moi.example"
        person.save()
    ticket = make_ticket(unit=unit, source=make_source(connector="national_portal"))
    Ticket.objects.filter(pk=ticket.pk).update(assignee=people["officer"])
    ticket.refresh_from_db()
    return Ward(unit=unit, ticket=ticket, **people)
