"""Route many places at once. The list of units and old wards stays in memory until somebody changes the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max, Prefetch
from django.utils import timezone

from connectors.records import Place
from inbox.routing.rules import Gazetteer, OldWard, PlaceFacts, Routing, UnitFacts, route
from inbox.units.boundaries import units_at
from inbox.units.models import LegacyWard, Unit, UnitKind

_HIGHEST_LATITUDE, _HIGHEST_LONGITUDE = 90, 180


def route_places(places: Sequence[Place], *, at: datetime) -> list[Routing]:
    """The routing of each place, by the units in force at `at`. Two small queries, whatever the number of places."""
    gazetteer = gazetteer_at(at)
    points = [(place.lat, place.lng) for place in places if _has_point(place)]
    inside = iter(units_at(points))  # type: ignore[arg-type]
    return [route(_facts(place, (next(inside) or "") if _has_point(place) else None), gazetteer) for place in places]


def gazetteer_at(at: datetime) -> Gazetteer:
    """The places in force on the local date of `at`."""
    return _gazetteer(timezone.localdate(at), _state_of(Unit), _state_of(LegacyWard))


def _has_point(place: Place) -> bool:
    """Whether there are coordinates at all: 0/0 is how sources write "unknown"."""
    if place.lat is None or place.lng is None or (place.lat == 0 and place.lng == 0):
        return False
    return abs(place.lat) <= _HIGHEST_LATITUDE and abs(place.lng) <= _HIGHEST_LONGITUDE


def _facts(place: Place, inside: str | None) -> PlaceFacts:
    return PlaceFacts(
        text=place.text,
        ward_code=place.ward_code,
        ward_name=place.ward_name,
        district_name=place.district_name,
        unit_code=place.unit_code,
        inside=inside,
    )


def _state_of(model: type[Unit] | type[LegacyWard]) -> tuple[Any, ...]:
    state = model._default_manager.aggregate(rows=Count("pk"), changed=Max("changed_at"))
    return state["rows"], state["changed"]


@lru_cache(maxsize=2)
def _gazetteer(on: date, *_state: tuple[Any, ...]) -> Gazetteer:
    mapped = Unit.objects.current(on).exclude(kind=UnitKind.CITY_AGENCY)
    wards = LegacyWard.objects.prefetch_related(Prefetch("targets", queryset=mapped))
    return Gazetteer.build(
        [UnitFacts(code, name) for code, name in mapped.values_list("code", "name")],
        [OldWard(w.code, w.name, w.district, tuple(sorted(u.code for u in w.targets.all()))) for w in wards],
    )
