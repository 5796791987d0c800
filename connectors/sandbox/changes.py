"""What happens to a complaint inside a source other than by our writes: citizens edit and withdraw, others answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from connectors.sandbox.complaints import Answer, Citizen, Complaint, Draft, Spot, Stage
from connectors.sandbox.store import Store
from connectors.sandbox.systems.base import System


class WrongChange(ValueError):
    """A change names a field or a status that does not exist, or a value of the wrong type. The message says which."""


def edit(store: Store, complaint: Complaint, changes: Mapping[str, Any], *, at: datetime) -> Complaint:
    """A citizen changes text, title, photos, or fields of the place or of themselves. Raises WrongChange."""
    changed = replace(complaint, **content_of(changes, citizen=complaint.citizen, spot=complaint.spot), updated_at=at)
    store.save(changed)
    return changed


def withdraw(store: Store, complaint: Complaint, *, at: datetime) -> Complaint:
    """A citizen takes a complaint back."""
    changed = replace(complaint, withdrawn=True, updated_at=at)
    store.save(changed)
    return changed


def reuse_id(system: System, complaint: Complaint, draft: Draft, *, at: datetime) -> Complaint:
    """The source gives the ids of an old complaint to a new one of somebody else, as some do when set up anew."""
    changed = replace(
        complaint,
        title=draft.title,
        text=draft.text,
        category=draft.category,
        sent_at=at,
        updated_at=at,
        citizen=draft.citizen,
        spot=draft.spot,
        photos=draft.photos,
        channel=draft.channel,
        status=system.stages[Stage.WAITING],
        answers=(),
        withdrawn=False,
        raw={},
    )
    system.store.save(changed)
    return changed


def handle_elsewhere(system: System, complaint: Complaint, status: str, text: str, *, at: datetime) -> Complaint:
    """Somebody moves the complaint on in the source itself, past our write interface. Raises WrongChange."""
    if status not in system.statuses:
        raise WrongChange(f"status must be one of {', '.join(system.statuses)}")
    step = Answer(text, at, "", "Đơn vị khác", status, ours=False)
    changed = replace(complaint, status=status, answers=(*complaint.answers, step), updated_at=at)
    system.store.save(changed)
    return changed


def content_of(changes: Mapping[str, Any], *, citizen: Citizen, spot: Spot) -> dict[str, Any]:
    """Fields of a complaint from flat JSON, on top of what is known about the citizen and the place."""
    values: dict[str, Any] = {}
    people: dict[str, Any] = {}
    places: dict[str, Any] = {}
    for name, value in changes.items():
        if name in _TEXTS:
            values[name] = _checked(name, value, str)
        elif name == "photos":
            values[name] = tuple(str(photo) for photo in _checked(name, value, list))
        elif name in _CITIZEN:
            people[_CITIZEN[name]] = _checked(name, value, bool if name == "anonymous" else str)
        elif name in _SPOT:
            places[_SPOT[name]] = _number(name, value) if name in ("lat", "lng") else _checked(name, value, str)
        else:
            known = ", ".join((*_TEXTS, "photos", *_CITIZEN, *_SPOT))
            raise WrongChange(f"unknown field {name}; known: {known}")
    if "old_name" in places:
        places["old_wording"] = bool(places["old_name"])
    return values | {"citizen": replace(citizen, **people), "spot": replace(spot, **places)}


_TEXTS = ("title", "text")
_CITIZEN = {"name": "name", "phone": "phone", "email": "email", "reporter_address": "address", "anonymous": "anonymous"}
_SPOT = {
    "address": "text",
    "house": "house",
    "street": "street",
    "ward_code": "code",
    "ward_name": "name",
    "old_ward_code": "old_code",
    "old_ward_name": "old_name",
    "district_code": "district_code",
    "district_name": "district",
    "lat": "lat",
    "lng": "lng",
}
assert {*_SPOT.values()} <= {field.name for field in fields(Spot)}  # noqa: S101  a table that names dataclass fields


def _checked(name: str, value: Any, wanted: type) -> Any:
    if not isinstance(value, wanted):
        raise WrongChange(f"{name} must be {wanted.__name__}")
    return value


def _number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongChange(f"{name} must be a number or null")
    return float(value)
