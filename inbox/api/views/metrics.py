"""Figures: the same numbers that the dashboards show, for those who may see them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.api.documents import MetricDocument
from inbox.api.parameters import MetricParameters
from inbox.api.views.base import PROBLEMS, official_of
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.dashboards import figures
from inbox.dashboards.periods import Period, last_days


class MetricDetail(APIView):
    """One figure of what the caller may see: the city, their units, or what is theirs."""

    @extend_schema(
        operation_id="metrics_retrieve",
        parameters=[MetricParameters],
        responses={200: MetricDocument, **PROBLEMS},
    )
    def get(self, request: Request, name: str) -> Response:
        asked: dict[str, Any] = MetricParameters.read(request)
        now = clock.now()
        metric = figures.metric_named(name)
        scope = figures.scope_of(
            official_of(request),
            unit=asked.get("unit", ""),
            source=asked.get("source", ""),
            person=asked.get("official"),
        )
        period = _period(asked.get("from"), asked.get("to"), timezone.localdate(now))
        document = {"name": metric.name, "unit": metric.unit.value, "meaning": _(metric.meaning)}
        if "by" not in asked:
            return Response(document | {"value": figures.figure(metric, scope, period, at=now)})
        rows = figures.figure_by(metric, scope, period, asked["by"], at=now)
        named = figures.names_of(asked["by"], [row.key for row in rows])
        found = []
        for row in rows:
            key, words = named.get(row.key, (row.key, None))
            shown = key.isoformat() if isinstance(key, date) else key
            found.append({"key": None if shown is None else str(shown), "name": words, "value": row.value})
        return Response(document | {"rows": found})


def _period(first: date | None, last: date | None, today: date) -> Period:
    """The days asked for. Raises Invalid."""
    if first is None:
        return last_days(30, last or today)
    try:
        return Period(first, last or today)
    except ValueError as error:
        raise Invalid("Not a period", field="from") from error
