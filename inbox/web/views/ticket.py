"""One ticket on a page of its own, and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from django.contrib import messages
from django.http import FileResponse, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from inbox.actions.mark_read import mark_read
from inbox.core import clock, filestore
from inbox.core.errors import NotFound
from inbox.outbox import queries as outbox
from inbox.tickets import queries
from inbox.web import labels
from inbox.web.advice import file_advice_for
from inbox.web.doors import PageRequest, door
from inbox.web.listing import PLACE, Listing, in_list, without
from inbox.web.tickets import page_of

if TYPE_CHECKING:
    from inbox.tickets.models import Attachment


@require_GET
@door
def ticket(request: PageRequest, code: str) -> HttpResponse:
    """Everything about a ticket, which is thereby read. `show` narrows its history."""
    show = request.GET.get("show", "all")
    context = page_of(code, request.user, now=clock.now(), show=show if show in labels.SHOW else "all")
    shown = context["ticket"]
    mark_read(shown.pk, shown.version, actor=request.user)
    return render(request, "ticket/ticket.html", context)


@require_GET
@door
def neighbours(request: PageRequest, code: str) -> HttpResponse:
    """Where the ticket stands in the list of these parameters, and which are around it. Empty when it is not there.

    With `go`, for browsers without scripts, on to the one before or after it.
    """
    shown = queries.ticket(code, request.user)
    params = without(request.GET, "go", *PLACE)
    listing = Listing.of(params, request.user, at=clock.now())
    found = queries.place_in(listing.tickets, listing.order, shown.pk)
    if "go" in request.GET:
        return _on(request, code, params, found)
    if found is None:
        return HttpResponse(status=204)
    return render(request, "ticket/_neighbours.html", {"found": found, "listed": in_list(params)})


def _on(request: PageRequest, code: str, params: QueryDict, found: queries.PlaceInList | None) -> HttpResponse:
    if found is None:
        messages.info(request, _("%(code)s is no longer in this list.") % {"code": code})
        return redirect(f"{reverse('inbox')}?{params.urlencode()}")
    wanted = found.before if request.GET["go"] == "before" else found.after
    if not wanted:
        messages.info(request, _("The list ends here."))
    return redirect(reverse("ticket", args=[wanted or code]) + in_list(params))


@require_GET
@door
def attachment(request: PageRequest, code: str, pk: int) -> HttpResponseBase:
    """Our checked copy of a file, as nothing but a file; while there is none, why not and where the source keeps it."""
    found = outbox.attachment(pk, request.user)
    if found.ticket.code != code:
        raise NotFound("No such file")
    try:
        return _copy(found)
    except FileNotFoundError:
        return _about(request, found)


def _copy(attachment: Attachment) -> FileResponse:
    """Raises FileNotFoundError when there is no copy. A browser may show images; anything else it saves."""
    if not attachment.is_stored:
        raise FileNotFoundError
    file = filestore.path_of(attachment.content_hash).open("rb")
    answer = FileResponse(
        file, content_type=attachment.content_type, as_attachment=not attachment.is_image, filename=attachment.name
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _about(request: PageRequest, attachment: Attachment) -> HttpResponse:
    base = str(attachment.source.settings.get("base_url", ""))
    address = _absolute(attachment.url, base)
    context: dict[str, Any] = {
        "attachment": attachment,
        "code": attachment.ticket.code,
        "address": address,
        "elsewhere": urlsplit(address).hostname != urlsplit(base).hostname,
        "advice": file_advice_for(attachment.reason_code) if attachment.reason_code else None,
    }
    return render(request, "ticket/attachment.html", context)


def _absolute(url: str, base: str) -> str:
    """The http(s) address of a file; "" when there is none that a browser should open."""
    if not url:
        return ""
    try:
        address = urljoin(base, url)
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.hostname else ""
