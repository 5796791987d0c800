"""Taking back what one has just done: one ticket or a whole job."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox.actions import undo as actions
from inbox.core.errors import IllegalMove, StaleVersion
from inbox.tickets.queries import visible_keys
from inbox.web.doors import PageRequest, door
from inbox.web.listing import ticket_address


@require_POST
@door
def undo(request: PageRequest, pk: int) -> HttpResponse:
    """The ticket as it was before; when that is not possible any more, the page says why and nothing has changed."""
    try:
        ticket = actions.undo(pk, actor=request.user)
    except StaleVersion:
        messages.warning(request, _("Not undone: somebody has gone on with the ticket since."))
        return _back(request)
    except IllegalMove:
        messages.warning(request, _("Not undone: it is too late, the message is on its way to the source."))
        return _back(request)
    messages.success(request, _("%(code)s is as it was before") % {"code": ticket.code})
    seen = visible_keys([ticket.pk], request.user)
    return _back(request, code=ticket.code if seen else "")


def _back(request: PageRequest, *, code: str = "") -> HttpResponse:
    """The page anew: an act may have taken a row away that is to stand in its place again."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect(ticket_address(request, code)) if code else redirect("inbox")
