"""Sending what waits: claim, send outside any transaction, record. The lost answer is the case this file is about.

A message whose outcome is unknown is never just sent again. Where the source knows idempotency keys, the same key is
sent; elsewhere the source is asked twice, with time between, and only then is it sent again.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from connectors.errors import (
    AuthError,
    BadPayload,
    ConfigError,
    Conflict,
    ConnectorError,
    Permanent,
    RateLimited,
    Transient,
    UnknownOutcome,
)
from connectors.protocol import Connector
from connectors.records import OutboundAction, OutboundUpdate
from inbox.core import clock
from inbox.outbox.backoff import wait_before
from inbox.outbox.models import DeliveryAttempt, OutboxMessage
from inbox.outbox.vocabulary import WAITING, DeliveryState
from inbox.sources.models import Source
from inbox.sources.runtime import HEALTH_FIELDS, build_connector, note_failure, note_success
from inbox.tickets.events import NewEvent, record
from inbox.tickets.vocabulary import EventKind

#: Longer than any request may take: whoever still holds a message after this is dead.
LEASE = timedelta(seconds=60)
#: A write may take effect late: the source is asked no earlier than this after an answer was lost.
SETTLE = timedelta(seconds=30)
#: How often a source without idempotency must say "not here" before it is sent again.
ABSENT_BEFORE_RESEND = 2
#: Messages one round handles per source; the next round takes the rest.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    kind: str  # send, lookup
    outcome: str  # delivered, absent, retry, unknown, refused, paused
    state: DeliveryState
    error: ConnectorError | None = None
    wait: timedelta = timedelta(0)


def due_sources(at: datetime) -> list[int]:
    """Sources that have something to send by `at`."""
    return list(_due(at).values_list("source_id", flat=True).distinct().order_by())


def dispatch(*, at: datetime | None = None) -> Counter[str]:
    """Send everything due by `at` (now), source after source. Returns how many attempts ended how."""
    at = at or clock.now()
    totals: Counter[str] = Counter()
    for source_id in due_sources(at):
        totals += dispatch_source(source_id, at=at)
    return totals


def dispatch_source(source_id: int, *, at: datetime | None = None) -> Counter[str]:
    """Send what is due for one source, oldest first; stops at the first sign that the source is away."""
    at = at or clock.now()
    source = Source.objects.get(pk=source_id)
    totals: Counter[str] = Counter()
    for message in _claimed(source, at=at):
        outcome = _attempt(source, message)
        _record(source, message, outcome)
        totals[outcome.outcome] += 1
        if outcome.error is not None and not isinstance(outcome.error, Permanent):
            break
    return totals


def _due(at: datetime) -> QuerySet[OutboxMessage]:
    earlier = OutboxMessage.objects.filter(
        ref=OuterRef("ref"), pk__lt=OuterRef("pk"), state__in=[*WAITING, DeliveryState.IN_FLIGHT]
    )
    due: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(
        Q(state__in=WAITING) | Q(state=DeliveryState.IN_FLIGHT, lease_until__lte=at),
        ~Exists(earlier),
        next_attempt_at__lte=at,
        source__is_enabled=True,
        source__deliveries_paused=False,
    )
    return due


def _claimed(source: Source, *, at: datetime) -> Iterator[OutboxMessage]:
    """Claim one message after the other by conditional UPDATE; `state` keeps what it was before the claim."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    for _ in range(BATCH):
        found = _due(at).filter(source=source).select_related("ref").order_by("next_attempt_at", "pk").first()
        if found is None:
            return
        now = clock.now()
        claimed = OutboxMessage.objects.filter(
            pk=found.pk, state=found.state, attempts_made=found.attempts_made, lease_owner=found.lease_owner
        ).update(
            state=DeliveryState.IN_FLIGHT,
            lease_owner=owner,
            lease_until=now + LEASE,
            claimed_at=now,
            attempts_made=F("attempts_made") + 1,
        )
        if claimed:
            found.lease_owner = owner
            found.attempts_made += 1
            found.claimed_at = now
            yield found


def _attempt(source: Source, message: OutboxMessage) -> Outcome:
    """Talk to the source, outside any transaction."""
    try:
        connector = build_connector(source)
        if message.state != DeliveryState.PENDING and not connector.capabilities.idempotent_push:
            # Unknown, or left in flight by a worker that died: it may have arrived.
            return _look_up(connector, message)
        return _send(connector, message)
    except ConnectorError as error:
        return _after_error(error, message, kind="send")


def _send(connector: Connector, message: OutboxMessage) -> Outcome:
    connector.push(_update(message))
    return Outcome("send", "delivered", DeliveryState.DELIVERED)


def _look_up(connector: Connector, message: OutboxMessage) -> Outcome:
    try:
        found = connector.lookup(_update(message), now=clock.now())
    except (Transient, BadPayload, UnknownOutcome) as error:
        wait = wait_before(message.attempts_made + 1, asked=_asked(error))
        return Outcome("lookup", "unknown", DeliveryState.UNKNOWN, error, wait)
    if found.applied:
        return Outcome("lookup", "delivered", DeliveryState.DELIVERED)
    if not found.exists:
        gone = Permanent("The source no longer knows this complaint", code="not_found")
        return Outcome("lookup", "refused", DeliveryState.DEAD, gone)
    if _absences(message) + 1 < ABSENT_BEFORE_RESEND:
        return Outcome("lookup", "absent", DeliveryState.UNKNOWN, wait=SETTLE)
    return _send(connector, message)


def _absences(message: OutboxMessage) -> int:
    """How often in a row, since it was last sent, the source said that it does not have this message."""
    count = 0
    for outcome in message.attempts.order_by("-pk").values_list("outcome", flat=True):
        if outcome != "absent":
            break
        count += 1
    return count


def _after_error(error: ConnectorError, message: OutboxMessage, *, kind: str) -> Outcome:
    before = DeliveryState(message.state)
    kept = DeliveryState.PENDING if before is DeliveryState.PENDING else DeliveryState.UNKNOWN
    if isinstance(error, UnknownOutcome | BadPayload):
        return Outcome(kind, "unknown", DeliveryState.UNKNOWN, error, SETTLE)
    if isinstance(error, AuthError | ConfigError):
        return Outcome(kind, "paused", kept, error, wait_before(message.attempts_made + 1))
    if isinstance(error, Permanent):
        return Outcome(kind, "refused", DeliveryState.DEAD, error)
    return Outcome(kind, "retry", kept, error, wait_before(message.attempts_made + 1, asked=_asked(error)))


def _asked(error: ConnectorError) -> timedelta | None:
    return error.retry_after if isinstance(error, RateLimited) else None


def _record(source: Source, message: OutboxMessage, outcome: Outcome) -> None:
    """Write down what happened, if the lease is still ours; otherwise the new holder's word counts."""
    now = clock.now()
    error = outcome.error
    with transaction.atomic():
        changed = OutboxMessage.objects.filter(
            pk=message.pk, state=DeliveryState.IN_FLIGHT, lease_owner=message.lease_owner
        ).update(
            state=outcome.state,
            reason_code=error.code if error else "",
            reason_detail=error.detail if error else "",
            next_attempt_at=now + outcome.wait,
            delivered_at=now if outcome.state is DeliveryState.DELIVERED else None,
            lease_owner="",
            lease_until=None,
        )
        DeliveryAttempt.objects.create(
            message=message,
            number=message.attempts_made,
            kind=outcome.kind,
            started_at=message.claimed_at or now,
            finished_at=now,
            outcome=outcome.outcome if changed else "lease_lost",
            error_code=error.code if error else "",
            error_detail=error.detail if error else "",
        )
        if changed:
            _record_event(message, outcome, at=now)
        _record_health(source, outcome, at=now)


def _record_event(message: OutboxMessage, outcome: Outcome, *, at: datetime) -> None:
    kinds = {DeliveryState.DELIVERED: EventKind.DELIVERED, DeliveryState.DEAD: EventKind.DELIVERY_FAILED}
    kind = kinds.get(outcome.state)
    if kind is None:
        return
    data = {"action": message.action, "message": message.pk, "attempts": message.attempts_made}
    if outcome.error is not None:
        data |= {"reason": outcome.error.code, "conflict": isinstance(outcome.error, Conflict)}
    record(NewEvent(ticket_id=message.ticket_id, kind=kind, at=at, data=data, source_id=message.source_id))


def _record_health(source: Source, outcome: Outcome, *, at: datetime) -> None:
    """Only what says something about the source as a whole: a refusal of one complaint does not."""
    if isinstance(outcome.error, Permanent):
        return
    fresh = Source.objects.select_for_update().get(pk=source.pk)
    if outcome.error is not None:
        note_failure(fresh, outcome.error, at=at)
    elif fresh.failures_in_a_row:
        note_success(fresh, at=at)
    fresh.save(update_fields=HEALTH_FIELDS)


def _update(message: OutboxMessage) -> OutboundUpdate:
    return OutboundUpdate(
        key=message.key,
        action=OutboundAction(message.action),
        external_id=message.ref.external_id,
        write_id=message.ref.write_id,
        text=message.text,
        author=message.author,
        at=message.done_at,
    )
