"""Which unit a point lies in, by the shipped boundary polygons. Knows no tables; the index is built on first use."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from shapely import STRtree, points
from shapely.geometry import shape

BOUNDARIES = Path(__file__).parent / "data" / "boundaries_2025.geojson"


@lru_cache(maxsize=1)
def _index() -> tuple[STRtree, list[str]]:
    features = json.loads(BOUNDARIES.read_text(encoding="utf-8"))["features"]
    return STRtree([shape(feature["geometry"]) for feature in features]), [f["properties"]["code"] for f in features]


def units_at(coordinates: list[tuple[float, float]]) -> list[str | None]:
    """The code of the unit at each (latitude, longitude) in degrees; None outside the city.

    On a shared border it is always the same one of the two units, the one with the lower code.
    """
    tree, codes = _index()
    found: list[str | None] = [None] * len(coordinates)
    if not coordinates:
        return found
    places = points([(lng, lat) for lat, lng in coordinates])
    for place, polygon in zip(*tree.query(places, predicate="intersects").tolist(), strict=True):
        code = codes[polygon]
        known = found[place]
        found[place] = code if known is None else min(code, known)
    return found


def unit_at(lat: float, lng: float) -> str | None:
    """The code of the unit at a point; None outside the city."""
    return units_at([(lat, lng)])[0]


def boundaries() -> dict[str, Any]:
    """The boundaries as GeoJSON, with the unit's code as the id of each feature, for drawing maps."""
    collection: dict[str, Any] = json.loads(BOUNDARIES.read_text(encoding="utf-8"))
    return collection
