"""What breaks on our side while answers are on their way: broker, database, schedulers, backups. Each arrives once.

Scenarios of PostgreSQL or Redis run where these are (the second half of the checks).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
import time_machine
from celery import current_app
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from connectors.records import SourceStatus
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.reply_to_citizen import reply_to_citizen
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.intake.sync import sync_source
from inbox.outbox.dispatch import dispatch
from inbox.outbox.models import DeliveryAttempt, OutboxMessage
from inbox.outbox.recovery import GAP, notice_gap
from inbox.outbox.tasks import dispatch_due
from inbox.sources.models import Source
from inbox.sources.setup import save_source
from inbox.tickets.models import ExternalRef, Ticket, TicketEvent
from inbox.tickets.verification import verify
from tests.factories import make_official, make_ticket, make_unit
from tests.outbox.fickle import FickleSource, fickle_source
from tests.processes import ROOT, SYSTEMS, Sandbox, database_url, wait_until

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
redis = pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="about Redis")
ANSWER = "UBND phường đã xử lý xong."
HOUR = timedelta(hours=1)


@pytest.fixture
def fickle() -> Iterator[tuple[FickleSource, Source]]:
    """A source that behaves, and is not idempotent."""
    with fickle_source(1) as (system, address):
        system.drops = system.late = system.twice = system.busy = 0.0
        yield system, save_source("hotline", connector="hotline_1022", values={"base_url": address, "token": "x"})


@pytest.fixture
def leader(db: None) -> Official:
    return make_official(Role.LEADER, make_unit())


def in_work(source: Source, leader: Official, external_id: str = "880001") -> Ticket:
    return make_ticket(leader.memberships_now[0].unit, source, external_id=external_id, status=SourceStatus.IN_PROGRESS)


def texts(system: FickleSource, external_id: str = "880001") -> list[str]:
    return [step["text"] for step in system.history.get(external_id, [])]


# --- Schedulers and brokers -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_dispatchers_at_once_send_each_answer_once_and_in_order(
    leader: Official, fickle: tuple[FickleSource, Source]
) -> None:
    """F28 for deliveries: two schedulers wake many workers for the same messages."""
    system, source = fickle
    for number in range(12):
        ticket = in_work(source, leader, str(880_000 + number))
        for text in ("một", "hai"):
            reply_to_citizen(ticket.pk, actor=leader, text=text)
        resolve_ticket(ticket.pk, actor=leader, text="ba")

    def work() -> None:
        try:
            for _ in range(4):
                dispatch()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    dispatch()
    assert [texts(system, str(880_000 + number)) for number in range(12)] == [["một", "hai", "ba"]] * 12
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"delivered"}


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_work_is_stored_and_goes_out_with_the_next_round(
    leader: Official, fickle: tuple[FickleSource, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F34: a dead broker neither fails a committed change afterwards nor loses it."""
    system, source = fickle
    ticket = in_work(source, leader)
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    client = Client()
    client.force_login(leader, backend="inbox.accounts.backends.OfficialBackend")
    ticket.refresh_from_db()
    answer = client.post(f"/tickets/{ticket.code}/resolve/", {"text": ANSWER, "version": ticket.version})
    assert answer.status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).status == "resolved"
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=False):
        dispatch()
    assert texts(system) == [ANSWER]


@redis
@pytest.mark.django_db(transaction=True)
def test_an_emptied_broker_loses_nothing(leader: Official, fickle: tuple[FickleSource, Source]) -> None:
    """F33: the database is the queue of record; the broker only wakes workers up."""
    from redis import Redis

    system, source = fickle
    queue = f"emptied-{uuid.uuid4().hex}"
    broker = Redis.from_url(os.environ["REDIS_URL"])
    tickets = [in_work(source, leader, str(880_000 + number)) for number in range(20)]
    with current_app.connection(os.environ["REDIS_URL"]) as line:
        producer = current_app.amqp.Producer(line)
        for ticket in tickets:
            resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
            for _ in range(50):
                producer.publish({"task": "inbox.outbox.tasks.dispatch_source"}, routing_key=queue)
    assert broker.delete(queue) in {0, 1}
    dispatch()
    assert [texts(system, str(880_000 + number)) for number in range(20)] == [[ANSWER]] * 20


@postgres
@redis
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(180)
def test_a_deployment_while_eight_deliveries_run_loses_none_and_sends_none_twice(leader: Official) -> None:
    """F27: TERM to a real worker in the middle of its tasks; each ends, and the next worker does the rest."""
    with fickle_source(1) as (system, address):
        system.drops = system.twice = system.busy = 0.0
        system.late = 1.0  # every write takes a while, so that TERM meets all eight in mid-sending
        sources = [
            save_source(f"hotline-{number}", connector="hotline_1022", values={"base_url": address, "token": "x"})
            for number in range(8)
        ]
        expected = {}
        for number, source in enumerate(sources):
            for part in range(3):
                external_id = str(880_000 + 10 * number + part)
                ticket = in_work(source, leader, external_id)
                resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
                expected[external_id] = [ANSWER]
        queue = f"deployed-{uuid.uuid4().hex}"

        old = start_worker(queue)
        ask_for(sources, queue)
        wait_until(lambda: len(system.history) >= 8, seconds=60, what="eight deliveries at once")
        old.send_signal(signal.SIGTERM)
        new = start_worker(queue)
        assert old.wait(30) == 0, "it ended what it was doing"
        ask_for(sources, queue)
        try:
            waiting = OutboxMessage.objects.exclude(state="delivered")
            wait_until(lambda: not waiting.exists(), seconds=60, what="the rest")
        finally:
            new.terminate()
            new.wait(30)
        assert {external_id: texts(system, external_id) for external_id in expected} == expected
        assert set(DeliveryAttempt.objects.values_list("outcome", flat=True)) == {"delivered"}
        assert verify().findings == []


def start_worker(queue: str) -> subprocess.Popen[bytes]:
    """A real worker for eight tasks at once, on the test's database."""
    words = ["-A", "config", "worker", "--concurrency", "8", "--loglevel", "ERROR", "-Q", queue, "-n", uuid.uuid4().hex]
    return subprocess.Popen(
        [sys.executable, "-m", "celery", *words], cwd=ROOT, env=os.environ | {"DATABASE_URL": database_url()}
    )


def ask_for(sources: list[Source], queue: str) -> None:
    """What the scheduler does for every source that has something to send."""
    with current_app.connection(os.environ["REDIS_URL"]) as line:
        for source in sources:
            current_app.send_task("inbox.outbox.tasks.dispatch_source", args=[source.pk], queue=queue, connection=line)


# --- Database ---------------------------------------------------------------------------------------------------------


@postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["before the answer is sent", "after it was sent"])
def test_a_database_that_restarts_in_mid_delivery_leaves_the_answer_there_once(
    leader: Official, fickle: tuple[FickleSource, Source], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """F35, as a client sees it: the server ends the session in the middle of what it is doing."""
    system, source = fickle
    ticket = in_work(source, leader)
    resolve_ticket(ticket.pk, actor=leader, text=ANSWER)

    def cut() -> None:
        mine = connection.connection.info.backend_pid
        with psycopg.connect(database_url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [mine])

    from inbox.outbox import dispatch as module

    sending, recording = module._send, module._record

    def send(*call: object) -> object:
        if step == "before the answer is sent":
            cut()
            OutboxMessage.objects.exists()
        return sending(*call)  # type: ignore[arg-type]

    def record(*call: object) -> None:
        if step == "after it was sent":
            cut()
        recording(*call)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(module, "_send", send)
        patched.setattr(module, "_record", record)
        with pytest.raises(DatabaseError):
            dispatch()
    connection.close()
    for minutes in (7, 14, 21, 28):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
            dispatch()
    assert texts(system) == [ANSWER]
    assert OutboxMessage.objects.get().state == "delivered"
    assert verify().findings == []


@postgres
@pytest.mark.django_db(transaction=True)
def test_a_database_that_only_reads_sends_nothing_and_pages_still_open(
    leader: Official, fickle: tuple[FickleSource, Source]
) -> None:
    """F36: after a fail-over everything is read-only. What cannot be claimed is not sent."""
    system, source = fickle
    ticket = in_work(source, leader)
    resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
    client = Client()
    client.force_login(leader, backend="inbox.accounts.backends.OfficialBackend")
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    with pytest.raises(DatabaseError):
        dispatch()
    assert texts(system) == []
    assert client.get("/deliveries/").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
    dispatch()
    assert texts(system) == [ANSWER], "it recovers alone"


# --- Backups ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_backup_restored_an_hour_old_sends_nothing_twice_and_misses_nothing(
    three_sources: list[Source], sandbox: Sandbox, system: str
) -> None:
    """F47. What happens in the lost hour is rolled back here and stays in the source."""
    source = Source.objects.get(slug=system)
    sync_source(source)
    waiting, forgotten = Ticket.objects.filter(source=source, status="new", unit__isnull=False)[:2]
    leader, other = make_official(Role.LEADER, waiting.unit), make_official(Role.LEADER, forgotten.unit)
    accept_ticket(waiting.pk, actor=leader)
    dispatch()
    resolve_ticket(waiting.pk, actor=leader, text=ANSWER)
    notice_gap(clock.now())
    events = TicketEvent.objects.count()
    with transaction.atomic():
        dispatch()
        accept_ticket(forgotten.pk, actor=other)
        resolve_ticket(forgotten.pk, actor=other, text="Trong giờ bị mất.")
        dispatch()
        new = {one["external_id"] for one in sandbox.change(system, count=3)["complaints"]}
        sync_source(source)
        assert ExternalRef.objects.filter(source=source, external_id__in=new).count() == 3
        transaction.set_rollback(True)
    assert OutboxMessage.objects.filter(state="pending").count() == 1 and TicketEvent.objects.count() == events
    source.refresh_from_db()

    for minutes in (60, 62, 64, 66):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True):
            if minutes == 60:
                assert notice_gap(clock.now()) == 1, "asked about before it is sent"
            dispatch()
    with time_machine.travel(clock.now() + HOUR, tick=True):
        assert sync_source(source).outcome == "ok"
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"delivered"}
    ours = [a["text"] for a in sandbox.complaints(system)[waiting.refs.get().external_id]["answers"] if a["ours"]]
    assert ours.count(ANSWER) == 1
    assert ExternalRef.objects.filter(source=source, external_id__in=new).count() == len(new) == 3
    assert Ticket.objects.filter(source=source).count() == len(sandbox.complaints(system))
    forgotten.refresh_from_db()
    assert forgotten.status == "resolved", "what was done in the lost hour comes back from the source"
    assert verify().findings == []


def test_only_a_real_gap_makes_messages_doubtful(leader: Official, fickle: tuple[FickleSource, Source]) -> None:
    _, source = fickle
    ticket = in_work(source, leader)
    resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
    start = clock.now()
    assert notice_gap(start) == 0, "the first sign of life ever"
    for step in (timedelta(seconds=10), GAP - timedelta(seconds=1)):
        start += step
        assert notice_gap(start) == 0
    assert notice_gap(start + GAP + timedelta(seconds=1)) == 1
    assert notice_gap(start + GAP + timedelta(seconds=2)) == 0, "once"


def test_the_scheduler_s_task_shows_that_it_lives(
    leader: Official, fickle: tuple[FickleSource, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    from inbox.core.heartbeat import age
    from inbox.outbox import tasks

    monkeypatch.setattr(tasks.dispatch_source, "delay", Recorder())
    dispatch_due()
    assert age("outbox", clock.now()) is not None


class Recorder:
    """Remembers what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def __call__(self, *call: object) -> None:
        self.calls.append(call)
