"""Lists as Parquet, for those who reckon with them: typed columns, instants in UTC, who made it in the metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from django.db.models import QuerySet

from inbox.reports.about import About
from inbox.reports.cells import without_contacts
from inbox.reports.columns import Column, rows_of
from inbox.reports.vocabulary import Kind
from inbox.tickets.models import Ticket

BATCH = 10_000
_TYPES = {
    Kind.MOMENT: pyarrow.timestamp("us", tz="UTC"),
    Kind.NUMBER: pyarrow.int32(),
    Kind.PLACE: pyarrow.float64(),
    Kind.YES_NO: pyarrow.bool_(),
}


class ParquetFile:
    """A file of row groups, one a batch. It cannot be gone on with: a job that died begins anew."""

    batch = BATCH

    def __init__(self, path: Path, columns: tuple[Column, ...], about: About) -> None:
        self._columns = columns
        facts = {"title": about.title, "units": about.units, "period": about.period}
        facts |= {"made_by": about.made_by, "made_at": about.made_at.isoformat()}
        fields = [(column.key, _TYPES.get(column.kind, pyarrow.string())) for column in columns]
        self._schema = pyarrow.schema(fields, metadata=facts)
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, tickets: QuerySet[Ticket]) -> int:
        """Append tickets in their order; returns how many."""
        rows = list(rows_of(tickets, self._columns))
        values = zip(*rows, strict=True) if rows else [() for _ in self._columns]
        columns = [_column(column, cells) for column, cells in zip(self._columns, values, strict=True)]
        self._writer.write_table(pyarrow.table(columns, schema=self._schema))
        return len(rows)

    def flush(self) -> int:
        """Nothing of it can be read before it is closed."""
        return 0

    def close(self) -> None:
        self._writer.close()


def _column(column: Column, cells: Any) -> pyarrow.Array:
    if column.kind is Kind.CITIZEN:
        cells = [without_contacts(cell) if cell is not None else None for cell in cells]
    return pyarrow.array(cells, _TYPES.get(column.kind, pyarrow.string()))
