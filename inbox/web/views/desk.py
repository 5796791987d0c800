"""The desk of a unit, kept by its leaders, and that of the city, kept by administrators."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.change_canned_reply import change_canned_reply
from inbox.actions.change_task_list import change_task_list
from inbox.actions.change_unit_rule import change_unit_rule
from inbox.core.errors import Invalid, NotFound
from inbox.desk import queries
from inbox.web import labels
from inbox.web.desk import CITY, ReplyForm, categories, owners, unit_of
from inbox.web.doors import PageRequest, door

UNPROCESSABLE = 422
#: Messages of `Invalid` that people may meet in these forms.
_MESSAGES = (
    noop("This text has a variable that does not exist"),
    noop("There is no such field"),
    noop("At most 40 lines of 200 characters"),
)


@require_GET
@door
def desk(request: PageRequest) -> HttpResponse:
    """Everything that one looks after: replies, lists of tasks, rules."""
    return _desk(request)


@require_http_methods(["GET", "POST"])
@door
def new_reply(request: PageRequest) -> HttpResponse:
    """The form of a reply that is not there yet."""
    return _reply(request, None)


@require_http_methods(["GET", "POST"])
@door
def reply(request: PageRequest, pk: int) -> HttpResponse:
    """The form of a reply, which can be removed too."""
    _guard(request)
    found = queries.replies_to_manage(request.user).filter(pk=pk).first()
    if found is None:
        raise NotFound("No such reply")
    return _reply(request, found)


@require_POST
@door
def task_list(request: PageRequest) -> HttpResponse:
    """What has to be done in one field."""
    _guard(request)
    lines = request.POST.get("lines", "").splitlines()
    try:
        change_task_list(request.POST.get("category", ""), lines, unit_id=_owner(request), actor=request.user)
    except Invalid as invalid:
        return _desk(request, status=UNPROCESSABLE, list_error=_(str(invalid)), typed=request.POST)
    messages.success(request, _("The list is saved. Tickets that are accepted from now on get it"))
    return redirect("desk")


@require_POST
@door
def rule(request: PageRequest) -> HttpResponse:
    """Whether answers wait for a leader."""
    _guard(request)
    unit = _owner(request)
    if unit is None:
        raise Invalid("Not a unit", field="owner")
    change_unit_rule(unit, needs_approval=request.POST.get("needs_approval") == "on", actor=request.user)
    messages.success(request, _("Saved"))
    return redirect("desk")


def _guard(request: PageRequest) -> None:
    if not may(request.user, Permission.MANAGE_DESK):
        raise PermissionDenied


def _owner(request: PageRequest) -> int | None:
    """The unit that was chosen, None for the city. Raises Invalid for a choice that is not this person's."""
    owner = request.POST.get("owner", "")
    if owner not in {value for value, _words in owners(request.user)}:
        raise Invalid("Not a choice", field="owner")
    return unit_of(owner)


def _desk(request: PageRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    _guard(request)
    units = queries.managed_units(request.user)
    rules = queries.rules_of(units)
    lists = [
        (owner, name, [(code, labels.label_of("category", code).words, lines) for code, lines in found.items()])
        for owner, name in owners(request.user)
        for found in [queries.task_lists(unit_of(owner))]
    ]
    context = {
        "replies": queries.replies_to_manage(request.user),
        "rules": [(unit, rules.get(unit.pk, False)) for unit in units],
        "lists": lists,
        "owners": owners(request.user),
        "categories": categories(),
        **more,
    }
    return render(request, "desk/desk.html", context, status=status)


def _reply(request: PageRequest, found: Any) -> HttpResponse:
    _guard(request)
    if request.method == "GET":
        return _reply_form(request, found, ReplyForm.filled(found, official=request.user))
    if "remove" in request.POST and found is not None:
        change_canned_reply(found.pk, None, actor=request.user)
        messages.success(request, _("Removed"))
        return redirect("desk")
    form = ReplyForm(request.POST, official=request.user)
    if form.is_valid():
        try:
            change_canned_reply(found.pk if found else None, form.wanted(), actor=request.user)
        except Invalid as invalid:
            form.add_error(invalid.field, _(str(invalid)))
        else:
            messages.success(request, _("Saved"))
            return redirect("desk")
    return _reply_form(request, found, form, status=UNPROCESSABLE)


def _reply_form(request: PageRequest, found: Any, form: ReplyForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "reply": found, "variables": list(labels.VARIABLE.items()), "city": CITY}
    return render(request, "desk/reply.html", context, status=status)
