"""Making and storing many rows, faster than the ORM's way: COPY and arrays on PostgreSQL, executemany on SQLite.

The ORM builds one expression per value; from a few hundred rows on that costs several times what the database needs
(benchmarks/clocks.py, benchmarks/ingest.py). Defaults, `pre_save` and field preparation work as with `save`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, connections, models, transaction
from django.db.models.base import ModelState
from django.utils import timezone

_Row = TypeVar("_Row", bound=models.Model)
_Fields = Sequence["models.Field[Any, Any]"]
#: Columns whose plain Python values are what the driver takes. Exactly these classes: heirs may encrypt or convert.
_PLAIN = frozenset(
    {
        models.CharField,
        models.SlugField,
        models.TextField,
        models.BooleanField,
        models.FloatField,
        models.IntegerField,
        models.BigIntegerField,
        models.SmallIntegerField,
        models.PositiveIntegerField,
        models.PositiveBigIntegerField,
        models.PositiveSmallIntegerField,
        models.AutoField,
        models.BigAutoField,
    }
)
_PLAIN_VALUES = frozenset({str, int, bool, float, type(None)})
#: Rows that are prepared at once while the database takes the ones before.
_IN_TURN = 100


def new_row(model: type[_Row], /, **columns: Any) -> _Row:
    """A new row as the constructor of its model makes it, in a fifth of the time and without signals: for batches.

    Takes columns by name (`source_id`) and related rows (`policy`). Raises TypeError for a name that is neither.
    """
    about = _about(model)
    row = model.__new__(model)
    own = row.__dict__
    own["_state"] = ModelState()
    own.update(about.defaults)
    for name, default in about.made:
        own[name] = None if name in columns else default()
    own.update(columns)
    if len(own) > about.size:
        for name in columns.keys() - about.columns:
            if name not in about.related:
                raise TypeError(f"{model.__name__} has no column {name!r}")
            one, field = own.pop(name), about.related[name]
            own[field.attname] = getattr(one, field.target_field.attname)
            field.set_cached_value(row, one)
    return row


@dataclass(frozen=True, slots=True)
class _About:
    """What a new row of a model is made from. `made`: the defaults that each row has its own of."""

    columns: frozenset[str]
    related: Mapping[str, models.ForeignKey[Any, Any]]
    made: Sequence[tuple[str, Callable[[], Any]]]
    defaults: Mapping[str, Any]
    size: int  # of the attributes of a row that has just its columns and its state


@cache
def _about(model: type[models.Model]) -> _About:
    fields = model._meta.concrete_fields
    made = {field.attname: field.get_default for field in fields if field.has_default() and callable(field.default)}
    return _About(
        columns=frozenset(field.attname for field in fields),
        related={field.name: field for field in fields if isinstance(field, models.ForeignKey)},
        made=tuple(made.items()),
        defaults={field.attname: field.get_default() for field in fields if field.attname not in made},
        size=len(fields) + 1,
    )


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model and give each its key, unless the key is that of another row (one to one).

    Raises IntegrityError and DataError as an INSERT does.
    """
    if rows:
        insert_made_rows(type(rows[0]), rows, len(rows))


def insert_made_rows(model: type[models.Model], rows: Iterable[models.Model], number: int) -> None:
    """As `insert_rows`, for so many rows that are made while the database stores the ones before.

    Whoever makes them must ask the database nothing meanwhile: it is listening to the rows.
    """
    meta = model._meta
    fields = meta.concrete_fields
    with transaction.atomic(savepoint=False):
        if meta.auto_field is not None:
            rows = _with_keys(rows, meta.auto_field.attname, _new_keys(meta, number))
        values = _prepared_in_turn(rows, fields)
        (_copy if connection.vendor == "postgresql" else _insert_each)(meta.db_table, fields, values)


def update_rows(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Store these fields of rows of one model, by key."""
    if not rows:
        return
    meta = rows[0]._meta
    changed = [field for field in meta.concrete_fields if field.name in fields]
    values = _prepared(rows, [*changed, meta.pk], add=False)
    (_update_from_arrays if connection.vendor == "postgresql" else _update_each)(meta, changed, values)


def set_column(model: type[models.Model], keys: Sequence[int], field: str, value: Any) -> None:
    """Store one value in one field of the rows with these keys."""
    if connection.vendor != "postgresql":
        model._default_manager.filter(pk__in=keys).update(**{field: value})
        return
    column, key = _names([one for one in model._meta.concrete_fields if one.name == field] + [model._meta.pk])
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = ANY(%s)", [value, list(keys)])  # noqa: S608


def insert_missing(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[Sequence[Any]], same: Mapping[str, Any]
) -> set[Any]:
    """Store new rows without those that a unique key knows already; returns the first field of those stored.

    `same`: fields that have one value in all rows.
    """
    if not rows:
        return set()
    concrete = {field.name: field for field in model._meta.concrete_fields}
    own, shared = ([concrete[name] for name in names] for names in (fields, same))
    table, names = connection.ops.quote_name(model._meta.db_table), _names([*own, *shared])
    constants, marks = list(same.values()), ["%s"] * len(same)
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in own)
        typed = [f"%s::{field.db_type(connection)}" for field in shared]
        values = f"SELECT {', '.join(['new.*', *typed])} FROM unnest({arrays}) AS new"  # noqa: S608
        given = [*constants, *(list(column) for column in zip(*rows, strict=True))]
    else:
        each = f"({', '.join(['%s'] * len(own) + marks)})"
        values = f"VALUES {', '.join([each] * len(rows))}"
        given = [
            field.get_db_prep_save(value, connection)
            for row in rows
            for field, value in zip([*own, *shared], [*row, *constants], strict=True)
        ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) {values} ON CONFLICT DO NOTHING RETURNING {names[0]}", given
        )
        return {found for (found,) in cursor.fetchall()}


def _with_keys(rows: Iterable[models.Model], name: str, keys: Sequence[int]) -> Iterator[models.Model]:
    for row, key in zip(rows, keys, strict=True):
        setattr(row, name, key)
        yield row


def _prepared_in_turn(rows: Iterable[models.Model], fields: _Fields) -> Iterator[Sequence[Any]]:
    """New rows as the driver takes them; some at a time."""
    made, alias = iter(rows), connection.alias
    while some := list(islice(made, _IN_TURN)):
        yield from _prepared(some, fields, add=True)
        for row in some:
            row._state.adding, row._state.db = False, alias


def _prepared(rows: Sequence[models.Model], fields: _Fields, *, add: bool) -> list[Sequence[Any]]:
    return list(zip(*(_column(field, rows, add=add) for field in fields), strict=True))


def _column(field: models.Field[Any, Any], rows: Sequence[models.Model], *, add: bool) -> list[Any]:
    """The values of one column as the driver takes them; plain ones are not sent through the field's own way."""
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        values = [field.pre_save(row, add) for row in rows]
    else:
        values = [row.__dict__[field.attname] for row in rows]  # past the descriptors, which are asked for each row
    target = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    if type(target) is models.DateTimeField:
        zone = connection.timezone
        return values if connection.vendor == "postgresql" else [_instant(value, zone) for value in values]
    prepare = _preparation(field)
    if type(target) not in _PLAIN:
        return [prepare(value) for value in values]
    if _PLAIN_VALUES.issuperset(map(type, values)):
        return values
    return [
        value if type(value) in _PLAIN_VALUES else value.value if isinstance(value, Enum) else prepare(value)
        for value in values
    ]


def _preparation(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    database = connections[connection.alias]  # not the proxy, which looks itself up at every use
    return lambda value: field.get_db_prep_save(value, database)


@lru_cache(maxsize=10_000)  # what is stored together shares most of its instants, over columns and tables
def _instant(value: datetime | None, zone: tzinfo) -> str | None:
    """An aware instant as SQLite keeps it. Raises ValueError for a naive one."""
    return str(timezone.make_naive(value, zone)) if value else None


def _names(fields: _Fields) -> list[str]:
    return [connection.ops.quote_name(str(field.column)) for field in fields]


# --- Keys -------------------------------------------------------------------------------------------------------------


def _new_keys(meta: Any, number: int) -> list[int]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                # The sequence is looked up once; OFFSET 0 keeps the look-up out of the loop.
                "SELECT nextval(keys) FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS keys OFFSET 0) one,"
                " generate_series(1, %s)",
                [meta.db_table, meta.pk.column, number],
            )
            return [key for (key,) in cursor.fetchall()]
        # Whoever writes holds the only lock there is, so nobody else takes these.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [meta.db_table])
        last = (cursor.fetchone() or (0,))[0]
        return list(range(last + 1, last + 1 + number))


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _copy(table: str, fields: _Fields, values: Iterable[Sequence[Any]]) -> None:
    copying = f"COPY {connection.ops.quote_name(table)} ({', '.join(_names(fields))}) FROM STDIN"
    # Django translates the errors of statements, not those of COPY.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(copying) as copy:
        for row in values:
            copy.write_row(row)


def _update_from_arrays(meta: Any, changed: _Fields, values: Sequence[Sequence[Any]]) -> None:
    """One statement with an array for each column."""
    fields = [*changed, meta.pk]
    arrays = ", ".join(f"%s::{field.rel_db_type(connection)}[]" for field in fields)
    assignments = ", ".join(f"{name} = new.{name}" for name in _names(changed))
    table, names = connection.ops.quote_name(meta.db_table), ", ".join(_names(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {assignments} FROM unnest({arrays}) AS new({names}) "  # noqa: S608  names of ours
            f"WHERE {table}.{_names([meta.pk])[0]} = new.{_names([meta.pk])[0]}",
            [list(column) for column in zip(*values, strict=True)],
        )


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _insert_each(table: str, fields: _Fields, values: Iterable[Sequence[Any]]) -> None:
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {connection.ops.quote_name(table)} ({', '.join(_names(fields))}) VALUES ({marks})",  # noqa: S608
            values,  # type: ignore[arg-type]  # the driver takes them one by one
        )


def _update_each(meta: Any, changed: _Fields, values: Sequence[Sequence[Any]]) -> None:
    assignments = ", ".join(f"{name} = %s" for name in _names(changed))
    table, key = connection.ops.quote_name(meta.db_table), _names([meta.pk])[0]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assignments} WHERE {key} = %s", values)  # noqa: S608  names of ours
