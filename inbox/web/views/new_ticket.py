"""Write down a complaint from the counter, the phone or a letter."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_http_methods

from inbox.accounts.permissions import Permission, may
from inbox.actions.create_ticket import create_ticket
from inbox.core.errors import Invalid, NotFound
from inbox.tickets import queries
from inbox.web.doors import PageRequest, door
from inbox.web.new_ticket import NewTicketForm

UNPROCESSABLE = 422
#: Messages of `Invalid` that people may meet in this form.
_MESSAGES = (noop("This must not be in the future"),)


@require_http_methods(["GET", "POST"])
@door
def new_ticket(request: PageRequest) -> HttpResponse:
    """The form; with the button "look up", the citizen's earlier tickets beside what was typed; else the ticket."""
    if not may(request.user, Permission.ENTER_TICKET):
        raise PermissionDenied
    if request.method == "GET":
        return render(request, "ticket/new.html", {"form": NewTicketForm.empty()})
    if "look_up" in request.POST:
        return _earlier(request)
    form = NewTicketForm(request.POST)
    if form.is_valid():
        try:
            ticket = create_ticket(form.complaint(), actor=request.user)
        except Invalid as invalid:
            form.add_error(invalid.field, _(str(invalid)))
        else:
            return _written(request, ticket.code)
    return render(request, "ticket/new.html", {"form": form}, status=UNPROCESSABLE)


def _earlier(request: PageRequest) -> HttpResponse:
    """Sent as a form, never as an address: a phone number has no place in logs."""
    context = {
        "form": NewTicketForm(initial=request.POST.dict()),
        "looked_up": True,
        "earlier": queries.earlier_tickets(request.POST.get("phone", "")[:30], request.user),
    }
    return render(request, "ticket/_earlier.html" if request.htmx else "ticket/new.html", context)


def _written(request: PageRequest, code: str) -> HttpResponse:
    """To the ticket; when its address lies in another ward, back to the inbox with word of where it went."""
    try:
        ticket = queries.ticket(code, request.user)
    except NotFound:
        messages.success(
            request, _("%(code)s was written down and went to the ward where it happened") % {"code": code}
        )
        return redirect("inbox")
    messages.success(request, _("%(code)s was written down") % {"code": code})
    return redirect("ticket", code=ticket.code)
