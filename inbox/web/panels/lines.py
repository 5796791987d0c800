"""Every figure in a line, and those that tell what others caused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.dashboards.metrics import METRICS, Span, Value
from inbox.web.dashboards import Delta, Facts, delta, list_of, shown, tone_of


@dataclass(frozen=True, slots=True)
class Line:
    """One figure with what it is compared with."""

    label: str
    meaning: str
    value: str
    before: str
    year_before: str
    target: str
    tone: str
    href: str
    delta: Delta | None


def all_figures(facts: Facts, extra: Mapping[str, tuple[Value, Value]]) -> list[Line]:
    """Every figure there is. `extra`: those that sums do not give, now and in the period before."""
    lines = []
    for metric in METRICS.values():
        value: Value
        before: Value
        year: Value
        if metric.span is Span.NOW:
            value, before, year = facts.standing.get(metric.name, 0), None, None
        elif metric.name in extra:
            (value, before), year = extra[metric.name], None
        else:
            value = metric.value(facts.sums)
            before, year = (
                metric.value(sums) if sums.get("received") else None for sums in (facts.before, facts.year_before)
            )
        lines.append(
            Line(
                label=_(metric.label),
                meaning=_(metric.meaning),
                value=shown(metric, value) if value is not None else _("no data"),
                before=shown(metric, before),
                year_before=shown(metric, year),
                target=shown(metric, metric.target).replace(",0", "").replace(".0", "") if metric.target else "",
                tone=tone_of(metric, value),
                href=list_of(metric, facts.lists),
                delta=delta(metric, value, before),
            )
        )
    return lines


def fairness(lines: Sequence[Line]) -> list[Line]:
    """Those of all figures that tell the ward's part from that of others: rates, then waiting, outages, evenings."""
    names = (
        *("resolve_on_time", "on_time_without_others", "late_elsewhere", "waiting", "source_away", "paused_hours"),
        *("transferred", "outage_hours", "delivery_lag", "evidence", "outside_hours"),
    )
    named = dict(zip(METRICS, lines, strict=True))
    return [named[name] for name in names]
