"""A source is away for a working day and comes back badly: 2,000 answers arrive, each once, in order, with evidence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import stamina
import time_machine
from django.db import transaction

from connectors import http
from connectors.records import SourceStatus
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.ingest_page import ingest_page
from inbox.actions.reply_to_citizen import reply_to_citizen
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.retry_deliveries import retry_deliveries
from inbox.core import clock
from inbox.evidence.collect import collect
from inbox.evidence.models import EvidenceRecord
from inbox.outbox.dispatch import dispatch
from inbox.outbox.models import OutboxMessage
from inbox.sources.models import Outage, Source
from inbox.sources.setup import save_source
from inbox.tickets.models import ExternalRef, Ticket
from inbox.tickets.verification import verify
from inbox.units.models import Unit
from tests.factories import make_official, make_record
from tests.outbox.fickle import PATIENCE, FickleSource, fickle_source

pytestmark = pytest.mark.django_db
TICKETS = int(os.environ.get("FICKLE_TICKETS", "2000"))
SEED = 20261117
MORNING = datetime.fromisoformat("2026-11-17T07:40:00+07:00")
NOON = datetime.fromisoformat("2026-11-17T11:30:00+07:00")
EVENING = datetime.fromisoformat("2026-11-17T17:10:00+07:00")


@pytest.fixture
def leader(city: None) -> Official:
    return make_official(Role.LEADER, Unit.objects.get(code="26929"))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client waits for an answer a quarter of a second instead of twenty, and does not repeat a failed read."""
    defaults = http.HttpClient.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "timeout", PATIENCE)
    stamina.set_testing(True, attempts=1)
    yield
    stamina.set_testing(False)


def hotline(address: str) -> Source:
    return save_source("hotline", connector="hotline_1022", values={"base_url": address, "token": "x"})


def tickets_of(source: Source, ward: Unit) -> list[Ticket]:
    """Tickets in work. Two of three are due at noon, the others in a week."""
    with time_machine.travel(MORNING, tick=False), transaction.atomic():
        records = [
            make_record(
                external_id=str(880_000 + number),
                status=SourceStatus.IN_PROGRESS,
                sent_at=MORNING - timedelta(days=1),
                updated_at=MORNING - timedelta(days=1),
                due_at=NOON if number % 3 else NOON + timedelta(days=7),
            )
            for number in range(TICKETS)
        ]
        for start in range(0, TICKETS, 500):
            ingest_page(source, records[start : start + 500], at=MORNING)
    Ticket.objects.update(unit=ward)
    return list(Ticket.objects.order_by("pk"))


def answer_all(tickets: list[Ticket], leader: Official) -> dict[str, list[str]]:
    """The ward's working day: one after the other from 07:40 to 16:40; every tenth is told something in between.

    Returns the texts that each complaint must have in the end, in order.
    """
    expected: dict[str, list[str]] = {}
    names = dict(ExternalRef.objects.values_list("ticket_id", "external_id"))
    with transaction.atomic():
        for number, ticket in enumerate(tickets):
            at = MORNING + timedelta(hours=9) * number / len(tickets)
            texts = [f"Đã xử lý xong phiếu {number}."]
            if number % 10 == 0:
                texts.insert(0, f"Đang kiểm tra phiếu {number}.")
                reply_to_citizen(ticket.pk, actor=leader, text=texts[0], at=at)
            resolve_ticket(ticket.pk, actor=leader, text=texts[-1], at=at)
            expected[names[ticket.pk]] = texts
    return expected


def rounds(start: datetime, *, until: datetime | None = None) -> datetime:
    """What the scheduler does from `start` until nothing waits any more, or `until`. Returns when that was."""
    at = start
    while OutboxMessage.objects.filter(state__in=["pending", "unknown", "in_flight"]).exists():
        if until is not None and at > until:
            break
        with time_machine.travel(at, tick=False):
            dispatch()
        at += timedelta(minutes=1)
        assert at < start + timedelta(days=2), OutboxMessage.objects.values_list("state", "reason_code").distinct()
    return at


def texts_there(source: FickleSource) -> dict[str, list[str]]:
    return {external_id: [step["text"] for step in steps] for external_id, steps in source.history.items()}


@pytest.mark.timeout(600)
def test_every_answer_arrives_once_in_order_and_with_evidence(leader: Official) -> None:
    with fickle_source(SEED) as (fickle, address):
        source = hotline(address)
        tickets = tickets_of(source, leader.memberships_now[0].unit)
        fickle.down = True
        expected = answer_all(tickets, leader)
        for minutes in range(0, 9 * 60, 6):  # the dispatcher tries all day
            with time_machine.travel(MORNING + timedelta(minutes=minutes), tick=False):
                dispatch()
        assert fickle.history == {}
        assert OutboxMessage.objects.exclude(state__in=["pending", "unknown"]).count() == 0, "nothing was given up"
        outage = Outage.objects.get()
        assert outage.ended is None and outage.began < MORNING + timedelta(minutes=10)

        fickle.down, fickle.refuses_every = False, 5
        night = rounds(EVENING, until=EVENING + timedelta(hours=2))
        collect(at=night)
        outage.refresh_from_db()
        assert outage.ended == EVENING
        refused = OutboxMessage.objects.filter(state="dead")
        assert refused.count() == fickle.played["refused"] > TICKETS * 0.15
        assert set(refused.values_list("reason_code", flat=True)) == {"http_422"}

        given_up = refused.count()
        with time_machine.travel(night, tick=False):
            assert retry_deliveries("hotline", actor=leader, per_minute=300).total == given_up
        morning = rounds(night)
        collect(at=morning)
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"delivered"}
    assert texts_there(fickle) == expected, "each once, in order"
    assert min(fickle.played[kind] for kind in ("drops", "late", "twice", "busy", "refused")) > 0, fickle.played
    late = OutboxMessage.objects.filter(done_at__lte=NOON, deadline_at=NOON, delivered_at__gt=NOON, action="resolve")
    assert late.count() > TICKETS * 0.25
    assert set(late.values_list("pk", flat=True)) <= set(EvidenceRecord.objects.values_list("message_id", flat=True))
    too_late = OutboxMessage.objects.filter(done_at__gt=NOON, deadline_at=NOON)
    assert too_late.exists() and not EvidenceRecord.objects.filter(message__in=too_late).exists()
    for record in EvidenceRecord.objects.filter(message__in=late.order_by("pk")[:20]):
        assert record.latest.arrived_at == record.message.delivered_at
    assert verify().findings == []


def test_the_clock_is_back(leader: Official) -> None:
    """Nothing above leaves the process in another time."""
    assert abs(clock.now() - datetime.now().astimezone()) < timedelta(minutes=1)
