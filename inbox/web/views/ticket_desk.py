"""What stands around the work on one ticket: drafts, photos, tasks, who else is there, what else is known."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.add_photo import add_photo
from inbox.actions.base import LONGEST_TEXT
from inbox.actions.change_tasks import change_tasks
from inbox.actions.follow_ticket import follow_ticket
from inbox.actions.save_draft import save_draft
from inbox.actions.show_presence import show_presence
from inbox.actions.view_citizen_tickets import view_citizen_tickets
from inbox.actions.view_original import view_original
from inbox.core import clock, filecheck
from inbox.core.errors import Invalid, NotAllowed
from inbox.desk import queries as desk
from inbox.duplicates.queries import suggestions
from inbox.tickets import queries
from inbox.tickets.vocabulary import PhotoStage, Verb
from inbox.web import moments
from inbox.web.doors import PageRequest, door
from inbox.web.listing import ticket_address
from inbox.web.tickets import page_of
from inbox.web.views.ticket_actions import MOST_AT_ONCE, done

UNPROCESSABLE = 422
#: Messages of `Invalid` that people may meet here and in no other form.
_MESSAGES = (noop("Choose at least one photo"),)


@require_POST
@door
def draft(request: PageRequest, code: str, verb: Verb) -> HttpResponse:
    """Keep what is being typed; asked every few seconds, answers with when."""
    now = clock.now()
    ticket = _to_work_on(request, code)
    save_draft(ticket.pk, verb, request.POST.get("text", "")[:LONGEST_TEXT], actor=request.user, at=now)
    words = _("Draft saved %(time)s") % {"time": moments.time(now)}
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@require_POST
@door
def photos(request: PageRequest, code: str) -> HttpResponse:
    """Photos from the place, kept on the ticket until an answer takes them along."""
    ticket = _to_work_on(request, code)
    stage = PhotoStage.BEFORE if request.POST.get("stage") == PhotoStage.BEFORE else PhotoStage.AFTER
    uploads = request.FILES.getlist("photos")[:MOST_AT_ONCE]
    try:
        if not uploads:
            raise Invalid("Choose at least one photo", field="photos")
        for upload in uploads:
            content = upload.read(filecheck.LARGEST + 1)
            add_photo(ticket.pk, actor=request.user, content=content, name=upload.name or "", stage=stage)
    except Invalid as invalid:
        return _page(request, code, status=UNPROCESSABLE, photo_error=_(str(invalid)))
    words = ngettext("%(count)s photo added", "%(count)s photos added", len(uploads)) % {"count": len(uploads)}
    return done(request, ticket, words)


@require_POST
@door
def tasks(request: PageRequest, code: str) -> HttpResponse:
    """Tick one off, take a tick away, or add one."""
    ticket = queries.ticket(code, request.user)
    ticked = {name: request.POST[name] for name in ("done", "undone") if request.POST.get(name, "").isdecimal()}
    keys: dict[str, Any] = {name: int(value) for name, value in ticked.items() if len(value) < 19}
    if not keys:
        keys = {"add": request.POST.get("words", "")}
    try:
        change_tasks(ticket.pk, actor=request.user, **keys)
    except Invalid as invalid:
        return _page(request, code, "ticket/_tasks.html", status=UNPROCESSABLE, task_error=_(str(invalid)))
    if request.htmx:
        return _page(request, code, "ticket/_tasks.html")
    return redirect(f"{ticket_address(request, code)}#tasks")


@require_POST
@door
def follow(request: PageRequest, code: str) -> HttpResponse:
    """Hear of a ticket, or no longer."""
    ticket = queries.ticket(code, request.user)
    wanted = request.POST.get("follow") == "1"
    follow_ticket(ticket.pk, actor=request.user, follow=wanted)
    if request.htmx:
        ticket.is_followed = wanted  # type: ignore[attr-defined]
        return render(request, "ticket/_follow.html", {"ticket": ticket})
    messages.success(request, _("You hear of this ticket") if wanted else _("You no longer hear of this ticket"))
    return redirect(ticket_address(request, code))


@require_POST
@door
def presence(request: PageRequest, code: str) -> HttpResponse:
    """Say that one is here and hear who else is; and that the ticket has changed since it was shown."""
    now = clock.now()
    ticket = queries.ticket(code, request.user)
    show_presence(ticket.pk, actor=request.user, typing=request.POST.get("typing") == "1", at=now)
    shown = request.POST.get("version", "")
    is_stale = shown.isdecimal() and len(shown) < 10 and int(shown) != ticket.version
    context = {
        "ticket": ticket,
        "others": desk.others_at(ticket.pk, request.user, at=now),
        "now": now,
        "polled": True,
        "shown_version": shown if is_stale else ticket.version,
    }
    if is_stale:
        change = queries.last_change(ticket.pk, request.user)
        context |= {"is_stale": True, "changed_by": change.actor if change else None, "changed_at": ticket.updated_at}
    return render(request, "ticket/_presence.html", context)


@require_GET
@door
def colleagues(request: PageRequest, code: str) -> HttpResponse:
    """Who can be named in a note, for the list that opens after an @."""
    ticket = queries.ticket(code, request.user)
    found = desk.colleagues_to_mention(ticket, request.user, request.GET.get("q", "")[:50])
    return JsonResponse({"people": [{"username": p.username, "name": p.display_name} for p in found]})


@require_GET
@door
def context(request: PageRequest, code: str) -> HttpResponse:
    """What else is known: tickets of the same place, and those that may be about the same matter."""
    ticket = queries.ticket(code, request.user)
    shown = {
        "now": clock.now(),
        "ticket": ticket,
        "nearby": queries.nearby(ticket, request.user),
        "suggestions": suggestions(ticket, request.user) if ticket.is_open else [],
        "may_link": ticket.is_open and may(request.user, Permission.WORK_TICKET, unit_id=ticket.unit_id),
    }
    return render(request, "ticket/_context.html" if request.htmx else "ticket/context.html", shown)


@require_POST
@door
def citizen_tickets(request: PageRequest, code: str) -> HttpResponse:
    """What else the same citizen has reported; the look is logged."""
    ticket = queries.ticket(code, request.user)
    shown = {
        "now": clock.now(),
        "ticket": ticket,
        "others": view_citizen_tickets(ticket.pk, actor=request.user),
    }
    template = "ticket/_citizen_tickets.html" if request.htmx else "ticket/citizen_tickets.html"
    return render(request, template, shown)


@require_POST
@door
def original(request: PageRequest, code: str) -> HttpResponse:
    """The complaint as its sources sent it; the look is logged."""
    ticket = queries.ticket(code, request.user)
    shown = {"now": clock.now(), "ticket": ticket, "payloads": view_original(ticket.pk, actor=request.user)}
    return render(request, "ticket/original.html", shown)


@require_GET
@door
def handover(request: PageRequest, code: str) -> HttpResponse:
    """The handover slip: a sheet to print and sign."""
    now = clock.now()
    return render(request, "ticket/handover.html", page_of(code, request.user, now=now))


def _to_work_on(request: PageRequest, code: str) -> Any:
    """The ticket, for who may work on it. Raises NotFound, NotAllowed."""
    ticket = queries.ticket(code, request.user)
    if not may(request.user, Permission.WORK_TICKET, unit_id=ticket.unit_id):
        raise NotAllowed("work_ticket is not granted")
    return ticket


def _page(
    request: PageRequest, code: str, part: str = "ticket/ticket.html", *, status: int = 200, **more: Any
) -> HttpResponse:
    """The ticket's page, or for htmx one part of it."""
    shown = page_of(code, request.user, now=clock.now()) | more
    if not request.htmx:
        return render(request, "ticket/ticket.html", shown, status=status)
    response = render(request, part if part != "ticket/ticket.html" else "ticket/_ticket.html", shown, status=status)
    if part == "ticket/ticket.html":
        response["HX-Retarget"], response["HX-Reswap"] = "#ticket", "outerHTML"
    return response
