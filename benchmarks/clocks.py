"""The sweep over many open clocks and the recalculation after a change of calendar, beside the same in bare SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Model

from benchmarks import world
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.change_calendar import Day, change_calendar, proposed
from inbox.core import clock
from inbox.sla.models import Escalation, PolicyLevel, SlaClock
from inbox.sla.queries import Calendars
from inbox.sla.recalculate import BATCH, PREVIEWED, preview_change, run_jobs
from inbox.sla.sweep import sweep
from inbox.tickets.models import ChainHead, Reporter, Ticket, TicketEvent, UntoldEvent


def run(clocks: int) -> None:
    """Print the sweep of `clocks` open clocks with a hundredth of them due, and the recalculation of a tenth."""
    due = max(100, clocks // 100)
    now = clock.now()
    template = _template(now)
    _multiply(template, clocks)
    print(f"Sweep of {clocks:,} open clocks, {due:,} due")
    ours = bare = ours_worked = bare_worked = 0.0
    for number in range(2):  # the second round of each; the first warms caches and plans
        at = now + timedelta(milliseconds=number)
        _make_due(due, at, 2 * number)
        bare, bare_worked = _measured(_bare_sweep, at)
        _make_due(due, at, 2 * number + 1)
        ours, ours_worked = _measured(sweep, at)
    print(f"  sweep      {due / ours:10,.0f} clocks a second   {bare / ours:5.2f} of bare SQL ({due / bare:,.0f})")
    share = bare_worked / ours_worked if ours_worked else 0.0
    print(f"  the same in processor time    {due / ours_worked:,.0f} a second, {share:5.2f} of bare SQL")
    idle = world.seconds(lambda: sweep(now))
    print(f"  nothing due {idle * 1000:8.1f} ms\n")
    _recalculation(max(1_000, clocks // 10), now)


def _measured(work: Callable[[datetime], object], at: datetime) -> tuple[float, float]:
    """Seconds by the clock and of the processors."""
    took = 0.0

    def timed() -> None:
        nonlocal took
        took = world.seconds(lambda: work(at))

    worked = world.processor_seconds(timed)
    return took, worked


def _recalculation(clocks: int, now: datetime) -> None:
    """Move `clocks` deadlines by a day that becomes free: the job that a decision on the calendar's page starts."""
    kept = list(SlaClock.objects.order_by("pk").values_list("pk", flat=True)[:clocks])
    SlaClock.objects.filter(pk__gt=kept[-1]).delete()
    calendar = SlaClock.objects.all()[0].calendar
    day = Calendars().working(calendar.pk).next_open(now + timedelta(days=1)).date()
    admin = Official.objects.create(username="quantri")
    Membership.objects.create(official=admin, role=Role.ADMIN)
    wanted = Day([], "Nghỉ đột xuất", "Công điện 12")
    print(f"Recalculation of {clocks:,} clocks after a day off was decreed")
    change = proposed(calendar.slug, [day], wanted, actor=admin)
    previewed = world.seconds(lambda: preview_change(change))
    job = change_calendar(calendar.slug, [day], wanted, actor=admin, at=now)
    assert job is not None and job.total == clocks
    took = world.seconds(lambda: run_jobs(now))
    job.refresh_from_db()
    assert job.percent == 100 and job.done == clocks
    print(f"  preview     {previewed:9.2f} s, the {PREVIEWED:,} next due reckoned exactly")
    print(f"  job         {clocks / took:9,.0f} clocks a second, {took:.1f} s in all, {job.moved:,} moved")
    print(f"  progress    told after every {BATCH:,} clocks, {took * BATCH / clocks:.2f} s apart\n")


def _template(now: datetime) -> Ticket:
    """One ticket with a running clock that is due in three weeks."""
    from inbox.actions.ingest_page import ingest_page

    ingest_page(world.source("clocks"), world.records(0, 1), at=now)
    return Ticket.objects.latest("pk")


def _multiply(ticket: Ticket, clocks: int) -> None:
    """So many tickets more with a resolve clock each, copied inside the database."""
    SlaClock.objects.filter(ticket=ticket).exclude(kind="resolve").delete()
    row = SlaClock.objects.get(ticket=ticket)
    base = max(Ticket.objects.latest("pk").pk, Reporter.objects.latest("pk").pk, SlaClock.objects.latest("pk").pk)
    with transaction.atomic():
        _copies(Reporter, ticket.reporter_id, clocks, base, {})
        _copies(Ticket, ticket.pk, clocks, base, {"reporter_id": "n"})
        _copies(SlaClock, row.pk, clocks, base, {"ticket_id": "n"})
    far = {"warn_at": clock.now() + timedelta(days=20), "due_at": clock.now() + timedelta(days=21)}
    SlaClock.objects.update(late_at=clock.now() + timedelta(days=22), **far)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _copies(model: type[Model], pk: int, number: int, base: int, changed: dict[str, str]) -> None:
    """Rows base+1 … base+number like row `pk`, with some columns as SQL of `n`, the new key."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = [changed.get(column, "n" if column == "id" else f'"{column}"') for column in columns]
    table = model._meta.db_table
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE counted(n) AS (SELECT {base + 1} UNION ALL SELECT n + 1 FROM counted "
            f"WHERE n < {base + number}) INSERT INTO {table} ({names}) SELECT {', '.join(values)} "
            f"FROM counted, {table} WHERE id = {pk}"
        )
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {base + number})")


def _make_due(number: int, now: datetime, part: int) -> None:
    """Let the deadlines of the `part`-th `number` clocks pass just now; they were warned of before."""
    keys = list(SlaClock.objects.order_by("pk").values_list("pk", flat=True)[part * number : (part + 1) * number])
    due = now - timedelta(seconds=1)
    SlaClock.objects.filter(pk__gte=keys[0], pk__lte=keys[-1]).update(warned_at=due, due_at=due)


def _bare_sweep(now: datetime) -> None:
    """What the sweep has to store for a missed deadline, as five statements written by hand, hashes reckoned in SQL."""
    tells = list(PolicyLevel.objects.filter(level="due").values_list("tells", flat=True).distinct())
    data = '{{"clock": "resolve", "tells": [{}]}}'.format(", ".join(f'"{role}"' for role in tells))
    clocks, events, heads = (model._meta.db_table for model in (SlaClock, TicketEvent, ChainHead))
    late = "clock.state = 'running' AND clock.breached_at IS NULL AND clock.due_at < %s"
    digest = (
        f"encode(sha256(convert_to(coalesce(head.hash, '') || clock.ticket_id || '{data}', 'UTF8')), 'hex')"
        if connection.vendor == "postgresql"
        else "lower(hex(randomblob(32)))"
    ).replace("%", "%%")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Escalation._meta.db_table} (clock_id, level, due_at, reached_at) "
            f"SELECT id, 'due', due_at, %s FROM {clocks} clock WHERE {late}",
            [now, now],
        )
        cursor.execute(
            f"INSERT INTO {events} (ticket_id, kind, at, data, sequence, message_hash, hash) "
            f"SELECT clock.ticket_id, 'became_overdue', %s, %s, coalesce(head.sequence, 0) + 1, '', {digest} "
            f"FROM {clocks} clock LEFT JOIN {heads} head ON head.ticket_id = clock.ticket_id WHERE {late}",
            [now, data, now],
        )
        cursor.execute(
            f"INSERT INTO {heads} (ticket_id, sequence, hash) SELECT ticket_id, sequence, hash FROM {events} "
            "WHERE kind = 'became_overdue' AND at = %s "
            "ON CONFLICT (ticket_id) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash",
            [now],
        )
        cursor.execute(
            f"INSERT INTO {UntoldEvent._meta.db_table} (event_id) "
            f"SELECT id FROM {events} WHERE kind = 'became_overdue' AND at = %s",
            [now],
        )
        cursor.execute(f"UPDATE {clocks} AS clock SET breached_at = %s WHERE {late}", [now, now])
