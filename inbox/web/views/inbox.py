"""The inbox: views and sources, the list by deadline, the preview. Every filter is a GET parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from inbox.accounts.queries import told_of
from inbox.actions.change_list_density import change_list_density
from inbox.actions.mark_read import mark_read
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.desk.queries import saved_views
from inbox.sla.queries import ClockLine, clocks_of, due_and_met
from inbox.tickets import queries
from inbox.tickets.queries import Order, Position
from inbox.web import bulk, chips, deadlines, moments
from inbox.web.context import waiting, what_waits
from inbox.web.doors import PageRequest, door
from inbox.web.listing import ORDERS, PLACE, Listing, without
from inbox.web.rows import rows_of
from inbox.web.tickets import preview_of, previewed

#: As many rows as one poll asks about; whoever has scrolled further sees changes in the newest of them.
MOST_SHOWN = 400


@require_GET
@door
def inbox(request: PageRequest) -> HttpResponse:
    """The whole page; for htmx the next rows with `after`, what changes while one types, or what stands beside it."""
    now = clock.now()
    listing = Listing.of(request.GET, request.user, at=now)
    part = request.htmx.target if request.htmx else ""
    if part == "views":
        return render(request, "inbox/_views.html", _beside(request, listing, now=now))
    after = Position.parse(request.GET["after"]) if request.GET.get("after") else None
    page = _page(request, listing, after, now=now)
    current = _current(request)
    clocks = clocks_of([line.pk for line in page.tickets] + ([current.pk] if current else []))
    context = _rows(request, page.tickets, clocks, now=now, listing=listing, after=after, ends=page.after is None) | {
        "listing": listing,
        "view": listing.view,
        "page": page,
        "current": current,
        "order": listing.order,
    }
    if request.htmx and after:
        return render(request, "inbox/_rows.html", context)
    is_typed = part == "queue-list" and "q" in listing.params
    if is_typed:
        context["menu"] = queries.menu(request.user, at=now, views=())
    else:
        context |= _beside(request, listing, now=now)
    menu: queries.Menu = context["menu"]
    is_counted = listing.view in menu.counts and not listing.is_narrowed
    context |= {
        "orders": [(order, name) for name, order in ORDERS.items()],
        "total": menu.counts[listing.view] if is_counted else listing.count(),
        "since": now.isoformat(),
        "chips": chips.chips(request.GET, sources=menu.sources),
        "filter_fields": chips.fields(request.GET, sources=menu.sources, official=request.user),
        "bulk_verbs": bulk.offered(row.verbs for row in context["rows"]),
        "preview": preview_of(current, request.user, clocks[current.pk], now=now) if current else None,
    }
    return render(request, "inbox/_found.html" if is_typed else "inbox/inbox.html", context)


@require_GET
@door
def preview(request: PageRequest, code: str) -> HttpResponse:
    """The preview pane of one ticket, which is thereby read."""
    now = clock.now()
    ticket = previewed(code, request.user)
    clocks = clocks_of([ticket.pk])
    mark_read(ticket.pk, ticket.version, actor=request.user)
    context = {"now": now, "current": ticket, "preview": preview_of(ticket, request.user, clocks[ticket.pk], now=now)}
    response = render(request, "inbox/_preview.html", context)
    kept = without(request.GET, *PLACE)
    kept["ticket"] = ticket.code
    response["HX-Push-Url"] = f"{reverse('inbox')}?{kept.urlencode()}"
    return response


@require_GET
@door
def fresh(request: PageRequest) -> HttpResponse:
    """What has happened since the page was loaded: how many tickets have come, which of its rows have changed.

    Nothing moves: new tickets are announced, changed rows and numbers are replaced where they stand.
    """
    now = clock.now()
    than, since = request.GET.get("than", ""), _since(request)
    if not than.isdecimal() or len(than) > 18:
        raise Invalid("Not a ticket's number", field="than")
    listing = Listing.of(request.GET, request.user, at=now)
    shown = [int(key) for key in request.GET.get("shown", "").split(",") if key.isdecimal() and len(key) <= 18]
    changed = (
        queries.changed_rows(shown[-MOST_SHOWN:], request.user, since=since) if since is not None and shown else []
    )
    context = {
        "count": queries.count_newer(listing.tickets, than=int(than)),
        "than": than,
        "since": now.isoformat(),
        "rows": _rows(request, changed, clocks_of([line.pk for line in changed]), now=now, listing=listing)["rows"],
        "now": now,
        "query": listing.params.get("q", ""),
    }
    if since is None:
        context["unread"] = what_waits(request.user, at=now)["unread"]
    else:
        menu = _menu(request, now=now)
        context |= {"counts": menu.counts, "today": _today(menu), "unread": menu.also["unread"]}
    return render(request, "inbox/_fresh.html", context)


@require_POST
@door
def density(request: PageRequest) -> HttpResponse:
    """Fewer or more rows on the screen, and back to the list."""
    change_list_density(actor=request.user, dense=request.POST.get("dense") == "1")
    query = without(QueryDict(request.POST.get("list", "")), *PLACE).urlencode()
    return redirect(f"{reverse('inbox')}?{query}" if query else "inbox")


def _page(request: PageRequest, listing: Listing, after: Position | None, *, now: datetime) -> queries.Page:
    if after is None and not listing.is_narrowed:
        return queries.first_page(request.user, listing.view, listing.order, at=now)
    return queries.inbox_page(
        listing.tickets,
        official=request.user,
        order=listing.order,
        after=after,
        with_text="q" in listing.params,
        by_keys=listing.has_many,
        first=listing.first,
    )


def _rows(
    request: PageRequest,
    tickets: Sequence[queries.Line],
    clocks: Mapping[int, Sequence[ClockLine]],
    *,
    now: datetime,
    listing: Listing,
    after: Position | None = None,
    ends: bool = True,
) -> dict[str, Any]:
    """The rows with everything that stands in them, under their bands."""
    rows = rows_of(tickets, request.user, clocks, now=now)
    bands = (
        [deadlines.Band(listing.order, "", rows=rows)]
        if listing.order is not Order.DEADLINE
        else deadlines.bands(rows, now=now, after=after.due_at if after else None, began=after is not None, ends=ends)
    )
    return {"now": now, "query": listing.params.get("q", ""), "rows": rows, "bands": bands}


def _beside(request: PageRequest, listing: Listing, *, now: datetime) -> dict[str, Any]:
    """What stands beside the list: views, kept lists and sources with their numbers, and the deadlines of the day."""
    kept = saved_views(request.user, at=now)
    saved = {one.key: queries.CountUpTo(one.tickets) for one in kept if one.tickets is not None}
    numbers = told_of(request.user, **saved) if saved else {}
    menu = _menu(request, now=now)
    _tell_frame(request, menu)
    return {
        "listing": listing,
        "view": listing.view,
        "menu": menu,
        "views": [(name, menu.counts[name]) for name in queries.COUNTED if name in menu.counts],
        "saved": [(one, numbers.get(one.key)) for one in kept],
        "saved_name": next((one.name for one in kept if str(one.pk) == request.GET.get("saved")), ""),
        "units": [membership.unit for membership in request.user.memberships_now if membership.unit],
        "today": _today(menu),
    }


def _menu(request: PageRequest, *, now: datetime) -> queries.Menu:
    """Views and sources with their numbers, what waits, and for people of a ward what is due today."""
    today, tomorrow = moments.midnight(now), moments.midnight(now, days=1)
    also = waiting(request.user)
    if not queries.sees_city(request.user):
        also["today"] = lambda today, tomorrow, **_: due_and_met(request.user, today, tomorrow)
    return queries.menu(request.user, at=now, also=also, today=today, tomorrow=tomorrow)


def _tell_frame(request: PageRequest, menu: queries.Menu) -> None:
    """Hand the frame around the page what the menu has found out anyway."""
    request.known_sources = menu.sources  # type: ignore[attr-defined]
    if menu.sources:
        request.waits = {name: menu.also.get(name, 0) for name in ("unread", "unseen")}  # type: ignore[attr-defined]


def _today(menu: queries.Menu) -> dict[str, int] | None:
    """How many of the deadlines that were before these people this morning are behind them now."""
    if "today" not in menu.also:
        return None
    (today,) = menu.also["today"] or [{"due": 0, "met": 0}]
    return {"total": today["due"], "done": today["met"]}


def _since(request: PageRequest) -> datetime | None:
    """When the page was loaded or asked last. Raises Invalid."""
    text = request.GET.get("since", "")
    if not text:
        return None
    try:
        since = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        raise Invalid("Not a moment", field="since")
    return since


def _current(request: PageRequest) -> Any:
    """The ticket of the preview; one that is gone or not for this person leaves the pane empty."""
    code = request.GET.get("ticket", "")
    try:
        return previewed(code, request.user) if code else None
    except NotFound:
        return None
