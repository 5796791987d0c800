"""Lists as CSV: UTF-8, commas, heads and codes for software, local times. Grows batch by batch and can be gone on with.

PostgreSQL writes the lines itself (COPY), which is several times faster; the same bytes come out on SQLite by hand.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from inbox.core.masking import CONTACT
from inbox.reports.cells import FORMULA, GUARD, HIDDEN, harmless, of_citizen, quoted
from inbox.reports.columns import Column, rows_of
from inbox.reports.vocabulary import Kind
from inbox.tickets.models import Ticket

#: Tickets a batch. Between batches progress is stored.
BATCH = 20_000
MARK = b"\xef\xbb\xbf"
_TEXTS = frozenset({Kind.WORDS, Kind.CITIZEN})


class CsvFile:
    """A draft that grows. `resume_at`: bytes that are certainly there; what follows them is cut off."""

    batch = BATCH

    def __init__(self, path: Path, columns: tuple[Column, ...], *, with_mark: bool = False, resume_at: int = 0) -> None:
        self._columns = columns
        self._file: IO[bytes] = path.open("r+b" if resume_at else "wb")
        self._file.truncate(resume_at)
        self._file.seek(resume_at)
        if not resume_at:
            self._file.write(MARK if with_mark else b"")
            self._file.write((",".join(column.key for column in columns) + "\n").encode())

    def add(self, tickets: QuerySet[Ticket]) -> int:
        """Append tickets in their order; returns how many."""
        rows = rows_of(tickets, self._columns)
        return (_copied if connection.vendor == "postgresql" else _written)(rows, self._columns, self._file)

    def flush(self) -> int:
        """Bring everything to the disk; returns how much there is."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _written(rows: QuerySet[Any, tuple[Any, ...]], columns: Sequence[Column], file: IO[bytes]) -> int:
    kinds = [column.kind for column in columns]
    count = 0
    for row in rows.iterator(chunk_size=2000):
        line = ",".join(_cell(value, kind) for value, kind in zip(row, kinds, strict=True))
        file.write(line.encode("utf-8", "replace") + b"\n")
        count += 1
    return count


def _cell(value: Any, kind: Kind) -> str:
    if value is None:
        return ""
    if kind is Kind.CITIZEN:
        return quoted(of_citizen(value))
    if kind is Kind.WORDS:
        return quoted(harmless(value))
    if kind is Kind.MOMENT:
        return _stamp(value)
    if kind is Kind.PLACE:
        return f"{value:.6f}"
    return ("true" if value else "false") if kind is Kind.YES_NO else str(value)


def _stamp(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _copied(rows: QuerySet[Any, tuple[Any, ...]], columns: Sequence[Column], file: IO[bytes]) -> int:
    sql, params = rows.query.sql_with_params()
    names = [f"c{number}" for number in range(len(columns))]
    cells, patterns = [], []
    for name, column in zip(names, columns, strict=True):
        cell, used = _cell_sql(name, column.kind)
        cells.append(f"{cell} AS {name}")
        patterns += used
    forced = ", ".join(name for name, column in zip(names, columns, strict=True) if column.kind in _TEXTS)
    options = f"FORMAT csv, FORCE_QUOTE ({forced})" if forced else "FORMAT csv"
    statement = (
        f"COPY (SELECT {', '.join(cells)} FROM ({sql}) AS rows({', '.join(names)})) "  # noqa: S608  names of ours
        f"TO STDOUT WITH ({options})"
    )
    with connection.cursor() as cursor:
        with cursor.copy(cursor.mogrify(statement, [*patterns, *params])) as copy:
            for block in copy:
                file.write(block)
        return int(cursor.rowcount)


def _cell_sql(name: str, kind: Kind) -> tuple[str, list[str]]:
    """The expression of a cell, and what fills its placeholders."""
    if kind is Kind.CITIZEN:
        clean = f"CASE WHEN {name} ~ %s THEN regexp_replace({name}, %s, %s, 'g') ELSE {name} END"
        return f"CASE WHEN {name} ~ %s THEN %s ELSE '' END || {clean}", [FORMULA, GUARD, CONTACT, CONTACT, HIDDEN]
    if kind is Kind.WORDS:
        return f"CASE WHEN {name} ~ %s THEN %s ELSE '' END || {name}", [FORMULA, GUARD]
    if kind is Kind.MOMENT:
        return f"date_trunc('second', {name} AT TIME ZONE %s)", [settings.TIME_ZONE]
    if kind is Kind.PLACE:
        return f"round({name}::numeric, 6)", []
    return (f"CASE WHEN {name} THEN 'true' ELSE 'false' END", []) if kind is Kind.YES_NO else (name, [])
