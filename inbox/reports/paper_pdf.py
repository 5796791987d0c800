"""A report as a PDF."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from inbox.core.pdf import tagged_pdf
from inbox.reports.paper import Paper

_TEMPLATE = Path(__file__).with_name("paper.typ")


def pdf_of(paper: Paper, *, made_at: datetime) -> bytes:
    """The same bytes for the same report."""
    return tagged_pdf(_TEMPLATE, {"paper": json.dumps(_facts(paper))}, made_at=made_at)


def _facts(paper: Paper) -> dict[str, Any]:
    return {
        "agency": paper.agency,
        "place_and_date": paper.place_and_date,
        "title": paper.title,
        "subtitle": paper.subtitle,
        "period": paper.period,
        "summary": paper.summary,
        "signature": paper.signature,
        "receivers": paper.receivers,
        "is_signed": paper.is_signed,
        "is_wide": paper.is_wide,
        "tables": [
            {
                "title": table.title,
                "note": table.note,
                "heads": table.heads,
                "widths": table.widths,
                "numbers": [any(row[column].is_number for row in table.rows) for column in range(len(table.heads))],
                "rows": [[cell.words for cell in row] for row in table.rows],
            }
            for table in paper.tables
        ],
    }
