"""A report as an Excel file: one sheet a table, real numbers, the head in sight, filters, who made it on every page."""

from __future__ import annotations

import io
import re

import xlsxwriter

from inbox.reports.paper import Cell, Form, Paper, Table
from inbox.reports.xlsx_file import SAFE

_HEAD_ROW = 4
_FORMATS = {Form.COUNT: "#,##0", Form.PERCENT: "0.0%", Form.DECIMAL: "#,##0.0"}
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")


def spreadsheet_of(paper: Paper) -> bytes:
    """The workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True} | SAFE) as book:
        book.set_properties({"title": f"{paper.title}: {paper.subtitle}", "comments": paper.signature})
        formats = {form: book.add_format({"num_format": code}) for form, code in _FORMATS.items()}
        for number, table in enumerate(paper.tables, start=1):
            _write(book, paper, table, f"{number}. {table.title}", formats)
    return out.getvalue()


def _write(book: xlsxwriter.Workbook, paper: Paper, table: Table, name: str, formats: dict[Form, object]) -> None:
    sheet = book.add_worksheet(_NOT_IN_NAMES.sub(" ", name)[:31])
    title = book.add_format({"bold": True, "font_size": 14})
    quiet = book.add_format({"font_color": "#555555"})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E4EDF7", "border": 1})
    sheet.write_string(0, 0, f"{paper.subtitle} – {table.title}", title)
    sheet.write_string(1, 0, f"{paper.agency}. {paper.period}")
    if table.note:
        sheet.write_string(2, 0, table.note, quiet)
    sheet.write_string(3, 0, paper.signature, quiet)
    for column, (words, width) in enumerate(zip(table.heads, table.widths, strict=True)):
        sheet.write_string(_HEAD_ROW, column, words, head)
        sheet.set_column(column, column, width)
    for row, cells in enumerate(table.rows, start=_HEAD_ROW + 1):
        for column, cell in enumerate(cells):
            _put(sheet, row, column, cell, formats)
    last = max(_HEAD_ROW + len(table.rows), _HEAD_ROW + 1)
    sheet.autofilter(_HEAD_ROW, 0, last, len(table.heads) - 1)
    sheet.freeze_panes(_HEAD_ROW + 1, 1)
    sheet.repeat_rows(_HEAD_ROW)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{paper.signature.replace('&', '&&')}&RTrang &P/&N")


def _put(sheet: object, row: int, column: int, cell: Cell, formats: dict[Form, object]) -> None:
    """What cannot be reckoned stays empty: a dash would make text of a column of numbers."""
    if isinstance(cell.value, str):
        sheet.write_string(row, column, cell.value)  # type: ignore[attr-defined]
    elif cell.value is not None:
        value = cell.value / 100 if cell.form is Form.PERCENT else cell.value
        sheet.write_number(row, column, value, formats[cell.form])  # type: ignore[attr-defined]
