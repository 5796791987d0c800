"""How the sources are doing, what is wrong in plain words, and what a person can do about it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.map_code import MEANINGS, checked, map_code
from inbox.actions.request_sync import request_sync
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.intake.replay import (
    Effect,
    plan_code,
    plan_replay,
    replay_payload,
    request_replay,
    settle_reused_id,
    tickets_with,
    unknown_codes,
)
from inbox.outbox import queries as outbox
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources import queries
from inbox.sources.runtime import breaker_of
from inbox.sources.vocabulary import MANUAL, Breaker, CodeKind, RunOutcome
from inbox.web import labels, moments
from inbox.web.advice import advice_for
from inbox.web.doors import PageRequest, door

LAST_RUNS, MOST_PAYLOADS, MOST_DELIVERIES, LAST_OUTAGES = 50, 50, 50, 20
#: What the page of all sources shows of outages and quarantine; each source's page has the rest.
NEWEST = 5
#: Messages that have not reached their source, those that wait for a person first.
UNDELIVERED = [DeliveryState.DEAD, DeliveryState.BY_HAND, DeliveryState.UNKNOWN, DeliveryState.PENDING]
#: Share of readings that may fail before a source looks bad, and looks ill.
SOME_FAIL, MANY_FAIL = 0.02, 0.2


@require_GET
@door
def sources(request: PageRequest) -> HttpResponse:
    """All sources, the troubled ones first. The board renews itself."""
    now = clock.now()
    rows = _board(request, now)
    request.known_sources = [row["source"] for row in rows]  # type: ignore[attr-defined]
    context: dict[str, Any] = {"now": now, "rows": rows, "may_sync": may(request.user, Permission.SYNC_SOURCE)}
    if request.htmx:
        return render(request, "sources/_board.html", context)
    context |= {
        "summary": _summary(rows),
        "outages": [
            {"outage": outage, "advice": advice_for(outage.reason_code)}
            for outage in queries.outages(request.user)[:NEWEST]
        ],
        "quarantined": sum(row["source"].rejected for row in rows),
        "quarantine": [{"payload": row, "advice": _why(row)} for row in queries.quarantine(request.user)[:NEWEST]],
        "may_manage": may(request.user, Permission.MANAGE_SOURCES),
    }
    return render(request, "sources/sources.html", context)


def _board(request: PageRequest, now: datetime) -> list[dict[str, Any]]:
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    fetched, sent = queries.fetched_since(today), outbox.delivery_counts(request.user)
    pulses = queries.pulses(now)
    found = sorted(queries.sources(request.user), key=lambda s: (s.health not in queries.TROUBLE, s.label))
    return [
        {
            "source": source,
            "advice": _advice(source),
            "in_trouble": source.is_enabled and source.health in queries.TROUBLE,
            "today": fetched.get(source.pk, {}),
            "usual": queries.usual_since(source, today, now),
            "sent": sent.get(source.pk, {}),
            **_health(source, pulses.get(source.pk, queries.Pulse()), now),
        }
        for source in found
    ]


def _health(source: Any, pulse: queries.Pulse, now: datetime) -> dict[str, Any]:
    """The figures of one source in words, with their tones. A source that no machine reads has none."""
    if source.connector == MANUAL:
        return {"errors": "–"}
    breaker = breaker_of(source, at=now)
    lag = now - source.last_success_at if source.is_enabled and source.last_success_at else None
    usual = timedelta(seconds=source.poll_seconds)
    rate = pulse.error_rate
    return {
        "cells": pulse.cells,
        "strip": _strip(pulse),
        "lag": _lag(lag) if lag is not None else "",
        "lag_tone": "" if lag is None or lag < 3 * usual else "late" if lag > timedelta(hours=1) + usual else "soon",
        "errors": "–" if rate is None else moments.percent(rate),
        "errors_tone": "" if not rate or rate < SOME_FAIL else "late" if rate > MANY_FAIL else "soon",
        "breaker": breaker,
        "breaker_note": _breaker_note(source, breaker, now),
    }


def _strip(pulse: queries.Pulse) -> str:
    """The strip for those who do not see it."""
    hours = moments.length(pulse.troubled * queries.HALF_HOUR, working=False)
    if not pulse.troubled:
        return _("Last 24 hours: no trouble")
    return _("Last 24 hours: trouble during %(length)s") % {"length": hours}


def _lag(lag: timedelta) -> str:
    if lag < timedelta(minutes=1):
        return _("%(seconds)d seconds behind") % {"seconds": lag // timedelta(seconds=1)}
    return _("%(length)s behind") % {"length": moments.length(lag, working=False)}


def _breaker_note(source: Any, breaker: Breaker, now: datetime) -> str:
    if breaker is Breaker.OPEN:
        words = _("%(count)d errors in a row; tried again at %(time)s")
        return words % {"count": source.failures_in_a_row, "time": moments.short(source.not_before, now=now)}
    return _("the next reading is a trial") if breaker is Breaker.HALF_OPEN else ""


def _summary(rows: list[dict[str, Any]]) -> str:
    """ "5 nguồn: 2 bình thường, 1 gián đoạn"."""
    states = Counter("off" if not row["source"].is_enabled else row["source"].health for row in rows)
    parts = [f"{count} {_health_word(state)}" for state, count in states.most_common()]
    total = ngettext("%(count)d source", "%(count)d sources", len(rows)) % {"count": len(rows)}
    return f"{total}: {', '.join(parts)}" if parts else total


def _health_word(state: str) -> str:
    words = str(labels.label_of("health", state).words)
    return words[:1].lower() + words[1:]


@require_GET
@door
def source(request: PageRequest, slug: str) -> HttpResponse:
    """One source: its runs, its quarantine, and what has not reached it."""
    return _page(request, slug)


@require_GET
@door
def progress(request: PageRequest, slug: str) -> HttpResponse:
    """How far the newest reading is; renews itself while something moves."""
    found = queries.source(slug, request.user)
    run = queries.readings_of(found).first()
    return render(request, "sources/_progress.html", {"source": found, **_moving(found, run, clock.now())})


def _moving(source: Any, run: Any, now: datetime) -> dict[str, Any]:
    """The newest run, and whether there is something to watch: it runs, or a worker is about to begin."""
    asked = source.is_enabled and source.next_poll_at is not None and source.next_poll_at <= now
    running = run is not None and run.outcome == RunOutcome.RUNNING
    return {"now": now, "run": run, "moving": running or (asked and source.connector != MANUAL)}


@door
@require_http_methods(["GET", "POST"])
def replay_all(request: PageRequest, slug: str) -> HttpResponse:
    """What a new try of everything in quarantine would do; and the try itself."""
    found = queries.source(slug, request.user)
    if request.method == "POST":
        waiting = request_replay(slug, actor=request.user)
        words = ngettext("%(count)d payload is tried again", "%(count)d payloads are tried again", waiting)
        messages.success(request, words % {"count": waiting})
        return redirect("source", slug=slug)
    effect = plan_replay(slug, actor=request.user)
    return render(request, "sources/replay.html", {"source": found, **_effect(effect)})


@door
@require_http_methods(["GET", "POST"])
def code(request: PageRequest, slug: str) -> HttpResponse:
    """What a code of the source stands for: choose, see what would happen, decide."""
    found = queries.source(slug, request.user)
    given = request.POST if request.method == "POST" else request.GET
    kind, value, meaning = (given.get(name, "") for name in ("kind", "code", "meaning"))
    if request.method == "POST":
        map_code(slug, kind, value, meaning, actor=request.user)
        messages.success(request, _("Decided. The tickets that came with this code are read again."))
        return redirect("source", slug=slug)
    chosen = kind if kind in list(CodeKind) else CodeKind.STATUS.value
    supposed = meaning or MEANINGS[CodeKind(chosen)][0]
    checked_kind, row = checked(slug, chosen, value or "?", supposed, actor=request.user)
    context: dict[str, Any] = {
        "source": found,
        "kind": chosen,
        "code": value,
        "meaning": meaning,
        "meanings": MEANINGS[checked_kind],
        "tickets": tickets_with(row, checked_kind, value).count(),
    }
    if meaning:
        context |= _effect(plan_code(row, checked_kind, value, meaning))
    return render(request, "sources/code.html", context)


def _effect(effect: Effect) -> dict[str, Any]:
    return {"effect": effect, "moves": effect.statuses.most_common(), "refused": effect.refused.most_common()}


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
    decided = request.POST.get("decided", "")
    try:
        if decided in {"same", "another"}:
            result = settle_reused_id(pk, same=decided == "same", actor=request.user)
        else:
            result = replay_payload(pk, actor=request.user)
    except Invalid:
        messages.warning(request, _("This payload is no longer in quarantine"))
        return redirect("source", slug=slug)
    if result.accepted:
        messages.success(request, _("The payload was taken in"))
    else:
        messages.error(request, _("Still not possible: %(why)s") % {"why": advice_for(result.reason_code).what})
    return redirect("reconciliation" if request.POST.get("place") == "reconciliation" else "source", slug=slug)


def _page(request: PageRequest, slug: str) -> HttpResponse:
    found = queries.source(slug, request.user)
    quarantine = list(queries.quarantine_of(found)[:MOST_PAYLOADS])
    waiting = outbox.deliveries(request.user, source=slug).filter(state__in=UNDELIVERED)[:MOST_DELIVERIES]
    runs, now = list(queries.readings_of(found)[:LAST_RUNS]), clock.now()
    context: dict[str, Any] = {
        "source": found,
        "advice": _advice(found),
        **_moving(found, runs[0] if runs else None, now),
        "runs": [{"run": run, "advice": advice_for(run.error_code) if run.error_code else None} for run in runs],
        "codes": unknown_codes(found),
        "mappings": queries.code_mappings(found)[:MOST_PAYLOADS],
        "outages": [
            {"outage": outage, "advice": advice_for(outage.reason_code)}
            for outage in queries.outages(request.user, source=slug)[:LAST_OUTAGES]
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
