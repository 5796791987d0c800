"""The records of a month as a spreadsheet, for those who answer for them. No cell is ever a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime

import xlsxwriter
from django.utils import timezone

from inbox.evidence.document import act_of
from inbox.evidence.models import EvidenceRecord

#: As much as somebody will read; a month of one source is far below.
MOST_ROWS = 20_000
_HEADS = (
    ("Số biên bản", 18),
    ("Phiếu", 14),
    ("Nguồn tiếp nhận", 26),
    ("Mã tại nguồn", 22),
    ("Đơn vị", 24),
    ("Việc đã thực hiện", 34),
    ("Người thực hiện", 24),
    ("Thực hiện lúc", 18),
    ("Hạn", 18),
    ("Đến nguồn lúc", 18),
    ("Số lần gửi", 11),
    ("Bản", 6),
    ("Mã băm SHA-256", 68),
)


def spreadsheet_of(records: Iterable[EvidenceRecord], *, made_by: str, made_at: datetime) -> bytes:
    """An Excel file. What looks like a formula or an address in somebody's name stays text."""
    out = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **safe}) as book:
        sheet = book.add_worksheet("Biên bản")
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E4EDF7", "border": 1})
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        for column, (words, width) in enumerate(_HEADS):
            sheet.write_string(0, column, words, head)
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 1)
        row = 0
        for row, record in enumerate(records, start=1):
            for column, value in enumerate(_cells(record)):
                if isinstance(value, datetime):
                    sheet.write_datetime(row, column, value, moment)
                elif isinstance(value, int):
                    sheet.write_number(row, column, value)
                else:
                    sheet.write_string(row, column, value)
        sheet.autofilter(0, 0, max(row, 1), len(_HEADS) - 1)
        sheet.set_footer(f"&L{_footer(made_by, made_at)}&RTrang &P/&N")
        sheet.set_landscape()
        sheet.repeat_rows(0)
        book.set_properties({"title": "Biên bản xác nhận xử lý đúng hạn", "author": made_by})
    return out.getvalue()


def _cells(record: EvidenceRecord) -> tuple[str | int | datetime, ...]:
    latest = record.latest
    facts = latest.facts
    return (
        record.number,
        facts["ticket"],
        facts["source"]["label"],
        facts["external_id"],
        facts["unit"],
        act_of(facts["action"]),
        facts["by"],
        _local(facts["done_at"]),
        _local(facts["deadline_at"]),
        _local(facts["arrived_at"]) if facts["arrived_at"] else "chưa đến",
        len(facts["attempts"]),
        latest.version,
        latest.hash,
    )


def _local(stamp: str) -> datetime:
    """Excel knows no time zones: local time, to the second."""
    return timezone.localtime(datetime.fromisoformat(stamp)).replace(tzinfo=None, microsecond=0)


def _footer(made_by: str, made_at: datetime) -> str:
    return f"{made_by}, {timezone.localtime(made_at):%H:%M %d/%m/%Y}".replace("&", "&&")
