"""Every figure equals its recomputation in plain Python, by every dimension, and the list behind it is as long.

FIGURES=20000 in the environment makes the random year as large as the acceptance test wants it; by default it is small.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.fill_tickets import fill_tickets
from inbox.dashboards import figures, rollups
from inbox.dashboards.metrics import METRICS, Span
from inbox.dashboards.periods import Grain, Period
from inbox.sources.models import Outage, Source
from inbox.tickets.models import Ticket
from inbox.tickets.queries import View, in_view
from inbox.units.models import Unit
from tests.dashboards import oracle
from tests.factories import TUESDAY, make_official

NUMBER = int(os.environ.get("FIGURES", "450"))
NOW = TUESDAY + timedelta(days=3, hours=1)
TODAY = date(2026, 11, 20)
#: A small world may have none of these.
RARE = {"late_elsewhere"}
SUMMED = [name for name, metric in METRICS.items() if metric.of is not None]


@pytest.fixture
def supervisor(city: None) -> Official:
    fill_tickets(NUMBER, months=12, seed=7, at=NOW)
    rollups.rebuild(NOW)
    return make_official(Role.SUPERVISOR)


@pytest.mark.timeout(3600)
def test_every_figure_by_every_dimension_equals_a_recomputation(supervisor: Official) -> None:
    told = oracle.stories()
    period = Period(TODAY - timedelta(days=300), TODAY)
    city = figures.scope_of(supervisor)
    busiest = max(Unit.objects.all(), key=lambda u: sum(s.keys["unit"] == u.pk for s in told))
    ward = figures.scope_of(supervisor, unit=busiest.code)
    source = figures.scope_of(supervisor, source="hotline-1022")
    both = figures.scope_of(supervisor, unit=busiest.code, source="gopy")
    person_key = next(s.keys["official"] for s in told if s.keys["unit"] == busiest.pk and s.keys["official"])
    person = figures.scope_of(supervisor, person=person_key)
    for scope, mine in (
        (city, told),
        (ward, [s for s in told if s.keys["unit"] == busiest.pk]),
        (source, [s for s in told if s.keys["source"] == source.source.pk]),  # type: ignore[union-attr]
        (both, [s for s in told if (s.keys["unit"], s.keys["source"]) == (busiest.pk, both.source.pk)]),  # type: ignore[union-attr]
        (person, [s for s in told if s.keys["official"] == person_key]),
    ):
        assert mine
        check(scope, mine, period)


def check(scope: figures.Scope, mine: list[oracle.Story], period: Period) -> None:
    expected = oracle.figures(mine, period.first, period.last, lambda story, day: None)
    for name in SUMMED:
        value = figures.figure(METRICS[name], scope, period, at=NOW)
        assert value or name in RARE or not scope.is_city or scope.source, f"{name}: nothing was compared"
        wanted = expected[name].get(None)
        assert (value or None) == (wanted or None), name
    for by in ("unit", "source", "category", "urgency", "official", *Grain):
        if by == "official" and scope.is_city:
            continue
        expected = oracle.figures(mine, period.first, period.last, key_of(by))
        for name in SUMMED:
            rows = figures.figure_by(METRICS[name], scope, period, by, at=NOW)
            found = {row.key: row.value for row in rows if row.value}
            assert found == {key: value for key, value in expected[name].items() if value}, (name, by, scope)


def key_of(by: str) -> Callable[[oracle.Story, date], Any]:
    if by in set(Grain):
        return lambda story, day: oracle.bucket(day, by)
    return lambda story, day: story.keys[by]


def test_the_list_behind_a_figure_is_as_long(supervisor: Official) -> None:
    told = oracle.stories()
    period = Period(TODAY - timedelta(days=89), TODAY)
    for name in figures.LISTED:
        wanted = {s.ticket.pk for s in told if name in s.on and period.first <= s.on[name] <= period.last}
        found = set(figures.behind(Ticket.objects.all(), name, period).values_list("pk", flat=True))
        assert found == wanted, name
    sums = figures.total(figures.scope_of(supervisor).narrowing, period)
    for counter, name in {"received": "new", "accept_judged": "accepted"}.items():
        assert sums[counter] == figures.behind(Ticket.objects.all(), name, period).count()
    for name in set(figures.LISTED) & set(sums):
        assert sums[name] == figures.behind(Ticket.objects.all(), name, period).count(), name


def test_how_things_stand_equals_the_views_of_the_inbox(supervisor: Official) -> None:
    unit = Unit.objects.get(pk=Ticket.objects.filter(is_open=True, unit__isnull=False).values("unit")[:1])
    for scope, tickets in (
        (figures.scope_of(supervisor), Ticket.objects.all()),
        (figures.scope_of(supervisor, unit=unit.code), Ticket.objects.filter(unit=unit)),
    ):
        (now,) = figures.standing(scope.narrowing, at=NOW).values()
        for name in ("open", "overdue", "due_soon", "waiting", "unassigned"):
            listed = in_view(tickets, View(name), official=supervisor, at=NOW).count()
            assert now[name] == listed, name
        assert now["open"] == sum(now[part] for part in ("overdue", "due_soon", "held", "in_time"))
        by_unit = figures.standing(scope.narrowing, at=NOW, by=("unit",))
        assert {name: sum(one[name] for one in by_unit.values()) for name in now} == dict(now)
        steps = figures.age_steps(NOW)
        also = figures.age_counts(steps) | figures.day_counts(NOW, 14)
        (now,) = figures.standing(scope.narrowing, at=NOW, also=also).values()
        steps = figures.with_counts(steps, now)
        assert sum(step.count for step in steps) == now["open"]
        office = oracle.Office()
        for step in steps:
            wanted = [
                t.pk
                for t in tickets.filter(is_open=True)
                if step.low <= office.worked(t.received_at, NOW) / timedelta(hours=8) < (step.high or 10**6)
            ]
            assert step.count == len(wanted), step
        for number in range(14):
            day = TODAY + timedelta(days=number)
            falling = [
                t.pk
                for t in tickets.filter(is_open=True, next_due_at__gte=NOW)
                if timezone.localdate(t.next_due_at) == day
            ]
            assert now[f"day_{number}"] == len(falling), day
    expected: dict[Any, int] = {}
    for ticket in Ticket.objects.all():
        wall = ticket.received_at.astimezone(oracle.TZ)
        expected[wall.weekday(), wall.hour] = expected.get((wall.weekday(), wall.hour), 0) + 1
    year = Period(TODAY - timedelta(days=400), TODAY)
    assert figures.arrivals(figures.scope_of(supervisor).narrowing, year) == expected


def test_outages_count_as_far_as_they_lie_in_the_period_and_concern_the_ward(city: None) -> None:
    supervisor, ours, theirs = make_official(Role.SUPERVISOR), *Unit.objects.order_by("pk")[:2]
    app = Source.objects.create(slug="app", label="App", connector="district_app", unit=theirs)
    portal = Source.objects.create(slug="cong", label="Cổng", connector="national_portal")
    day = datetime(2026, 11, 10, tzinfo=oracle.TZ)
    hour = timedelta(hours=1)
    for source, began, ended in (
        (portal, day - 2 * hour, day + 3 * hour),  # three hours of it lie in the period
        (portal, day + 30 * hour, None),  # still away: counts up to now, or up to the end of the period
        (app, day + hour, day + 2 * hour),
    ):
        Outage.objects.create(source=source, began=began, ended=ended, reason_code="timeout")
    period = Period(date(2026, 11, 10), date(2026, 11, 12))
    at = day + 40 * hour
    hours = {
        code: figures.outage_hours(figures.scope_of(supervisor, unit=code), period, at=at)
        for code in ("", ours.code, theirs.code)
    }
    assert hours == {"": 14.0, ours.code: 13.0, theirs.code: 14.0}
    assert figures.outage_hours(figures.scope_of(supervisor, source="app"), period, at=at) == 1.0


def test_what_no_source_tells_is_not_invented(city: None) -> None:
    scope = figures.scope_of(make_official(Role.SUPERVISOR))
    assert figures.figure(METRICS["satisfaction"], scope, Period(TODAY, TODAY), at=NOW) is None
    assert {name for name, metric in METRICS.items() if metric.of is None and metric.span is Span.PERIOD} == {
        *("satisfaction", "outage_hours", "evidence")
    }
