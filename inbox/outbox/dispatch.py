"""Sending what waits: claim, send outside any transaction, record. The lost answer is the case this file is about.

A message is never just sent again. Where the source knows idempotency keys, the same key is sent; elsewhere the source
is asked first whether it has the message: once after an attempt that certainly did nothing, twice with time between
after one whose outcome is unknown, because writes may take effect late.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
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
from connectors.records import FileToSend, Found, InboundRecord, OutboundAction, OutboundUpdate
from inbox.core import clock, filestore
from inbox.outbox.backoff import wait_before
from inbox.outbox.comparison import READ_BY_CITIZENS, kind_of
from inbox.outbox.differences import close_differences, open_difference, their_side
from inbox.outbox.models import DeliveryAttempt, Difference, OutboxFile, OutboxMessage
from inbox.outbox.vocabulary import CONFLICTS, WAITING, Decision, DeliveryState, DifferenceKind, FoundBy
from inbox.sources.models import Source
from inbox.sources.runtime import HEALTH_FIELDS, build_connector, hold_deliveries, note_failure, note_success
from inbox.tickets.events import NewEvent, lock_histories, record
from inbox.tickets.vocabulary import EventKind

log = logging.getLogger(__name__)

#: Longer than a worker may live on one task (CELERY_TASK_TIME_LIMIT): whoever still holds a message then is dead.
LEASE = timedelta(minutes=6)
#: A write may take effect late: the source is asked no earlier than this after an answer was lost.
SETTLE = timedelta(seconds=30)
#: How often a source without idempotency must say "not here" before a message of unknown fate is sent again.
ABSENT_BEFORE_RESEND = 2
#: Messages one round handles per source, and how long it may take; the next round takes the rest.
BATCH = 200
#: Messages read at a time; each is claimed on its own, just before it is sent.
CHUNK = 25
ROUND_SECONDS = 90.0
#: Messages of one source that are under way at the same time; of one that has just failed, a single one tries it out.
MOST_AT_ONCE = 4
#: How long what follows waits for a person to deal with an answer that was refused.
PLACE_KEPT = timedelta(hours=4)
#: A failing source is tried again no later than this, unless it asked for more.
LONGEST_HOLD = timedelta(minutes=5)
#: A message that killed so many workers, or made the connector fail, is set aside for a person.
MOST_DEATHS = 3
MOST_BUGS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    kind: str  # send, lookup, none
    outcome: str  # delivered, absent, retry, unknown, refused, paused
    state: DeliveryState
    error: ConnectorError | None = None
    wait: timedelta = timedelta(0)
    receipt: str = ""
    theirs: InboundRecord | None = None  # what the source says where it refused because of what happened there


class _Line:
    """The connector of one round: built when the first message needs it, so that its connections and log-in last."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._connector: Connector | None = None

    def connector(self) -> Connector:
        """Raises ConfigError."""
        if self._connector is None:
            self._connector = build_connector(self.source)
        return self._connector


def due_sources(at: datetime) -> list[int]:
    """Sources that have something to send by `at`."""
    waiting = _waiting(at).filter(source=OuterRef("pk"))
    sources = Source.objects.filter(Exists(waiting), _may_be_written(at)).order_by("pk")
    return list(sources.values_list("pk", flat=True))


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
    source = Source.objects.filter(_may_be_written(at), pk=source_id).first()
    totals: Counter[str] = Counter()
    if source is None:
        return totals
    end = time.monotonic() + ROUND_SECONDS
    line = _Line(source)
    for message in _claimed(source, at=at):
        outcome = _attempt(line, message)
        _record(source, message, outcome)
        totals[outcome.outcome] += 1
        if (outcome.error is not None and not isinstance(outcome.error, Permanent)) or time.monotonic() > end:
            break
    return totals


def _may_be_written(at: datetime) -> Q:
    """Sources that are on, accept our log-in, and neither failed just now nor asked to wait."""
    rested = Q(deliveries_wait_until__isnull=True) | Q(deliveries_wait_until__lte=at)
    return rested & Q(is_enabled=True, deliveries_paused=False)


def _waiting(at: datetime) -> QuerySet[OutboxMessage]:
    waiting: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(
        Q(state__in=WAITING) | Q(state=DeliveryState.IN_FLIGHT, lease_until__lte=at), next_attempt_at__lte=at
    )
    return waiting


def _due(source: Source, at: datetime) -> QuerySet[OutboxMessage]:
    """What waits for its turn and has no earlier message of its complaint before it.

    A refused answer holds its place for a while: whoever sends it again in that time keeps the order.
    """
    refused = Q(state=DeliveryState.DEAD, action__in=READ_BY_CITIZENS, claimed_at__gt=at - PLACE_KEPT)
    earlier = OutboxMessage.objects.filter(
        Q(state__in=[*WAITING, DeliveryState.IN_FLIGHT]) | (refused & ~Q(reason_code__in=CONFLICTS)),
        ref=OuterRef("ref"),
        pk__lt=OuterRef("pk"),
    )
    return _waiting(at).filter(~Exists(earlier), source=source)


def _claimed(source: Source, *, at: datetime) -> Iterator[OutboxMessage]:
    """Claim one message after the other by conditional UPDATE; `state` keeps what it was before the claim."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    held = OutboxMessage.objects.filter(source=source, state=DeliveryState.IN_FLIGHT, lease_until__gt=clock.now())
    if held.count() >= (1 if source.failures_in_a_row else MOST_AT_ONCE):
        return
    due = _due(source, at).annotate(
        has_files=Exists(OutboxFile.objects.filter(message=OuterRef("pk"))),
        differs=Exists(Difference.objects.filter(ticket=OuterRef("ticket"), decision=Decision.OPEN)),
    )
    for _ in range(0, BATCH, CHUNK):
        found = list(due.select_related("ref__ticket").order_by("next_attempt_at", "pk")[:CHUNK])
        if not found:
            return
        yield from (message for message in found if _claim(message, owner))


def _claim(message: OutboxMessage, owner: str) -> bool:
    """Take the message, unless somebody else has taken or changed it since it was read."""
    now = clock.now()
    claimed = OutboxMessage.objects.filter(
        pk=message.pk, state=message.state, attempts_made=message.attempts_made, lease_owner=message.lease_owner
    ).update(
        state=DeliveryState.IN_FLIGHT,
        lease_owner=owner,
        lease_until=now + LEASE,
        claimed_at=now,
        attempts_made=F("attempts_made") + 1,
    )
    message.lease_owner, message.claimed_at = owner, now
    message.attempts_made += 1
    return bool(claimed)


def _attempt(line: _Line, message: OutboxMessage) -> Outcome:
    """Talk to the source, outside any transaction. Whatever goes wrong becomes an outcome, never an exception."""
    if message.state == DeliveryState.IN_FLIGHT and _deaths(message) >= MOST_DEATHS:
        fatal = Permanent("Several workers died while they had this message", code="workers_died")
        return Outcome("none", "refused", DeliveryState.DEAD, fatal)
    kind = "send"
    try:
        connector = line.connector()
        if _may_be_there(message) and not connector.capabilities.idempotent_push:
            kind = "lookup"
            asked = _look_up(connector, message)
            if asked is not None:
                return asked
            kind = "send"
        return _send(connector, message)
    except ConnectorError as error:
        return _after_error(error, message, kind=kind)
    except DatabaseError:
        raise  # ours, not the connector's: the message stays with us until the lease ends
    except Exception as error:
        # Its type only: what else it says may come from a payload.
        log.error("the connector of %s failed on message %s: %s", line.source.slug, message.pk, type(error).__name__)
        return _after_bug(error, message, kind=kind)


def _deaths(message: OutboxMessage) -> int:
    """How many claims of this message ended without anything being written down about them."""
    recorded: int = message.attempts.count()
    return message.attempts_made - 1 - recorded


def _may_be_there(message: OutboxMessage) -> bool:
    """Whether an earlier attempt may have reached the source, or a worker died with the message in its hands."""
    return message.attempts_made > 1 or message.state != DeliveryState.PENDING


def _still_ours(message: OutboxMessage) -> bool:
    """Whether nobody else can have taken the message. What has taken long renews the lease before it sends."""
    if message.claimed_at is not None and clock.now() - message.claimed_at < LEASE / 3:
        return True
    mine = OutboxMessage.objects.filter(pk=message.pk, state=DeliveryState.IN_FLIGHT, lease_owner=message.lease_owner)
    return bool(mine.update(lease_until=clock.now() + LEASE))


def _send(connector: Connector, message: OutboxMessage) -> Outcome:
    if not _still_ours(message):
        return Outcome("none", "lease_lost", DeliveryState.UNKNOWN)
    update = _update(message, with_files=connector.capabilities.files and message.has_files)  # type: ignore[attr-defined]
    try:
        receipt = connector.push(update)
    except Conflict as conflict:
        return Outcome("send", "refused", DeliveryState.DEAD, conflict, theirs=_said(connector, update))
    return Outcome("send", "delivered", DeliveryState.DELIVERED, receipt=receipt.revision[:200])


def _said(connector: Connector, update: OutboundUpdate) -> InboundRecord | None:
    """What the source shows about a complaint of which it refused a write; None when it cannot be asked."""
    try:
        return connector.lookup(update, now=clock.now()).record if connector.capabilities.lookup else None
    except ConnectorError:
        return None


def _look_up(connector: Connector, message: OutboxMessage) -> Outcome | None:
    """Ask whether the message is there. None: it is not, and may be sent."""
    certain = message.state == DeliveryState.PENDING  # so the last attempt did nothing
    kept = DeliveryState.PENDING if certain else DeliveryState.UNKNOWN
    if not connector.capabilities.lookup:
        return None if certain else _cannot_be_asked()
    try:
        found: Found = connector.lookup(_update(message), now=clock.now())
    except (Transient, BadPayload, UnknownOutcome) as error:
        wait = wait_before(message.attempts_made + 1, asked=_asked(error))
        return Outcome("lookup", "retry" if certain else "unknown", kept, error, wait)
    if found.applied:
        return Outcome("lookup", "delivered", DeliveryState.DELIVERED, receipt=found.revision[:200])
    if not found.exists:
        gone = Permanent("The source no longer knows this complaint", code="not_found")
        return Outcome("lookup", "refused", DeliveryState.DEAD, gone)
    if not certain and _absences(message) + 1 < ABSENT_BEFORE_RESEND:
        return Outcome("lookup", "absent", DeliveryState.UNKNOWN, wait=SETTLE)
    return None


def _cannot_be_asked() -> Outcome:
    """Nobody but a person can find out whether it arrived."""
    error = Permanent("The answer was lost and the source cannot be asked", code="cannot_be_asked")
    return Outcome("none", "refused", DeliveryState.DEAD, error)


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


def _after_bug(error: Exception, message: OutboxMessage, *, kind: str) -> Outcome:
    """A connector that fails in a way it should not: nobody knows what left the house. Not for ever."""
    if message.attempts.filter(error_code="connector_bug").count() + 1 >= MOST_BUGS:
        return Outcome(kind, "refused", DeliveryState.DEAD, Permanent(type(error).__name__, code="connector_bug"))
    unclear = UnknownOutcome(type(error).__name__, code="connector_bug")
    return Outcome(kind, "unknown", DeliveryState.UNKNOWN, unclear, wait_before(message.attempts_made + 1))


def _asked(error: ConnectorError) -> timedelta | None:
    return error.retry_after if isinstance(error, RateLimited) else None


def _record(source: Source, message: OutboxMessage, outcome: Outcome) -> None:
    """Write down what happened, if the lease is still ours; otherwise the new holder's word counts."""
    now = clock.now()
    error = outcome.error
    with transaction.atomic():
        lock_histories([message.ticket_id])  # before the message, as every act does
        changed = OutboxMessage.objects.filter(
            pk=message.pk, state=DeliveryState.IN_FLIGHT, lease_owner=message.lease_owner
        ).update(
            state=outcome.state,
            reason_code=error.code[:50] if error else "",
            reason_detail=error.detail if error else "",
            next_attempt_at=now + outcome.wait,
            delivered_at=now if outcome.state is DeliveryState.DELIVERED else None,
            receipt=outcome.receipt,
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
            error_code=error.code[:50] if error else "",
            error_detail=error.detail if error else "",
        )
        if changed:
            _record_event(message, outcome, at=now)
            _record_difference(message, outcome, at=now)
    # Apart from the above: reading a source locks it before its tickets, the other way round than here.
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


def _record_difference(message: OutboxMessage, outcome: Outcome, *, at: datetime) -> None:
    """A refusal because the complaint changed there is for a person; what has arrived ends the difference."""
    if outcome.state is DeliveryState.DELIVERED and message.differs:  # type: ignore[attr-defined]
        close_differences(message.ref, at=at, but=[DifferenceKind.DEADLINE])
    if isinstance(outcome.error, Conflict) or (outcome.error is not None and outcome.error.code in CONFLICTS):
        kind = DifferenceKind.ONLY_HERE if outcome.error.code in {"not_found", "http_404", "http_410"} else None
        kind = kind or (kind_of(outcome.theirs.status) if outcome.theirs else DifferenceKind.ANSWERED_THERE)
        open_difference(
            message.ref, kind, found_by=FoundBy.DELIVERY, at=at, theirs=their_side(outcome.theirs), message=message
        )


def _record_health(source: Source, outcome: Outcome, *, at: datetime) -> None:
    """Only what says something about the source as a whole: a refusal of one complaint does not."""
    error = outcome.error
    if isinstance(error, Permanent) or outcome.kind == "none" or (error is not None and error.code == "connector_bug"):
        return
    if error is None and _is_well(source):
        return  # nothing that good news would change: then no row is locked for each message
    with transaction.atomic():
        fresh = Source.objects.select_for_update().get(pk=source.pk)
        if error is None:
            note_success(fresh, at=at)
        else:
            note_failure(fresh, error, at=at)
            _hold(fresh, error, at=at)
        fresh.save(update_fields=HEALTH_FIELDS)
    source.failures_in_a_row, source.deliveries_wait_until = fresh.failures_in_a_row, fresh.deliveries_wait_until


def _is_well(source: Source) -> bool:
    return not (source.failures_in_a_row or source.deliveries_paused or source.deliveries_wait_until)


def _hold(source: Source, error: ConnectorError, *, at: datetime) -> None:
    """Leave a failing source alone for a while, with all its messages: longer each time, and as long as it asked."""
    asked = _asked(error)
    wait = min(wait_before(source.failures_in_a_row + 1), LONGEST_HOLD)
    hold_deliveries(source, until=at + max(wait, asked or timedelta(0)), asked=asked is not None)


def _update(message: OutboxMessage, *, with_files: bool = False) -> OutboundUpdate:
    """What the connector gets. Raises Permanent when a file is no longer on the disk."""
    return OutboundUpdate(
        key=message.key,
        action=OutboundAction(message.action),
        external_id=message.ref.external_id,
        write_id=message.ref.write_id,
        text=message.text,
        author=message.author,
        at=message.done_at,
        due_at=message.due_at,
        files=_files(message) if with_files else (),
    )


def _files(message: OutboxMessage) -> tuple[FileToSend, ...]:
    try:
        return tuple(
            FileToSend(file.name, file.content_type, filestore.path_of(file.content_hash).read_bytes())
            for file in message.files.all()
        )
    except OSError as error:
        raise Permanent(f"A file of the answer cannot be read ({type(error).__name__})", code="file_missing") from None
