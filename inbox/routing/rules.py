"""From what a source says about a place to the unit that is in charge, or to the reasons why a person must decide.

Pure: it is given the list of places (`Gazetteer`) and, per complaint, in which unit its coordinates lie. The order is
coordinates, old ward with district, new ward, the source's own unit, triage. An old ward that was split gives
candidates and never a silent default; where coordinates and names disagree, a person decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypedDict

from inbox.core.text import fold, search_key


class Method(StrEnum):
    """Which evidence decided."""

    COORDINATES = "coordinates"
    OLD_WARD = "old_ward"
    NEW_WARD = "new_ward"
    SOURCE_UNIT = "source_unit"
    TRIAGE = "triage"


class Candidate(TypedDict):
    """A unit that it could be. JSON data."""

    code: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a complaint belongs. `unit_code` None: nobody can tell without looking, see `reason` and `candidates`."""

    unit_code: str | None
    method: str
    confidence: float
    candidates: tuple[Candidate, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """What is known about one place. `inside`: the unit whose boundary holds the coordinates, "" when outside all."""

    text: str = ""
    ward_code: str = ""
    ward_name: str = ""
    district_name: str = ""
    unit_code: str = ""
    inside: str | None = None  # None: no usable coordinates


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A unit in force, with its area on the map."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class OldWard:
    """A ward of before the reform and the codes of the units that hold it or a part of it now."""

    code: str  # "" for wards dissolved before 2025
    name: str
    district: str
    targets: tuple[str, ...]


_KIND_OF_WARD = r"(?:phuong|xa|thi tran|dac khu)"
_KIND_OF_DISTRICT = r"(?:quan|huyen|thanh pho|thi xa)"
_WARD_PREFIX = re.compile(rf"^{_KIND_OF_WARD}\s+")
_DISTRICT_PREFIX = re.compile(rf"^{_KIND_OF_DISTRICT}\s+")
# A lone letter is a mark too, because a known name must follow it.
_WARD_MARK = re.compile(rf"(?<!\w)(?:{_KIND_OF_WARD}|tt|p|x)\s+(?=\w)")
_DISTRICT_MARK = re.compile(rf"(?<!\w)(?:{_KIND_OF_DISTRICT}|q|h)\s+(?=\w)")
_SEGMENT_END = re.compile(r"[,;\n]|\s-\s|\s–\s")
_WORD = re.compile(r"\w+")
_LONGEST_NAME = 5  # words: "Bà Rịa - Vũng Tàu" is not a ward

#: Districts that were gone before 2025, and the one that holds their wards.
_FORMER_DISTRICTS = {"2": "thu duc", "9": "thu duc", "long dien": "long dat", "dat do": "long dat"}

# What officials read beside the ticket. Vietnamese here, because it is stored with the ticket.
_REASONS = {
    "inside": "Toạ độ nằm trong {unit}.",
    "inside_and_named": "Toạ độ nằm trong {unit}, khớp với địa chỉ.",
    "old_ward": "{said} cũ nay thuộc {unit}.",
    "new_ward": "Địa chỉ ghi {unit}.",
    "new_ward_like_old": "Địa chỉ ghi {unit}; phường, xã cũ cùng tên nay thuộc {others}.",
    "source_unit": "Nguồn đã giao cho {unit}.",
    "split": "{said} cũ nay chia về {others}: cần toạ độ hoặc người quyết định.",
    "number_alone": "{said} không kèm quận: có ở nhiều quận cũ.",
    "several": "{said} có thể là {others}.",
    "disagree": "Toạ độ nằm trong {unit}, nhưng địa chỉ chỉ đến {others}.",
    "fields_disagree": "Phường, xã nguồn gửi chỉ đến {said}, nhưng địa chỉ chỉ đến {others}.",
    "not_in_district": "{said} không thuộc quận, huyện đã ghi.",
    "outside": "Toạ độ nằm ngoài thành phố và địa chỉ không rõ phường, xã.",
    "nothing": "Địa chỉ không rõ phường, xã.",
}


@lru_cache(maxsize=4096)
def ward_key(name: str) -> str:
    """A ward's name to look up: folded, without "phường" or "xã", numbers without leading zeros."""
    return _number(_WARD_PREFIX.sub("", search_key(name)))


@lru_cache(maxsize=4096)
def district_key(name: str) -> str:
    """A district's name to look up; districts dissolved before 2025 give the one that followed them."""
    key = _number(_DISTRICT_PREFIX.sub("", search_key(name)))
    return _FORMER_DISTRICTS.get(key, key)


def _number(key: str) -> str:
    return str(int(key)) if key.isascii() and key.isdigit() else key


def _tones(text: str) -> str:
    """Words with their marks, wherever in the word they were typed: Hòa and Hoà agree, Thanh and Thạnh do not."""
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    return " ".join(
        fold(w) + "".join(sorted(c for c in unicodedata.normalize("NFD", w) if ord(c) > 127)) for w in words
    )


@dataclass(slots=True)
class Gazetteer:
    """The units in force and the wards they replaced, indexed by every way in which sources name them."""

    units: dict[str, UnitFacts] = field(default_factory=dict)
    _units_named: dict[str, list[str]] = field(default_factory=dict)
    _old_by_code: dict[str, OldWard] = field(default_factory=dict)
    _old_named: dict[str, list[OldWard]] = field(default_factory=dict)
    _old_in_district: dict[tuple[str, str], OldWard] = field(default_factory=dict)
    _units_of_district: dict[str, set[str]] = field(default_factory=dict)
    _district_initials: dict[str, str] = field(default_factory=dict)

    @classmethod
    def build(cls, units: Iterable[UnitFacts], old_wards: Iterable[OldWard]) -> Gazetteer:
        """Index the units in force and the old wards."""
        gazetteer = cls()
        for unit in units:
            gazetteer.units[unit.code] = unit
            gazetteer._units_named.setdefault(ward_key(unit.name), []).append(unit.code)
        for ward in old_wards:
            name, district = ward_key(ward.name), district_key(ward.district)
            if ward.code:
                gazetteer._old_by_code[ward.code] = ward
            gazetteer._old_named.setdefault(name, []).append(ward)
            gazetteer._old_in_district[district, name] = ward
            gazetteer._units_of_district.setdefault(district, set()).update(ward.targets)
        gazetteer._district_initials = _unique_initials(gazetteer._units_of_district)
        return gazetteer

    def name_of(self, code: str) -> str:
        """The unit's name with its type."""
        return self.units[code].name

    def district(self, name: str) -> str | None:
        """The key of a district named in any usual way, its initials included where only one has them."""
        return self.district_in_full(name) or self._district_initials.get(district_key(name))

    def district_in_full(self, name: str) -> str | None:
        """The key of a district named without abbreviation."""
        key = district_key(name)
        return key if key in self._units_of_district else None

    def ward(self, name: str) -> str:
        """The key of a ward's name, given with or without its type: "Xà Bang" is a name, not a xã called Bang."""
        bare = _number(search_key(name))
        return bare if self.knows_ward(bare) else ward_key(name)

    def knows_ward(self, key: str) -> bool:
        """Whether any ward, old or new, has this name."""
        return key in self._units_named or key in self._old_named

    def old_ward(self, code: str) -> OldWard | None:
        """The old ward with this code."""
        return self._old_by_code.get(code)

    def old_ward_in(self, district: str, ward: str) -> OldWard | None:
        """The old ward with this name in this district (both as keys)."""
        return self._old_in_district.get((district, ward))

    def old_wards_named(self, ward: str) -> Sequence[OldWard]:
        """All old wards with this name (as a key)."""
        return self._old_named.get(ward, ())

    def units_named(self, ward: str, spoken: str) -> list[str]:
        """Codes of the units with this name (as a key); marks in `spoken` tell Thanh An from Thạnh An."""
        codes = self._units_named.get(ward, [])
        if len(codes) < 2 or spoken.isascii():
            return codes
        said, length = f" {_tones(spoken)} ", len(ward.split())
        exact = [code for code in codes if f" {' '.join(_tones(self.name_of(code)).split()[-length:])} " in said]
        return exact or codes

    def units_of_district(self, district: str) -> set[str]:
        """Codes of the units that hold something of an old district (as a key)."""
        return self._units_of_district.get(district, set())


def _unique_initials(districts: Iterable[str]) -> dict[str, str]:
    """GV for Gò Vấp; nothing for BT, which is Bình Thạnh as well as Bình Tân."""
    found: dict[str, list[str]] = {}
    for district in districts:
        if not district.isdigit():
            found.setdefault("".join(word[0] for word in district.split()), []).append(district)
    return {initials: names[0] for initials, names in found.items() if len(names) == 1}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What names alone say. `codes`: the units it can be, none when nothing is said."""

    codes: tuple[str, ...] = ()
    method: Method = Method.TRIAGE
    confidence: float = 0.0
    reason: str = "nothing"
    said: str = ""
    weak: bool = False  # a hint that coordinates may contradict: a number that many districts have
    others: tuple[str, ...] = ()  # units that an old ward of the same name went to

    @property
    def decided(self) -> str | None:
        return self.codes[0] if len(self.codes) == 1 and not self.weak else None


_NOTHING = _Reading()


def route(place: PlaceFacts, gazetteer: Gazetteer) -> Routing:
    """The unit in charge of a place, with the evidence; never a guess."""
    reading = _read(place, gazetteer)
    if place.inside and place.inside in gazetteer.units:
        return _by_coordinates(place.inside, reading, gazetteer)
    if reading.decided:
        return _decide(reading.decided, reading.method, reading.confidence, reading.reason, reading, gazetteer)
    own = place.unit_code
    if own in gazetteer.units and (not reading.codes or own in reading.codes) and not _is_conflict(reading):
        return _decide(own, Method.SOURCE_UNIT, 0.6, "source_unit", reading, gazetteer)
    reason = "outside" if reading.reason == "nothing" and place.inside == "" else reading.reason
    return _triage(reading.codes, reason, reading, gazetteer)


def _is_conflict(reading: _Reading) -> bool:
    return reading.reason in {"fields_disagree", "not_in_district"}


def _by_coordinates(inside: str, reading: _Reading, gazetteer: Gazetteer) -> Routing:
    if inside in reading.codes:
        return _decide(inside, Method.COORDINATES, 1.0, "inside_and_named", reading, gazetteer)
    if not reading.codes or reading.weak:
        return _decide(inside, Method.COORDINATES, 0.95, "inside", reading, gazetteer)
    return _triage((inside, *reading.codes), "disagree", reading, gazetteer, unit=inside)


def _decide(
    code: str, method: Method, confidence: float, reason: str, reading: _Reading, gazetteer: Gazetteer
) -> Routing:
    others = _candidates([c for c in reading.others if c != code], gazetteer, total=1 - confidence)
    chosen = Candidate(code=code, name=gazetteer.name_of(code), confidence=confidence)
    text = _explain(reason, gazetteer, unit=code, said=reading.said, others=reading.others)
    return Routing(code, method, confidence, (chosen, *others), text)


def _triage(codes: Sequence[str], reason: str, reading: _Reading, gazetteer: Gazetteer, *, unit: str = "") -> Routing:
    named = reading.others or reading.codes
    text = _explain(reason, gazetteer, unit=unit, said=reading.said, others=named)
    return Routing(None, Method.TRIAGE, 0.0, tuple(_candidates(codes, gazetteer, total=1.0)), text)


def _candidates(codes: Sequence[str], gazetteer: Gazetteer, *, total: float) -> list[Candidate]:
    share = round(total / len(codes), 2) if codes else 0.0
    return [Candidate(code=code, name=gazetteer.name_of(code), confidence=share) for code in codes]


def _explain(reason: str, gazetteer: Gazetteer, *, unit: str, said: str, others: Sequence[str]) -> str:
    names = ", ".join(gazetteer.name_of(code) for code in others)
    return _REASONS[reason].format(unit=gazetteer.name_of(unit) if unit else "", said=said, others=names)


# --- Names ------------------------------------------------------------------------------------------------------------


def _read(place: PlaceFacts, gazetteer: Gazetteer) -> _Reading:
    """What the fields say, else what the address says; both, when they contradict each other."""
    fields = _read_fields(place, gazetteer)
    address = _read_address(place.text, place.district_name, gazetteer)
    if not fields.codes:
        return address if address.codes or not fields.said else fields
    if not address.codes or address.weak:
        return fields
    common = tuple(code for code in fields.codes if code in address.codes)
    if not common:
        if fields.weak:
            return address
        said = ", ".join(gazetteer.name_of(code) for code in fields.codes)
        codes = (*fields.codes, *address.codes)
        return _Reading(codes, reason="fields_disagree", said=said, others=address.codes)
    return fields if len(fields.codes) <= len(address.codes) else address


def _read_fields(place: PlaceFacts, gazetteer: Gazetteer) -> _Reading:
    name = place.ward_name.strip()
    if "," in name:
        return _read_address(name, place.district_name, gazetteer)
    if place.ward_code:
        by_code = _read_code(place.ward_code, name, place.district_name, gazetteer)
        if by_code.codes:
            return by_code
    return _read_name(name, place.district_name, name, gazetteer) if name else _NOTHING


def _read_code(code: str, name: str, district: str, gazetteer: Gazetteer) -> _Reading:
    """A code counts only together with the name it had: nearly all of today's codes belonged to another ward before."""
    unit, ward = gazetteer.units.get(code), gazetteer.old_ward(code)
    if name:
        key = gazetteer.ward(name)
        unit = unit if unit and ward_key(unit.name) == key else None
        ward = ward if ward and ward_key(ward.name) == key else None
    if ward and district and gazetteer.district(district) == district_key(ward.district):
        unit = None
    if ward and unit and set(ward.targets) != {unit.code}:
        codes = tuple(dict.fromkeys((unit.code, *ward.targets)))
        return _Reading(codes, reason="several", said=f"Mã {code}", others=codes)
    if ward:
        return _read_old(ward, gazetteer)
    if unit:
        return _Reading((unit.code,), Method.NEW_WARD, 0.95, "new_ward")
    return _NOTHING


def _read_old(ward: OldWard, gazetteer: Gazetteer) -> _Reading:
    codes = tuple(code for code in ward.targets if code in gazetteer.units)
    said = f"{ward.name}, {ward.district}"
    if len(codes) == 1:
        return _Reading(codes, Method.OLD_WARD, 0.95, "old_ward", said)
    return _Reading(codes, reason="split" if codes else "nothing", said=said, others=codes)


def _read_name(name: str, district_name: str, spoken: str, gazetteer: Gazetteer) -> _Reading:
    """A ward by name, in a district where one is named."""
    key = gazetteer.ward(name)
    district = gazetteer.district(district_name) if district_name.strip() else None
    if district:
        ward = gazetteer.old_ward_in(district, key)
        if ward:
            return _read_old(ward, gazetteer)
    units = tuple(gazetteer.units_named(key, spoken))
    if district and units:
        units_there = tuple(code for code in units if code in gazetteer.units_of_district(district))
        if not units_there:
            return _Reading(units, reason="not_in_district", said=_shown(name), weak=True)
        units = units_there
    old = () if district else gazetteer.old_wards_named(key)
    return _choose_named(name, key, units, old, gazetteer)


def _choose_named(
    name: str, key: str, units: tuple[str, ...], old: Sequence[OldWard], gazetteer: Gazetteer
) -> _Reading:
    """Without a district: today's ward of that name first, then the old ones, if they all lead to one unit."""
    went_to = tuple(dict.fromkeys(c for ward in old for c in ward.targets if c in gazetteer.units))
    if len(units) == 1:
        others = tuple(code for code in went_to if code != units[0])
        if others:
            return _Reading(units, Method.NEW_WARD, 0.7, "new_ward_like_old", others=others)
        return _Reading(units, Method.NEW_WARD, 0.9, "new_ward")
    if units:
        return _Reading(units, reason="several", said=_shown(name), others=units)
    if key.isdigit():
        return _Reading(went_to, reason="number_alone", said=f"Phường {key}", weak=True) if went_to else _NOTHING
    if len(old) == 1:
        return _read_old(old[0], gazetteer)
    return _Reading(went_to, reason="several", said=_shown(name), others=went_to) if went_to else _NOTHING


def _shown(name: str) -> str:
    return " ".join(name.split())


# --- Addresses in free text -------------------------------------------------------------------------------------------


def _read_address(text: str, district_name: str, gazetteer: Gazetteer) -> _Reading:
    """The ward that an address names: "42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh". Streets are never taken for wards."""
    if not text.strip():
        return _NOTHING
    segments = [segment.strip() for segment in _SEGMENT_END.split(search_key(text.replace("\n", ",")))]
    bare = [segment for segment in reversed(segments) if segment and not segment.isdigit()]
    district = next((d for s in reversed(segments) if (d := _marked_district(s, gazetteer))), None)
    ward = next((w for s in reversed(segments) if (w := _marked_ward(s, gazetteer))), None)
    if not district:
        district = next((d for segment in bare if (d := gazetteer.district_in_full(segment))), None)
    if district and not ward:
        ward = next((segment for segment in bare if gazetteer.old_ward_in(district, segment)), None)
    if not ward:
        return _NOTHING
    return _read_name(ward, district or district_name, text, gazetteer)


def _marked_ward(segment: str, gazetteer: Gazetteer) -> str | None:
    """The last name in a segment that stands behind "phường", "xã" …"""
    names = [_known_name(segment[m.end() :], gazetteer.knows_ward) for m in _WARD_MARK.finditer(segment)]
    return next((name for name in reversed(names) if name), None)


def _marked_district(segment: str, gazetteer: Gazetteer) -> str | None:
    """The last name in a segment that stands behind "quận", "huyện", "thành phố" … and is a district."""
    names = [_known_name(segment[m.end() :], gazetteer.district) for m in _DISTRICT_MARK.finditer(segment)]
    return next((gazetteer.district(name) for name in reversed(names) if name), None)


def _known_name(words_after: str, known: Callable[[str], object]) -> str | None:
    """The longest known name at the start of a text."""
    words = _WORD.findall(words_after)[:_LONGEST_NAME]
    for length in range(len(words), 0, -1):
        key = _number(" ".join(words[:length]))
        if known(key):
            return key
    return None
