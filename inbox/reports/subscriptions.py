"""Who is told of which report, and telling them: once for each month or week, in working time, by letter.

The letter names four figures and where the report is; who may have it is asked when it is opened. Two schedulers, or
one that was down for days, make no difference: the letter's key names report, span and person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.core.heartbeat import beat
from inbox.dashboards import figures
from inbox.dashboards.periods import Grain
from inbox.notify.letters import offices_are_open, write_letter
from inbox.reports import compose
from inbox.reports.models import ReportSubscription
from inbox.reports.spans import ReportSpan, last_whole
from inbox.reports.vocabulary import Every, Report

_GRAINS = {Every.WEEK: Grain.WEEK, Every.MONTH: Grain.MONTH}
#: Sums of the last day are complete when they were brought up to date this long after it.
SETTLED = timedelta(minutes=10)


def subscribe(
    *, actor: Official, report: str, unit: str = "", every: str, at: datetime | None = None
) -> ReportSubscription:
    """Be told of a report from the present month or week on. Raises NotAllowed, NotFound, Invalid."""
    if report not in {Report.WARD, Report.RANKING}:
        raise Invalid("There is no such report", field="report")
    if every not in {known.value for known in Every}:
        raise Invalid("Each week or each month", field="every")
    if report == Report.WARD and not unit:
        raise Invalid("Choose a unit", field="unit")
    scope = figures.scope_of(actor, unit=unit if report == Report.WARD else "")
    if not may(actor, Permission.EXPORT, unit_id=scope.unit.pk if scope.unit else None):
        raise NotAllowed(f"{Permission.EXPORT} is not granted")
    if report == Report.RANKING and not scope.is_city:
        raise NotAllowed("the ranking is for those who see the city")
    row, _ = ReportSubscription.objects.get_or_create(
        official=actor, report=report, unit=scope.unit, every=every, defaults={"created_at": at or clock.now()}
    )
    return row


def unsubscribe(pk: int, *, actor: Official) -> None:
    """No longer be told. Raises NotFound."""
    deleted, _ = ReportSubscription.objects.filter(pk=pk, official=actor).delete()
    if not deleted:
        raise NotFound("No such subscription")


def subscriptions_of(official: Official) -> list[ReportSubscription]:
    """One's own, with their units."""
    return list(ReportSubscription.objects.filter(official=official).select_related("unit"))


def write_due(at: datetime) -> int:
    """Write the letters about the last whole months and weeks; returns how many were new."""
    ready = figures.data_until()
    if not offices_are_open(at) or ready is None:
        return 0
    written = 0
    for every, grain in _GRAINS.items():
        span = last_whole(at, grain)
        _first, end = span.period.instants(timezone.get_default_timezone())
        if ready < end + SETTLED:
            continue
        wanted = ReportSubscription.objects.filter(every=every, created_at__lt=end, official__is_active=True)
        for row in wanted.select_related("official", "unit"):
            written += _write(row, span, at)
    beat("report_letters", at)
    return written


def _write(row: ReportSubscription, span: ReportSpan, at: datetime) -> bool:
    """One letter, unless it was written before or the person may no longer see the report."""
    unit = row.unit.code if row.unit else ""
    try:
        scope = figures.scope_of(row.official, unit=unit)
        lines = compose.key_lines(scope, span)
    except NotFound:
        return False
    allowed = may(row.official, Permission.EXPORT, unit_id=scope.unit.pk if scope.unit else None)
    if not allowed or (row.report == Report.RANKING and not scope.is_city):
        return False
    asked = {"span": span.code} | ({"unit": unit} if unit else {})
    whose = row.unit.name if row.unit else compose.CITY
    head = "Báo cáo" if row.report == Report.WARD else "Xếp hạng"
    return write_letter(
        row.official,
        key=f"report:{row.report}:{unit or 'city'}:{span.code}:{row.official_id}",
        data={
            "title": f"{head} {span.words}: {whose}",
            "lines": lines,
            "path": f"{reverse('report', kwargs={'report': row.report})}?{urlencode(asked)}",
        },
        at=at,
    )
