"""The places that ship with the product: complete, with the known pitfalls, and safe to load twice."""

from __future__ import annotations

from datetime import date

import pytest

from inbox.units.boundaries import boundaries, unit_at, units_at
from inbox.units.models import LegacyWard, Unit, UnitKind
from inbox.units.seed import REFORM, load_units

AFTER = date(2026, 11, 23)
MAPPED = (UnitKind.WARD, UnitKind.COMMUNE, UnitKind.SPECIAL_ZONE)


@pytest.fixture
def units(db: None) -> None:
    load_units()


@pytest.mark.usefixtures("units")
def test_the_city_has_168_units() -> None:
    counts = {kind: Unit.objects.current(AFTER).filter(kind=kind).count() for kind in MAPPED}
    assert counts == {UnitKind.WARD: 113, UnitKind.COMMUNE: 54, UnitKind.SPECIAL_ZONE: 1}
    assert not Unit.objects.current(date(2025, 6, 30)).exists(), "none of them was in force before the reform"


@pytest.mark.usefixtures("units")
def test_old_wards_lead_to_units() -> None:
    assert LegacyWard.objects.exclude(code="").count() == 441
    assert not LegacyWard.objects.filter(targets=None).exists(), "every old ward became something"
    ward = LegacyWard.objects.get(district_key="quan binh thanh", search_key="phuong 26")
    assert [unit.code for unit in ward.targets.all()] == ["26929"]


@pytest.mark.usefixtures("units")
def test_wards_dissolved_before_end_where_their_heirs_did() -> None:
    gone = LegacyWard.objects.get(district_key="quan 4", search_key="phuong 14")
    assert gone.code == ""
    assert {unit.code for unit in gone.targets.all()} == {"27259", "27265"}


@pytest.mark.usefixtures("units")
def test_loading_twice_changes_nothing_and_repairs_what_differs() -> None:
    Unit.objects.filter(code="26929").update(name="Phường Sai")
    before = (Unit.objects.count(), LegacyWard.objects.count(), LegacyWard.targets.through.objects.count())
    load_units()
    after = (Unit.objects.count(), LegacyWard.objects.count(), LegacyWard.targets.through.objects.count())
    assert after == before
    assert Unit.objects.get(code="26929", valid_from=REFORM).name == "Phường Bình Thạnh"


def test_loading_takes_a_constant_number_of_statements(db: None, django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        load_units()


@pytest.mark.usefixtures("units")
def test_each_unit_lies_within_its_own_boundary() -> None:
    mapped = list(Unit.objects.filter(kind__in=MAPPED))
    assert units_at([(unit.lat, unit.lng) for unit in mapped]) == [unit.code for unit in mapped]
    assert {feature["properties"]["code"] for feature in boundaries()["features"]} == {unit.code for unit in mapped}


@pytest.mark.parametrize(
    ("lat", "lng", "code", "reason"),
    [
        (10.80965, 106.69745, "26929", "Đinh Bộ Lĩnh, phường Bình Thạnh"),
        (10.7769, 106.7009, "26740", "in front of the city hall: Sài Gòn, the code that was Bến Nghé"),
        (0.0, 0.0, None, "0/0 is nowhere"),
        (21.0285, 105.8542, None, "Hà Nội"),
        (106.7, 10.8, None, "latitude and longitude swapped"),
    ],
)
def test_unit_at(lat: float, lng: float, code: str | None, reason: str) -> None:
    assert unit_at(lat, lng) == code, reason


def test_no_points_no_answers() -> None:
    assert units_at([]) == []
