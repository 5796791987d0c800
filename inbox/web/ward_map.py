"""A ward's boundary and a point in it as a drawing, made on the server: no tiles, no foreign host, no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import Any

from inbox.units.boundaries import boundaries

WIDTH, HEIGHT, MARGIN = 320.0, 200.0, 10.0

Ring = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class WardMap:
    """An SVG path in a picture of WIDTH x HEIGHT, and where the point lies in it (None: no point, or off the map)."""

    path: str
    point: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class _Drawing:
    path: str
    west: float
    north: float
    scale: float  # picture units per degree of latitude
    squeeze: float  # a degree of longitude in degrees of latitude
    left: float
    top: float

    def place(self, lat: float, lng: float) -> tuple[float, float]:
        x = self.left + (lng - self.west) * self.squeeze * self.scale
        return round(x, 1), round(self.top + (self.north - lat) * self.scale, 1)


def map_of(unit_code: str, lat: float | None, lng: float | None) -> WardMap | None:
    """The map of a unit; None when its boundary is not known."""
    drawing = _drawing(unit_code)
    if drawing is None:
        return None
    point = drawing.place(lat, lng) if lat is not None and lng is not None else None
    on_map = point is not None and 0 <= point[0] <= WIDTH and 0 <= point[1] <= HEIGHT
    return WardMap(drawing.path, point if on_map else None)


@lru_cache(maxsize=1)
def _geometries() -> dict[str, Any]:
    return {str(feature["id"]): feature["geometry"] for feature in boundaries()["features"]}


@lru_cache(maxsize=256)
def _drawing(unit_code: str) -> _Drawing | None:
    geometry = _geometries().get(unit_code)
    if geometry is None:
        return None
    rings = list(_rings(geometry))
    lngs = [position[0] for ring in rings for position in ring]
    lats = [position[1] for ring in rings for position in ring]
    squeeze = cos(radians((min(lats) + max(lats)) / 2))
    width, height = (max(lngs) - min(lngs)) * squeeze, max(lats) - min(lats)
    scale = min((WIDTH - 2 * MARGIN) / width, (HEIGHT - 2 * MARGIN) / height)
    empty = _Drawing(
        path="",
        west=min(lngs),
        north=max(lats),
        scale=scale,
        squeeze=squeeze,
        left=(WIDTH - width * scale) / 2,
        top=(HEIGHT - height * scale) / 2,
    )
    path = " ".join(f"M{'L'.join(_pair(empty.place(lat, lng)) for lng, lat, *_ in ring)}Z" for ring in rings)
    return _Drawing(path, empty.west, empty.north, scale, squeeze, empty.left, empty.top)


def _rings(geometry: dict[str, Any]) -> Iterator[Ring]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        yield from polygon


def _pair(point: tuple[float, float]) -> str:
    return f"{point[0]} {point[1]}"
