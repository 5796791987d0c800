"""The five numbers on top of a dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.dashboards.metrics import METRICS, Metric, UnitOf, percent
from inbox.web import charts, moments
from inbox.web.dashboards import Delta, Facts, decimal, delta, left_over, open_at_start, shown


@dataclass(frozen=True, slots=True)
class Tile:
    """One number on top of the page."""

    label: str
    meaning: str
    value: str
    unit: str
    href: str
    tone: str = ""
    icon: str = ""
    delta: Delta | None = None
    foot: str = ""
    spark: charts.Spark | None = None
    spark_label: str = ""


def tiles(facts: Facts) -> list[Tile]:
    """The five that matter most."""
    now, lists = facts.standing, facts.lists
    rate, median = METRICS["resolve_on_time"], METRICS["handling_median"]
    open_now, overdue = now.get("open", 0), now.get("overdue", 0)
    share = percent(overdue, open_now)
    left = left_over(facts)
    coming = facts.coming
    start = open_at_start(facts)
    grown = delta(METRICS["open"], open_now, start)
    length = (
        ngettext("than %(count)d day ago", "than %(count)d days ago", facts.period.days)
        if grown
        else ngettext("as many as %(count)d day ago", "as many as %(count)d days ago", facts.period.days)
    ) % {"count": facts.period.days}
    return [
        _tile(
            METRICS["open"],
            moments.number(open_now),
            lists.view("open"),
            delta=grown,
            foot=length if start is not None else "",
            spark=charts.spark([float(n) for n in left]),
            spark_label=_("open at the end of each week"),
        ),
        _tile(
            rate,
            "–" if rate.value(facts.sums) is None else decimal(rate.value(facts.sums) or 0),
            lists.figure("resolved"),
            unit="%",
            delta=delta(rate, rate.value(facts.sums), rate.value(facts.before)),
            foot=_("target %(target)s") % {"target": shown(rate, rate.target).replace(",0", "")},
            spark=charts.spark(facts.weekly_values(rate)),
            spark_label=_("each week"),
        ),
        _tile(
            METRICS["due_soon"],
            moments.number(now.get("due_soon", 0)),
            lists.view("due_soon"),
            tone="soon",
            icon="clock-alert",
            foot=ngettext("%(count)s falls due within two weeks", "%(count)s fall due within two weeks", sum(coming))
            % {"count": moments.number(sum(coming))},
            spark=charts.spark([float(n) for n in coming]),
            spark_label=_("deadlines of the coming 14 days"),
        ),
        _tile(
            METRICS["overdue"],
            moments.number(overdue),
            lists.view("overdue"),
            tone="late" if overdue else "",
            icon="alert",
            foot=_("%(share)s of the open ones") % {"share": f"{decimal(share)}%"} if share is not None else "",
            spark=charts.spark([float(facts.week(first).get("became_late", 0)) for first in facts.weeks]),
            spark_label=_("deadlines missed each week"),
        ),
        _tile(
            median,
            shown(median, median.value(facts.sums)),
            lists.figure("resolved"),
            delta=delta(median, median.value(facts.sums), median.value(facts.before)),
            foot=_("working time, nine in ten within %(time)s")
            % {"time": shown(METRICS["handling_p90"], METRICS["handling_p90"].value(facts.sums))},
            spark=charts.spark(facts.weekly_values(median)),
            spark_label=_("each week"),
        ),
    ]


def _tile(metric: Metric, value: str, href: str, *, unit: str | None = None, **more: Any) -> Tile:
    return Tile(
        label=_(metric.label),
        meaning=_(metric.meaning),
        value=value,
        unit=(_("tickets") if metric.unit is UnitOf.TICKETS else "") if unit is None else unit,
        href=href,
        **more,
    )
