"""Messages to the sources for those who look after them: what waits, what failed and why, and what can be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.accounts.permissions import Permission, may
from inbox.actions.give_up_delivery import give_up_delivery
from inbox.actions.mark_entered_by_hand import mark_entered_by_hand
from inbox.actions.retry_deliveries import RATES, retry_deliveries
from inbox.actions.retry_delivery import retry_delivery
from inbox.core import clock
from inbox.core.errors import IllegalMove, Invalid
from inbox.outbox import queries
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.queries import names
from inbox.web import labels
from inbox.web.advice import advice_for
from inbox.web.doors import PageRequest, door
from inbox.web.views.paging import position

ALL = "all"
#: What can be done to a message in which state.
RETRYABLE = frozenset({DeliveryState.DEAD, DeliveryState.PENDING, DeliveryState.UNKNOWN})
BY_HAND = frozenset({DeliveryState.DEAD, DeliveryState.BY_HAND})
ENDABLE = RETRYABLE | BY_HAND


@require_GET
@door
def deliveries(request: PageRequest) -> HttpResponse:
    """Messages by state and source, newest first, a page at a time; without a filter those that have not arrived."""
    state = request.GET.get("state", "") or queries.NOT_ARRIVED
    source = request.GET.get("source", "")
    view = "" if state == ALL else state
    page = queries.delivery_page(request.user, view=view, source=source, after=position(request))
    counts = queries.counts_by_state(request.user)
    context: dict[str, Any] = {
        "now": clock.now(),
        "rows": [{"message": row, "advice": _advice(row)} for row in page.messages],
        "after": page.after,
        "state": state,
        "source": source,
        "sources": names(request.user),
        "tabs": _tabs(counts),
        "is_narrowed": bool(source) or state != queries.NOT_ARRIVED,
        **_bulk(request),
    }
    return render(request, "deliveries/deliveries.html", context)


@require_http_methods(["GET", "POST"])
@door
def bulk_retry(request: PageRequest) -> HttpResponse:
    """How far bulk retries are; a POST starts one."""
    if request.method == "GET":
        queries.bulk_retries(request.user)
        return render(request, "deliveries/_bulk.html", {"now": clock.now(), **_bulk(request)})
    rate = request.POST.get("per_minute", "")
    bulk = retry_deliveries(
        request.POST.get("source", ""),
        actor=request.user,
        per_minute=int(rate) if rate.isdecimal() and len(rate) < 9 else 0,
        reason=request.POST.get("reason", ""),
    )
    words = ngettext("%(count)s message will be sent again", "%(count)s messages will be sent again", bulk.total)
    messages.success(request, words % {"count": bulk.total})
    return redirect("deliveries")


@require_GET
@door
def delivery(request: PageRequest, pk: int) -> HttpResponse:
    """One message with every attempt and what the source answered."""
    return _page(request, pk)


@require_POST
@door
def retry(request: PageRequest, pk: int) -> HttpResponse:
    """Send it again now."""
    try:
        retry_delivery(pk, actor=request.user)
        messages.success(request, _("Will be sent again now"))
    except IllegalMove:
        messages.warning(request, _("This is no longer possible: see how it stands now"))
    return redirect("delivery", pk=pk)


@require_POST
@door
def entered(request: PageRequest, pk: int) -> HttpResponse:
    """Somebody has entered it in the source by hand."""
    try:
        mark_entered_by_hand(pk, actor=request.user)
        messages.success(request, _("Marked as entered in the source"))
    except IllegalMove:
        messages.warning(request, _("This is no longer possible: see how it stands now"))
    return redirect("delivery", pk=pk)


@require_POST
@door
def give_up(request: PageRequest, pk: int) -> HttpResponse:
    """It need not reach the source, for a reason."""
    try:
        give_up_delivery(pk, actor=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, _("Given up: nothing more is tried"))
    except IllegalMove:
        messages.warning(request, _("This is no longer possible: see how it stands now"))
    except Invalid as invalid:
        return _page(request, pk, error=_(str(invalid)), status=422)
    return redirect("delivery", pk=pk)


def _page(request: PageRequest, pk: int, *, error: str = "", status: int = 200) -> HttpResponse:
    message = queries.delivery_with_attempts(pk, request.user)
    state, unit = DeliveryState(message.state), message.ticket.unit_id
    overtaken = state in RETRYABLE and queries.is_overtaken(message)
    may_retry = may(request.user, Permission.RETRY_DELIVERY, unit_id=unit)
    context: dict[str, Any] = {
        "now": clock.now(),
        "message": message,
        "advice": _advice(message),
        "attempts": [
            {"attempt": attempt, "advice": advice_for(attempt.error_code) if attempt.error_code else None}
            for attempt in message.attempts.all()
        ],
        "is_overtaken": overtaken,
        "can_retry": may_retry and state in RETRYABLE and not overtaken,
        "can_give_up": may_retry and state in ENDABLE,
        "can_enter": state in BY_HAND and may(request.user, Permission.WORK_TICKET, unit_id=unit),
        "error": error,
        "typed": request.POST.get("reason", ""),
    }
    return render(request, "deliveries/delivery.html", context, status=status)


def _advice(message: Any) -> Any:
    return advice_for(message.reason_code) if message.reason_code else None


def _tabs(counts: dict[str, int]) -> list[dict[str, Any]]:
    """The states to choose from, with how many there are where that is worth knowing."""
    person = counts[DeliveryState.DEAD] + counts[DeliveryState.BY_HAND]
    tabs: list[dict[str, Any]] = [
        {"state": queries.NOT_ARRIVED, "words": _("Not arrived yet"), "count": sum(counts.values())},
        {"state": queries.FOR_A_PERSON, "words": _("Waits for a person"), "count": person},
    ]
    tabs += [
        {"state": str(state), "words": labels.label_of("delivery", state).words, "count": counts.get(str(state))}
        for state in (
            DeliveryState.DEAD,
            DeliveryState.BY_HAND,
            DeliveryState.UNKNOWN,
            DeliveryState.PENDING,
            DeliveryState.IN_FLIGHT,
            DeliveryState.DELIVERED,
            DeliveryState.CANCELLED,
        )
    ]
    return [*tabs, {"state": ALL, "words": _("All"), "count": None}]


def _bulk(request: PageRequest) -> dict[str, Any]:
    """What can be sent again together and how far that is; nothing for those who may not."""
    if not may(request.user, Permission.RETRY_DELIVERY):
        return {"may_bulk": False}
    return {
        "may_bulk": True,
        "groups": [
            {"group": group, "advice": advice_for(str(group["reason_code"]))}
            for group in queries.retry_reasons(request.user)
        ],
        "bulks": queries.bulk_retries(request.user),
        "rates": RATES,
    }
