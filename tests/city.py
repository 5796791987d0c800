"""Units, calendars and policies for tests: loaded once per process the product's way, then put back as plain rows.

Loading them takes a tenth of a second and more than a thousand tests want them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Model

from inbox.sla.models import CalendarOverride, PolicyLevel, SlaPolicy, WorkCalendar
from inbox.sla.seed import load_calendars, load_policies
from inbox.units.models import LegacyWard, LegacyWardTarget, Unit
from inbox.units.seed import load_units

#: By "table (columns)": a COPY on PostgreSQL, rows elsewhere.
Rows = dict[str, Any]
#: What the loaders fill.
MODELS: tuple[type[Model], ...] = (
    *(Unit, LegacyWard, LegacyWardTarget),
    *(WorkCalendar, CalendarOverride, SlaPolicy, PolicyLevel),
)
_kept: Rows = {}


def put_city() -> None:
    """The same rows each time. A test that has made units or calendars of its own gets them beside these."""
    is_empty = not any(model._default_manager.exists() for model in (Unit, WorkCalendar, SlaPolicy))
    if is_empty and _kept:
        return put_back(_kept)
    load_units()
    load_calendars()
    load_policies()
    if is_empty:
        _kept.update(rows_of(MODELS))
    return None


def rows_of(models: Iterable[type[Model]]) -> Rows:
    """Everything in the tables of these models."""
    return {columns: _read(columns) for columns in map(_columns_of, models)}


def _columns_of(model: type[Model]) -> str:
    """Table and columns by name: their order depends on the migrations that the database went through."""
    columns = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    return f"{model._meta.db_table} ({columns})"


def put_back(rows: Rows) -> None:
    """Into empty tables, in a transaction: only at its end does everything have to have what it refers to."""
    for columns, content in rows.items():
        _write(columns, content)


def _read(columns: str) -> Any:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {columns} TO STDOUT") as copy:
                return b"".join(bytes(part) for part in copy)
        table, _, names = columns.partition(" ")
        cursor.execute(f"SELECT {names[1:-1]} FROM {table}")  # noqa: S608  names of our own models
        return cursor.fetchall()


def _write(columns: str, content: Any) -> None:
    with connection.cursor() as cursor:
        if not content:
            return
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
                copy.write(content)
        else:
            marks = ", ".join(["%s"] * len(content[0]))
            cursor.executemany(f"INSERT INTO {columns} VALUES ({marks})", content)  # noqa: S608  likewise
