"""A ward, a source that can be away, and answers given before their deadline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.outbox.models import DeliveryAttempt, OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket


@pytest.fixture
def leader(city: None) -> Official:
    return make_official(Role.LEADER, Unit.objects.get(code="26929"))


@pytest.fixture
def portal(city: None) -> Source:
    return make_source("portal", connector="national_portal", label="Cổng DVCQG")


Answer = Callable[..., OutboxMessage]


@pytest.fixture
def answer(leader: Official, portal: Source) -> Answer:
    """Resolve a new ticket in time; the message about it waits to be sent. `at`: when it is done."""

    def resolved(
        *,
        at: datetime | None = None,
        source: Source | None = None,
        text: str = "Đã xong.",
        sent_at: datetime | None = None,
    ) -> OutboxMessage:
        at = at or clock.now()
        sent_at = sent_at or at - timedelta(hours=2)
        ticket: Ticket = make_ticket(
            unit=leader.memberships_now[0].unit, source=source or portal, sent_at=sent_at, at=at
        )
        accept_ticket(ticket.pk, actor=leader, at=at)
        resolve_ticket(ticket.pk, actor=leader, text=text, at=at)
        OutboxMessage.objects.filter(ticket=ticket, action="accept").update(
            state=DeliveryState.DELIVERED, delivered_at=at
        )
        message: OutboxMessage = OutboxMessage.objects.get(ticket=ticket, action="resolve")
        return message

    return resolved


def tried(message: OutboxMessage, outcome: str, *, at: datetime, error: str = "") -> None:
    """One attempt, and what it made of the message."""
    message.attempts_made += 1
    DeliveryAttempt.objects.create(
        message=message,
        number=message.attempts_made,
        kind="send",
        started_at=at,
        finished_at=at,
        outcome=outcome,
        error_code=error,
    )
    states = {"delivered": DeliveryState.DELIVERED, "refused": DeliveryState.DEAD}
    message.state = states.get(outcome, DeliveryState.PENDING)
    message.delivered_at = at if outcome == "delivered" else None
    message.save()
