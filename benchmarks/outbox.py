"""Answers on their way: deliveries a second against a source on this machine beside a bare loop of the same requests,
and what 50,000 waiting messages cost the officer who opens the inbox.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import requests
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from benchmarks import world
from connectors.records import SourceStatus
from connectors.sandbox.catalogue import ACCOUNTS
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.intake.sync import sync_source
from inbox.outbox.dispatch import BATCH, dispatch_source
from inbox.outbox.models import OutboxMessage
from inbox.outbox.queries import delivery_page
from inbox.sources.models import Source
from inbox.sources.setup import save_source
from inbox.tickets.models import ExternalRef, Ticket
from inbox.units.models import Unit
from tests.processes import running_sandbox

SYSTEM = "hotline-1022"
TICKETS = 400  # of the ward whose inbox is opened
BLOCKS, ROUNDS = 6, 20
TEXT = "UBND phường đã xử lý xong. Cảm ơn ông/bà đã phản ánh."


def run(deliveries: int, waiting: int) -> None:
    """Print the rate of `deliveries` and of the bare loop, then the inbox with and without `waiting` messages."""
    with running_sandbox("--count", str(deliveries + BATCH)) as sandbox:
        _rates(sandbox.url, deliveries)
    _inbox(waiting)


def _rates(url: str, number: int) -> None:
    token = ACCOUNTS[SYSTEM].password
    values = {"base_url": f"{url}/{SYSTEM}", "token": token}
    source = save_source("bench-outbox", connector="hotline_1022", values=values)
    sync_source(source)
    refs = list(ExternalRef.objects.filter(source=source, seen_status=SourceStatus.NEW).order_by("pk"))
    ours, bare = refs[: len(refs) // 2], refs[len(refs) // 2 :]
    _enqueue(ours, source)
    took = world.seconds(lambda: _send_all(source.pk))
    sent = OutboxMessage.objects.filter(source=source, state="delivered").count()
    assert sent == len(ours), "everything arrived"
    loop = world.seconds(lambda: _bare_loop(f"{url}/{SYSTEM}", token, bare))
    print(f"Delivery of {sent} answers to a source on this machine, one worker")
    print(f"  ours       {sent / took:8.0f} a second   {(sent / took) / (len(bare) / loop):5.2f} of a bare HTTP loop")
    print(f"  bare loop  {len(bare) / loop:8.0f} a second\n")


def _send_all(source_id: int) -> None:
    while dispatch_source(source_id):
        pass


def _bare_loop(base: str, token: str, refs: list[ExternalRef]) -> None:
    """The same requests with one kept connection, and nothing written down."""
    with requests.Session() as session:
        session.headers["Token"] = token
        for ref in refs:
            body = {
                "PhanAnhKenhKhacID": int(ref.external_id),
                "MaTinhTrang": "DA_XU_LY",
                "NoiDungXuLy": TEXT,
                "NguoiXuLy": "Bench",
                "ThoiGianXuLy": "20/11/2026 10:00:00",
                "MaYeuCau": uuid.uuid4().hex,
                "lstFileDinhKem": [],
            }
            answer = session.post(f"{base}/API/TPhanAnh/CapNhatXuLy", data=json.dumps(body), timeout=20)
            assert answer.json()["ThongBao"] == "OK"


def _enqueue(refs: list[ExternalRef], source: Source) -> None:
    """One waiting message for each reference, as `resolve` leaves it."""
    now = clock.now()
    events = dict(Ticket.objects.filter(refs__in=refs, events__kind="received").values_list("pk", "events__pk"))
    OutboxMessage.objects.bulk_create(
        (
            OutboxMessage(
                ticket_id=ref.ticket_id,
                ref=ref,
                source=source,
                event_id=events[ref.ticket_id],
                action="resolve",
                text=TEXT,
                author="Bench",
                done_at=now,
                key=uuid.uuid4().hex,
                next_attempt_at=now,
                created_at=now,
            )
            for ref in refs
        ),
        batch_size=1000,
    )


def _inbox(waiting: int) -> None:
    """The list and a ticket of a ward, before and while `waiting` messages wait for a source that is away."""
    source = world.source("bench-away")
    for begin in range(0, waiting, world.PAGE):
        with transaction.atomic():
            ingest_page(source, world.records(50_000_000 + begin, min(world.PAGE, waiting - begin)), at=clock.now())
    ward = Unit.objects.get(code="26929")
    other = Unit.objects.get(code="26944")
    keep = list(Ticket.objects.filter(source=source).order_by("pk").values_list("pk", flat=True)[:TICKETS])
    Ticket.objects.filter(source=source).exclude(pk__in=keep).update(unit=other)
    client, official = _leader(ward)
    code = Ticket.objects.get(pk=keep[0]).code
    pages = {"list": "/inbox/", "ticket": f"/tickets/{code}/"}
    _enqueue(list(ExternalRef.objects.filter(source=source)), source)
    Source.objects.filter(pk=source.pk).update(deliveries_wait_until=clock.now() + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    times: dict[tuple[str, str], list[float]] = {}
    for block in range(BLOCKS):  # in turns, so that a machine that is busy otherwise slows both alike
        state = "pending" if block % 2 else "delivered"
        OutboxMessage.objects.filter(source=source).update(state=state)
        for name, address in pages.items():
            times.setdefault((name, state), []).extend(_times(client, address))
    print(f"An officer's pages while {waiting:,} messages wait for a source that is away (milliseconds, p95)")
    for name in pages:
        idle, busy = (world.spread(times[name, state])[1] for state in ("delivered", "pending"))
        print(f"  {name:12} {idle:8.1f} when all have arrived {busy:8.1f} while they wait   {busy / idle:5.2f}")
    Source.objects.filter(pk=source.pk).update(deliveries_wait_until=None, deliveries_paused=True)
    round_ = world.seconds(lambda: dispatch_source(source.pk))
    page = world.seconds(lambda: delivery_page(official, view="not_arrived"))
    print(f"  a round of the dispatcher {round_ * 1000:6.1f} ms, a page of deliveries {page * 1000:6.1f} ms\n")


def _leader(ward: Unit) -> tuple[Client, Official]:
    leader = Official.objects.create_user("bench-leader", full_name="Bench")
    Membership.objects.create(official=leader, role=Role.LEADER.value, unit=ward)
    if "testserver" not in settings.ALLOWED_HOSTS:
        settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(leader, backend="inbox.accounts.backends.OfficialBackend")
    return client, leader


def _times(client: Client, address: str) -> list[float]:
    assert client.get(address).status_code == 200, address
    return [world.seconds(lambda: client.get(address).content) for _ in range(ROUNDS)]
