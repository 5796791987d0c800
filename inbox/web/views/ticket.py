"""One ticket on a page of its own, and its files."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inbox.actions.mark_read import mark_read
from inbox.core import clock
from inbox.core.errors import NotFound
from inbox.outbox import queries as outbox
from inbox.web.doors import PageRequest, door
from inbox.web.tickets import page_of


@require_GET
@door
def ticket(request: PageRequest, code: str) -> HttpResponse:
    """Everything about a ticket, which is thereby read."""
    context = page_of(code, request.user, now=clock.now())
    mark_read(context["ticket"].pk, actor=request.user)
    return render(request, "ticket/ticket.html", context)


@require_GET
@door
def attachment(request: PageRequest, code: str, pk: int) -> HttpResponse:
    """Sends on to where the source keeps a file, but only to the source's own host; else says where it would lead."""
    found = outbox.attachment(pk, request.user)
    if found.ticket.code != code:
        raise NotFound("No such file")
    base = str(found.source.settings.get("base_url", ""))
    address = _absolute(found.url, base)
    if address and urlsplit(address).hostname == urlsplit(base).hostname:
        return HttpResponseRedirect(address, headers={"Referrer-Policy": "no-referrer"})
    context: dict[str, Any] = {"attachment": found, "address": address, "code": code}
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
