"""All units on a map, coloured by one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from inbox.dashboards import figures
from inbox.dashboards.metrics import METRICS, Better, Metric, Span, Value
from inbox.web import charts
from inbox.web.dashboards import FEW, Facts, shown, unit_page

MAPPED = ("resolve_on_time", "on_time_without_others", "open", "overdue", "new", "handling_median")


@dataclass(frozen=True, slots=True)
class MapArea:
    """One unit on the map. `level` 0 (no data) to 5."""

    path: str
    name: str
    value: str
    level: int
    href: str
    number: Value = None


@dataclass(frozen=True, slots=True)
class MapPanel:
    """The units coloured by one figure. `legend`: level and what it means."""

    areas: list[MapArea]
    ranked: list[MapArea]  # the ones to look at first on top
    metric: str
    label: str
    meaning: str
    legend: list[tuple[int, str]]
    choices: list[tuple[str, str]]
    box: tuple[float, float, float, float]
    summary: str

    @property
    def by_target(self) -> bool:
        """Whether levels go by the target instead of in equal groups."""
        return METRICS[self.metric].target is not None


def city_map(facts: Facts, name: str) -> MapPanel:
    """Rates by where they stand to the target; everything else in five equal groups of units."""
    metric = METRICS[name]
    values: dict[str, tuple[str, Value]] = {}
    for key, unit in facts.units.items():
        value: Value
        if metric.span is Span.NOW:
            value = facts.standing_by_unit.get(key, {}).get(metric.name, 0)
        else:
            sums = facts.by_unit.get(key, {})
            few = metric.target is not None and sums.get("resolve_judged", 0) < FEW
            value = None if few else metric.value(sums)
        values[unit.code] = (unit.name, value)
    known = sorted(value for _name, value in values.values() if value is not None)
    edges = _edges(metric, known)
    names = dict(figures.unit_names())
    areas = []
    for area in charts.city_map():
        unit_name, value = values.get(area.code, (names.get(area.code, area.code), None))
        areas.append(
            MapArea(
                path=area.path,
                name=unit_name,
                value=shown(metric, value),
                level=_map_level(value, edges),
                href=unit_page(area.code),
                number=value,
            )
        )
    worst = [a for a in areas if a.level == (1 if metric.better is Better.UP else 5)]
    return MapPanel(
        areas=areas,
        ranked=sorted(
            areas, key=lambda a: (a.number is None, (a.number or 0) * (1 if metric.better is Better.UP else -1), a.name)
        ),
        metric=name,
        label=_(metric.label),
        meaning=_(metric.meaning),
        legend=_legend(metric, edges, known),
        choices=[(choice, _(METRICS[choice].label)) for choice in MAPPED],
        box=charts.island_box(),
        summary=_("%(known)d of %(all)d units have a figure; darkest or worst are %(count)d of them.")
        % {"known": len(known), "all": len(areas), "count": len(worst)},
    )


def _edges(metric: Metric, known: Sequence[float]) -> list[float]:
    """From which value on an area is in the next level."""
    if metric.target is not None and metric.near is not None:
        return [metric.near - 5, metric.near, metric.target, metric.target + 5]
    if not known:
        return []
    return [float(known[min(len(known) - 1, len(known) * n // 5)]) for n in range(1, 5)]


def _map_level(value: Value, edges: Sequence[float]) -> int:
    return 0 if value is None or not edges else 1 + sum(1 for edge in edges if value >= edge)


def _legend(metric: Metric, edges: Sequence[float], known: Sequence[float]) -> list[tuple[int, str]]:
    if not edges:
        return [(0, _("no data"))]
    words = [f"< {shown(metric, edges[0])}"]
    words += [f"{shown(metric, low)} – {shown(metric, high)}" for low, high in pairwise(edges)]
    words.append(f"≥ {shown(metric, edges[-1])}")
    entries = [(level, text) for level, text in enumerate(words, start=1)]
    return [*entries, (0, _("no data"))]
