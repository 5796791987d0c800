"""Ready reports: as a page, as a PDF, as a spreadsheet, and who is told of which."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_GET, require_POST

from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.dashboards import figures
from inbox.dashboards.periods import Grain, Period, last_days
from inbox.reports import compose, queries, spans, subscriptions
from inbox.reports.paper import Paper
from inbox.reports.paper_pdf import pdf_of
from inbox.reports.paper_xlsx import spreadsheet_of
from inbox.reports.vocabulary import Every, Report
from inbox.web.doors import PageRequest, door
from inbox.web.reports import recent_spans

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Messages of `Invalid` that people may meet in the form.
_MESSAGES = (noop("Choose a unit"), noop("There is no such report"), noop("Each week or each month"))
_USUAL_DAYS = 30


@require_GET
@door
def reports(request: PageRequest) -> HttpResponse:
    """Which reports there are for this person, and what they are told of."""
    queries.require(request.user)
    now = clock.now()
    units = figures.unit_choices(request.user)
    context = {
        "now": now,
        "units": units,
        "unit": request.GET.get("unit", units[0][0] if units else "")[:20],
        "sees_city": figures.scope_of(request.user).is_city,
        "months": recent_spans(now, Grain.MONTH),
        "weeks": recent_spans(now, Grain.WEEK),
        "subscriptions": subscriptions.subscriptions_of(request.user),
        "every": [every.value for every in (Every.MONTH, Every.WEEK)],
        "has_address": bool(request.user.email),
    }
    return render(request, "reports/reports.html", context)


@require_GET
@door
def report(request: PageRequest, report: Report) -> HttpResponse:
    """One report as it stands on paper."""
    paper = _paper(request, report, clock.now())
    context = {
        "paper": paper,
        "report": report,
        "query": request.GET.urlencode(),
        "back": reverse("dashboard") if report is Report.FIGURES else reverse("reports"),
    }
    return render(request, "reports/report.html", context)


@require_GET
@door
def report_file(request: PageRequest, report: Report, paper: str) -> HttpResponse:
    """One report as a PDF or an Excel file."""
    now = clock.now()
    found = _paper(request, report, now)
    is_pdf = paper == "pdf"
    answer = HttpResponse(pdf_of(found, made_at=now) if is_pdf else spreadsheet_of(found))
    answer.headers["Content-Type"] = "application/pdf" if is_pdf else XLSX
    parts = ["bao-cao", report.value, *(request.GET.get(name, "") for name in ("unit", "source", "span", "from", "to"))]
    name = "-".join("".join(c for c in part[:30] if c.isalnum() or c in "-_") for part in parts if part)
    answer.headers["Content-Disposition"] = f'{"inline" if is_pdf else "attachment"}; filename="{name}.{paper}"'
    return answer


@require_POST
@door
def subscribe(request: PageRequest) -> HttpResponse:
    """Be told of a report."""
    try:
        subscriptions.subscribe(
            actor=request.user,
            report=request.POST.get("report", ""),
            unit=request.POST.get("unit", "")[:20],
            every=request.POST.get("every", ""),
        )
    except Invalid as invalid:
        messages.error(request, _(str(invalid)))
    else:
        messages.success(request, _("You will be told by e-mail"))
    return redirect("reports")


@require_POST
@door
def unsubscribe(request: PageRequest, subscription: int) -> HttpResponse:
    """No longer be told of a report."""
    subscriptions.unsubscribe(subscription, actor=request.user)
    messages.success(request, _("You will no longer be told"))
    return redirect("reports")


def _paper(request: PageRequest, report: Report, now: datetime) -> Paper:
    """The report that the address asks for. Raises NotFound, NotAllowed, Invalid."""
    asked = request.GET
    if report is Report.FIGURES:
        return compose.figures_page(
            request.user,
            unit=asked.get("unit", "")[:20],
            source=asked.get("source", "")[:50],
            person=_number(asked.get("person", "")),
            period=_period(asked.get("from", ""), asked.get("to", ""), timezone.localdate(now)),
            at=now,
        )
    span = spans.span_of(asked.get("span", "")[:10], now) if asked.get("span") else spans.last_whole(now, Grain.MONTH)
    if report is Report.RANKING:
        return compose.city_ranking(request.user, span=span, at=now)
    unit = asked.get("unit", "")[:20] or _only_unit(request)
    return compose.ward_report(request.user, unit=unit, span=span, at=now)


def _only_unit(request: PageRequest) -> str:
    units = figures.unit_choices(request.user)
    if len(units) != 1:
        raise Invalid("Choose a unit", field="unit")
    return units[0][0]


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Invalid("Not a person's number", field="person")
    return int(text)


def _period(first: str, last: str, today: date) -> Period:
    if not first and not last:
        return last_days(_USUAL_DAYS, today)
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise Invalid("Not a span of days", field="from") from None
