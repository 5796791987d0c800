"""Lists that somebody keeps: saving the one on the page, renaming, sharing and deleting it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_http_methods, require_POST

from inbox.actions.change_view import change_view
from inbox.actions.delete_view import delete_view
from inbox.actions.save_view import save_view
from inbox.core.errors import Invalid
from inbox.desk.queries import saved_view
from inbox.web.doors import PageRequest, door
from inbox.web.listing import PLACE, filled, without

UNPROCESSABLE = 422
_MESSAGES = (
    noop("A name of 1 to 60 letters is required"),
    noop("You have a view of this name already"),
    noop("You do not belong to this unit"),
    noop("These filters are too long to keep"),
    noop("At most 30 saved views"),
)


@require_POST
@door
def save(request: PageRequest) -> HttpResponse:
    """Keep the list on the page under a name, and show it."""
    params = without(filled(QueryDict(request.POST.get("list", ""))), "saved", *PLACE)
    name = request.POST.get("name", "")
    try:
        view = save_view(actor=request.user, name=name, params=params, share_with=_shared_with(request))
    except Invalid as invalid:
        if invalid.field not in {"name", "share_with"}:
            raise
        messages.error(request, _(str(invalid)))
        return redirect(f"{reverse('inbox')}?{params.urlencode()}")
    messages.success(request, _("Saved: %(name)s") % {"name": view.name})
    return redirect(f"{reverse('inbox')}?{view.params}&saved={view.pk}")


@require_http_methods(["GET", "POST"])
@door
def change(request: PageRequest, pk: int) -> HttpResponse:
    """The form of one's own view, or its change."""
    view = saved_view(pk, request.user)
    if request.method == "GET":
        return _form(request, view)
    try:
        change_view(pk, actor=request.user, name=request.POST.get("name", ""), share_with=_shared_with(request))
    except Invalid as invalid:
        return _form(request, view, error=_(str(invalid)))
    messages.success(request, _("Saved: %(name)s") % {"name": request.POST["name"]})
    return redirect(f"{reverse('inbox')}?{view.params}&saved={view.pk}")


@require_POST
@door
def delete(request: PageRequest, pk: int) -> HttpResponse:
    """Away with it."""
    name = saved_view(pk, request.user).name
    delete_view(pk, actor=request.user)
    messages.success(request, _("Deleted: %(name)s") % {"name": name})
    return redirect("inbox")


def _form(request: PageRequest, view: Any, *, error: str = "") -> HttpResponse:
    context = {
        "saved": view,
        "is_own": view.owner_id == request.user.pk,
        "name": request.POST.get("name", view.name),
        "error": error,
        "units": [membership.unit for membership in request.user.memberships_now if membership.unit],
    }
    return render(request, "inbox/saved_view.html", context, status=UNPROCESSABLE if error else 200)


def _shared_with(request: PageRequest) -> int | None:
    """The unit that was ticked, if any. Raises Invalid."""
    unit = request.POST.get("share_with", "")
    if unit and not (unit.isdecimal() and len(unit) <= 18):
        raise Invalid("You do not belong to this unit", field="share_with")
    return int(unit) if unit else None
