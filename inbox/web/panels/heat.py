"""Tables of numbers, darker where there are more."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.dashboards import figures
from inbox.web import charts, labels
from inbox.web.dashboards import Facts


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, how dark it is, and its list."""

    value: int
    level: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Heat:
    """A table of numbers, darker where there are more."""

    heads: list[str]
    rows: list[tuple[str, list[Cell], int]]
    totals: list[int]
    total: int


def mix(facts: Facts) -> Heat:
    """What came in by source and field; fields with little to them are gathered in the last column."""
    found = figures.sums(facts.scope.narrowing, facts.period, by=("source", "category"), only=["received"])
    counts = {key: one.get("received", 0) for key, one in found.items() if one.get("received", 0)}
    per_category: dict[str, int] = {}
    for (_source, category), count in counts.items():
        per_category[category] = per_category.get(category, 0) + count
    ordered = sorted(per_category, key=lambda category: -per_category[category])
    heads, rest = ordered[:8], set(ordered[8:])
    highest = max(counts.values(), default=0)
    rows = []
    for key, source in figures.all_sources().items():
        cells = [
            Cell(
                counts.get((key, category), 0),
                charts.level(counts.get((key, category), 0), highest),
                facts.lists.figure("new", source=source.slug, category=category),
            )
            for category in heads
        ]
        others = sum(counts.get((key, category), 0) for category in rest)
        if rest:
            cells.append(Cell(others, charts.level(others, highest)))
        total = sum(cell.value for cell in cells)
        if total:
            rows.append((source.name, cells, total))
    names = [str(labels.CATEGORY[category].words) for category in heads] + ([_("Others")] if rest else [])
    totals = [sum(row[1][n].value for row in rows) for n in range(len(names))]
    return Heat(names, rows, totals, sum(totals))


def arrivals(facts: Facts) -> Heat:
    """When tickets arrive: weekdays by hours."""
    found = figures.arrivals(facts.scope.narrowing, facts.period)
    highest = max(found.values(), default=0)
    days = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    rows = [
        (
            days[day],
            [Cell(found.get((day, hour), 0), charts.level(found.get((day, hour), 0), highest)) for hour in range(24)],
            sum(found.get((day, hour), 0) for hour in range(24)),
        )
        for day in range(7)
    ]
    totals = [sum(row[1][hour].value for row in rows) for hour in range(24)]
    return Heat([f"{hour}" for hour in range(24)], rows, totals, sum(totals))
