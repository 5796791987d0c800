"""The download centre: ask for a file, see how far it is, fetch it, delete it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import FileResponse, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.reports import keep, queries
from inbox.reports.ask import ask_export
from inbox.sources.queries import sources
from inbox.web import chips
from inbox.web.doors import PageRequest, door
from inbox.web.exports import FORMATS, unfit

UNPROCESSABLE = 422
#: Parameters of the form itself; everything else narrows the list.
OWN = frozenset({"format", "with_mark", "csrfmiddlewaretoken"})
#: Of the inbox's address, what says nothing about which tickets are meant.
_OF_THE_PAGE = frozenset({"ticket", "after", "than", "ordering"})


@require_GET
@door
def exports(request: PageRequest) -> HttpResponse:
    """One's own files, newest first; the fragment alone while a page waits for one of them."""
    everybodys = request.GET.get("whose") == "all"
    rows = queries.everybodys(request.user) if everybodys else queries.exports(request.user)
    found = list(rows[: queries.SHOWN])
    context = {
        "now": clock.now(),
        "rows": found,
        "everybodys": everybodys,
        "audits": queries.audits(request.user),
        "is_waiting": not everybodys and any(export.is_unfinished for export in found),
    }
    if not everybodys:
        keep.mark_seen(actor=request.user)
    return render(request, "exports/_list.html" if request.htmx else "exports/exports.html", context)


@require_http_methods(["GET", "POST"])
@door
def new_export(request: PageRequest) -> HttpResponse:
    """The form for the list that the inbox showed, and its target."""
    queries.require(request.user)
    if request.method == "GET":
        return _form(request, _filters(request.GET))
    filters = _filters(request.POST)
    try:
        ask_export(
            actor=request.user,
            file_format=request.POST.get("format", ""),
            filters=dict(filters.lists()),
            with_mark=request.POST.get("with_mark") == "1",
        )
    except Invalid as invalid:
        return _form(request, filters, problem=unfit(invalid), status=UNPROCESSABLE)
    messages.success(request, _("Your file is being made"))
    return redirect("exports")


@require_GET
@door
def download(request: PageRequest, key: uuid.UUID) -> HttpResponseBase:
    """The file itself. Never shown in the browser, always saved."""
    file = keep.fetch(key, actor=request.user)
    return FileResponse(file.path.open("rb"), as_attachment=True, filename=file.name, content_type=file.content_type)


@require_POST
@door
def delete(request: PageRequest, key: uuid.UUID) -> HttpResponse:
    """Delete a file, or stop its making."""
    keep.delete_export(key, actor=request.user)
    messages.success(request, _("Deleted"))
    return redirect("exports")


def _filters(params: QueryDict) -> QueryDict:
    """What narrows the list, without what is empty."""
    filters = QueryDict(mutable=True)
    for name, values in params.lists():
        filled = [value for value in values if value]
        if filled and name not in OWN | _OF_THE_PAGE:
            filters.setlist(name, filled)
    return filters


def _form(request: PageRequest, filters: QueryDict, *, problem: str = "", status: int = 200) -> HttpResponse:
    at = clock.now()
    total = None
    if not problem:
        total = queries.narrowed(filters, official=request.user, at=at).order_by()[: queries.COUNTED + 1].count()
    context = {
        "filters": [(name, value) for name, values in filters.lists() for value in values],
        "chips": chips.chips(filters, sources=list(sources(request.user))),
        "view": filters.get("view", "all"),
        "query": filters.get("q", ""),
        "formats": FORMATS,
        "chosen": request.POST.get("format", "xlsx"),
        "total": total,
        "counted": queries.COUNTED,
        "problem": problem,
        "back": f"?{filters.urlencode()}",
    }
    return render(request, "exports/new.html", context, status=status)
