"""Statements that the ORM composes once and that are filled in afterwards.

Composing the numbers beside an inbox takes the ORM longer than counting them takes the database, and every page of
everybody asks for them again. Only keys and moments differ from one time to the next: they are left open.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BigIntegerField, DateTimeField, Expression, Model, QuerySet, Subquery, Value

#: About fifteen kilobytes each. Beyond that the oldest are composed anew when they are asked for.
MOST = 1_000
#: A moment as SQLite is handed it.
_AS_TEXT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
Filling = datetime | int
Row = TypeVar("Row", bound=Model)


class Blank(Expression):
    """Stands in a query where a key or a moment would, and is filled in each time: the moment less `earlier`."""

    def __init__(self, name: str, *, is_moment: bool, earlier: timedelta = timedelta(0)) -> None:
        super().__init__(output_field=DateTimeField() if is_moment else BigIntegerField())
        self.name, self.is_moment, self.earlier = name, is_moment, earlier

    def __sub__(self, other: timedelta) -> Blank:  # type: ignore[override]  # nothing else is taken off
        return Blank(self.name, is_moment=self.is_moment, earlier=self.earlier + other)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Its place in the statement; the parameter is the blank itself until it is filled in."""
        return "%s", (self,)

    def filled(self, fillings: Mapping[str, Filling], connection: Any) -> Any:
        """What the database is handed."""
        value: Any = fillings[self.name]
        return self.output_field.get_db_prep_value(value - self.earlier if self.earlier else value, connection)


@dataclass(frozen=True, slots=True)
class _Statement:
    using: str
    sql: str  # empty: the ORM knows without asking that there is no such row
    params: Sequence[Any] = ()
    names: Sequence[str] = ()
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]] = ()

    @classmethod
    def of(cls, query: QuerySet[Any, Any]) -> _Statement:
        compiler = query.query.get_compiler(using=query.db)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return cls(query.db, "")
        if any(isinstance(param, datetime) or _AS_TEXT.fullmatch(str(param)) for param in params):
            raise TypeError("A moment is fixed in a statement that is kept")
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return cls(
            query.db,
            sql,
            params,
            list(query.query.selected or ()),
            [(position, functions, _light(column)) for position, (functions, column) in converters.items()],
        )

    def rows(self, fillings: Mapping[str, Filling]) -> list[list[Any]]:
        if not self.sql:
            return []
        connection = connections[self.using]
        filled = [param.filled(fillings, connection) if isinstance(param, Blank) else param for param in self.params]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, filled)
            rows = [list(row) for row in cursor.fetchall()]
        for row in rows:
            for position, functions, column in self.converters:
                for convert in functions:
                    row[position] = convert(row[position], column, connection)
        return rows


def _light(column: Any) -> Any:
    """What converters are told of a column: of a subquery its kind, without all that it was composed of."""
    return Value(None, output_field=column.output_field) if isinstance(column, Subquery) else column


_composed: OrderedDict[Hashable, _Statement] = OrderedDict()


def rows_of(key: Hashable, compose: Callable[..., QuerySet[Any, Any]], **fillings: Filling) -> list[list[Any]]:
    """The rows of the `values_list` that `compose` makes, called with a `Blank` for each of the fillings.

    `key` names the question and says all that it depends on but for the fillings: who asks, with which roles, what is
    asked. It is composed once for each key, so whatever `compose` looks at besides must never change.
    """
    return _statement(key, compose, fillings).rows(fillings)


def named_rows_of(
    key: Hashable, compose: Callable[..., QuerySet[Any, Any]], **fillings: Filling
) -> list[dict[str, Any]]:
    """The same rows, each with the names of its columns."""
    statement = _statement(key, compose, fillings)
    return [dict(zip(statement.names, row, strict=True)) for row in statement.rows(fillings)]


def numbered(keys: Iterable[int]) -> dict[str, int]:
    """Keys as fillings; a statement is composed for each number of them."""
    return {f"key_{number}": key for number, key in enumerate(keys)}


def _statement(
    key: Hashable, compose: Callable[..., QuerySet[Any, Any]], fillings: Mapping[str, Filling]
) -> _Statement:
    statement = _composed.get(key)
    if statement is None:
        blanks = {name: Blank(name, is_moment=isinstance(value, datetime)) for name, value in fillings.items()}
        statement = _composed[key] = _Statement.of(compose(**blanks))
        while len(_composed) > MOST:
            _composed.popitem(last=False)
    return statement


class Joined(Generic[Row]):
    """What `select_related` and `only` are for querysets: a model, and others that one of its fields leads to.

    Columns go by their attribute names; those of the others are given by the field. Their key is always read.
    """

    def __init__(self, model: type[Row], columns: Sequence[str], **others: Sequence[str]) -> None:
        self._model, self._columns = model, _in_order(model, columns)
        self._others = []
        for field, wanted in others.items():
            other: Any = model._meta.get_field(field).related_model
            self._others.append((field, _in_order(other, [other._meta.pk.attname, *wanted])))
        self.names = [*self._columns, *(f"{field}__{column}" for field, columns in self._others for column in columns)]

    def made(self, row: Mapping[str, Any]) -> Row:
        """The model of a row of `names`, with the others; whatever else is in the row is set as an attribute."""
        made = self._model.from_db(DEFAULT_DB_ALIAS, self._columns, [row[name] for name in self._columns])
        for name, columns in self._others:
            field: Any = self._model._meta.get_field(name)
            is_there = row[f"{name}__{field.related_model._meta.pk.attname}"] is not None
            values = [row[f"{name}__{column}"] for column in columns]
            other = field.related_model.from_db(DEFAULT_DB_ALIAS, columns, values) if is_there else None
            field.set_cached_value(made, other)
        for name in row.keys() - self.names:
            setattr(made, name, row[name])
        return made


def _in_order(model: type[Model], columns: Sequence[str]) -> list[str]:
    """As `from_db` takes them."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in columns]


def columns_of(model: type[Model], *, but: Sequence[str] = ()) -> list[str]:
    """The attribute names of all columns of a model."""
    return [field.attname for field in model._meta.concrete_fields if field.name not in but]
