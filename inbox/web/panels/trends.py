"""Weeks: the rate, the ages of what is open, what came in and was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from inbox.dashboards.metrics import METRICS
from inbox.web import charts, moments
from inbox.web.dashboards import Facts, left_over, noon, shown, week_from


@dataclass(frozen=True, slots=True)
class TrendPanel:
    """The rate over weeks and how many came in, drawn wide and narrow, with its table and in words.

    `is_open`: the last week is not over yet.
    """

    charts: list[charts.Trend]
    labels: list[str]
    every: int
    rows: list[dict[str, Any]]
    summary: str
    is_open: bool


def trend(facts: Facts) -> TrendPanel:
    """Weeks up to the present one."""
    metric = METRICS["resolve_on_time"]
    rates = facts.weekly_values(metric)
    counts = [facts.week(first).get("received", 0) for first in facts.weeks]
    names = [moments.date(noon(first), now=facts.now) for first in facts.weeks]
    rows = []
    for first, rate, count in zip(facts.weeks, rates, counts, strict=True):
        week = week_from(first, facts)
        rows.append(
            {
                "name": moments.date(noon(first), now=facts.now),
                "rate": shown(metric, rate),
                "judged": facts.week(first).get("resolve_judged", 0),
                "judged_href": facts.lists.figure("resolve_judged", week),
                "count": count,
                "count_href": facts.lists.figure("new", week),
            }
        )
    known = [rate for rate in rates if rate is not None]
    summary = (
        _("Resolved on time over %(weeks)d weeks: from %(first)s to %(last)s; in the present week %(count)s came in.")
        % {
            "weeks": len(rates),
            "first": shown(metric, known[0]),
            "last": shown(metric, known[-1]),
            "count": moments.number(counts[-1]),
        }
        if known
        else _("Nothing with a deadline was resolved in these weeks.")
    )
    drawn = [charts.trend(rates, counts, target=metric.target, width=width) for width in (charts.WIDE, charts.NARROW)]
    return TrendPanel(drawn, names, max(1, len(names) // 6), rows, summary, facts.period.last == facts.today)


@dataclass(frozen=True, slots=True)
class ColumnPanel:
    """Columns with their table and in words."""

    charts: list[charts.Columns]
    labels: list[str]
    every: int
    rows: list[dict[str, Any]]
    summary: str
    short: list[str] = field(default_factory=list)  # labels for the narrow one


def ageing(facts: Facts) -> ColumnPanel:
    """Open tickets by their age in working days."""
    steps = facts.ages
    names = [_age_name(step.low, step.high) for step in steps]
    rows: list[dict[str, Any]] = []
    for step, name in zip(steps, names, strict=True):
        within: dict[str, str] = {}
        if step.received_from:
            within["created_after"] = step.received_from.isoformat()
        if step.received_before:
            within["created_before"] = step.received_before.isoformat()
        rows.append({"name": name, "count": step.count, "href": facts.lists.view("open", **within)})
    summary = "; ".join(f"{row['name']}: {moments.number(row['count'])}" for row in rows)
    drawn = [charts.columns([[step.count] for step in steps], width=w) for w in (charts.WIDE, charts.NARROW)]
    short = ["<1", *(f"{step.low}–{step.high}" for step in steps[1:-1]), f"≥{steps[-1].low}"]
    return ColumnPanel(drawn, names, 1, rows, summary, short)


def _age_name(low: int, high: int | None) -> str:
    if high is None:
        return _("over %(days)d days") % {"days": low}
    return _("under 1 day") if not low else _("%(low)d–%(high)d days") % {"low": low, "high": high}


def flow(facts: Facts) -> ColumnPanel:
    """Week by week: what came in, what was done, what was left over at the end."""
    came = [facts.week(first).get("received", 0) for first in facts.weeks]
    done = [facts.week(first).get("ended", 0) for first in facts.weeks]
    left = left_over(facts)
    names = [moments.date(noon(first), now=facts.now) for first in facts.weeks]
    rows = [
        {
            "name": name,
            "came": a,
            "came_href": facts.lists.figure("new", week_from(first, facts)),
            "done": b,
            "done_href": facts.lists.figure("ended", week_from(first, facts)),
            "left": c,
        }
        for first, name, a, b, c in zip(facts.weeks, names, came, done, left, strict=True)
    ]
    summary = _("In %(weeks)d weeks %(came)s came in and %(done)s were done; %(left)s are left over.") % {
        "weeks": len(names),
        "came": moments.number(sum(came)),
        "done": moments.number(sum(done)),
        "left": moments.number(left[-1] if left else 0),
    }
    drawn = [
        charts.columns(list(zip(came, done, strict=True)), width=w, line=left, height=232)
        for w in (charts.WIDEST, charts.NARROW)
    ]
    return ColumnPanel(drawn, names, max(1, len(names) // 6), rows, summary)
