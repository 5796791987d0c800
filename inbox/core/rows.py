"""Columns of a row as JSON and back, without losing a microsecond: what undoing puts back was kept like this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.duration import duration_string


def kept(row: models.Model, names: Sequence[str]) -> dict[str, Any]:
    """The named columns of `row`, as JSON."""
    return {name: _plain(getattr(row, name)) for name in names}


def put_back(row: models.Model, values: Mapping[str, Any]) -> None:
    """Set the columns of `row` to what `kept` returned; nothing is saved."""
    for name, value in values.items():
        field = row._meta.get_field(name.removesuffix("_id"))
        setattr(row, name, value if value is None or field.is_relation else field.to_python(value))  # type: ignore[union-attr]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return duration_string(value) if isinstance(value, timedelta) else value
