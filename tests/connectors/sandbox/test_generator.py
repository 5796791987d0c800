"""The synthetic complaints: the same for the same seed, and as mixed as the city's."""

from __future__ import annotations

import csv
import math
from collections import Counter
from datetime import datetime, timedelta

import pytest

from connectors.sandbox.catalogue import CATEGORIES, DATA
from connectors.sandbox.complaints import LOCAL, Draft, Stage
from connectors.sandbox.generator import Generator

AT = datetime(2026, 11, 20, 10, 30, tzinfo=LOCAL)
SOURCES = ("national-portal", "hotline-1022", "gopy")


@pytest.fixture(scope="module")
def drafts() -> list[Draft]:
    return [draft for _, draft in Generator("1").seed_drafts(SOURCES, count=400, at=AT)]


def share(drafts: list[Draft], wanted: int) -> float:
    return wanted / len(drafts)


def test_the_same_seed_and_instant_give_the_same_complaints() -> None:
    again = [Generator("7").seed_drafts(SOURCES, count=30, at=AT) for _ in range(2)]

    assert again[0] == again[1]
    assert again[0] != Generator("8").seed_drafts(SOURCES, count=30, at=AT)


def test_later_complaints_depend_on_seed_and_name_only() -> None:
    first = Generator("7").one("gopy", name="12", at=AT)

    assert Generator("7").one("gopy", name="12", at=AT) == first
    assert Generator("7").one("gopy", name="13", at=AT) != first
    assert first.stage is Stage.WAITING


def test_categories_follow_the_volumes_of_the_city(drafts: list[Draft]) -> None:
    counts = Counter(draft.category for draft in drafts)

    for code in ("procedures", "infrastructure", "noise", "bus"):
        assert share(drafts, counts[code]) == pytest.approx(CATEGORIES[code].weight / 100, abs=0.05)


def test_every_category_can_be_complained_about() -> None:
    generator = Generator("1")

    seen = {generator.one("gopy", name=str(n), at=AT).category for n in range(1500)}

    assert seen == set(CATEGORIES)


def test_much_of_it_is_for_the_demo_ward_and_its_neighbours(drafts: list[Draft]) -> None:
    home = sum(draft.spot.code == "26929" for draft in drafts)
    district = sum(draft.spot.district == "Quận Bình Thạnh" for draft in drafts)

    assert share(drafts, home) == pytest.approx(0.3, abs=0.05)
    assert 1 / 3 < share(drafts, district) < 1 / 2


def test_most_wait_and_some_were_handled(drafts: list[Draft]) -> None:
    stages = Counter(draft.stage for draft in drafts)

    assert share(drafts, stages[Stage.WAITING]) == pytest.approx(0.7, abs=0.05)
    assert set(stages) == set(Stage)
    assert all(draft.sent_at <= draft.handled_at <= AT for draft in drafts if draft.handled_at)


def test_sent_within_days_before_the_instant_and_densest_at_the_end(drafts: list[Draft]) -> None:
    ages = [AT - draft.sent_at for draft in drafts]

    assert all(timedelta(0) <= age <= timedelta(days=8) for age in ages)
    assert share(drafts, sum(age < timedelta(days=2) for age in ages)) > 0.35


def test_coordinates_lie_in_the_circle_of_the_ward(drafts: list[Draft]) -> None:
    with (DATA / "wards.csv").open(encoding="utf-8", newline="") as lines:
        wards = {(row["code"], row["old_code"]): row for row in csv.DictReader(lines)}
    placed = [draft.spot for draft in drafts if draft.spot.lat is not None and draft.spot.lng is not None]

    assert share(drafts, len(placed)) == pytest.approx(0.7, abs=0.05)
    for spot in placed:
        ward = wards[spot.code, spot.old_code]
        north = (spot.lat - float(ward["lat"])) * 111_320  # type: ignore[operator]
        east = (spot.lng - float(ward["lng"])) * 111_320 * math.cos(math.radians(10.8))  # type: ignore[operator]
        assert math.hypot(north, east) <= int(ward["radius_m"]) + 2


def test_people_and_wording_vary(drafts: list[Draft]) -> None:
    accents = [any(ord(letter) > 127 for letter in draft.text) for draft in drafts]

    assert 0.05 < 1 - share(drafts, sum(accents)) < 0.3, "some write without accents"
    assert 0.4 < share(drafts, sum(draft.spot.old_wording for draft in drafts)) < 0.7
    assert 0 < share(drafts, sum(draft.citizen.anonymous for draft in drafts)) < 0.25
    assert share(drafts, len({draft.text for draft in drafts})) > 0.95
    assert all("{" not in draft.text + draft.spot.text for draft in drafts)


def test_some_problems_come_through_two_channels_in_different_words() -> None:
    pairs = Generator("1").seed_drafts(SOURCES, count=40, at=AT)
    by_place: dict[tuple[object, ...], list[tuple[str, Draft]]] = {}
    for source, draft in pairs:
        by_place.setdefault((draft.title, draft.spot.house, draft.spot.street), []).append((source, draft))
    twins = [found for found in by_place.values() if len(found) > 1]

    assert len(twins) >= 6
    for (one_source, one), (other_source, other) in twins:
        assert one_source != other_source
        assert one.text != other.text
