"""One act on many tickets: its form, the job behind it, and what became of each ticket."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox.actions.registry import ACTIONS
from inbox.bulk import jobs
from inbox.bulk import queries as bulk_queries
from inbox.bulk.vocabulary import MOST
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.tickets import queries
from inbox.tickets.vocabulary import Verb
from inbox.web import bulk, listing
from inbox.web.doors import PageRequest, door
from inbox.web.forms import About, form_about

UNPROCESSABLE = 422
WORKERS_TAKE = timedelta(seconds=15)


@require_POST
@door
def start(request: PageRequest) -> HttpResponse:
    """The form of a verb for the chosen tickets, or the job."""
    verb, chosen = bulk.verb_of(request.POST), bulk.chosen(request.POST)
    tickets = _whole_list(request) if chosen.is_whole_list else chosen.tickets
    if not tickets:
        return _nothing(request)
    data = {field.name: request.POST.get(field.name, "") for field in ACTIONS[verb].fields}
    is_confirmed = request.POST.get("confirmed") == "1"
    if not is_confirmed and (data or chosen.is_whole_list):
        return _form(request, verb, tickets)
    try:
        job = jobs.start_job(verb, tickets, actor=request.user, data=data)
    except Invalid as invalid:
        return _form(request, verb, tickets, data=data, invalid=invalid)
    jobs.run_job(job.pk, budget=jobs.AT_ONCE)
    return _job(request, job.pk) if request.htmx else redirect("bulk-job", pk=job.pk)


@require_GET
@door
def job(request: PageRequest, pk: int) -> HttpResponse:
    """How far a job is; asks again by itself until it is finished."""
    return _job(request, pk)


@require_POST
@door
def go_on(request: PageRequest, pk: int) -> HttpResponse:
    """Work on a job here and now, for a moment: for when no worker does."""
    jobs.run_job(bulk_queries.job_of(pk, request.user).pk, budget=jobs.AT_ONCE)
    return _job(request, pk) if request.htmx else redirect("bulk-job", pk=pk)


@require_POST
@door
def undo(request: PageRequest, pk: int) -> HttpResponse:
    """Take back what can be taken back of a job."""
    undone, kept = jobs.undo_job(pk, actor=request.user)
    words = _("Undone: %(undone)s. Not possible any more: %(kept)s.") if kept else _("Undone: %(undone)s.")
    messages.success(request, words % {"undone": undone, "kept": kept})
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect("bulk-job", pk=pk)


def _whole_list(request: PageRequest) -> list[tuple[int, int]]:
    """Every ticket of the list that was on the page, at the version it has now. Raises Invalid."""
    wanted = listing.Listing.of(QueryDict(request.POST.get("list", "")), request.user, at=clock.now())
    return queries.versions_of(wanted.tickets, most=MOST)


def _nothing(request: PageRequest) -> HttpResponse:
    messages.warning(request, _("Choose at least one ticket first."))
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect("inbox")


def _form(
    request: PageRequest,
    verb: Verb,
    tickets: list[tuple[int, int]],
    *,
    data: dict[str, str] | None = None,
    invalid: Invalid | None = None,
) -> HttpResponse:
    units, categories = queries.common_to([pk for pk, _version in tickets], request.user)
    about = About(
        unit_id=units.pop() if len(units) == 1 else None, category=categories.pop() if len(categories) == 1 else ""
    )
    context = {
        "form": form_about(verb, about, request.user, data=data, invalid=invalid),
        "number": len(tickets),
        "tickets": ",".join(f"{pk}:{version}" for pk, version in tickets),
        "several_units": verb is Verb.ASSIGN and about.unit_id is None,
    }
    template = "inbox/_bulk_form.html" if request.htmx else "inbox/bulk_form.html"
    return render(request, template, context, status=UNPROCESSABLE if invalid else 200)


def _is_left(job: Any, now: datetime) -> bool:
    """Whether nobody is at a job although a worker has had time to begin."""
    nobody = job.lease_until is None or job.lease_until < now
    return bool(nobody and now - job.created_at > WORKERS_TAKE)


def _job(request: PageRequest, pk: int) -> HttpResponse:
    now = clock.now()
    progress = bulk_queries.progress(pk, request.user)
    is_running = progress.job.finished_at is None
    context: dict[str, Any] = {
        "progress": progress,
        "is_running": is_running,
        "is_stuck": is_running and _is_left(progress.job, now),
        "may_undo": not is_running and progress.undoable_until is not None and progress.undoable_until > now,
        "now": now,
    }
    return render(request, "inbox/_bulk_job.html" if request.htmx else "inbox/bulk_job.html", context)
