"""Statements that the ORM composes once and that are filled in afterwards.

Composing the numbers beside an inbox takes the ORM longer than counting them takes the database, and every page of
everybody asks for them again. Only moments differ from one time to the next: they are left open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import DateTimeField, Expression, QuerySet

#: A few kilobytes each. Beyond that the oldest are composed anew when they are asked for.
MOST = 500


class Moment(Expression):
    """Stands in a query where a datetime would, and is filled in each time; `earlier` before what is filled in."""

    def __init__(self, name: str, *, earlier: timedelta = timedelta(0)) -> None:
        super().__init__(output_field=DateTimeField())
        self.name, self.earlier = name, earlier

    def __sub__(self, other: timedelta) -> Moment:  # type: ignore[override]  # of moments, nothing else is taken off
        return Moment(self.name, earlier=self.earlier + other)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Its place in the statement; the parameter is the moment itself until it is filled in."""
        return "%s", (self,)

    def filled(self, moments: Mapping[str, datetime], connection: Any) -> Any:
        """What the database is handed."""
        return self.output_field.get_db_prep_value(moments[self.name] - self.earlier, connection)


@dataclass(frozen=True, slots=True)
class _Statement:
    using: str
    sql: str  # empty: the ORM knows without asking that there is no such row
    params: Sequence[Any]
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]]

    @classmethod
    def of(cls, query: QuerySet[Any, Any]) -> _Statement:
        compiler = query.query.get_compiler(using=query.db)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return cls(query.db, "", (), ())
        if any(isinstance(param, datetime) for param in params):
            raise TypeError("A moment is fixed in a statement that is kept")
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return cls(query.db, sql, params, [(at, convert, column) for at, (convert, column) in converters.items()])

    def rows(self, moments: Mapping[str, datetime]) -> list[list[Any]]:
        if not self.sql:
            return []
        connection = connections[self.using]
        with connection.cursor() as cursor:
            cursor.execute(
                self.sql, [p.filled(moments, connection) if isinstance(p, Moment) else p for p in self.params]
            )
            rows = [list(row) for row in cursor.fetchall()]
        for row in rows:
            for position, converters, column in self.converters:
                for convert in converters:
                    row[position] = convert(row[position], column, connection)
        return rows


_composed: OrderedDict[Hashable, _Statement] = OrderedDict()


def rows_of(key: Hashable, compose: Callable[..., QuerySet[Any, Any]], **moments: datetime) -> list[list[Any]]:
    """The rows of the `values_list` that `compose` makes, called with a `Moment` for each of the moments.

    `key` names the question and says all that it depends on but for the moments: who asks, with which roles, what is
    asked. It is composed once for each key, so whatever `compose` looks at besides must never change.
    """
    statement = _composed.get(key)
    if statement is None:
        statement = _composed[key] = _Statement.of(compose(**{name: Moment(name) for name in moments}))
        while len(_composed) > MOST:
            _composed.popitem(last=False)
    return statement.rows(moments)
