"""Where a source and we differ: the report of a source, and the decisions of people. Nothing is decided here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.dismiss_difference import dismiss_difference
from inbox.actions.keep_our_side import keep_our_side
from inbox.actions.request_reconciliation import request_reconciliation
from inbox.actions.take_source_side import take_source_side
from inbox.core import clock
from inbox.core.errors import IllegalMove, Invalid
from inbox.outbox import queries as outbox
from inbox.sources import queries as sources
from inbox.web.doors import PageRequest, door
from inbox.web.listing import ticket_address
from inbox.web.sides import sides
from inbox.web.views.paging import position

PAGE_SIZE = 50


@require_GET
@door
def reconciliation(request: PageRequest, slug: str) -> HttpResponse:
    """The last comparisons of a source, and what still differs, newest first."""
    found = sources.source(slug, request.user)
    rows = outbox.differences_of(found.pk, request.user)
    after = position(request)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    page = list(rows[: PAGE_SIZE + 1])
    runs = outbox.reconciliations_of(found.pk)
    context: dict[str, Any] = {
        "now": clock.now(),
        "source": found,
        "runs": runs,
        "last": next((run for run in runs if run.finished_at), None),
        "running": any(run.finished_at is None for run in runs),
        "differences": sides(page[:PAGE_SIZE]),
        "after": page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None,
        "may_sync": may(request.user, Permission.SYNC_SOURCE),
        "may_manage": may(request.user, Permission.MANAGE_SOURCES),
        "may_decide": may(request.user, Permission.WORK_TICKET),
    }
    return render(request, "sources/reconciliation.html", context)


@require_POST
@door
def compare(request: PageRequest, slug: str) -> HttpResponse:
    """Compare a source as soon as a worker is free."""
    try:
        found = request_reconciliation(slug, actor=request.user)
        messages.success(request, _("%(source)s will be compared now") % {"source": found.label})
    except Invalid:
        messages.warning(request, _("This source cannot be read"))
    return redirect("reconciliation", slug=slug)


@require_POST
@door
def keep(request: PageRequest, pk: int) -> HttpResponse:
    """Our side counts."""
    try:
        found = keep_our_side(pk, actor=request.user)
    except IllegalMove:
        return _refused(request, pk)
    return _decided(request, found, _("The source will be told again"))


@require_POST
@door
def take(request: PageRequest, pk: int) -> HttpResponse:
    """The source's side counts."""
    try:
        found = take_source_side(pk, actor=request.user)
    except IllegalMove:
        return _refused(request, pk)
    return _decided(request, found, _("The ticket follows the source"))


@require_POST
@door
def dismiss(request: PageRequest, pk: int) -> HttpResponse:
    """It may stay as it is."""
    try:
        found = dismiss_difference(pk, actor=request.user, reason=request.POST.get("reason", ""))
    except IllegalMove:
        return _refused(request, pk)
    except Invalid:
        messages.error(request, _("Please write why it may stay as it is"))
        return _back(request, outbox.difference(pk, request.user))
    return _decided(request, found, _("Noted: it may stay as it is"))


def _decided(request: PageRequest, difference: Any, words: str) -> HttpResponse:
    messages.success(request, words)
    return _back(request, difference)


def _refused(request: PageRequest, pk: int) -> HttpResponse:
    """Somebody was faster, or there is nothing to send: the page shows how things stand now."""
    messages.warning(request, _("This is no longer possible: see how it stands now"))
    return _back(request, outbox.difference(pk, request.user))


def _back(request: PageRequest, difference: Any) -> HttpResponse:
    """To where the button was pressed."""
    if request.POST.get("place") == "source":
        return redirect("reconciliation", slug=difference.source.slug)
    return redirect(ticket_address(request, difference.ticket.code))
