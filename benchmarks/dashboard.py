"""What the dashboards cost: each page's server time beside a GROUP BY, and upkeep of the sums beside ingest.

On PostgreSQL most tickets, and what was derived from them, are copies made inside the database.
"""

from __future__ import annotations

import time
from datetime import timedelta
from unittest.mock import patch

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks import world
from config.schedule import SCHEDULE
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions import fill_tickets as filling
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.dashboards import rollups
from inbox.dashboards.models import TicketOutcome
from inbox.dashboards.periods import last_days
from inbox.dashboards.tally import tally
from inbox.tickets.models import ChainHead, Ticket, TicketEvent

DISTINCT = 20_000
REQUESTS = 30
WARD = "26929"


def run(tickets: int) -> None:
    """Fill, then measure."""
    began = time.perf_counter()
    _fill(tickets)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor != "postgresql" else "VACUUM ANALYZE")
    print(f"Dashboards over {Ticket.objects.count():,} tickets (filled in {time.perf_counter() - began:,.0f} s)")
    people = _people()
    for words, who, address in (
        ("city, 30 days", "supervisor", "/dashboard/"),
        ("city, quarter, map of the open", "supervisor", "/dashboard/?period=quarter&map=open"),
        ("city, one source", "supervisor", "/dashboard/?source=hotline-1022"),
        ("one ward", "supervisor", f"/dashboard/units/{WARD}/"),
        ("one ward, as its leader", "leader", "/dashboard/"),
        ("an officer's own", "officer", "/dashboard/"),
    ):
        _measure(words, people[who], address)
    plain = world.seconds(lambda: tally(last_days(30, timezone.localdate(now)), by=("unit",)))
    print(f"  plain GROUP BY of 30 days by unit {plain * 1000:9,.0f} ms")
    _upkeep()


def _fill(tickets: int) -> None:
    filling.DISTINCT = DISTINCT
    distinct = min(tickets, DISTINCT) if connection.vendor == "postgresql" else tickets
    filling.fill_tickets(distinct, months=12, seed=1, at=clock.now())
    rollups.rebuild(clock.now())
    if tickets > distinct:
        newest = Ticket.objects.order_by("-pk").values_list("pk", flat=True)
        first, last = newest[distinct - 1], newest[0]
        # Histories are most of the work, and no figure reads them. Benchmarks after this one copy them again.
        copied = tuple((model, tie) for model, tie in filling._COPIED if model not in {TicketEvent, ChainHead})
        with patch.object(filling, "_COPIED", copied):
            filling._copy_lives(tickets - distinct, like_last=distinct)
        _copy_outcomes(first, last)
        rollups.sum_up_all()


def _copy_outcomes(first: int, last: int) -> None:
    """Copies are in blocks of the same order as the originals."""
    table = TicketOutcome._meta.db_table
    columns = ", ".join(f.column for f in TicketOutcome._meta.concrete_fields if not f.primary_key)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (ticket_id, {columns}) SELECT c.id, {columns} "
            f"FROM (SELECT id, {first} + (row_number() OVER (ORDER BY id) - 1) % {last - first + 1} AS original "
            f"FROM {Ticket._meta.db_table} WHERE id > {last}) c JOIN {table} o ON o.ticket_id = c.original"
        )


def _people() -> dict[str, Official]:
    supervisor = Official.objects.create(username="bench-giamsat", password="!")  # noqa: S106
    Membership.objects.create(official=supervisor, role=Role.SUPERVISOR.value)
    officer = Official.objects.get(username=f"thu-{WARD}-1")
    leader = Official.objects.create(username="bench-lanhdao", password="!")  # noqa: S106
    Membership.objects.create(official=leader, role=Role.LEADER.value, unit=officer.memberships_now[0].unit)
    return {"supervisor": supervisor, "leader": leader, "officer": officer}


def _measure(words: str, who: Official, address: str) -> None:
    client = Client(headers={"Accept-Language": "vi", "Host": "127.0.0.1"})
    client.force_login(who)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    number, sql = len(queries), sum(float(query["time"]) for query in queries) * 1000
    began = time.process_time()
    median, most = world.spread([world.seconds(lambda: client.get(address)) for _ in range(REQUESTS)])
    cpu = (time.process_time() - began) / REQUESTS * 1000
    inside = f"{number} statements, {sql:,.0f} ms in them; {cpu:,.0f} ms of our CPU"
    print(f"  {words:33} {median:8,.0f} ms  p95 {most:8,.0f} ms   {inside}")


def _upkeep() -> None:
    """A burst of new complaints, read as fast as they can be, with a round of upkeep whenever the schedule has one."""
    every = SCHEDULE["refresh-rollups"]["schedule"]
    source = world.source("bench-burst")
    rollups.refresh(clock.now())
    ingest, start = 0.0, Ticket.objects.filter(source=source).count()
    taken = 0
    while ingest < every:
        page = world.records(start + taken, world.PAGE)
        ingest += world.seconds(lambda page=page: _store(source, page))  # type: ignore[misc]
        taken += world.PAGE
    upkeep = world.seconds(lambda: rollups.refresh(clock.now()))
    print(
        f"  upkeep of the sums {upkeep * 1000:,.0f} ms after {every:.0f} s in which {taken:,} new tickets came: "
        f"{upkeep / ingest:.1%}\n"
    )
    touched = list(Ticket.objects.filter(source=source).values_list("pk", flat=True)[:2000])
    Ticket.objects.filter(pk__in=touched).update(version=2, updated_at=clock.now() + timedelta(seconds=1))
    took = world.seconds(lambda: rollups.refresh(clock.now()))
    print(f"  upkeep of 2,000 tickets that somebody touched {took * 1000:,.0f} ms, {took / 2:.2f} ms each\n")


def _store(source: object, page: object) -> None:
    with transaction.atomic():
        ingest_page(source, page, at=clock.now())  # type: ignore[arg-type]
