"""Compare a source with what is here, for complaints that moved since an instant, and say where the sides differ.

Only compares: what was found is kept as differences that a person decides. The one exception is an answer that the
source had confirmed and does not show: it is sent once more, and a person is told when that did not help either.

The source is read page by page and nothing is kept in memory but a page; references are marked as they are compared.
It may run at any time: what is on its way, or changed in the source after the last reading, is counted and left alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from connectors import engine
from connectors.errors import BadPayload, ConnectorError, UnknownOutcome
from connectors.protocol import Connector
from connectors.records import InboundRecord, OpenItem, OutboundAction, OutboundUpdate, SourceStatus
from connectors.windows import cursor_at
from inbox.core import clock
from inbox.core.errors import Busy, Invalid
from inbox.core.wake import after_commit
from inbox.intake import poison
from inbox.outbox.comparison import READ_BY_CITIZENS, Phase, agree, kind_of, phase, same_text
from inbox.outbox.differences import close_differences, open_difference, their_side
from inbox.outbox.models import Difference, OutboxMessage, Reconciliation
from inbox.outbox.vocabulary import WAITING, Decision, DeliveryState, DifferenceKind, FoundBy
from inbox.sources.models import InboundPayload, Source, payload_hash
from inbox.sources.runtime import build_connector, can_be_compared
from inbox.sources.vocabulary import PayloadState, RunOutcome
from inbox.tickets.events import NewEvent, lock_histories, record
from inbox.tickets.models import ExternalRef
from inbox.tickets.records import STATUS as STATUS_OF
from inbox.tickets.vocabulary import EventKind, Status

#: How far back a comparison goes unless it is told otherwise.
PERIOD = timedelta(days=30)
#: Complaints that one run asks about one by one, because the source did not show them.
MOST_LOOKUPS = 300
#: Younger than this, a change in the source may simply not have been read yet.
FRESH = timedelta(minutes=20)
#: What has just been delivered may not show yet.
SETTLE = timedelta(minutes=2)
#: Renewed with each page: whoever holds a run longer without a sign of life is dead.
LEASE = timedelta(minutes=10)
#: When more than this share is missing from what a source shows, its list is broken, not our memory.
MOST_MISSING = 0.2
BATCH = 200
_ABOUT_STATUS = frozenset(
    {
        DifferenceKind.STATUS,
        DifferenceKind.ANSWERED_THERE,
        DifferenceKind.WITHDRAWN_THERE,
        DifferenceKind.TRANSFERRED_THERE,
    }
)
_ON_ITS_WAY = frozenset({*WAITING, DeliveryState.IN_FLIGHT, DeliveryState.BY_HAND})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparison of one complaint came to: agree, under_way, not_read_yet, repeated or differ."""

    name: str
    kinds: tuple[DifferenceKind, ...] = ()
    message: OutboxMessage | None = None


def reconcile(
    source: Source, *, since: datetime | None = None, trigger: str = "by_hand", seconds: float | None = None
) -> Reconciliation:
    """Compare everything that moved since `since` (30 days ago). A failing source is a run with outcome `failed`.

    With `seconds`, it stops after that time with outcome `running`; called again, it goes on where it stopped. Raises
    Invalid for a source that cannot be read, Busy while another comparison of it runs.
    """
    run = _begin(source, since=since, trigger=trigger, may_go_on=seconds is not None)
    end = time.monotonic() + seconds if seconds is not None else None
    try:
        connector = build_connector(source)
        if not _read(connector, run, end=end):
            run.lease_until = None
            run.save()
            return run
        _ask_about_the_rest(connector, run)
    except ConnectorError as error:
        run.outcome, run.error_code = RunOutcome.FAILED, error.code[:50]
    else:
        run.outcome = RunOutcome.OK
    run.finished_at = clock.now()
    run.save()
    return run


def reconcilable() -> list[int]:
    """Keys of the sources whose side can be read."""
    return [source.pk for source in Source.objects.filter(is_enabled=True).order_by("pk") if can_be_compared(source)]


def _begin(source: Source, *, since: datetime | None, trigger: str, may_go_on: bool) -> Reconciliation:
    if not can_be_compared(source):
        raise Invalid("This source has no other side that could be read", field="source")
    now = clock.now()
    running = Reconciliation.objects.filter(source=source, outcome=RunOutcome.RUNNING)
    free = running.filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
    if may_go_on and free.update(lease_until=now + LEASE):
        return running.select_related("source").get()
    free.update(outcome=RunOutcome.ABANDONED, finished_at=now)
    since = since or now - PERIOD
    try:
        with transaction.atomic():
            return Reconciliation.objects.create(
                source=source,
                trigger=trigger,
                since=since,
                started_at=now,
                cursor=cursor_at(since),
                lease_until=now + LEASE,
            )
    except IntegrityError:
        raise Busy(f"{source.slug} is being compared", owner="another comparison") from None


# --- What the source shows --------------------------------------------------------------------------------------------


def _read(connector: Connector, run: Reconciliation, *, end: float | None) -> bool:
    """Compare what the source lists. Returns whether its list was read to the end."""
    open_items = () if connector.capabilities.update_stamps else _open_items(run.source)
    known = poison.set_aside(run.source)
    for page in engine.pages(connector, run.cursor, now=clock.now(), open_items=open_items):
        batch = engine.batch_of(connector, poison.without(page, known)[0], now=clock.now())
        records = [one.record for one in batch.accepted]
        _compare_page(connector, run, records)
        _keep_unknown(run, batch.accepted)
        Reconciliation.objects.filter(pk=run.pk).update(lease_until=clock.now() + LEASE)
        if end is not None and time.monotonic() > end and batch.cursor != run.cursor:
            run.cursor = batch.cursor
            return False
        run.cursor = batch.cursor
    return True


def _open_items(source: Source) -> Iterator[OpenItem]:
    refs = ExternalRef.objects.filter(source=source, ticket__is_open=True).order_by("pk")
    for external_id, write_id in refs.values_list("external_id", "write_id").iterator(chunk_size=BATCH):
        yield OpenItem(external_id, write_id)


def _compare_page(connector: Connector, run: Reconciliation, records: Sequence[InboundRecord]) -> None:
    """Compare a page with what is here, in a number of statements that grows only with what differs."""
    by_id = {record.external_id: record for record in records}
    refs = list(
        ExternalRef.objects.filter(source=run.source_id, external_id__in=by_id)
        .filter(Q(compared_at__isnull=True) | Q(compared_at__lt=run.started_at))
        .select_related("ticket")
        .order_by("pk")
    )
    _compare(connector, run, [(ref, by_id[ref.external_id]) for ref in refs])


def _compare(connector: Connector, run: Reconciliation, pairs: Sequence[tuple[ExternalRef, InboundRecord]]) -> None:
    refs = [ref for ref, _ in pairs]
    messages = _messages(refs)
    agreed = []
    for ref, theirs in pairs:
        verdict = _verdict(ref, theirs, messages.get(ref.pk, []), run)
        if DifferenceKind.LOST_THERE in verdict.kinds and _has_it(connector, run, ref, verdict.message):
            verdict = Verdict("agree")  # lists do not always show answers
        if verdict.name == "agree":
            agreed.append(ref.external_id)
        elif verdict.name == "differ":
            verdict = _keep(run, ref, theirs, verdict)
        setattr(run, verdict.name, getattr(run, verdict.name) + 1)
    run.compared += len(pairs)
    now = clock.now()
    ExternalRef.objects.filter(pk__in=[ref.pk for ref in refs]).update(compared_at=now)
    Difference.objects.filter(source=run.source_id, external_id__in=agreed, decision=Decision.OPEN).update(
        decision=Decision.AGREED, decided_at=now
    )


def _has_it(connector: Connector, run: Reconciliation, ref: ExternalRef, message: OutboxMessage | None) -> bool:
    """Whether the source says, asked about this very answer, that it has it."""
    if message is None or not connector.capabilities.lookup:
        return False
    run.lookups += 1
    try:
        return connector.lookup(_question(ref, message), now=clock.now()).applied
    except (BadPayload, UnknownOutcome):
        return True  # nobody knows: that is no reason to send it again


def _messages(refs: Iterable[ExternalRef]) -> dict[int, list[OutboxMessage]]:
    """What was told about each reference, oldest first."""
    found: dict[int, list[OutboxMessage]] = {}
    for message in OutboxMessage.objects.filter(ref__in=list(refs)).order_by("pk"):
        found.setdefault(message.ref_id, []).append(message)
    return found


def _verdict(
    ref: ExternalRef, theirs: InboundRecord, messages: Sequence[OutboxMessage], run: Reconciliation
) -> Verdict:
    now = clock.now()
    if any(m.state in _ON_ITS_WAY or (m.delivered_at and m.delivered_at > now - SETTLE) for m in messages):
        return Verdict("under_way")
    if theirs.revision != ref.seen_revision and _is_fresh(theirs, run):
        return Verdict("not_read_yet")
    told = next((m for m in reversed(messages) if m.state == DeliveryState.DELIVERED), None)
    action = OutboundAction(told.action) if told else None
    ours = Status(ref.ticket.status)
    kinds: list[DifferenceKind] = []
    refused = messages[-1] if messages and messages[-1].state == DeliveryState.DEAD and messages[-1].text else None
    if refused is not None and not same_text(refused.text, theirs.answer):
        kinds.append(kind_of(theirs.status))
        told = refused
    elif told is not None and _is_lost(told, theirs):
        kinds.append(DifferenceKind.LOST_THERE)
    elif not agree(ours, theirs.status, told=action):
        kinds.append(kind_of(theirs.status))
    elif told is not None and _shows_another_answer(told, theirs):
        kinds.append(DifferenceKind.ANSWER)
    if theirs.due_at and ref.ticket.source_due_at and theirs.due_at != ref.ticket.source_due_at:
        kinds.append(DifferenceKind.DEADLINE)
    return Verdict("differ", tuple(kinds), told) if kinds else Verdict("agree")


def _is_fresh(theirs: InboundRecord, run: Reconciliation) -> bool:
    """Whether the source changed it after it was read last. Without stamps, what was read is as new as can be."""
    read = run.source.last_success_at
    changed = theirs.updated_at or theirs.sent_at
    return read is None or changed > read - FRESH


def _is_lost(told: OutboxMessage, theirs: InboundRecord) -> bool:
    """Whether the source took our answer and neither shows it nor stands where it would stand after it."""
    if told.action not in READ_BY_CITIZENS or told.reason_code == "entered_by_hand":
        return False
    if theirs.last_write_key == told.key or (theirs.answer and same_text(told.text, theirs.answer)):
        return False
    still_open = phase(STATUS_OF[theirs.status]) is Phase.OPEN and theirs.status is not SourceStatus.UNMAPPED
    return still_open and (not theirs.answer or told.action == OutboundAction.RESOLVE)


def _shows_another_answer(told: OutboxMessage, theirs: InboundRecord) -> bool:
    return (
        told.action in READ_BY_CITIZENS
        and told.reason_code != "entered_by_hand"
        and bool(theirs.answer)
        and not same_text(told.text, theirs.answer)
    )


def _keep(run: Reconciliation, ref: ExternalRef, theirs: InboundRecord, verdict: Verdict) -> Verdict:
    """Keep what differs; an answer that the source dropped is sent once more instead, the first time."""
    now = clock.now()
    message = verdict.message
    if DifferenceKind.LOST_THERE in verdict.kinds and message is not None and message.repeated_at is None:
        return Verdict("repeated") if _repeat(message) else Verdict("under_way")
    with transaction.atomic():
        lock_histories([ref.ticket_id])
        for kind in verdict.kinds:
            known = Difference.objects.filter(
                source=run.source_id, external_id=ref.external_id, kind=kind, decision=Decision.OPEN
            ).exists()
            open_difference(
                ref, kind, found_by=FoundBy.RECONCILIATION, at=now, theirs=their_side(theirs), message=message
            )
            if not known and kind == DifferenceKind.LOST_THERE and message is not None:
                _tell_of_loss(message, at=now)
            elif not known and kind in _ABOUT_STATUS:
                _tell_of_disagreement(run, ref, theirs, at=now)
        close_differences(ref, at=now, but=verdict.kinds, found_before=now)
    run.kinds = dict(Counter(run.kinds) + Counter(str(kind) for kind in verdict.kinds))
    return verdict


def _repeat(message: OutboxMessage) -> bool:
    """Send an answer again that was confirmed and is not there. It counts as of unknown fate: asked about first."""
    now = clock.now()
    with transaction.atomic():
        lock_histories([message.ticket_id])
        taken = OutboxMessage.objects.filter(
            pk=message.pk, state=DeliveryState.DELIVERED, repeated_at__isnull=True
        ).update(
            state=DeliveryState.UNKNOWN,
            reason_code="lost_there",
            delivered_at=None,
            is_examined=False,
            repeated_at=now,
            next_attempt_at=now,
        )
        if taken:
            data = {"action": message.action, "message": message.pk}
            record(
                NewEvent(message.ticket_id, EventKind.DELIVERY_REPEATED, at=now, data=data, source_id=message.source_id)
            )
            after_commit("inbox.outbox.tasks.dispatch_source", message.source_id)
    return bool(taken)


def _tell_of_loss(message: OutboxMessage, *, at: datetime) -> None:
    """It was sent twice and confirmed twice and is not there: the officer hears of it as of any failed delivery."""
    data = {"action": message.action, "message": message.pk, "reason": "lost_there", "conflict": True}
    record(NewEvent(message.ticket_id, EventKind.DELIVERY_FAILED, at=at, data=data, source_id=message.source_id))


def _tell_of_disagreement(run: Reconciliation, ref: ExternalRef, theirs: InboundRecord, *, at: datetime) -> None:
    """As when reading shows it: the officer is told, and the history says what each side said."""
    data = {
        "status": theirs.status,
        "raw": theirs.status_raw,
        "before": ref.seen_status,
        "ours": ref.ticket.status,
    }
    record(NewEvent(ref.ticket_id, EventKind.SOURCE_DISAGREES, at=at, data=data, source_id=run.source_id))


def _keep_unknown(run: Reconciliation, accepted: Sequence[engine.Accepted]) -> None:
    """Complaints that only the source has: kept as received, in quarantine, until somebody takes them in."""
    ids = {one.record.external_id for one in accepted}
    known = set(
        ExternalRef.objects.filter(source=run.source_id, external_id__in=ids).values_list("external_id", flat=True)
    )
    now = clock.now()
    Difference.objects.filter(
        source=run.source_id, external_id__in=known, kind=DifferenceKind.ONLY_THERE, decision=Decision.OPEN
    ).update(decision=Decision.AGREED, decided_at=now)
    for one in accepted:
        if one.record.external_id in known:
            continue
        if _is_fresh(one.record, run):
            run.not_read_yet += 1
            continue
        if _keep_only_there(run, one, at=now):
            run.compared += 1
            run.differ += 1
            run.kinds = dict(Counter(run.kinds) + Counter([str(DifferenceKind.ONLY_THERE)]))


def _keep_only_there(run: Reconciliation, one: engine.Accepted, *, at: datetime) -> bool:
    """Returns whether this run has not counted it yet (pages overlap)."""
    difference = Difference.objects.filter(
        source=run.source_id,
        external_id=one.record.external_id,
        kind=DifferenceKind.ONLY_THERE,
        decision=Decision.OPEN,
    ).first()
    if difference is not None:
        counted = difference.seen_at >= run.started_at
        Difference.objects.filter(pk=difference.pk).update(seen_at=at, theirs=their_side(one.record))
        return not counted
    with transaction.atomic():
        payload, _ = InboundPayload.objects.get_or_create(
            source_id=run.source_id,
            content_hash=payload_hash(one.raw.payload),
            defaults={
                "external_id": one.record.external_id[:200],
                "body": dict(one.raw.payload),
                "received_at": at,
                "state": PayloadState.REJECTED,
                "reason_code": "only_there",
            },
        )
        Difference.objects.create(
            source_id=run.source_id,
            external_id=one.record.external_id,
            kind=DifferenceKind.ONLY_THERE,
            found_by=FoundBy.RECONCILIATION,
            found_at=at,
            seen_at=at,
            theirs=their_side(one.record),
            payload=payload,
        )
    return True


# --- What the source does not show ------------------------------------------------------------------------------------


def _ask_about_the_rest(connector: Connector, run: Reconciliation) -> None:
    """What should have been listed and was not: absence alone means nothing, so each is asked about by its number.

    Raises BadPayload when so much is missing that the list itself must be broken.
    """
    missing = _missing(run)
    number = missing.count()
    if not connector.capabilities.lookup:
        run.not_asked += number
        return
    if number > MOST_LOOKUPS and number > MOST_MISSING * (number + run.compared):
        run.not_asked += number
        raise BadPayload("The source shows only a part of its complaints", code="list_incomplete")
    for ref in list(missing.select_related("ticket")[:MOST_LOOKUPS]):
        _ask(connector, run, ref)
    run.not_asked += max(0, number - MOST_LOOKUPS)


def _missing(run: Reconciliation) -> QuerySet[ExternalRef]:
    told = OutboxMessage.objects.filter(ref=OuterRef("pk"), delivered_at__gte=run.since)
    moved = Q(source_updated_at__gte=run.since) | Q(source_updated_at__isnull=True, ticket__sent_at__gte=run.since)
    return ExternalRef.objects.filter(
        Q(compared_at__isnull=True) | Q(compared_at__lt=run.started_at),
        moved | Exists(told),
        source=run.source_id,
        first_seen_at__lt=run.started_at,
    ).order_by("pk")


def _ask(connector: Connector, run: Reconciliation, ref: ExternalRef) -> None:
    run.lookups += 1
    try:
        found = connector.lookup(_question(ref), now=clock.now())
    except (BadPayload, UnknownOutcome):
        run.not_asked += 1
        return
    if found.record is not None:
        _compare(connector, run, [(ref, found.record)])
        return
    now = clock.now()
    run.compared += 1
    ExternalRef.objects.filter(pk=ref.pk).update(compared_at=now)
    if found.exists:
        run.agree += 1  # it is there; what it says cannot be read, which is the quarantine's matter
        return
    if ref.ticket.status == Status.WITHDRAWN:
        run.agree += 1  # some sources show nothing any more of what the citizen took back
        return
    with transaction.atomic():
        lock_histories([ref.ticket_id])
        last = OutboxMessage.objects.filter(ref=ref).exclude(text="").order_by("-pk").first()
        open_difference(
            ref,
            DifferenceKind.ONLY_HERE,
            found_by=FoundBy.RECONCILIATION,
            at=now,
            theirs=their_side(None),
            message=last,
        )
    run.differ += 1
    run.kinds = dict(Counter(run.kinds) + Counter([str(DifferenceKind.ONLY_HERE)]))


def _question(ref: ExternalRef, message: OutboxMessage | None = None) -> OutboundUpdate:
    """A look-up is about a write: a message of ours, or one that has never been made."""
    return OutboundUpdate(
        key=message.key if message else "0" * 32,
        action=OutboundAction(message.action) if message else OutboundAction.START,
        external_id=ref.external_id,
        write_id=ref.write_id,
        text=message.text if message else "",
        author=message.author if message else "",
        at=message.done_at if message else clock.now(),
    )
