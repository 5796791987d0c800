"""From validated records to tickets, beside a bare insert of the same rows into the same tables and indexes."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction

from benchmarks import world
from connectors.records import InboundRecord
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.sources.models import Source

#: The tables a new complaint writes to, in an order that satisfies their foreign keys.
TABLES = ("inbox_reporter", "inbox_ticket", "inbox_externalref", "inbox_ticketevent", "inbox_slaclock")


def run(number: int) -> None:
    """Print rows a second for new, unchanged and changed records, and the ratio to the bare insert."""
    source = world.source("bench-ingest")
    new = _rate(number, lambda: _ingest(source, world.records(0, number)))
    unchanged = _rate(number, lambda: _ingest(source, world.records(0, number)))
    changed = _rate(number, lambda: _ingest(source, world.records(0, number, revision="2", suffix=" nữa")))
    bare = _rate(number, _reinsert())
    print(f"Ingest, {number} records in pages of {world.PAGE} (records a second)")
    print(f"  new        {new:10,.0f}   {new / bare:5.2f} of the bare insert of the same rows ({bare:,.0f})")
    print(f"  unchanged  {unchanged:10,.0f}   {unchanged / new:5.1f} times new")
    print(f"  changed    {changed:10,.0f}\n")


def _rate(number: int, work: Callable[[], object]) -> float:
    return number / world.seconds(work)


def _ingest(source: Source, records: list[InboundRecord]) -> None:
    for start in range(0, len(records), world.PAGE):
        with transaction.atomic():
            ingest_page(source, records[start : start + world.PAGE], at=clock.now())


def _reinsert() -> Callable[[], None]:
    """Takes the rows out and gives back what puts them in again with executemany, in one transaction."""
    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  fixed names
            rows[table] = ([column[0] for column in cursor.description], _plain(cursor.fetchall()))
        with transaction.atomic():
            for table in reversed(TABLES):
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608  fixed names

    def insert() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table, (columns, values) in rows.items():
                places = ", ".join(["%s"] * len(columns))
                names = ", ".join(f'"{column}"' for column in columns)
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", values)  # noqa: S608

    return insert


def _plain(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """JSON columns come back parsed on PostgreSQL and go in as text."""
    import json

    return [tuple(json.dumps(v) if isinstance(v, dict | list) else v for v in row) for row in rows]
