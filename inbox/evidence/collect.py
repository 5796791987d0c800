"""Find what was done in time and hindered on its way, and put it on record. Set-based; safe to run twice and at once.

A message is looked at until it has arrived; then it is marked as examined and costs nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from connectors.records import OutboundAction
from inbox.core.heartbeat import beat
from inbox.evidence.models import EvidenceCounter, EvidenceRecord, EvidenceVersion
from inbox.outbox.models import DeliveryAttempt, OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sla.explain import USED, explain_clock
from inbox.sla.queries import Calendars, load_promises
from inbox.sources.models import Outage
from inbox.tickets import chain
from inbox.tickets.models import code_of

BATCH = 500
#: What the citizen or the source waits for. A start of work or a reopening is nobody's deadline.
ANSWERS = frozenset(
    {
        OutboundAction.ACCEPT,
        OutboundAction.REPLY,
        OutboundAction.ASK_CITIZEN,
        OutboundAction.RESOLVE,
        OutboundAction.RETURN,
        OutboundAction.REFUSE,
        OutboundAction.TRANSFER,
    }
)
#: Outcomes of an attempt that brought nothing to the source.
FAILED = ("retry", "unknown", "refused", "paused")
#: What arrived as fast as this was not held up by an outage.
PROMPT = timedelta(minutes=1)
_ARRIVED = frozenset({DeliveryState.DELIVERED, DeliveryState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Collected:
    """How many records were made, and how many got a later version."""

    created: int = 0
    amended: int = 0


def collect(*, at: datetime, ticket_id: int | None = None) -> Collected:
    """Put on record what was hindered by `at`, and add to records what has arrived since; of one ticket or of all."""
    waiting = OutboxMessage.objects.filter(is_examined=False).order_by("pk")
    if ticket_id is not None:
        waiting = waiting.filter(ticket=ticket_id)
    created = amended = last = 0
    while keys := list(waiting.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        last = keys[-1]
        done = _examine(keys, at=at)
        created, amended = created + done.created, amended + done.amended
    beat("evidence", at)
    return Collected(created, amended)


@transaction.atomic
def _examine(keys: Sequence[int], *, at: datetime) -> Collected:
    """One batch. The year's counter is locked first: collectors take turns, and numbers have no gap."""
    year = timezone.localdate(at).year
    EvidenceCounter.objects.get_or_create(year=year)
    counter = EvidenceCounter.objects.select_for_update().get(year=year)
    # Read once: what arrives after this line is left for the next round.
    arrived = list(
        OutboxMessage.objects.filter(pk__in=keys, state__in=_ARRIVED, is_examined=False).values_list("pk", flat=True)
    )
    created = _create(hindered(at).filter(pk__in=keys).order_by("done_at", "pk"), counter, at=at)
    amended = _amend(arrived, at=at)
    OutboxMessage.objects.filter(pk__in=arrived).update(is_examined=True)
    return Collected(created, amended)


def hindered(at: datetime) -> QuerySet[OutboxMessage]:
    """Answers given before their deadline that failed, waited for a source that was away, or arrived after it."""
    failed = DeliveryAttempt.objects.filter(message=OuterRef("pk"), outcome__in=FAILED)
    away = Outage.objects.filter(
        Q(ended__isnull=True) | Q(ended__gte=OuterRef("done_at")),
        source=OuterRef("source"),
        began__lte=Coalesce(OuterRef("delivered_at"), at),
    )
    waited = Q(delivered_at__isnull=True, done_at__lt=at - PROMPT) | Q(delivered_at__gt=F("done_at") + PROMPT)
    by_hand = Q(state=DeliveryState.BY_HAND) | Q(reason_code="entered_by_hand", attempts_made=0)
    late = Q(delivered_at__isnull=True, deadline_at__lt=at) | Q(delivered_at__gt=F("deadline_at"))
    found: QuerySet[OutboxMessage] = OutboxMessage.objects.filter(
        late | Exists(failed) | (Exists(away) & waited & ~by_hand),
        action__in=ANSWERS,
        done_at__lte=F("deadline_at"),
        evidence__isnull=True,
    ).exclude(state=DeliveryState.CANCELLED)
    return found


def _create(messages: QuerySet[OutboxMessage], counter: EvidenceCounter, *, at: datetime) -> int:
    rows = _with_all(messages)
    records = []
    for serial, message in enumerate(rows, start=counter.last + 1):
        records.append(
            EvidenceRecord(
                number=f"BB-{counter.year}-{serial:06d}",
                year=counter.year,
                serial=serial,
                message=message,
                ticket_id=message.ticket_id,
                source_id=message.source_id,
                done_at=message.done_at,
                made_at=at,
            )
        )
    if records:
        counter.last += len(records)
        counter.save(update_fields=["last"])
        EvidenceRecord.objects.bulk_create(records)
        _add_versions([(record, message, None) for record, message in zip(records, rows, strict=True)], at=at)
    return len(records)


def _amend(arrived: Sequence[int], *, at: datetime) -> int:
    """A further version for records whose delivery had not arrived when they were made."""
    versions = EvidenceVersion.objects.filter(record__message__in=arrived).order_by("record", "version")
    newest = {version.record_id: version for version in versions.select_related("record")}
    open_ones = {v.record.message_id: v for v in newest.values() if v.arrived_at is None}
    rows = _with_all(OutboxMessage.objects.filter(pk__in=open_ones, delivered_at__isnull=False).order_by("pk"))
    _add_versions([(open_ones[row.pk].record, row, open_ones[row.pk]) for row in rows], at=at)
    return len(rows)


def _with_all(messages: QuerySet[OutboxMessage]) -> list[OutboxMessage]:
    """The messages with everything a record says, in two statements."""
    attempts = Prefetch("attempts", DeliveryAttempt.objects.order_by("pk"))
    return list(messages.select_related("event__actor", "ticket__unit", "source", "ref").prefetch_related(attempts))


def _add_versions(
    rows: Sequence[tuple[EvidenceRecord, OutboxMessage, EvidenceVersion | None]], *, at: datetime
) -> None:
    if not rows:
        return
    outages = _outages({message.source_id for _, message, _ in rows})
    load_promises(*{message.ticket_id: message.ticket for _, message, before in rows if before is None}.values())
    calendars = Calendars()
    versions = []
    for record, message, before in rows:
        number = before.version + 1 if before else 1
        facts = _facts(record, message, outages.get(message.source_id, ()), version=number, at=at)
        facts["hours"] = before.facts.get("hours", []) if before else _hours(message, calendars)
        versions.append(
            EvidenceVersion(
                record=record,
                version=number,
                made_at=at,
                arrived_at=message.delivered_at,
                facts=facts,
                hash=chain.linked(before.hash if before else chain.GENESIS, facts),
            )
        )
    EvidenceVersion.objects.bulk_create(versions)


def _outages(source_ids: Iterable[int]) -> dict[int, list[Outage]]:
    found: dict[int, list[Outage]] = {}
    for outage in Outage.objects.filter(source__in=source_ids).order_by("began", "pk"):
        found.setdefault(outage.source_id, []).append(outage)
    return found


def _facts(
    record: EvidenceRecord, message: OutboxMessage, outages: Iterable[Outage], *, version: int, at: datetime
) -> dict[str, Any]:
    """Only what was recorded, nothing concluded; no word of or about the citizen."""
    event, ticket, until = message.event, message.ticket, message.delivered_at or at
    meanwhile = [o for o in outages if o.began <= until and (o.ended is None or o.ended >= message.done_at)]
    return {
        "number": record.number,
        "version": version,
        "made_at": chain.stamp(at),
        "ticket": code_of(ticket.pk),
        "unit": ticket.unit.name if ticket.unit else "",
        "source": {"slug": message.source.slug, "label": message.source.label},
        "external_id": message.ref.external_id,
        "action": message.action,
        "by": message.author,
        "position": event.actor.position if event.actor else "",
        "done_at": chain.stamp(message.done_at),
        "deadline": event.data.get("deadline", {}),
        "deadline_at": chain.stamp(message.deadline_at) if message.deadline_at else None,
        "attempts": [_attempt(attempt) for attempt in message.attempts.all()],
        "outages": [_outage(outage) for outage in meanwhile],
        "state": message.state,
        "reason": message.reason_code,
        "arrived_at": chain.stamp(message.delivered_at) if message.delivered_at else None,
        "event": {"sequence": event.sequence, "hash": event.hash, "message": event.message_hash},
    }


def _hours(message: OutboxMessage, calendars: Calendars) -> list[dict[str, Any]]:
    """The time that counted until the act, day by day, by the clock whose deadline it kept. Pauses do not count."""
    kind = message.event.data.get("deadline", {}).get("clock", "")
    rows = [row for row in message.ticket.clocks.all() if row.kind == kind and row.started_at <= message.done_at]
    days = []
    for day in explain_clock(rows[-1], calendars, at=message.done_at).days if rows else ():
        spans = [
            (segment.begin, min(segment.end, message.done_at))
            for block in day.blocks
            for segment in block
            if segment.kind == USED and segment.begin < message.done_at
        ]
        if spans:
            seconds = sum((end - begin).total_seconds() for begin, end in spans)
            days.append(
                {
                    "date": day.date.isoformat(),
                    "spans": [[chain.stamp(begin), chain.stamp(end)] for begin, end in spans],
                    "seconds": int(seconds),
                }
            )
    return days


def _attempt(attempt: DeliveryAttempt) -> Mapping[str, Any]:
    return {
        "number": attempt.number,
        "kind": attempt.kind,
        "started_at": chain.stamp(attempt.started_at),
        "finished_at": chain.stamp(attempt.finished_at),
        "outcome": attempt.outcome,
        "error": attempt.error_code,
    }


def _outage(outage: Outage) -> Mapping[str, Any]:
    return {
        "began": chain.stamp(outage.began),
        "last_success_before": chain.stamp(outage.last_success_before) if outage.last_success_before else None,
        "confirmed_at": chain.stamp(outage.confirmed_at) if outage.confirmed_at else None,
        "ended": chain.stamp(outage.ended) if outage.ended else None,
        "reason": outage.reason_code,
    }
