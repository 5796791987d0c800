"""Which unit is in charge: cases with the reason beside each, on the places that ship with the product."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.core.text import fold
from inbox.routing.rules import Gazetteer, OldWard, PlaceFacts, UnitFacts, route

DATA = Path(__file__).parents[2] / "inbox" / "units" / "data"


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache
def gazetteer() -> Gazetteer:
    targets: dict[tuple[str, str, str], list[str]] = {}
    for row in _rows("legacy_to_new.csv"):
        targets.setdefault((row["legacy_code"], row["legacy_name"], row["district"]), []).append(row["new_code"])
    codes = {key[0]: found for key, found in targets.items()}
    for row in _rows("dissolved_before_2025_03.csv"):
        targets["", row["dissolved_ward"], row["district"]] = codes[row["into_legacy_code"]]
    return Gazetteer.build(
        [UnitFacts(row["code"], row["name"]) for row in _rows("units_2025.csv")],
        [OldWard(*key, tuple(found)) for key, found in targets.items()],
    )


def routed(**facts: str | None):
    return route(PlaceFacts(**facts), gazetteer())  # type: ignore[arg-type]


ADDRESSES = [
    ("42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh", "26929", "the example of the domain document"),
    ("42/7 dinh bo linh, p.26, q. binh thanh", "26929", "without marks"),
    ("42/7 Đinh Bộ Lĩnh P26 Q Bình Thạnh", "26929", "Q without a full stop, a known name follows"),
    ("Đội Q Nguyễn, P26", None, "Q without a known name behind it is no district"),
    ("42/7 Đinh Bộ Lĩnh phường 26 quận Bình Thạnh TP.HCM", "26929", "no commas, the city at the end"),
    ("42/7 Đinh Bộ Lĩnh, Phường 26, Bình Thạnh, Hồ Chí Minh", "26929", "the district without its type"),
    ("42/7 Đinh Bộ Lĩnh, P. 26, Q. BT", None, "BT is Bình Thạnh as well as Bình Tân"),
    ("12 Quang Trung, P.10, Q. GV", "26884", "GV can only be Gò Vấp"),
    ("Số 5 đường 12, phường 12", None, "a number without a district says nothing"),
    ("Phường 12, Quận Bình Thạnh", "26929", "the same number with a district"),
    ("Phường 012, Quận Bình Thạnh", "26929", "a leading zero is no other ward"),
    ("hẻm 12, Quận Bình Thạnh", None, "an alley's number is no ward"),
    ("Phường Bình Thạnh", "26929", "a ward of today"),
    ("Phường Bình Thạnh, Quận Bình Thạnh", "26929", "a ward of today with the district that was there"),
    ("Phường Bình Thạnh, Quận 1", None, "that ward does not lie there: a person decides"),
    ("Quận Bình Thạnh", None, "a district alone says nothing"),
    ("123 Lê Lợi, Phường Bến Nghé, Quận 1", "26740", "the old ward by name"),
    ("123 Lê Lợi, Bến Nghé, Q.1", "26740", "an unmarked name that is a ward of the marked district"),
    ("Xa lộ Hà Nội, Phường Thảo Điền, TP. Thủ Đức", "27094", "xa lộ is no xã"),
    ("Phường Thảo Điền, Quận 2", "27094", "Quận 2 went into Thủ Đức in 2021"),
    ("Phường Hoà Hưng", "27163", "the mark on the other letter"),
    ("Xã Thanh An", "25807", "the marks tell Thanh An from Thạnh An"),
    ("Xã Thạnh An", "27676", "and the other way round"),
    ("xa thanh an", None, "without marks there are two"),
    ("Phường Phú Mỹ, Quận 7", None, "an old ward that was split"),
    ("Phường 14, Quận 4", None, "dissolved before, into a ward that was split"),
    ("Phường 6, Quận 4", "27265", "dissolved before 2025"),
    ("", None, "nothing said"),
    ("Gần chợ, hỏi bà Tư", None, "no ward in it"),
]


@pytest.mark.parametrize(("text", "code", "reason"), ADDRESSES)
def test_addresses(text: str, code: str | None, reason: str) -> None:
    result = routed(text=text)
    assert result.unit_code == code, f"{reason}: {result}"
    assert (result.method == "triage") is (code is None)
    assert result.reason, "the officer is told why"


FIELDS = [
    ({"ward_name": "Phường 26", "district_name": "Quận Bình Thạnh"}, "26929", "old_ward", "by the table"),
    ({"ward_name": "26", "district_name": "Bình Thạnh"}, "26929", "old_ward", "without types"),
    ({"ward_name": "PHUONG 26", "district_name": "BINH THANH"}, "26929", "old_ward", "capitals without marks"),
    ({"ward_code": "26914"}, "26929", "old_ward", "a code that only the old ward had"),
    ({"ward_code": "26740", "ward_name": "Phường Bến Nghé"}, "26740", "old_ward", "the old owner of a code in use"),
    ({"ward_code": "26740", "ward_name": "Phường Sài Gòn"}, "26740", "new_ward", "its owner today"),
    ({"ward_code": "26929", "ward_name": "Phường 14"}, "26929", "old_ward", "the old name behind the code"),
    ({"ward_code": "99999", "ward_name": "Phường Bình Thạnh"}, "26929", "new_ward", "a code nobody knows"),
    ({"ward_code": "26929", "ward_name": "Phường Sài Gòn"}, "26740", "new_ward", "name and code differ: the name"),
    ({"ward_name": "Xà Bang", "district_name": "Châu Đức"}, "26596", "old_ward", "Xà is part of the name, no type"),
    ({"ward_name": "Phường 26, Quận Bình Thạnh"}, "26929", "old_ward", "both in one field"),
    ({"unit_code": "26929"}, "26929", "source_unit", "nothing else is said"),
    ({"unit_code": "H29.14"}, None, "triage", "a unit code of the source that is none of ours"),
    ({"ward_name": "Phường 26", "district_name": "Bình Thạnh", "unit_code": "26740"}, "26929", "old_ward", "names win"),
    ({"text": "Phường Phú Mỹ, Quận 7", "unit_code": "27487"}, "27487", "source_unit", "the source chose one of two"),
    ({"text": "Phường Phú Mỹ, Quận 7", "unit_code": "26929"}, None, "triage", "its own unit is no part of the ward"),
    ({"text": "P.26, Q. Bình Thạnh", "inside": "26929"}, "26929", "coordinates", "both agree"),
    ({"text": "Gần chợ", "inside": "26929"}, "26929", "coordinates", "coordinates alone"),
    ({"text": "P.26, Q. Bình Thạnh", "inside": "26740"}, None, "triage", "coordinates and address disagree"),
    ({"text": "Phường 12", "inside": "26740"}, "26740", "coordinates", "a number alone cannot disagree"),
    ({"text": "P.26, Q. Bình Thạnh", "inside": ""}, "26929", "old_ward", "coordinates outside the city are ignored"),
    ({"text": "Gần chợ", "inside": ""}, None, "triage", "coordinates outside the city and no name"),
    (
        {"ward_name": "Phường 26", "district_name": "Bình Thạnh", "text": "Phường Bến Nghé, Quận 1"},
        None,
        "triage",
        "the field and the address disagree",
    ),
]


@pytest.mark.parametrize(("facts", "code", "method", "reason"), FIELDS)
def test_fields_and_coordinates(facts: dict[str, str], code: str | None, method: str, reason: str) -> None:
    result = routed(**facts)
    assert (result.unit_code, result.method) == (code, method), f"{reason}: {result}"


def split_wards() -> list[tuple[str, str, str, list[str]]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in _rows("legacy_to_new.csv"):
        found.setdefault((row["legacy_code"], row["legacy_name"], row["district"]), []).append(row["new_code"])
    return [(*key, codes) for key, codes in found.items() if len(codes) > 1]


def test_split_wards_keep_their_candidates_until_coordinates_decide() -> None:
    assert len(split_wards()) == 47
    for _code, name, district, codes in split_wards():
        undecided = routed(ward_name=name, district_name=district)
        assert undecided.unit_code is None, f"{name}, {district} went to {undecided.unit_code} by default"
        assert {c["code"] for c in undecided.candidates} == set(codes)
        assert routed(ward_name=name, district_name=district, inside=codes[-1]).unit_code == codes[-1]


def test_every_whole_old_ward_reaches_its_unit_by_name_and_by_code_with_name() -> None:
    split = {row[0] for row in split_wards()}
    for row in _rows("legacy_to_new.csv"):
        if row["legacy_code"] in split:
            continue
        name, district = row["legacy_name"], row["district"]
        assert routed(ward_name=name, district_name=district).unit_code == row["new_code"], (name, district)
        by_code = routed(ward_code=row["legacy_code"], ward_name=name, district_name=district)
        assert by_code.unit_code == row["new_code"], (name, district)
        assert routed(text=f"1/2 Đường Số 3, {name}, {district}").unit_code == row["new_code"], (name, district)


def test_addresses_without_marks_lead_to_the_same_units() -> None:
    for row in _rows("legacy_to_new.csv"):
        address = f"1/2 Đường Số 3, {row['legacy_name']}, {row['district']}"
        assert routed(text=fold(address)).unit_code == routed(text=address).unit_code, address


@given(st.text(st.sampled_from("pPqQhHxX.,;- \n0123456789/ườngphậaáđĐ"), max_size=40), st.text(max_size=20))
def test_no_text_breaks_the_routing(text: str, name: str) -> None:
    result = routed(text=text, ward_name=name, ward_code=text[:5], district_name=name[:5])
    assert (result.unit_code is None) is (result.method == "triage")


def test_a_code_alone_never_decides_between_its_old_and_its_new_owner() -> None:
    targets: dict[str, set[str]] = {}
    for row in _rows("legacy_to_new.csv"):
        targets.setdefault(row["legacy_code"], set()).add(row["new_code"])
    for code in {row["code"] for row in _rows("units_2025.csv")} & set(targets):
        result = routed(ward_code=code)
        if targets[code] == {code}:
            assert result.unit_code == code
        else:
            assert result.unit_code is None
            assert {c["code"] for c in result.candidates} == targets[code] | {code}


def test_candidates_of_a_number_alone_are_listed_for_the_person_who_decides() -> None:
    result = routed(text="Phường 12")
    assert result.unit_code is None
    assert len(result.candidates) > 5
    assert "26929" in {candidate["code"] for candidate in result.candidates}


def test_a_ward_of_today_that_shares_its_name_with_an_old_one_says_so() -> None:
    result = routed(text="Phường Tân Bình")
    assert result.unit_code is not None
    assert result.confidence < 0.9
    assert len(result.candidates) > 1
