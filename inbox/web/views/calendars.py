"""Calendars: a year at a glance, and every change with a preview of the deadlines that it would move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.add_calendar import add_calendar
from inbox.actions.change_calendar import change_calendar, proposed
from inbox.actions.change_office_hours import change_office_hours, proposed_hours
from inbox.actions.choose_unit_calendar import choose_unit_calendar, proposed_unit
from inbox.actions.confirm_dates import confirm_dates
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.sla import yearbook
from inbox.sla.queries import Calendars
from inbox.sla.recalculate import preview_change
from inbox.web import deadlines
from inbox.web.calendar_forms import (
    CalendarForm,
    DateForm,
    HoursForm,
    UnitForm,
    initial_of,
    span,
    week_initial,
)
from inbox.web.doors import PageRequest, door

if TYPE_CHECKING:
    from inbox.sla.models import WorkCalendar
    from inbox.sla.queries import Change

UNPROCESSABLE = 422
#: As many moves as a preview shows one by one.
MOVES_SHOWN = 20
YEARS = range(2000, 2100)


@require_GET
@door
def calendars(request: PageRequest) -> HttpResponse:
    """The default calendar and those of units."""
    known = Calendars()
    rows = [
        {"calendar": row, "week": yearbook.weeks_of(row, known)[-1], "units": [own.unit for own in row.units.all()]}
        for row in yearbook.calendars(request.user)
    ]
    context = {"now": clock.now(), "rows": rows, "may_manage": _may_manage(request)}
    return render(request, "calendars/list.html", context)


@require_http_methods(["GET", "POST"])
@door
def new_calendar(request: PageRequest) -> HttpResponse:
    """The form of a new calendar and its target."""
    _require_manage(request)
    known = list(yearbook.calendars(request.user))
    followable = [(row.slug, row.name) for row in known if row.follows_id is None]
    if request.method == "GET":
        initial = week_initial(yearbook.weeks_of(known[0], Calendars())[-1].days) if known else {}
        return _new_form(request, CalendarForm(initial=initial, followable=followable))
    form = CalendarForm(request.POST, followable=followable)
    if form.is_valid():
        try:
            made = add_calendar(form.calendar(), actor=request.user)
        except Invalid as invalid:
            _blame(form, invalid)
        else:
            messages.success(request, _("The calendar was made. Now say which units count by it."))
            return redirect("calendar-units", calendar=made.slug)
    return _new_form(request, form, status=UNPROCESSABLE)


def _new_form(request: PageRequest, form: CalendarForm, *, status: int = 200) -> HttpResponse:
    return render(request, "calendars/new.html", {"form": form}, status=status)


@require_GET
@door
def calendar(request: PageRequest, calendar: str) -> HttpResponse:
    """One calendar: its year, its hours, its units, who changed what, and what is being recalculated."""
    row, now = yearbook.calendar(calendar, request.user), clock.now()
    today, known = timezone.localdate(now), Calendars()
    number, waiting = _year(request, today), yearbook.waiting_dates(row)
    context = {
        **_progress(request, row),
        "year": yearbook.year_of(row, number, known),
        "today": today,
        "weeks": yearbook.weeks_of(row, known),
        "units": yearbook.units_of(row),
        "waiting": waiting.get(number, []),
        "waiting_years": [(year, len(dates)) for year, dates in waiting.items()],
        "changes": yearbook.changes_of(row),
    }
    return render(request, "calendars/calendar.html", context)


@require_GET
@door
def goto(request: PageRequest, calendar: str) -> HttpResponse:
    """On to the form of the date that was typed."""
    _require_manage(request)
    day = _date_in(request.GET.get("date", ""))
    if day is None or day.year not in YEARS:
        messages.warning(request, _("Choose a date first"))
        return redirect("calendar", calendar=calendar)
    return redirect("calendar-date", calendar=calendar, day=day)


@require_GET
@door
def progress(request: PageRequest, calendar: str) -> HttpResponse:
    """How far the recalculations are: a part of the calendar's page, asked for again and again while one runs."""
    row = yearbook.calendar(calendar, request.user)
    template = "calendars/_jobs.html" if request.htmx else "calendars/progress.html"
    return render(request, template, _progress(request, row))


def _progress(request: PageRequest, row: WorkCalendar) -> dict[str, Any]:
    jobs = yearbook.jobs_of(row)
    return {
        "now": clock.now(),
        "calendar": row,
        "jobs": jobs,
        "is_running": any(job.finished_at is None for job in jobs),
        "may_manage": _may_manage(request),
    }


@require_POST
@door
def confirm(request: PageRequest, calendar: str) -> HttpResponse:
    """Put the legal basis of dates on record that waited for it."""
    dates = [found for text in request.POST.getlist("dates")[:100] if (found := _date_in(text))]
    try:
        number = confirm_dates(calendar, dates, request.POST.get("legal_basis", ""), actor=request.user)
    except Invalid as invalid:
        messages.error(request, _(str(invalid)))
    else:
        deadlines.forget_calendars()
        messages.success(
            request, ngettext("%(count)d date confirmed", "%(count)d dates confirmed", number) % {"count": number}
        )
    return redirect("calendar", calendar=calendar)


@require_http_methods(["GET", "POST"])
@door
def change_date(request: PageRequest, calendar: str, day: date) -> HttpResponse:
    """The form of a date; with `preview` what would move; with `apply` it is done and the deadlines follow."""
    _require_manage(request)
    row, known = yearbook.calendar(calendar, request.user), Calendars()
    found = yearbook.date_of(row, day, known)
    context = {"calendar": row, "found": found, "now": clock.now()}
    if request.method == "GET":
        return render(request, "calendars/date.html", context | {"form": DateForm(initial=initial_of(found))})
    form = DateForm(request.POST)
    if form.is_valid():
        try:
            days = span(day, form.cleaned_data["last"])
            dates = form.dates(days, yearbook.usually_open(row, days, known))
            if "apply" not in request.POST:
                change = proposed(row.slug, dates, form.day(), actor=request.user)
                return render(request, "calendars/date.html", context | {"form": form} | _preview(change))
            job = change_calendar(row.slug, dates, form.day(), actor=request.user)
            return _applied(request, row, moves=job is not None)
        except Invalid as invalid:
            _blame(form, invalid)
    return render(request, "calendars/date.html", context | {"form": form}, status=UNPROCESSABLE)


@require_http_methods(["GET", "POST"])
@door
def change_hours(request: PageRequest, calendar: str) -> HttpResponse:
    """The same for the week of a calendar."""
    _require_manage(request)
    row, now = yearbook.calendar(calendar, request.user), clock.now()
    context = {"calendar": row, "now": now}
    if request.method == "GET":
        tomorrow = timezone.localdate(now) + timedelta(days=1)
        initial = week_initial(yearbook.weeks_of(row, Calendars())[-1].days) | {"valid_from": tomorrow.isoformat()}
        return render(request, "calendars/hours.html", context | {"form": HoursForm(initial=initial)})
    form = HoursForm(request.POST)
    if form.is_valid():
        try:
            if "apply" not in request.POST:
                change = proposed_hours(row.slug, form.hours(), actor=request.user)
                return render(request, "calendars/hours.html", context | {"form": form} | _preview(change))
            change_office_hours(row.slug, form.hours(), actor=request.user)
            return _applied(request, row, moves=True)
        except Invalid as invalid:
            _blame(form, invalid)
    return render(request, "calendars/hours.html", context | {"form": form}, status=UNPROCESSABLE)


@require_http_methods(["GET", "POST"])
@door
def change_units(request: PageRequest, calendar: str) -> HttpResponse:
    """The same for the units that count by a calendar."""
    _require_manage(request)
    row, now = yearbook.calendar(calendar, request.user), clock.now()
    units = [(unit.code, unit.name) for unit in yearbook.units_now(timezone.localdate(now))]
    context = {"calendar": row, "now": now, "units": yearbook.units_of(row)}
    if request.method == "GET":
        initial = {"unit": request.GET.get("unit", ""), "joins": "leave" if "leave" in request.GET else "join"}
        return render(request, "calendars/units.html", context | {"form": UnitForm(initial=initial, units=units)})
    form = UnitForm(request.POST, units=units)
    if form.is_valid():
        chosen = form.cleaned_data
        words: dict[str, Any] = {"joins": chosen["joins"] == "join", "reason": chosen["reason"]}
        try:
            if "apply" not in request.POST:
                change = proposed_unit(row.slug, chosen["unit"], **words, actor=request.user)
                return render(request, "calendars/units.html", context | {"form": form} | _preview(change))
            choose_unit_calendar(row.slug, chosen["unit"], **words, actor=request.user)
            return _applied(request, row, moves=True)
        except Invalid as invalid:
            _blame(form, invalid)
    return render(request, "calendars/units.html", context | {"form": form}, status=UNPROCESSABLE)


# --- What the changes have in common ----------------------------------------------------------------------------------


def _preview(change: Change) -> dict[str, Any]:
    preview, now = preview_change(change), clock.now()
    return {
        "preview": preview,
        "shown": preview.moves[:MOVES_SHOWN],
        "late_at_once": preview.late_at_once(now),
        "no_longer_late": preview.no_longer_late(now),
    }


def _applied(request: PageRequest, row: WorkCalendar, *, moves: bool) -> HttpResponse:
    deadlines.forget_calendars()
    if moves:
        messages.success(request, _("Changed. Open deadlines are being recalculated; the progress is shown below."))
    else:
        messages.success(request, _("Changed. No deadline is affected."))
    return redirect("calendar", calendar=row.slug)


def _blame(form: forms.Form, invalid: Invalid) -> None:
    """Put a refusal beside the field it is about, on top when the form has no such field."""
    form.add_error(invalid.field if invalid.field in form.fields else None, _(str(invalid)))


def _may_manage(request: PageRequest) -> bool:
    return may(request.user, Permission.MANAGE_DEADLINES)


def _require_manage(request: PageRequest) -> None:
    if not _may_manage(request):
        raise PermissionDenied


def _year(request: PageRequest, today: date) -> int:
    """Raises NotFound for a year that no calendar has."""
    text = request.GET.get("year", "")
    if not text:
        return today.year
    if not text.isdecimal() or len(text) != 4 or int(text) not in YEARS:
        raise NotFound("No such year")
    return int(text)


def _date_in(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
