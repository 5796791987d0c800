"""Which months and weeks a report can be chosen for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from inbox.dashboards.periods import Grain
from inbox.reports.spans import ReportSpan, span_around

_SHOWN = {Grain.MONTH: 13, Grain.WEEK: 9}


def recent_spans(at: datetime, grain: Grain) -> list[ReportSpan]:
    """The present month or week and those before it, newest first."""
    found = [span_around(timezone.localdate(at), grain)]
    while len(found) < _SHOWN[grain]:
        found.append(span_around(found[-1].period.first - timedelta(days=1), grain))
    return found
