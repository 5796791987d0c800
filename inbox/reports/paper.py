"""A report as data: heads, sentences and tables, set alike as PDF, as a page and as a spreadsheet. Pure.

Reports are Vietnamese whatever language their reader chose for the pages: they are official papers. A cell keeps its
number; how it is written is decided here once, so paper, page and spreadsheet cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

NOTHING = "–"
#: From so many columns on a sheet lies on its side.
_WIDE = 8


class Form(StrEnum):
    """How a number is written."""

    TEXT = "text"
    COUNT = "count"
    PERCENT = "percent"  # 92.5 is 92,5 %
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; None is something that cannot be reckoned, which is not nought."""

    value: str | float | int | None
    form: Form = Form.TEXT

    @property
    def words(self) -> str:
        """As it is read: "1.234", "92,5 %"."""
        if self.value is None:
            return NOTHING
        if isinstance(self.value, str):
            return self.value
        if self.form is Form.COUNT:
            return f"{self.value:,.0f}".replace(",", ".")
        number = f"{self.value:,.1f}".replace(",", " ").replace(".", ",").replace(" ", ".")
        return f"{number} %" if self.form is Form.PERCENT else number

    @property
    def is_number(self) -> bool:
        return self.form is not Form.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as wide as their heads. `widths` in characters; the first column takes what is left on paper."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    widths: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole report. `agency` issues it; `signature` stands on every page: who made it, and when."""

    agency: str
    place_and_date: str
    title: str
    subtitle: str
    period: str
    summary: list[str]
    tables: list[Table]
    signature: str
    receivers: list[str] = field(default_factory=list)
    is_signed: bool = True

    @property
    def is_wide(self) -> bool:
        """Whether its tables want a sheet that lies on its side."""
        return any(len(table.heads) >= _WIDE for table in self.tables)


def count(value: float | int | None) -> Cell:
    return Cell(value, Form.COUNT)


def percent(value: float | int | None) -> Cell:
    return Cell(value, Form.PERCENT)


def decimal(value: float | int | None) -> Cell:
    return Cell(value, Form.DECIMAL)
