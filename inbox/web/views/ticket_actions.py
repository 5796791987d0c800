"""Doing something to a ticket. Each verb has a form of its own (GET) that works without scripts; the POST calls the
action and shows the ticket as it is now. Nothing is decided here.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inbox.accounts.permissions import may
from inbox.actions.add_photo import add_photo
from inbox.actions.mark_entered_by_hand import mark_entered_by_hand
from inbox.actions.mark_read import mark_read
from inbox.actions.registry import ACTIONS, perform_undoably, possible_verbs
from inbox.actions.retry_delivery import retry_delivery
from inbox.actions.reveal_reporter import reveal_reporter
from inbox.actions.save_draft import forget_draft, save_draft
from inbox.core import clock, filecheck
from inbox.core.errors import IllegalMove, Invalid, NotAllowed, NotFound, StaleVersion
from inbox.sla import queries as promises
from inbox.tickets import queries
from inbox.tickets.vocabulary import PhotoStage, Verb
from inbox.web import composer, conflicts, deadlines, labels, timeline, toasts
from inbox.web.doors import PageRequest, door
from inbox.web.forms import Seen, form_of
from inbox.web.listing import ticket_address
from inbox.web.rows import rows_of
from inbox.web.tickets import page_of, preview_of, previewed

CONFLICT, UNPROCESSABLE = 409, 422
#: Forms that photos may come with.
FILES_COME_WITH = (*composer.COMPOSED, Verb.ADD_NOTE)
MOST_AT_ONCE = 10
#: Where one-click actions may lead back to.
DASHBOARD = "/dashboard/"


@require_http_methods(["GET", "POST"])
@door
def act(request: PageRequest, code: str, verb: Verb) -> HttpResponse:
    """The form of a verb, or its deed."""
    if request.method == "GET":
        ticket = _for_form(code, request)
        if verb not in possible_verbs(ticket, request.user):
            raise IllegalMove(f"{verb} is not possible now")
        return _form(request, ticket, verb)
    before, back, version = _Before.of(code), _back(request), _version(request)
    data = {field.name: request.POST.get(field.name, "") for field in ACTIONS[verb].fields}
    try:
        chosen = _files(request, before, verb)
        if "files" in data:
            data["files"] = ",".join(map(str, chosen))
        ticket, step = perform_undoably(
            verb, before.pk, actor=request.user, data=data, version=version, is_shown=back is None
        )
    except (StaleVersion, IllegalMove):
        if _is_repeat(request, before, verb, data):
            return done(request, before, _words(verb, before, request))
        return _conflict(request, before, verb, data)
    except Invalid as invalid:
        return _form(request, _for_form(code, request), verb, data=data, invalid=invalid, status=UNPROCESSABLE)
    if data:  # one click leaves no draft behind
        forget_draft(before.pk, [*composer.COMPOSED] if verb in composer.COMPOSED else [verb], actor=request.user)
    read_version = ticket.version if back is None else None
    return done(request, back or before, _words(verb, before, request), step=step, read_version=read_version)


class _Before(NamedTuple):
    """A ticket before the deed, not read yet: the deed looks itself whether it is there and for this person."""

    pk: int
    code: str

    @classmethod
    def of(cls, code: str) -> _Before:
        """Raises NotFound."""
        pk = queries.pk_of(code)
        if pk is None:
            raise NotFound("No such ticket")
        return cls(pk, queries.code_of(pk))


def _for_form(code: str, request: PageRequest) -> Any:
    """The ticket with what its buttons and forms need, in one statement. Raises NotFound."""
    return queries.ticket(code, request.user, promises.asked_part, queries.linked_part)


def _back(request: PageRequest) -> Any:
    """The ticket on whose page the button of another one was pressed; None when it was its own."""
    code = request.POST.get("back", "")
    try:
        return queries.ticket(code, request.user) if code else None
    except NotFound:
        return None


@require_POST
@door
def compose(request: PageRequest, code: str, verb: Verb) -> HttpResponse:
    """The form again with a ready-made reply put in, a preview or a draft kept; nothing is done to the ticket."""
    ticket = _for_form(code, request)
    if not may(request.user, ACTIONS[verb].permission, unit_id=ticket.unit_id):
        raise NotAllowed(f"{verb} is not granted")
    if verb not in composer.COMPOSED or verb not in possible_verbs(ticket, request.user):
        raise IllegalMove(f"{verb} is not possible now")
    text = request.POST.get("text", "")
    canned = request.POST.get("canned", "")
    if canned.isdecimal() and len(canned) < 19:
        text = composer.with_reply(int(canned), text, ticket, request.user, now=clock.now())
    save_draft(ticket.pk, verb, text, actor=request.user)
    try:
        chosen = _files(request, ticket, verb)
    except Invalid as invalid:
        return _form(request, ticket, verb, data={"text": text}, invalid=invalid, status=UNPROCESSABLE)
    preview = text.strip() if "preview" in request.POST else ""
    data = {"text": text, "files": ",".join(map(str, chosen))}
    return _form(request, ticket, verb, data=data, preview=preview)


def _files(request: PageRequest, ticket: Any, verb: Verb) -> list[int]:
    """The files that were ticked, and those that come with the form: these stay on the ticket, whatever happens next.

    Raises Invalid.
    """
    if verb not in FILES_COME_WITH:
        return []
    stage = PhotoStage.BEFORE if request.POST.get("stage") == PhotoStage.BEFORE else PhotoStage.AFTER
    chosen = [int(key) for key in request.POST.getlist("files") if key.isdecimal() and len(key) < 19]
    for upload in request.FILES.getlist("photos")[:MOST_AT_ONCE]:
        content = upload.read(filecheck.LARGEST + 1)
        photo = add_photo(ticket.pk, actor=request.user, content=content, name=upload.name or "", stage=stage)
        chosen.append(photo.pk)
    return chosen


def _words(verb: Verb, before: Any, request: PageRequest) -> labels.Words:
    """What has happened, in words: an answer may be out, or wait for a leader."""
    if verb is Verb.RESOLVE and queries.waits_for_approval(before.pk):
        return labels.PROPOSED
    return labels.DONE[verb]


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
    return done(request, ticket, _("Will be sent again now"))


@require_POST
@door
def entered(request: PageRequest, code: str, pk: int) -> HttpResponse:
    """Somebody has entered an answer in the source by hand."""
    ticket = queries.ticket(code, request.user)
    mark_entered_by_hand(pk, actor=request.user)
    return done(request, ticket, _("Marked as entered in the source"))


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
    preview: str = "",
    **more: Any,
) -> HttpResponse:
    now = clock.now()
    clocks = promises.clocks_of([ticket.pk])
    possible = possible_verbs(ticket, request.user)
    context: dict[str, Any] = {}
    if verb in composer.COMPOSED:
        composed = composer.composer_of(
            verb,
            ticket,
            request.user,
            now=now,
            chosen=_ticked(data),
            preview=preview,
            also_reply=verb is Verb.RESOLVE and Verb.REPLY in possible,
        )
        data = {"text": composed.first_text} if data is None else data
        context["composer"] = composed
    context |= {
        "now": now,
        "ticket": ticket,
        "form": form_of(verb, ticket, request.user, now=now, data=data, invalid=invalid),
        "deadline": deadlines.deadline_of(ticket, clocks[ticket.pk], now=now),
        "place": place_of(request),
        "possible": verb in possible,
        **more,
    }
    if not request.htmx:
        return render(request, "ticket/act.html", context, status=status)
    response = render(request, "ticket/_act.html", context, status=status)
    if request.method == "POST":
        response["HX-Retarget"], response["HX-Reswap"] = "#drawer", "innerHTML"
    return response


def _ticked(data: dict[str, str] | None) -> list[int] | None:
    """The files of a form that came back; None for a fresh one."""
    if data is None or "files" not in data:
        return None
    return [int(key) for key in data["files"].split(",") if key]


def _conflict(request: PageRequest, before: Any, verb: Verb, data: dict[str, str]) -> HttpResponse:
    """Somebody got in between: what was seen beside what is now, who did it, and what was typed, kept."""
    ticket = _for_form(before.code, request)
    seen = Seen.sent(request.POST.dict())
    conflict = conflicts.between(seen, ticket, request.user, now=clock.now())
    return _form(request, ticket, verb, data=data, status=CONFLICT, conflict=conflict)


def _is_repeat(request: PageRequest, ticket: Any, verb: Verb, data: dict[str, str]) -> bool:
    """Whether the newest change is this very deed: the button was pressed twice."""
    change = queries.last_change(ticket.pk, request.user)
    done = {timeline.EVENT_OF[verb], timeline.PROPOSAL_OF.get(verb)}
    if change is None or change.actor_id != request.user.pk or change.kind not in done:
        return False
    typed = data.get("text") or data.get("reason") or ""
    message = getattr(change, "message", None)
    return (message.body if message else "") == typed.replace("\r\n", "\n").strip()


def done(
    request: PageRequest, before: Any, words: labels.Words, *, step: Any = None, read_version: int | None = None
) -> HttpResponse:
    """The ticket as it is now; the inbox when it is no longer for this person.

    `step`: the way back, if any. `read_version`: that the act has marked as read.
    """
    code = before.code
    try:
        ticket = previewed(code, request.user)
    except NotFound:
        return _gone(request, before, words, step)
    if ticket.version != read_version:
        mark_read(ticket.pk, ticket.version, actor=request.user)
    if not request.htmx:
        toasts.say(request, f"{code}: {words}", step=step)
        back = request.POST.get("next", "")
        return redirect(f"{back}#at-risk" if back.startswith(DASHBOARD) else ticket_address(request, code))
    now = clock.now()
    toast = toasts.toast(words, code, step=step)
    if place_of(request) == "inbox":
        return _changed_inbox(request, ticket, toast, now=now)
    context = page_of(code, request.user, now=now) | {"toast": toast}
    return _changed(render(request, "ticket/_changed.html", context), target="#ticket")


def _changed_inbox(request: PageRequest, ticket: Any, toast: dict[str, Any], *, now: Any) -> HttpResponse:
    clocks = promises.clocks_of([ticket.pk])
    line = queries.Line.of(ticket, read_version=ticket.version)
    context = {
        "now": now,
        "current": ticket,
        "preview": preview_of(ticket, request.user, clocks[ticket.pk], now=now),
        "query": "",
        "list_params": QueryDict(urlsplit(request.htmx.current_url or "").query),
        "rows": rows_of([line], request.user, clocks, now=now),
        "toast": toast,
    }
    return _changed(render(request, "inbox/_changed.html", context), target="#preview")


def _gone(request: PageRequest, before: Any, words: labels.Words, step: Any) -> HttpResponse:
    code = before.code
    if not request.htmx:
        toasts.say(request, f"{code}: {words}", step=step)
        return redirect("inbox")
    if place_of(request) != "inbox":
        toasts.say(request, f"{code}: {words}", step=step)
        response: HttpResponse = HttpResponse(status=204)
        response["HX-Redirect"] = redirect("inbox").url
        return response
    context = {"pk": before.pk, "toast": toasts.toast(words, code, step=step)}
    return _changed(render(request, "inbox/_gone.html", context), target="#preview")


def _changed(response: HttpResponse, *, target: str) -> HttpResponse:
    response["HX-Retarget"], response["HX-Reswap"] = target, "outerHTML"
    response["HX-Trigger"] = json.dumps({"ticket-changed": True})
    return response


def place_of(request: PageRequest) -> str:
    """Where the button was pressed: beside the list or on the ticket's own page."""
    asked = request.POST.get("place") or request.GET.get("place", "")
    return "inbox" if asked == "inbox" else "ticket"
