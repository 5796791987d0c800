"""What every file carries besides its rows: what it is, of whom, of when, and who made it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class About:
    """The head of a file. `made_at` in local time; `narrowed`: the filters in words, one each."""

    title: str
    units: str
    period: str
    made_by: str
    made_at: datetime
    narrowed: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """Who made it, and when: the mark that stays on every page."""
        return f"Người lập: {self.made_by}, lúc {self.made_at:%H:%M ngày %d/%m/%Y}"
