"""Doing something to a ticket. Each verb has a form of its own (GET) that works without scripts; the POST calls the
action and shows the ticket as it is now. Nothing is decided here.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inbox.actions.mark_entered_by_hand import mark_entered_by_hand
from inbox.actions.mark_read import mark_read
from inbox.actions.registry import ACTIONS, perform, possible_verbs
from inbox.actions.retry_delivery import retry_delivery
from inbox.actions.reveal_reporter import reveal_reporter
from inbox.core import clock
from inbox.core.errors import IllegalMove, Invalid, NotFound, StaleVersion
from inbox.tickets import queries
from inbox.tickets.vocabulary import Verb
from inbox.web import deadlines, labels, timeline
from inbox.web.doors import PageRequest, door
from inbox.web.forms import form_of
from inbox.web.tickets import page_of, preview_of

CONFLICT, UNPROCESSABLE = 409, 422


@require_http_methods(["GET", "POST"])
@door
def act(request: PageRequest, code: str, verb: Verb) -> HttpResponse:
    """The form of a verb, or its deed."""
    ticket = queries.ticket(code, request.user)
    if request.method == "GET":
        if verb not in possible_verbs(ticket, request.user):
            raise IllegalMove(f"{verb} is not possible now")
        return _form(request, ticket, verb)
    data = {field.name: request.POST.get(field.name, "") for field in ACTIONS[verb].fields}
    try:
        perform(verb, ticket.pk, actor=request.user, data=data, version=_version(request))
    except (StaleVersion, IllegalMove):
        if _is_repeat(request, ticket, verb, data):
            return _done(request, ticket, labels.DONE[verb])
        return _conflict(request, ticket, verb, data)
    except Invalid as invalid:
        return _form(request, ticket, verb, data=data, invalid=invalid, status=UNPROCESSABLE)
    return _done(request, ticket, labels.DONE[verb])


@require_POST
@door
def reveal(request: PageRequest, code: str) -> HttpResponse:
    """Who the citizen is, shown once in this answer and never in an address; the look is logged."""
    now = clock.now()
    ticket = queries.ticket(code, request.user)
    shown, error = None, ""
    try:
        shown = reveal_reporter(ticket.pk, actor=request.user, reason=request.POST.get("reason", ""))
    except Invalid as invalid:
        error = _(str(invalid))
    context = page_of(code, request.user, now=now) | {"revealed": shown, "reveal_error": error}
    template = "ticket/_reporter.html" if request.htmx else "ticket/ticket.html"
    return render(request, template, context, status=UNPROCESSABLE if error else 200)


@require_POST
@door
def retry(request: PageRequest, code: str, pk: int) -> HttpResponse:
    """Send a message to its source again."""
    ticket = queries.ticket(code, request.user)
    retry_delivery(pk, actor=request.user)
    return _done(request, ticket, _("Will be sent again now"))


@require_POST
@door
def entered(request: PageRequest, code: str, pk: int) -> HttpResponse:
    """Somebody has entered an answer in the source by hand."""
    ticket = queries.ticket(code, request.user)
    mark_entered_by_hand(pk, actor=request.user)
    return _done(request, ticket, _("Marked as entered in the source"))


def _version(request: PageRequest) -> int:
    """The version that the person was looking at. Raises Invalid: a form without it could overwrite unseen changes."""
    version = request.POST.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        raise Invalid("This form is out of date", field="version")
    return int(version)


# --- Answers ----------------------------------------------------------------------------------------------------------


def _form(
    request: PageRequest,
    ticket: Any,
    verb: Verb,
    *,
    data: dict[str, str] | None = None,
    invalid: Invalid | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    queries.load_clocks([ticket])
    context = {
        "ticket": ticket,
        "form": form_of(verb, ticket, request.user, data=data, invalid=invalid),
        "deadline": deadlines.deadline_of(ticket, now=clock.now()),
        "place": _place(request),
        "possible": verb in possible_verbs(ticket, request.user),
        **more,
    }
    if not request.htmx:
        return render(request, "ticket/act.html", context, status=status)
    response = render(request, "ticket/_act.html", context, status=status)
    if request.method == "POST":
        response["HX-Retarget"], response["HX-Reswap"] = "#drawer", "innerHTML"
    return response


def _conflict(request: PageRequest, before: Any, verb: Verb, data: dict[str, str]) -> HttpResponse:
    """Somebody got in between: say who and what, show the ticket's new version, keep what was typed."""
    ticket = queries.ticket(before.code, request.user)
    change = queries.last_change(ticket.pk, request.user)
    (item,) = timeline.items([change], names=queries.names_in([change])) if change else (None,)
    return _form(request, ticket, verb, data=data, status=CONFLICT, conflict=item, now=clock.now())


def _is_repeat(request: PageRequest, ticket: Any, verb: Verb, data: dict[str, str]) -> bool:
    """Whether the newest change is this very deed: the button was pressed twice."""
    change = queries.last_change(ticket.pk, request.user)
    if change is None or change.actor_id != request.user.pk or change.kind != timeline.EVENT_OF[verb]:
        return False
    typed = data.get("text") or data.get("reason") or ""
    message = getattr(change, "message", None)
    return (message.body if message else "") == typed.replace("\r\n", "\n").strip()


def _done(request: PageRequest, before: Any, words: labels.Words) -> HttpResponse:
    """The ticket as it is now; the inbox when it is no longer for this person."""
    code = before.code
    try:
        ticket = queries.ticket(code, request.user)
    except NotFound:
        return _gone(request, before, words)
    mark_read(ticket.pk, actor=request.user)
    if not request.htmx:
        messages.success(request, f"{code}: {words}")
        return redirect("ticket", code=code)
    now = clock.now()
    toast = {"tone": "ok", "title": words, "text": code}
    if _place(request) == "inbox":
        return _changed_inbox(request, ticket, toast, now=now)
    context = page_of(code, request.user, now=now) | {"toast": toast}
    return _changed(render(request, "ticket/_changed.html", context), target="#ticket")


def _changed_inbox(request: PageRequest, ticket: Any, toast: dict[str, Any], *, now: Any) -> HttpResponse:
    row = queries.ticket_row(ticket.pk, request.user)
    queries.load_clocks([ticket, *([row] if row else [])])
    context = {
        "now": now,
        "current": ticket,
        "preview": preview_of(ticket, request.user, now=now),
        "query": "",
        "list_params": QueryDict(urlsplit(request.htmx.current_url or "").query),
        "row": next(deadlines.each_with_deadline([row], now=now)) if row else None,
        "toast": toast,
    }
    return _changed(render(request, "inbox/_changed.html", context), target="#preview")


def _gone(request: PageRequest, before: Any, words: labels.Words) -> HttpResponse:
    code = before.code
    if not request.htmx:
        messages.success(request, f"{code}: {words}")
        return redirect("inbox")
    if _place(request) != "inbox":
        messages.success(request, f"{code}: {words}")
        response: HttpResponse = HttpResponse(status=204)
        response["HX-Redirect"] = redirect("inbox").url
        return response
    context = {"pk": before.pk, "toast": {"tone": "ok", "title": words, "text": code}}
    return _changed(render(request, "inbox/_gone.html", context), target="#preview")


def _changed(response: HttpResponse, *, target: str) -> HttpResponse:
    response["HX-Retarget"], response["HX-Reswap"] = target, "outerHTML"
    response["HX-Trigger"] = json.dumps({"ticket-changed": True})
    return response


def _place(request: PageRequest) -> str:
    """Where the button was pressed: beside the list or on the ticket's own page."""
    asked = request.POST.get("place") or request.GET.get("place", "")
    return "inbox" if asked == "inbox" else "ticket"
