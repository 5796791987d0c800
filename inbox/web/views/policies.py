"""Deadline policies: what is promised for what, in dated versions, and a ticket to try them on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.add_policy import add_policy
from inbox.actions.add_policy_version import add_policy_version
from inbox.actions.end_policy import end_policy
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla import trial, yearbook
from inbox.sla.queries import require_view
from inbox.web.doors import PageRequest, door
from inbox.web.policy_forms import NewPolicyForm, TermsForm, TrialForm, terms_of, usual_terms

UNPROCESSABLE = 422


@require_GET
@door
def policies(request: PageRequest) -> HttpResponse:
    """All policies, the most specific first, and which source gets which."""
    now = clock.now()
    rows = trial.policies(request.user, at=now)
    context = {
        "now": now,
        "rows": [{"standing": row, "policy": row.shown, "selectors": trial.selectors_of(row.shown)} for row in rows],
        "coverage": trial.coverage(request.user, at=now),
        "may_manage": _may_manage(request),
    }
    return render(request, "policies/list.html", context)


@require_GET
@door
def policy(request: PageRequest, policy: int) -> HttpResponse:
    """One policy with all its versions; the one asked for is marked."""
    return _page(request, policy)


def _page(request: PageRequest, pk: int) -> HttpResponse:
    versions, now = trial.versions_of(pk, request.user), clock.now()
    today = timezone.localdate(now)
    asked = next(row for row in versions if row.pk == pk)
    in_force = [row for row in versions if trial.is_in_force(row, today)]
    context = {
        "now": now,
        "policy": asked,
        "selectors": trial.selectors_of(asked),
        "versions": versions,
        "current": in_force[0] if in_force else None,
        "tomorrow": today + timedelta(days=1),
        "may_manage": _may_manage(request),
    }
    return render(request, "policies/policy.html", context)


@require_http_methods(["GET", "POST"])
@door
def new_policy(request: PageRequest) -> HttpResponse:
    """The form of a new policy and its target."""
    _require_manage(request)
    choices = {"calendars": _calendars(request), "sources": _sources(request), "units": _units()}
    if request.method == "GET":
        initial = usual_terms(valid_from=_tomorrow()) | {"calendar": choices["calendars"][0][0]}
        return _form(request, NewPolicyForm(initial=initial, **choices))
    form = NewPolicyForm(request.POST, **choices)
    if form.is_valid():
        try:
            made = add_policy(form.cleaned_data["name"], form.scope(), form.terms(), actor=request.user)
        except Invalid as invalid:
            form.add_error(invalid.field if invalid.field in form.fields else None, _(str(invalid)))
        else:
            messages.success(request, _("The policy was made"))
            return redirect("policy", policy=made.pk)
    return _form(request, form, status=UNPROCESSABLE)


@require_http_methods(["GET", "POST"])
@door
def new_version(request: PageRequest, policy: int) -> HttpResponse:
    """The form of a policy's next version and its target."""
    _require_manage(request)
    newest = trial.versions_of(policy, request.user)[0]
    calendars = _calendars(request)
    if request.method == "GET":
        initial = terms_of(newest, valid_from=max(_tomorrow(), newest.valid_from))
        return _form(request, TermsForm(initial=initial, calendars=calendars), newest)
    form = TermsForm(request.POST, calendars=calendars)
    if form.is_valid():
        try:
            made = add_policy_version(policy, form.terms(), actor=request.user)
        except Invalid as invalid:
            form.add_error(invalid.field if invalid.field in form.fields else None, _(str(invalid)))
        else:
            messages.success(request, _("Version %(number)d was made") % {"number": made.version})
            return redirect("policy", policy=made.pk)
    return _form(request, form, newest, status=UNPROCESSABLE)


def _form(request: PageRequest, form: TermsForm, newest: Any = None, *, status: int = 200) -> HttpResponse:
    selectors = trial.selectors_of(newest) if newest else []
    context = {"form": form, "policy": newest, "selectors": selectors}
    return render(request, "policies/form.html", context, status=status)


@require_POST
@door
def end(request: PageRequest, policy: int) -> HttpResponse:
    """Let a policy count no longer from a date on."""
    try:
        first_day = date.fromisoformat(request.POST.get("valid_to", ""))
    except ValueError:
        first_day = date.min
    try:
        ended = end_policy(policy, first_day, request.POST.get("reason", ""), actor=request.user)
    except Invalid as invalid:
        messages.error(request, _(str(invalid)))
        return redirect("policy", policy=policy)
    messages.success(request, _("Ended. Tickets that have it keep it."))
    return redirect("policy", policy=ended.pk)


@require_GET
@door
def try_policies(request: PageRequest) -> HttpResponse:
    """Which policy would this ticket get, and when would it be due?"""
    require_view(request.user)
    sources, units, now = _sources(request), _units(), clock.now()
    asked = "source" in request.GET
    initial = TrialForm.usual(sources, now=now)
    form = TrialForm(request.GET if asked else None, initial=initial, sources=sources, units=units)
    context: dict[str, Any] = {"form": form, "now": now}
    if not asked:
        return render(request, "policies/try.html", context)
    if not form.is_valid():
        return render(request, "policies/try.html", context, status=UNPROCESSABLE)
    case = form.cleaned_data
    facts = trial.facts_for(
        request.user,
        source=case["source"],
        category=case["category"],
        urgent=case["urgent"],
        unit_code=case["unit"],
        started_at=case["started_at"],
    )
    return render(request, "policies/try.html", context | {"trial": trial.try_out(facts)})


def _calendars(request: PageRequest) -> list[tuple[str, str]]:
    return [(row.slug, row.name) for row in yearbook.calendars(request.user)]


def _sources(request: PageRequest) -> list[tuple[str, str]]:
    return [(one.source.slug, one.source.label) for one in trial.coverage(request.user, at=clock.now())]


def _units() -> list[tuple[str, str]]:
    return [(unit.code, unit.name) for unit in yearbook.units_now(timezone.localdate(clock.now()))]


def _tomorrow() -> date:
    return timezone.localdate(clock.now()) + timedelta(days=1)


def _may_manage(request: PageRequest) -> bool:
    return may(request.user, Permission.MANAGE_DEADLINES)


def _require_manage(request: PageRequest) -> None:
    if not _may_manage(request):
        raise PermissionDenied
