"""Wards or fields side by side, against the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from inbox.dashboards import figures
from inbox.dashboards.metrics import METRICS, STEPS, Sums, percent
from inbox.tickets.vocabulary import Category
from inbox.web import labels
from inbox.web.dashboards import FEW, Facts, Lists, shown, tone_of, unit_page

#: Rows of a table before "show all".
FIRST_ROWS = 12
SORTS = ("name", "rate", "open", "soon", "late", "median")


@dataclass(frozen=True, slots=True)
class BarRow:
    """One ward or field with its rate. `tone`: good, mid, bad; few or none where the rate says nothing."""

    name: str
    href: str
    rate: float | None
    judged: int
    open: int
    soon: int
    late: int
    median: int | None
    lists: Lists
    narrowed: dict[str, str]

    @property
    def judged_href(self) -> str:
        return self.lists.figure("resolve_judged", None, **self.narrowed)

    @property
    def open_href(self) -> str:
        return self.lists.view("open", **self.narrowed)

    @property
    def soon_href(self) -> str:
        return self.lists.view("due_soon", **self.narrowed)

    @property
    def late_href(self) -> str:
        return self.lists.view("overdue", **self.narrowed)

    @property
    def tone(self) -> str:
        return "few" if 0 < self.judged < FEW else tone_of(METRICS["resolve_on_time"], self.rate)

    @property
    def rate_shown(self) -> str:
        return shown(METRICS["resolve_on_time"], self.rate)

    @property
    def median_shown(self) -> str:
        return shown(METRICS["handling_median"], self.median)


@dataclass(frozen=True, slots=True)
class BarTable:
    """Bars to compare. `more`: how many rows are not shown; `reached`, `near`, `missed`: how many rows are where."""

    rows: list[BarRow]
    total: int
    sort: str
    reached: int
    near: int
    missed: int
    target: int
    near_from: int
    whole: bool

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def bar_table(rows: Iterable[BarRow], *, sort: str, whole: bool) -> BarTable:
    """Sorted, cut to the first rows unless all are wanted. Without a value, or with few tickets, a row comes last."""
    found = list(rows)
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    keys: dict[str, Callable[[BarRow], Any]] = {
        "rate": lambda row: row.rate if row.judged >= FEW else None,
        "open": lambda row: row.open,
        "soon": lambda row: row.soon,
        "late": lambda row: row.late,
        "median": lambda row: row.median,
    }
    found.sort(key=lambda row: row.name)
    if name in keys:
        known = sorted((r for r in found if keys[name](r) is not None), key=keys[name], reverse=descending)
        ordered = known + [r for r in found if keys[name](r) is None]
    else:
        ordered = found[::-1] if descending else found
    tones = [row.tone for row in found]
    cut = ordered if whole or len(ordered) <= FIRST_ROWS + 2 else ordered[:FIRST_ROWS]
    metric = METRICS["resolve_on_time"]
    return BarTable(
        rows=cut,
        total=len(ordered),
        sort=sort,
        reached=tones.count("good"),
        near=tones.count("mid"),
        missed=tones.count("bad"),
        target=int(metric.target or 0),
        near_from=int(metric.near or 0),
        whole=whole,
    )


def ward_rows(facts: Facts) -> list[BarRow]:
    """One row per unit that has had tickets."""
    rows = []
    for key, unit in facts.units.items():
        narrowed = {"unit": unit.code}
        now = facts.standing_by_unit.get(key, {})
        rows.append(
            _row(
                unit.short_name,
                unit_page(unit.code),
                facts,
                facts.by_unit.get(key, {}),
                now,
                narrowed,
            )
        )
    return rows


def category_rows(facts: Facts) -> list[BarRow]:
    """One row per field."""
    wanted = ["resolved", "resolve_judged", "resolve_on_time", *STEPS]
    done = {
        key[0]: one
        for key, one in figures.sums(facts.scope.narrowing, facts.period, by=("category",), only=wanted).items()
    }
    now = {key[0]: one for key, one in figures.standing(facts.scope.narrowing, at=facts.now, by=("category",)).items()}
    return [
        _row(
            str(labels.CATEGORY[category].words),
            facts.lists.view("open", category=category),
            facts,
            done.get(category, {}),
            now.get(category, {}),
            {"category": str(category)},
        )
        for category in Category
        if category in done or category in now
    ]


def _row(name: str, href: str, facts: Facts, done: Sums, now: Sums, narrowed: dict[str, str]) -> BarRow:
    median = METRICS["handling_median"].value(done)
    return BarRow(
        name=name,
        href=href,
        rate=percent(done.get("resolve_on_time", 0), done.get("resolve_judged", 0)),
        judged=done.get("resolve_judged", 0),
        open=now.get("open", 0),
        soon=now.get("due_soon", 0),
        late=now.get("overdue", 0),
        median=int(median) if median is not None else None,
        lists=facts.lists,
        narrowed=narrowed,
    )
