"""How the sources are doing, what is wrong in plain words, and what a person can do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.request_sync import request_sync
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.intake.replay import replay_payload
from inbox.outbox import queries as outbox
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources import queries
from inbox.web.advice import advice_for
from inbox.web.doors import PageRequest, door

LAST_RUNS, MOST_PAYLOADS, MOST_DELIVERIES = 50, 50, 50
#: Messages that have not reached their source, those that wait for a person first.
UNDELIVERED = [DeliveryState.DEAD, DeliveryState.BY_HAND, DeliveryState.UNKNOWN, DeliveryState.PENDING]


@require_GET
@door
def sources(request: PageRequest) -> HttpResponse:
    """All sources, the troubled ones first."""
    now = clock.now()
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    fetched, sent = queries.fetched_since(today), outbox.delivery_counts(request.user)
    rows = [
        {
            "source": source,
            "advice": _advice(source),
            "today": fetched.get(source.pk, {}),
            "sent": sent.get(source.pk, {}),
        }
        for source in sorted(queries.sources(request.user), key=lambda s: (s.health not in queries.TROUBLE, s.label))
    ]
    context = {"now": now, "rows": rows, "may_sync": may(request.user, Permission.SYNC_SOURCE)}
    request.known_sources = [row["source"] for row in rows]  # type: ignore[attr-defined]
    return render(request, "sources/sources.html", context)


@require_GET
@door
def source(request: PageRequest, slug: str) -> HttpResponse:
    """One source: its runs, its quarantine, and what has not reached it."""
    return _page(request, slug)


@require_POST
@door
def sync(request: PageRequest, slug: str) -> HttpResponse:
    """Read a source as soon as a worker is free."""
    try:
        found = request_sync(slug, actor=request.user)
        messages.success(request, _("%(source)s will be read now") % {"source": found.label})
    except Invalid:
        messages.warning(request, _("This source is switched off"))
    return redirect("source", slug=slug)


@require_GET
@door
def payload(request: PageRequest, slug: str, pk: int) -> HttpResponse:
    """A payload as received: for those who manage sources."""
    found = queries.payload(pk, request.user)
    if found.source.slug != slug:
        raise NotFound("No such payload")
    return render(request, "sources/payload.html", {"now": clock.now(), "payload": found, "advice": _why(found)})


@require_POST
@door
def replay(request: PageRequest, slug: str, pk: int) -> HttpResponse:
    """Try a quarantined payload again."""
    try:
        result = replay_payload(pk, actor=request.user)
    except Invalid:
        messages.warning(request, _("This payload is no longer in quarantine"))
        return redirect("source", slug=slug)
    if result.accepted:
        messages.success(request, _("The payload was taken in"))
    else:
        messages.error(request, _("Still not possible: %(why)s") % {"why": advice_for(result.reason_code).what})
    return redirect("source", slug=slug)


def _page(request: PageRequest, slug: str) -> HttpResponse:
    found = queries.source(slug, request.user)
    quarantine = list(queries.quarantine_of(found)[:MOST_PAYLOADS])
    waiting = outbox.deliveries(request.user, source=slug).filter(state__in=UNDELIVERED)[:MOST_DELIVERIES]
    context: dict[str, Any] = {
        "now": clock.now(),
        "source": found,
        "advice": _advice(found),
        "runs": [
            {"run": run, "advice": advice_for(run.error_code) if run.error_code else None}
            for run in queries.runs_of(slug, request.user)[:LAST_RUNS]
        ],
        "quarantine": [{"payload": row, "advice": _why(row)} for row in quarantine],
        "undelivered": [
            {"message": message, "advice": advice_for(message.reason_code) if message.reason_code else None}
            for message in sorted(waiting, key=lambda message: UNDELIVERED.index(DeliveryState(message.state)))
        ],
        "may_sync": may(request.user, Permission.SYNC_SOURCE),
        "may_manage": may(request.user, Permission.MANAGE_SOURCES),
    }
    return render(request, "sources/source.html", context)


def _advice(source: Any) -> Any:
    """What is wrong with a source now; None while it is well."""
    return advice_for(source.last_error_code) if source.last_error_code else None


def _why(payload: Any) -> Any:
    return advice_for(payload.reason_code or "bad_payload")
