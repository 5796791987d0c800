"""The kinds of file: what writes each, how much it holds, and what browsers are told it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from django.db.models import QuerySet

from inbox.reports.about import About
from inbox.reports.columns import Column
from inbox.reports.vocabulary import ExportFormat
from inbox.tickets.models import Ticket

#: Where finished files and drafts lie in the file store.
AREA = "exports"
#: What a kind of file can hold, and what somebody can wait for.
MOST_ROWS: Mapping[ExportFormat, int] = {
    ExportFormat.CSV: 5_000_000,
    ExportFormat.XLSX: 200_000,
    ExportFormat.PARQUET: 5_000_000,
}
CONTENT_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


class RowFile(Protocol):
    """A file that grows batch by batch."""

    #: Tickets a batch.
    batch: int

    def add(self, tickets: QuerySet[Ticket]) -> int:
        """Append tickets in their order; returns how many."""

    def flush(self) -> int:
        """Bring everything to the disk; returns from which byte on a later job may go on, 0 when it cannot."""

    def close(self) -> None:
        """Complete the file."""


def opened(
    kind: ExportFormat, path: Path, columns: tuple[Column, ...], about: About, *, with_mark: bool, resume_at: int
) -> RowFile:
    """A new file at `path`, or one that is gone on with from the byte `resume_at`."""
    if kind is ExportFormat.CSV:
        from inbox.reports.csv_file import CsvFile

        return CsvFile(path, columns, with_mark=with_mark, resume_at=resume_at)
    if kind is ExportFormat.XLSX:
        from inbox.reports.xlsx_file import XlsxFile

        return XlsxFile(path, columns, about)
    from inbox.reports.parquet_file import ParquetFile  # loads a big library: only where it is used

    return ParquetFile(path, columns, about)
