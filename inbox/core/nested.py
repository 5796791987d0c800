"""Rows that hang on a row, fetched in its own statement: a page about one thing asks the database once, not ten times.

`Nested` is an annotation that holds them as JSON; `instances` makes unsaved models of it again. For the few rows of one
page, not for lists: nobody counts or filters by them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import JSONField, Model, QuerySet, Subquery

Row = TypeVar("Row", bound=Model)


class Nested(Subquery):
    """The rows of a queryset as a list of dictionaries. `columns`: attribute names of its own or annotated columns."""

    output_field = JSONField()

    def __init__(self, rows: QuerySet[Any], *columns: str, **named: Any) -> None:
        """`named`: expressions such as F("actor__full_name"), for what stands in joined rows."""
        names = [*columns, *named]
        super().__init__(rows.values(*columns, **named))
        if connection.vendor == "postgresql":
            self.template = "(SELECT COALESCE(jsonb_agg(to_jsonb(nested)), '[]'::jsonb) FROM (%(subquery)s) nested)"
        else:
            # The names are those of our own columns.
            pairs = ", ".join(f"'{name}', nested.\"{name}\"" for name in names)
            self.template = f"(SELECT json_group_array(json_object({pairs})) FROM (%(subquery)s) nested)"  # noqa: S608


def instances(model: type[Row], rows: Iterable[Mapping[str, Any]] | None) -> list[Row]:
    """Unsaved models with what was fetched; what is not a column of theirs is set as an attribute."""
    return [_instance(model, row) for row in rows or ()]


def _instance(model: type[Row], row: Mapping[str, Any]) -> Row:
    columns = {field.attname: field for field in model._meta.concrete_fields}
    made = model(**{name: _value(columns[name], value) for name, value in row.items() if name in columns})
    for name in row.keys() - columns.keys():
        setattr(made, name, row[name])
    return made


def _value(field: Any, value: Any) -> Any:
    if isinstance(field, JSONField):
        return json.loads(value) if isinstance(value, str) else value  # SQLite hands JSON within JSON over as text
    value = field.target_field.to_python(value) if field.is_relation else field.to_python(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
