"""Lists as Excel files: real numbers and dates, no formula, the head in sight. Rows go to disk, memory stays flat."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db.models import QuerySet
from django.utils import timezone

from inbox.reports.about import About
from inbox.reports.cells import without_contacts
from inbox.reports.columns import Column, rows_of
from inbox.reports.vocabulary import Kind
from inbox.tickets.models import Ticket

BATCH = 5_000
#: What looks like a formula, an address or a number in somebody's words stays text.
SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_HEAD_ROW = 4
_LONGEST_CELL = 32_767


class XlsxFile:
    """A workbook that is written row by row. It cannot be gone on with: a job that died begins anew."""

    batch = BATCH

    def __init__(self, path: Path, columns: tuple[Column, ...], about: About) -> None:
        self._columns = columns
        self._row = _HEAD_ROW
        self._book = xlsxwriter.Workbook(
            path,
            {"constant_memory": True, "tmpdir": str(path.parent)} | SAFE,
        )
        self._sheet = self._book.add_worksheet("Danh sách")
        self._formats = {
            Kind.MOMENT: self._book.add_format({"num_format": "dd/mm/yyyy hh:mm", "align": "left"}),
            Kind.NUMBER: self._book.add_format({"num_format": "#,##0"}),
            Kind.PLACE: self._book.add_format({"num_format": "0.000000"}),
        }
        self._write_head(about)

    def add(self, tickets: QuerySet[Ticket]) -> int:
        """Append tickets in their order; returns how many."""
        before = self._row
        for values in rows_of(tickets, self._columns).iterator(chunk_size=2000):
            self._row += 1
            for number, (column, value) in enumerate(zip(self._columns, values, strict=True)):
                self._write(number, column, value)
        return self._row - before

    def flush(self) -> int:
        """Nothing of it is there before it is closed."""
        return 0

    def close(self) -> None:
        self._sheet.autofilter(_HEAD_ROW, 0, max(self._row, _HEAD_ROW + 1), len(self._columns) - 1)
        self._book.close()

    def _write_head(self, about: About) -> None:
        title = self._book.add_format({"bold": True, "font_size": 14})
        quiet = self._book.add_format({"font_color": "#555555"})
        head = self._book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E4EDF7", "border": 1}
        )
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, column.width)
        self._sheet.freeze_panes(_HEAD_ROW + 1, 1)
        self._sheet.repeat_rows(_HEAD_ROW)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_footer(f"&L{about.signature.replace('&', '&&')}&RTrang &P/&N")
        self._book.set_properties({"title": about.title, "author": about.made_by, "comments": about.signature})
        self._sheet.write_string(0, 0, about.title, title)
        self._sheet.write_string(1, 0, f"Đơn vị: {about.units}. Kỳ: {about.period}.")
        self._sheet.write_string(2, 0, "Điều kiện lọc: " + ("; ".join(about.narrowed) or "không"))
        self._sheet.write_string(3, 0, about.signature, quiet)
        for number, column in enumerate(self._columns):
            self._sheet.write_string(_HEAD_ROW, number, column.head, head)

    def _write(self, number: int, column: Column, value: Any) -> None:
        row, kind = self._row, column.kind
        if value is None:
            return
        if kind is Kind.MOMENT:
            self._sheet.write_datetime(row, number, _local(value), self._formats[kind])
        elif kind in self._formats:
            self._sheet.write_number(row, number, value, self._formats[kind])
        elif kind is Kind.YES_NO:
            self._sheet.write_string(row, number, "Có" if value else "Không")
        else:
            text = column.words.get(value, value)
            self._sheet.write_string(
                row, number, (without_contacts(text) if kind is Kind.CITIZEN else text)[:_LONGEST_CELL]
            )


def _local(at: datetime) -> datetime:
    """Excel knows no time zones: local time, to the second."""
    return timezone.localtime(at).replace(tzinfo=None, microsecond=0)
