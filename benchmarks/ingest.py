"""From parsed records to tickets, beside two other ways into the same tables, columns and indexes.

The bare reference is what SQL by hand can do with rows that are ready made: COPY into staging tables and one guarded
upsert for each table (SQLite: executemany of the guarded upsert), page by page, one transaction a page. It routes
nothing, reckons no deadline, folds, hashes and encrypts nothing. The other one is what most products do: the ORM's
`update_or_create`, record by record, without history, clocks and routing.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from django.apps import apps
from django.db import connection, transaction

from benchmarks import world
from connectors.records import InboundRecord
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.sources.models import Source
from inbox.tickets import records as said
from inbox.tickets.models import ExternalRef, Reporter, Ticket

#: The tables a new complaint writes to, in an order that satisfies their foreign keys, each with its key.
TABLES = {
    "inbox_reporter": "id",
    "inbox_ticket": "id",
    "inbox_externalref": "id",
    "inbox_slaclock": "id",
    "inbox_ticketevent": "id",
    "inbox_chainhead": "ticket_id",
}
#: Tables that a changed complaint writes to.
CHANGING = ("inbox_ticket", "inbox_externalref", "inbox_ticketevent", "inbox_chainhead")
#: One by one is slow: a few are enough to know how slow.
FEW = 100
ROUNDS = 3

Rows = dict[str, list[tuple[object, ...]]]


def run(number: int) -> None:
    """Print records a second for new, changed and unchanged ones, three ways: medians of rounds that take turns."""
    source = world.source("bench-ingest")
    _ingest(source, world.records(90_000_000, 10))  # warms what is cached per process
    rounds = [_round(source, number) for _ in range(ROUNDS)]
    print(f"Ingest of parsed records, {number:,} in pages of {world.PAGE:,} (records a second)")
    print(f"  {'':10} {'ours':>9} {'bare SQL':>9} {'ratio':>6} {'update_or_create':>17} {'times':>6}")
    for name in ("new", "changed", "unchanged"):
        ours, bare, slow = (median(getattr(one[way], name) for one in rounds) for way in range(3))
        ratio = median(getattr(one[0], name) / getattr(one[1], name) for one in rounds)
        print(f"  {name:10} {ours:9,.0f} {bare:9,.0f} {ratio:6.2f} {slow:17,.0f} {ours / slow:6.0f}")
    times = median(one[0].unchanged / one[0].new for one in rounds)
    print(f"  unchanged is {times:.1f} times as fast as new\n")


def _round(source: Source, number: int) -> tuple[_Rates, _Rates, _Rates]:
    """Ours, by hand, one by one."""
    _empty()
    first, second = world.records(0, number), world.records(0, number, revision="2", suffix=" nữa")
    new = _rate(number, lambda: _ingest(source, first))
    unchanged = _rate(number, lambda: _ingest(source, first))
    before = _rows()
    changed = _rate(number, lambda: _ingest(source, second))
    bare = _bare(before, _rows(), number)
    return _Rates(new, changed, unchanged), bare, _one_by_one(world.source("bench-one-by-one"))


def run_flat(number: int) -> None:
    """Print how memory grows while `number` records are taken in, page by page."""
    source = world.source("bench-memory")
    marks = sorted({number // 100, number // 10, number} - {0})
    print(f"Memory while {number:,} records come in (largest size so far)")
    begin, done = clock.now(), 0
    while done < number:
        _ingest(source, world.records(50_000_000 + done, world.PAGE))
        done += world.PAGE
        if marks and done >= marks[0]:
            marks.pop(0)
            megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rate = done / (clock.now() - begin).total_seconds()
            print(f"  {done:11,} records {megabytes:8,.0f} MB {rate:8,.0f} a second")
    print()


@dataclass(frozen=True, slots=True)
class _Rates:
    """Records a second."""

    new: float
    changed: float
    unchanged: float


def _rate(number: int, work: Callable[[], object]) -> float:
    return number / world.seconds(work)


def _ingest(source: Source, records: Sequence[InboundRecord]) -> None:
    for start in range(0, len(records), world.PAGE):
        with transaction.atomic():
            ingest_page(source, records[start : start + world.PAGE], at=clock.now())


# --- Bare -------------------------------------------------------------------------------------------------------------


def _rows() -> dict[str, tuple[list[str], list[tuple[object, ...]]]]:
    """The rows as they stand, ready to be sent again: (columns, rows) of each table, in the order of the tickets."""
    found = {}
    with connection.cursor() as cursor:
        for table, key in TABLES.items():
            cursor.execute(f"SELECT {', '.join(_written_columns(table))} FROM {table} ORDER BY {key}")
            columns = [column[0] for column in cursor.description]
            found[table] = (columns, [_plain(row) for row in cursor.fetchall()])
    return found


def _written_columns(table: str) -> list[str]:
    """Without those that the database makes itself."""
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    return [f'"{field.column}"' for field in model._meta.concrete_fields if not field.generated]


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    """JSON columns come back parsed on PostgreSQL and go in as text."""
    return tuple(json.dumps(value) if isinstance(value, dict | list) else value for value in row)


def _empty() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        else:
            for table in reversed(TABLES):
                cursor.execute(f"DELETE FROM {table}")


def _bare(before: dict, after: dict, number: int) -> _Rates:  # type: ignore[type-arg]
    """The same rows by hand: into emptied tables, then the changed ones, then those that say nothing new."""
    _empty()
    with _staging(before):
        new = _rate(number, lambda: _send(before, list(TABLES)))
        changed = _rate(number, lambda: _send(_only_changed(before, after), list(CHANGING)))
        unchanged = _rate(number, lambda: _ask(after))
    return _Rates(new, changed, unchanged)


def _only_changed(before: dict, after: dict) -> dict:  # type: ignore[type-arg]
    return {
        table: (columns, sorted(set(rows) - set(before[table][1]), key=lambda row: row[0]))
        for table, (columns, rows) in after.items()
        if table in CHANGING
    }


def _pages(tables: dict, names: Sequence[str]) -> Iterator[Rows]:  # type: ignore[type-arg]
    """As many rows of each table as belong to a page of complaints, more or less."""
    number = max(1, -(-len(tables["inbox_externalref"][1]) // world.PAGE))
    for page in range(number):
        rows = {}
        for table in names:
            all_rows = tables[table][1]
            size = -(-len(all_rows) // number)
            rows[table] = all_rows[page * size : (page + 1) * size]
        yield rows


def _send(tables: dict, names: Sequence[str]) -> None:  # type: ignore[type-arg]
    for page in _pages(tables, names):
        with transaction.atomic(), connection.cursor() as cursor:
            for table in names:
                columns, key = tables[table][0], TABLES[table]
                listed = ", ".join(f'"{column}"' for column in columns)
                setting = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column != key)
                upsert = f'ON CONFLICT ("{key}") DO UPDATE SET {setting} WHERE {_differs(table, columns, key)}'
                if connection.vendor == "postgresql":
                    cursor.execute(f"TRUNCATE staging_{table}")
                    with cursor.copy(f"COPY staging_{table} ({listed}) FROM STDIN") as copy:
                        for row in page[table]:
                            copy.write_row(row)
                    cursor.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM staging_{table} {upsert}")
                else:
                    marks = ", ".join(["%s"] * len(columns))
                    cursor.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks}) {upsert}", page[table])


def _differs(table: str, columns: Sequence[str], key: str) -> str:
    column = {"inbox_externalref": "seen_revision", "inbox_ticket": "version", "inbox_chainhead": "sequence"}
    name = column.get(table) or next(name for name in columns if name != key)
    return f'{table}."{name}" IS DISTINCT FROM excluded."{name}"'.replace(
        "IS DISTINCT FROM", "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    )


def _ask(tables: dict) -> None:  # type: ignore[type-arg]
    """The least that shows that nothing is new: each page's ids and revisions against those that are known."""
    columns = tables["inbox_externalref"][0]
    source, name, revision = (columns.index(c) for c in ("source_id", "external_id", "seen_revision"))
    for page in _pages(tables, ["inbox_externalref"]):
        asked = [(row[source], row[name], row[revision]) for row in page["inbox_externalref"]]
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("TRUNCATE staging_asked")
                with cursor.copy("COPY staging_asked FROM STDIN") as copy:
                    for row in asked:
                        copy.write_row(row)
            else:
                cursor.execute("DELETE FROM staging_asked")
                cursor.executemany("INSERT INTO staging_asked VALUES (%s, %s, %s)", asked)
            cursor.execute(
                "SELECT a.external_id FROM staging_asked a LEFT JOIN inbox_externalref r"
                " ON r.source_id = a.source_id AND r.external_id = a.external_id"
                " WHERE r.id IS NULL OR r.seen_revision <> a.revision"
            )
            assert cursor.fetchall() == []


@contextmanager
def _staging(tables: dict) -> Iterator[None]:  # type: ignore[type-arg]
    kind = "TEMP" if connection.vendor == "sqlite" else "UNLOGGED"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE {kind} TABLE staging_asked (source_id bigint, external_id text, revision text)")
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"CREATE UNLOGGED TABLE staging_{table} (LIKE {table} INCLUDING DEFAULTS)")
    yield
    with connection.cursor() as cursor:
        for name in ["asked", *(tables if connection.vendor == "postgresql" else ())]:
            cursor.execute(f"DROP TABLE staging_{name}")


# --- One by one -------------------------------------------------------------------------------------------------------


def _one_by_one(source: Source) -> _Rates:
    first, second = world.records(0, FEW), world.records(0, FEW, revision="2", suffix=" nữa")
    return _Rates(
        new=_rate(FEW, lambda: _each(source, first)),
        changed=_rate(FEW, lambda: _each(source, second)),
        unchanged=_rate(FEW, lambda: _each(source, second)),
    )


def _each(source: Source, records: Sequence[InboundRecord]) -> None:
    at = clock.now()
    for record in records:
        with transaction.atomic():
            ref = ExternalRef.objects.filter(source=source, external_id=record.external_id).first()
            reporter_id = ref.ticket.reporter_id if ref else None
            said_by = said.reporter_of(record)
            values = {field.name: getattr(said_by, field.name) for field in Reporter._meta.fields if field.name != "id"}
            reporter, _ = Reporter.objects.update_or_create(pk=reporter_id, defaults=values)
            ticket, _ = Ticket.objects.update_or_create(
                pk=ref.ticket_id if ref else None,
                defaults={
                    **said.content_of(record),
                    "search_key": said.search_key_of(record),
                    "category": record.category,
                    "source": source,
                    "reporter": reporter,
                    "received_at": at,
                    "clock_from": record.sent_at,
                    "updated_at": at,
                },
            )
            seen = ExternalRef(source=source, external_id=record.external_id, ticket=ticket, first_seen_at=at)
            said.see(seen, record, at=at)
            columns = {name: getattr(seen, name) for name in ("ticket", "first_seen_at", *said.SEEN)}
            ExternalRef.objects.update_or_create(source=source, external_id=record.external_id, defaults=columns)
