"""The supervisor's view: the city, one unit, one officer, one source. Every choice is a GET parameter."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.dashboards import figures
from inbox.dashboards.periods import Period, last_days, quarter
from inbox.web.dashboards import Facts, read
from inbox.web.doors import PageRequest, door
from inbox.web.panels import bars, heat, lines, people, tiles, trends, units_map

QUARTERS = ("I", "II", "III", "IV")
PRESETS = ("7", "30", "quarter", "own")
DEFAULT_PRESET, DEFAULT_SORT, DEFAULT_MAP = "30", "rate", "resolve_on_time"


@require_GET
@door
def dashboard(request: PageRequest) -> HttpResponse:
    """The city, or as much of it as the person may see."""
    return _page(request, figures.scope_of(request.user, **_asked(request)))


@require_GET
@door
def unit(request: PageRequest, unit: str) -> HttpResponse:
    """One unit."""
    return _page(request, figures.scope_of(request.user, **_asked(request) | {"unit": unit}))


@require_GET
@door
def officer(request: PageRequest, person: int) -> HttpResponse:
    """One officer: their own figures, or for leaders somebody of their unit."""
    return _page(request, figures.scope_of(request.user, **_asked(request) | {"person": person}))


@require_GET
@door
def source(request: PageRequest, slug: str) -> HttpResponse:
    """One source."""
    return _page(request, figures.scope_of(request.user, **_asked(request) | {"source": slug}))


def _asked(request: PageRequest) -> dict[str, Any]:
    return {"unit": request.GET.get("unit", "")[:20], "source": request.GET.get("source", "")[:50]}


def _page(request: PageRequest, scope: figures.Scope) -> HttpResponse:
    now = clock.now()
    preset, period = _period(request, timezone.localdate(now))
    facts = read(scope, period, now=now)
    figures_of_all = lines.all_figures(facts, _extra(facts))
    sources = figures.all_sources()
    table = bars.ward_rows(facts) if scope.is_city else bars.category_rows(facts)
    load = _load(facts)
    mapped = request.GET.get("map") or DEFAULT_MAP
    if mapped not in units_map.MAPPED:
        raise Invalid("There is no such map", field="map")
    context: dict[str, Any] = {
        "now": now,
        "scope": scope,
        "title": _title(scope, request),
        "whose": _whose(scope),
        "facts": facts,
        "lists": facts.lists,
        "preset": preset,
        "period": period,
        "quarter": _("Quarter %(number)s") % {"number": QUARTERS[(timezone.localdate(now).month - 1) // 3]},
        "data_until": figures.data_until(),
        "tiles": tiles.tiles(facts),
        "table": bars.bar_table(table, sort=_sort(request), whole="all" in request.GET),
        "trend": trends.trend(facts),
        "ageing": trends.ageing(facts),
        "flow": trends.flow(facts),
        "mix": heat.mix(facts),
        "arrivals": heat.arrivals(facts),
        "load": load,
        "risk": people.risky(facts, request.user, load=[] if scope.is_city else load, away=figures.away_sources()),
        "fairness": lines.fairness(figures_of_all),
        "figures": figures_of_all,
        "map": units_map.city_map(facts, mapped) if scope.is_city else None,
        "sources": [(row.slug, row.name) for row in sources.values()],
        "units": figures.unit_choices(request.user),
        "home": reverse("dashboard"),
    }
    return render(request, "dashboards/dashboard.html", context)


def _extra(facts: Facts) -> dict[str, Any]:
    """Figures that sums do not give, now and in the period before."""
    scope, period, at = facts.scope, facts.period, facts.now
    return {
        "outage_hours": tuple(figures.outage_hours(scope, span, at=at) for span in (period, period.before)),
        "evidence": tuple(figures.evidence_count(scope, span) for span in (period, period.before)),
    }


def _load(facts: Facts) -> list[people.Load]:
    if facts.scope.is_city:
        return people.load_by_unit(facts)
    return people.load_by_officer(facts) if facts.scope.shows_people else []


def _title(scope: figures.Scope, request: PageRequest) -> str:
    if scope.person is not None:
        return _("My figures") if scope.person == request.user else scope.person.display_name
    if scope.source is not None and scope.unit is None:
        return str(scope.source.label)
    return str(scope.unit.name) if scope.unit is not None else _("Overview of deadlines")


def _whose(scope: figures.Scope) -> str:
    """Whose tickets count, in words."""
    if scope.person is not None:
        return _("tickets assigned to %(name)s") % {"name": scope.person.display_name}
    if scope.unit is not None:
        parts = [str(scope.unit.name)]
    elif scope.units is None:
        parts = [_("Whole city")]
    else:
        parts = [_("Tickets without a unit")] if None in scope.units else [_("My units")]
    return ", ".join([*parts, *([scope.source.name] if scope.source else [])])


def _period(request: PageRequest, today: date) -> tuple[str, Period]:
    """Which of the presets, and its days. Raises Invalid."""
    preset = request.GET.get("period") or DEFAULT_PRESET
    if preset not in PRESETS:
        raise Invalid("There is no such period", field="period")
    if preset == "own":
        return preset, _own_period(request, today)
    return preset, quarter(today) if preset == "quarter" else last_days(int(preset), today)


def _own_period(request: PageRequest, today: date) -> Period:
    """From one day to another; without both, the last month. Raises Invalid."""
    since, until = request.GET.get("since", ""), request.GET.get("until", "")
    if not since and not until:
        return last_days(30, today)
    try:
        return Period(date.fromisoformat(since), min(date.fromisoformat(until or today.isoformat()), today))
    except ValueError:
        raise Invalid("Not a period", field="since") from None


def _sort(request: PageRequest) -> str:
    sort = request.GET.get("sort") or DEFAULT_SORT
    if sort.removeprefix("-") not in bars.SORTS:
        raise Invalid("There is no such order", field="sort")
    return sort
