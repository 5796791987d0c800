"""Where the parts of a chart lie: numbers in, coordinates out. Templates draw them as SVG; no queries, no words.

Everything is in the units of a `viewBox`. A chart is made twice, wide and narrow, because letters in a picture shrink
with it; the style sheet shows the one that fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import ceil, cos, floor, log10, radians

from shapely.geometry import shape

from inbox.units.boundaries import boundaries

WIDEST, WIDE, NARROW = 780, 620, 340
SPARK_W, SPARK_H, SPARK_EDGE = 96.0, 28.0, 3.0
MAP_W, MAP_H = 560.0, 560.0
#: Côn Đảo lies 180 km out in the sea: drawn in a box of its own.
_ISLANDS_SOUTH_OF = 9.5
_BOX = (18.0, 410.0, 130.0, 120.0)


@dataclass(frozen=True, slots=True)
class Spark:
    """A line without axes. `x`, `y`: where it ends."""

    points: str
    x: float
    y: float


def spark(values: Sequence[float | None]) -> Spark | None:
    """None when there are not two values to join."""
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return None
    low, high = min(v for _, v in known), max(v for _, v in known)
    places = [
        (
            _r(SPARK_EDGE + number * (SPARK_W - 2 * SPARK_EDGE) / (len(values) - 1)),
            _r(SPARK_H - SPARK_EDGE - (value - low) / ((high - low) or 1) * (SPARK_H - 2 * SPARK_EDGE)),
        )
        for number, value in known
    ]
    return Spark(" ".join(f"{x},{y}" for x, y in places), *places[-1])


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across with what it stands for."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a line. `label_y`: where its value is written, if `has_label`."""

    x: float
    y: float
    value: float | None
    label_y: float
    has_label: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A column. `key`: what it is of, as it was given."""

    x: float
    y: float
    width: float
    height: float
    value: float
    middle: float
    key: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A rate over weeks with its target, and below it how many there were."""

    width: int
    height: int
    left: float
    right: float
    ticks: list[Tick]
    lines: list[str]
    dots: list[Dot]
    target_y: float | None
    bars: list[Bar]
    bar_ticks: list[Tick]
    base: float


#: Two values side by side, the first written to the right of its point and the last to the left.
_TWO_LABELS = 110


def _labelled(dot: Dot, beside: Dot, top: float) -> Dot:
    """With its value above it, or below where the line to the dot `beside` it rises or the chart ends."""
    is_below = beside.y < dot.y or dot.y <= top + 14
    return replace(dot, label_y=dot.y + 16 if is_below else dot.y - 8, has_label=True)


def trend(rates: Sequence[float | None], counts: Sequence[int], *, target: float | None, width: int) -> Trend:
    """The axis of the rate need not start at 0 and is labelled; that of the columns does."""
    left, right, top, middle, bar_top, base = 46.0, width - 14.0, 18.0, 142.0, 172.0, 222.0
    known = [rate for rate in rates if rate is not None]
    low, high, step = _scale([*known, *([target] if target is not None else [])])
    slot = (right - left) / max(1, len(rates))

    def y_of(rate: float) -> float:
        return _r(middle - (rate - low) / (high - low) * (middle - top))

    def x_of(number: int) -> float:
        return _r(left + (number + 0.5) * slot)

    dots = [Dot(x_of(n), y_of(rate), rate, y_of(rate)) for n, rate in enumerate(rates) if rate is not None]
    if dots:
        beside = dots[-2] if len(dots) > 1 else dots[-1]
        dots[-1] = _labelled(dots[-1], beside, top)
        if dots[-1].x - dots[0].x > _TWO_LABELS:
            dots[0] = _labelled(dots[0], dots[1], top)
    ticks = [Tick(y_of(low + n * step), low + n * step) for n in range(round((high - low) / step) + 1)]
    tallest = _round_up(max(counts, default=0))
    bars = [
        Bar(
            _r(x_of(n) - slot * 0.28),
            _r(base - count / tallest * (base - bar_top)),
            _r(slot * 0.56),
            _r(count / tallest * (base - bar_top)),
            count,
            x_of(n),
            n,
        )
        for n, count in enumerate(counts)
    ]
    bar_ticks = [Tick(_r(base - share * (base - bar_top)), tallest * share) for share in (0, 0.5, 1)]
    return Trend(
        width=width,
        height=246,
        left=left,
        right=right,
        ticks=ticks,
        lines=_lines(rates, dots),
        dots=dots,
        target_y=y_of(target) if target is not None else None,
        bars=bars,
        bar_ticks=bar_ticks,
        base=base,
    )


def _lines(rates: Sequence[float | None], dots: Sequence[Dot]) -> list[str]:
    """One line for each run of weeks with a value: a gap stays a gap."""
    runs: list[list[str]] = [[]]
    left = iter(dots)
    for rate in rates:
        if rate is None:
            runs.append([])
        else:
            dot = next(left)
            runs[-1].append(f"{dot.x},{dot.y}")
    return [" ".join(run) for run in runs if len(run) > 1]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side, in groups. `groups` holds the columns of each."""

    width: int
    height: int
    left: float
    right: float
    base: float
    groups: list[list[Bar]]
    ticks: list[Tick]
    middles: list[float]
    line: str = ""
    dots: tuple[Dot, ...] = ()


def columns(groups: Sequence[Sequence[int]], *, width: int, line: Sequence[int] = (), height: int = 196) -> Columns:
    """Columns from 0 up; with `line`, a line over them on the same scale."""
    axis = bool(line) or any(len(group) > 1 for group in groups)
    left, right, top, base = (46.0 if axis else 10.0), width - 10.0, 24.0, height - 24.0
    tallest = _round_up(max([*(value for group in groups for value in group), *line], default=0))
    slot = (right - left) / max(1, len(groups))
    gap = slot * (0.24 if axis else 0.14)

    def y_of(value: float) -> float:
        return _r(base - value / tallest * (base - top))

    made = []
    for n, group in enumerate(groups):
        each = (slot - gap) / max(1, len(group))
        begin = left + n * slot + gap / 2
        made.append(
            [
                Bar(
                    _r(begin + k * each),
                    y_of(value),
                    _r(max(1.0, each - 2)),
                    _r(base - y_of(value)),
                    value,
                    _r(begin + k * each + each / 2),
                    k,
                )
                for k, value in enumerate(group)
            ]
        )
    middles = [_r(left + (n + 0.5) * slot) for n in range(len(groups))]
    dots = tuple(Dot(x, y_of(v), v, y_of(v) - 8) for x, v in zip(middles, line, strict=False))
    return Columns(
        width=width,
        height=height,
        left=left,
        right=right,
        base=base,
        groups=made,
        ticks=[Tick(y_of(tallest * share), tallest * share) for share in (0, 0.5, 1)] if axis else [],
        middles=middles,
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        dots=dots,
    )


def level(value: int, highest: int, levels: int = 6) -> int:
    """How dark a cell is: 0 for nothing, else 1 to `levels`."""
    return 0 if value <= 0 or highest <= 0 else min(levels, 1 + floor(levels * value / (highest + 1)))


# --- The map ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Area:
    """One unit as a path, and a point inside it."""

    code: str
    path: str
    x: float
    y: float


@lru_cache(maxsize=1)
def city_map() -> tuple[Area, ...]:
    """All units in a picture of MAP_W x MAP_H, the islands in a box. Drawn once per process."""
    shapes = {str(feature["id"]): shape(feature["geometry"]) for feature in boundaries()["features"]}
    islands = {code for code, area in shapes.items() if area.centroid.y < _ISLANDS_SOUTH_OF}
    drawn: list[Area] = []
    for codes, (left, top, width, height) in (
        (set(shapes) - islands, (0.0, 0.0, MAP_W, MAP_H)),
        (islands, _BOX),
    ):
        if not codes:
            continue
        boxes = [shapes[code].bounds for code in codes]
        west, south = min(b[0] for b in boxes), min(b[1] for b in boxes)
        east, north = max(b[2] for b in boxes), max(b[3] for b in boxes)
        squeeze = cos(radians((south + north) / 2))
        scale = min((width - 12) / ((east - west) * squeeze), (height - 12) / (north - south))
        dx = left + (width - (east - west) * squeeze * scale) / 2
        dy = top + (height - (north - south) * scale) / 2

        def place(lng: float, lat: float) -> tuple[float, float]:
            return _r(dx + (lng - west) * squeeze * scale), _r(dy + (north - lat) * scale)  # noqa: B023  used at once

        tolerance = 0.35 / scale
        for code in sorted(codes):
            area = shapes[code].simplify(tolerance)
            parts = getattr(area, "geoms", [area])
            rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
            path = "".join(_ring([place(x, y) for x, y, *_ in ring.coords]) for ring in rings)
            inside = area.representative_point()
            drawn.append(Area(code, path, *place(inside.x, inside.y)))
    return tuple(drawn)


def island_box() -> tuple[float, float, float, float]:
    """Where the box of the islands lies: x, y, width, height."""
    return _BOX


def _ring(points: Sequence[tuple[float, float]]) -> str:
    kept = [points[0], *(b for a, b in pairwise(points) if a != b)]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + "Z"


# --- Scales -----------------------------------------------------------------------------------------------------------


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Lowest and highest line and the step between lines, in per cent: four or five lines that hold all values."""
    low, high = (min(values), max(values)) if values else (0.0, 100.0)
    for step in (1, 2, 4, 5, 10, 20, 25):
        bottom, top = floor((low - 0.2 * step) / step) * step, ceil((high + 0.2 * step) / step) * step
        if (top - bottom) / step <= 5:
            return max(0.0, bottom), min(100.0 if top > 100 else top, 100.0) or step, float(step)
    return 0.0, 100.0, 25.0


def _round_up(value: float) -> float:
    """The next number that is easy to halve."""
    if value <= 0:
        return 1.0
    unit = 10 ** floor(log10(value))
    return float(next(unit * factor for factor in (1, 2, 4, 6, 8, 10) if unit * factor >= value))


def _r(value: float) -> float:
    return round(value, 1)
