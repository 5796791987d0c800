"""Synthetic load: lives that could have been real, and copies that are as sound as what they were copied from."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from inbox.actions import fill_tickets as module
from inbox.actions.fill_tickets import fill_tickets
from inbox.sla import timers
from inbox.sla.models import ClockKind, ClockPause, ClockState, ExtensionRequest, SlaClock
from inbox.sla.queries import Calendars, clock_of
from inbox.tickets.models import Reporter, Ticket, TicketEvent, UntoldEvent
from inbox.tickets.queries import names_in
from inbox.tickets.verification import verify
from inbox.tickets.vocabulary import EventKind, Status
from inbox.web.timeline import items
from tests.factories import TUESDAY

NOW = TUESDAY + timedelta(days=3)


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_made_up_lives_are_as_actions_would_have_left_them() -> None:
    assert fill_tickets(300, months=3, seed=4, at=NOW) == 300
    calendars = Calendars()
    for ticket in Ticket.objects.prefetch_related("clocks__pauses", "clocks__policy"):
        clocks = list(ticket.clocks.all())
        stored = ticket.next_due_at, ticket.next_warn_at
        timers.set_next_due(ticket, clocks)
        assert stored == (ticket.next_due_at, ticket.next_warn_at), ticket
        assert ticket.sent_at <= ticket.received_at <= ticket.updated_at <= NOW
        assert (ticket.status == Status.RESOLVED) == (ticket.resolved_at is not None)
        for row in clocks:
            clock = clock_of(row, row.pauses.all(), calendars)
            assert clock.due_at == row.due_at, row
            if row.met_at:
                assert row.state == (ClockState.MET if row.met_at <= row.due_at else ClockState.BREACHED)
    kinds = set(TicketEvent.objects.values_list("kind", flat=True))
    assert {EventKind.REOPENED, EventKind.TRANSFERRED, EventKind.PAUSED, EventKind.EXTENSION_APPROVED} <= kinds
    assert ClockPause.objects.exists() and ExtensionRequest.objects.exists()
    assert SlaClock.objects.filter(kind=ClockKind.RESOLVE, round=2).exists(), "reopened"
    assert not UntoldEvent.objects.exists(), "nobody hears of what never happened"
    assert sound()


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_made_up_histories_say_what_their_sentences_need(caplog: pytest.LogCaptureFixture) -> None:
    fill_tickets(300, months=3, seed=4, at=NOW)
    events = TicketEvent.objects.select_related("actor", "source", "message").prefetch_related("outbox")
    items(events, names=names_in(events))
    assert not caplog.records
    assert events.filter(kind=EventKind.EXTENSION_APPROVED).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_copies_have_histories_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL copies")
    monkeypatch.setattr(module, "DISTINCT", 60)
    assert fill_tickets(150, months=2, seed=1, at=NOW) == 60
    assert (Ticket.objects.count(), Reporter.objects.count()) == (150, 150)
    assert SlaClock.objects.count() >= 300
    assert sound()
    assert fill_tickets(10, months=2, seed=1, at=NOW) == 10, "keys go on where the copies ended"


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_the_command_reports_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("fill_tickets", 5, "--months", "1", "--json")
    assert json.loads(capsys.readouterr().out) == {"added": 5, "made_up": 5, "copied": 0}
    with pytest.raises(CommandError) as caught:
        call_command("fill_tickets", -1)
    assert caught.value.returncode == 2
    assert Ticket.objects.count() == 5


@pytest.mark.django_db
def test_without_units_nothing_is_filled() -> None:
    with pytest.raises(CommandError, match="seed_demo"):
        call_command("fill_tickets", 5)
    assert not Ticket.objects.exists()


def sound() -> bool:
    return not verify().findings
