"""Columns of a row as JSON and back, without losing a microsecond: what undoing puts back was kept like this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.duration import duration_string


def kept(rows: models.QuerySet[Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """The named columns of each row, as JSON."""
    return [plain(row) for row in rows.values(*names)]


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by their names, as JSON."""
    return {name: _plain(value) for name, value in row.items()}


def put_back(row: models.Model, values: Mapping[str, Any]) -> None:
    """Set the columns of `row` to what `kept` or `plain` returned of it; nothing is saved."""
    for name, value in values.items():
        field = row._meta.get_field(name.removesuffix("_id"))
        setattr(row, name, value if value is None or field.is_relation else field.to_python(value))  # type: ignore[union-attr]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return duration_string(value) if isinstance(value, timedelta) else value
