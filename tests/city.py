"""Units, calendars and policies for tests: loaded once per process the product's way, then put back as plain rows.

Loading them takes a tenth of a second and more than a thousand tests want them.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model

from inbox.sla.models import CalendarOverride, PolicyLevel, SlaPolicy, WorkCalendar
from inbox.sla.seed import load_calendars, load_policies
from inbox.units.models import LegacyWard, LegacyWardTarget, Unit
from inbox.units.seed import load_units

#: What the loaders fill. In an order in which every row finds what it refers to.
MODELS: tuple[type[Model], ...] = (
    *(Unit, LegacyWard, LegacyWardTarget),
    *(WorkCalendar, CalendarOverride, SlaPolicy, PolicyLevel),
)
_kept: dict[str, Any] = {}  # by table: a COPY on PostgreSQL, rows elsewhere


def put_city() -> None:
    """The same rows each time. A test that has made units or calendars of its own gets them beside these."""
    is_empty = not any(model._default_manager.exists() for model in (Unit, WorkCalendar, SlaPolicy))
    if is_empty and _kept:
        for table, rows in _kept.items():
            _write(table, rows)
        return
    load_units()
    load_calendars()
    load_policies()
    if is_empty:
        _kept.update((table, _read(table)) for table in (model._meta.db_table for model in MODELS))


def _read(table: str) -> Any:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                return b"".join(bytes(part) for part in copy)
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608  a name of our own models
        return cursor.fetchall()


def _write(table: str, rows: Any) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        elif rows:
            marks = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  likewise
