"""The inbox: views and sources, the list by deadline, the preview. Every filter is a GET parameter."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from inbox.actions.mark_read import mark_read
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.tickets import queries
from inbox.tickets.queries import Position, View
from inbox.web import chips, deadlines
from inbox.web.doors import PageRequest, door
from inbox.web.tickets import preview_of

#: Parameters of the page itself; everything else is a filter of `TicketFilter`.
OWN = ("view", "ticket", "after", "than")
NEWEST_FIRST = "-received"


@require_GET
@door
def inbox(request: PageRequest) -> HttpResponse:
    """The whole page, or with `after` the next rows for htmx."""
    now, view = clock.now(), _view(request)
    tickets = queries.narrowed(_filled(request.GET), view, official=request.user, at=now, also_allowed=OWN)
    after = Position.parse(request.GET["after"]) if request.GET.get("after") else None
    newest_first = request.GET.get("ordering") == NEWEST_FIRST or view is View.RESOLVED
    page = queries.inbox_page(tickets, official=request.user, newest_first=newest_first, after=after)
    current = _current(request)
    queries.load_clocks([*page.tickets, *([current] if current else [])])
    shown = list(deadlines.each_with_deadline(page.tickets, now=now))
    context: dict[str, Any] = {
        "now": now,
        "view": view,
        "page": page,
        "bands": (
            [deadlines.Band("newest", "", rows=shown)]
            if newest_first
            else deadlines.bands(shown, now=now, after=after.due_at if after else None, began=after is not None)
        ),
        "query": request.GET.get("q", ""),
        "current": current,
        "newest_first": newest_first,
    }
    if request.htmx and after:
        return render(request, "inbox/_rows.html", context)
    menu = queries.menu(request.user, at=now)
    request.known_sources = menu.sources  # type: ignore[attr-defined]
    context |= {
        "menu": menu,
        "views": [(name, menu.counts[name]) for name in queries.COUNTED if name in menu.counts],
        "chips": chips.chips(request.GET, sources=menu.sources),
        "filter_fields": chips.fields(request.GET, sources=menu.sources),
        "preview": preview_of(current, request.user, now=now) if current else None,
    }
    return render(request, "inbox/inbox.html", context)


@require_GET
@door
def preview(request: PageRequest, code: str) -> HttpResponse:
    """The preview pane of one ticket, which is thereby read."""
    now = clock.now()
    ticket = queries.ticket(code, request.user)
    queries.load_clocks([ticket])
    mark_read(ticket.pk, actor=request.user)
    context = {"now": now, "current": ticket, "preview": preview_of(ticket, request.user, now=now)}
    response = render(request, "inbox/_preview.html", context)
    kept = {name: str(value) for name, value in request.GET.items() if name not in {"ticket", "after", "than"}}
    response["HX-Push-Url"] = f"{reverse('inbox')}?{urlencode(kept | {'ticket': ticket.code})}"
    return response


@require_GET
@door
def fresh(request: PageRequest) -> HttpResponse:
    """How many tickets of this list have come since the page was loaded; says nothing when there are none."""
    than = request.GET.get("than", "")
    if not than.isdecimal() or len(than) > 18:
        raise Invalid("Not a ticket's number", field="than")
    tickets = queries.narrowed(
        _filled(request.GET), _view(request), official=request.user, at=clock.now(), also_allowed=OWN
    )
    count = queries.count_newer(tickets, than=int(than))
    return render(request, "inbox/_fresh.html", {"count": count, "than": than})


def _filled(params: QueryDict) -> QueryDict:
    """The parameters that say something: a form sends its empty fields too."""
    filled = params.copy()
    for name, values in params.lists():
        filled.setlist(name, [value for value in values if value])
        if not filled.getlist(name):
            del filled[name]
    return filled


def _view(request: PageRequest) -> View:
    """The view asked for. Raises Invalid."""
    try:
        return View(request.GET.get("view") or View.OPEN)
    except ValueError:
        raise Invalid("There is no such view", field="view") from None


def _current(request: PageRequest) -> Any:
    """The ticket of the preview; one that is gone or not for this person leaves the pane empty."""
    code = request.GET.get("ticket", "")
    try:
        return queries.ticket(code, request.user) if code else None
    except NotFound:
        return None
