"""62,165 real requests to the City of Boston, 2013 to 2023, with their own targets and their own verdicts."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.processes import SHARED

FILE = SHARED / "data" / "requests" / "boston311_2013_2023.csv.gz"


@dataclass(frozen=True, slots=True)
class Request:
    """Times are the city's wall clock, taken as they are written."""

    opened: datetime
    target: datetime | None
    closed: datetime | None
    on_time: bool
    kind: str
    place: str


def requests() -> Iterator[Request]:
    """All of them, in the order of the file."""
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Request(
                opened=_at(row["open_dt"]),
                target=_at(row["sla_target_dt"]) if row["sla_target_dt"] else None,
                closed=_at(row["closed_dt"]) if row["closed_dt"] else None,
                on_time=row["on_time"] == "ONTIME",
                kind=row["type"],
                place=row["neighborhood"],
            )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
