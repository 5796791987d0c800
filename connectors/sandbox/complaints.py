"""What a source system believes about one complaint, before it is put into that system's wire format.

Plain frozen data and its JSON form. It must not know stores, HTTP or wire formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

#: The source systems think in this zone and mostly forget to say so.
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


class Stage(StrEnum):
    """How far a complaint has come, in words that every system can translate into its own code."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    REFUSED = "refused"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True)
class Citizen:
    """Who complains. Anonymous citizens still have a name in the system that took the complaint."""

    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """Where it happened. `code` is the ward of today; `old_*` is what the place was called before 01/07/2025."""

    text: str = ""
    house: str = ""
    street: str = ""
    code: str = ""
    name: str = ""
    old_code: str = ""
    old_name: str = ""
    district_code: str = ""
    district: str = ""
    lat: float | None = None
    lng: float | None = None
    old_wording: bool = False  # the citizen, or the system, still names the old ward and district


@dataclass(frozen=True, slots=True)
class Answer:
    """One step of handling that the citizen may see. `ours`: it came in through the system's write interface."""

    text: str
    at: datetime
    key: str
    author: str
    status: str
    ours: bool
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A complaint as a citizen writes it, before any system has given it ids or a status."""

    title: str
    text: str
    category: str
    sent_at: datetime
    citizen: Citizen
    spot: Spot
    photos: tuple[str, ...] = ()
    channel: str = "WEB"
    stage: Stage = Stage.WAITING
    handled_at: datetime | None = None  # when the system's own staff took it beyond WAITING
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint inside one system. `status` is that system's own code."""

    source: str
    number: int  # counts from 1 inside the source; ids are derived from it
    external_id: str
    second_id: str
    status: str
    title: str
    text: str
    category: str
    sent_at: datetime
    updated_at: datetime
    citizen: Citizen
    spot: Spot
    photos: tuple[str, ...] = ()
    channel: str = "WEB"
    due_at: datetime | None = None
    answers: tuple[Answer, ...] = ()
    withdrawn: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)  # a payload from a --data file, served as it is

    @property
    def last_answer(self) -> Answer | None:
        """The latest step of handling, or None while nobody has touched the complaint."""
        return self.answers[-1] if self.answers else None

    @property
    def handled_by_others(self) -> bool:
        """Whether the latest step was made by somebody who does not use the write interface."""
        return self.last_answer is not None and not self.last_answer.ours


@dataclass(frozen=True, slots=True)
class Write:
    """One write-back as it was received, whether it had an effect or not."""

    source: str
    at: datetime
    external_id: str
    key: str
    status: str
    text: str
    author: str
    outcome: str  # "applied", "repeated", "dropped" or "refused:<code>"


def to_json(value: Complaint | Write) -> dict[str, Any]:
    """The JSON form: instants as ISO 8601 strings, everything else as it is."""
    return {name: _with_text_dates(part) for name, part in asdict(value).items()}


def complaint_from_json(data: Mapping[str, Any]) -> Complaint:
    """Rebuild a complaint from `to_json`. Raises KeyError or ValueError on anything else."""
    values: dict[str, Any] = {f.name: data[f.name] for f in fields(Complaint)}
    for name in ("sent_at", "updated_at", "due_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    values["citizen"] = Citizen(**data["citizen"])
    values["spot"] = Spot(**data["spot"])
    values["photos"] = tuple(data["photos"])
    values["answers"] = tuple(
        Answer(**{**row, "at": datetime.fromisoformat(row["at"]), "files": tuple(row["files"])})
        for row in data["answers"]
    )
    return Complaint(**values)


def write_from_json(data: Mapping[str, Any]) -> Write:
    """Rebuild a write from `to_json`."""
    return Write(**{**data, "at": datetime.fromisoformat(data["at"])})


def _with_text_dates(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _with_text_dates(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text_dates(part) for part in value]
    return value
