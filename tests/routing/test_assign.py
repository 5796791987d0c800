"""Routing against the tables: a constant number of queries, and a list in memory that notices changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.records import Place
from inbox.routing.assign import route_places
from inbox.units.models import Unit

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOME = Place(text="42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh")

pytestmark = pytest.mark.usefixtures("city")


def test_a_batch_takes_two_queries_whatever_its_size(django_assert_num_queries) -> None:
    route_places([HOME], at=AT)
    with django_assert_num_queries(2):
        routings = route_places([HOME] * 200, at=AT)
    assert {routing.unit_code for routing in routings} == {"26929"}


def test_coordinates_stay_with_their_place() -> None:
    places = [
        HOME,
        Place(lat=10.7769, lng=106.7009),
        Place(lat=0, lng=0),
        Place(lat=21.0285, lng=105.8542),
        Place(text=HOME.text, lat=10.80965, lng=106.69745),
        Place(lat=1e9, lng=106.7),
    ]
    found = [(routing.unit_code, routing.method) for routing in route_places(places, at=AT)]
    assert found == [
        ("26929", "old_ward"),
        ("26740", "coordinates"),
        (None, "triage"),
        (None, "triage"),
        ("26929", "coordinates"),
        (None, "triage"),
    ]


def test_a_renamed_unit_is_noticed() -> None:
    assert route_places([Place(ward_name="Phường Mới Toanh")], at=AT)[0].unit_code is None
    unit = Unit.objects.get(code="26929")
    unit.name = "Phường Mới Toanh"
    unit.save()
    assert route_places([Place(ward_name="Phường Mới Toanh")], at=AT)[0].unit_code == "26929"


def test_units_count_only_while_they_are_in_force() -> None:
    before = datetime(2025, 6, 30, 10, 0, tzinfo=UTC)
    assert route_places([Place(ward_name="Phường Bình Thạnh")], at=before)[0].unit_code is None


def test_agencies_are_no_places() -> None:
    assert route_places([Place(unit_code="SXD")], at=AT)[0].unit_code is None
