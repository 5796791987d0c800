"""Keeping what both sides say while they differ. Only records: a person decides (`inbox/actions`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.records import InboundRecord, SourceStatus
from inbox.core.bulk import insert_rows, update_rows
from inbox.outbox.models import Difference, OutboxMessage
from inbox.outbox.vocabulary import Decision, DifferenceKind, FoundBy
from inbox.tickets.models import ExternalRef, Ticket

LONGEST_ANSWER = 4000


def open_difference(
    ref: ExternalRef,
    kind: DifferenceKind,
    *,
    found_by: FoundBy,
    at: datetime,
    theirs: dict[str, Any],
    message: OutboxMessage | None = None,
) -> Difference:
    """Keep a difference about a complaint we know; one of the same kind that is open already is brought up to date."""
    said = {"ours": our_side(ref.ticket, message), "theirs": theirs, "seen_at": at}
    if message is not None:
        said["message"] = message
    difference, _ = Difference.objects.update_or_create(
        source_id=ref.source_id,
        external_id=ref.external_id,
        kind=kind,
        decision=Decision.OPEN,
        defaults=said,
        create_defaults=said | {"ticket": ref.ticket, "found_by": found_by, "found_at": at},
    )
    return difference


def close_differences(
    ref: ExternalRef, *, at: datetime, but: Collection[DifferenceKind] = (), found_before: datetime | None = None
) -> int:
    """The sides agree again about a complaint, except in `but`. Returns how many differences that ended."""
    gone = Difference.objects.filter(source_id=ref.source_id, external_id=ref.external_id, decision=Decision.OPEN)
    if found_before is not None:
        gone = gone.filter(seen_at__lt=found_before)
    closed: int = gone.exclude(kind__in=but).update(decision=Decision.AGREED, decided_at=at)
    return closed


@dataclass(frozen=True, slots=True)
class Found:
    """A difference about a complaint we know, with what the source says."""

    ref: ExternalRef
    kind: DifferenceKind
    theirs: dict[str, Any]


def open_many(found: Sequence[Found], *, found_by: FoundBy, at: datetime) -> None:
    """The same for a page of one source, in a constant number of statements, beside the last thing we wrote to each."""
    if not found:
        return
    last = {m.ref_id: m for m in OutboxMessage.objects.filter(ref__in=[f.ref for f in found]).exclude(text="")}
    known = {
        (row.external_id, row.kind): row
        for row in Difference.objects.filter(
            source=found[0].ref.source_id, external_id__in=[f.ref.external_id for f in found], decision=Decision.OPEN
        )
    }
    rows = []
    for one in found:
        row = known.get((one.ref.external_id, one.kind)) or Difference(
            source_id=one.ref.source_id,
            external_id=one.ref.external_id,
            kind=one.kind,
            ticket=one.ref.ticket,
            found_by=found_by,
            found_at=at,
        )
        row.message = last.get(one.ref.pk) or row.message
        row.ours, row.theirs, row.seen_at = our_side(one.ref.ticket, row.message), one.theirs, at
        rows.append(row)
    insert_rows([row for row in rows if row.pk is None])
    update_rows([row for row in rows if row in known.values()], ["message", "ours", "theirs", "seen_at"])


def close_many(refs: Sequence[ExternalRef], *, at: datetime, but: Collection[DifferenceKind] = ()) -> None:
    """The sides agree again about complaints of one source, except in `but`."""
    if refs:
        Difference.objects.filter(
            source=refs[0].source_id, external_id__in=[ref.external_id for ref in refs], decision=Decision.OPEN
        ).exclude(kind__in=but).update(decision=Decision.AGREED, decided_at=at)


def our_side(ticket: Ticket, message: OutboxMessage | None = None) -> dict[str, Any]:
    """What we say about a ticket."""
    return {
        "status": str(ticket.status),
        "answer": message.text[:LONGEST_ANSWER] if message else "",
        "at": message.done_at.isoformat() if message else "",
        "by": message.author if message else "",
        "due_at": ticket.source_due_at.isoformat() if ticket.source_due_at else "",
    }


def their_side(record: InboundRecord | None) -> dict[str, Any]:
    """What a source says about a complaint, nothing of or about the citizen; little when it could not be asked."""
    if record is None:
        return {"status": "", "raw": "", "answer": "", "at": "", "due_at": ""}
    at = record.answered_at or record.updated_at
    return {
        "status": str(record.status),
        "raw": record.status_raw[:100],
        "answer": record.answer[:LONGEST_ANSWER],
        "at": at.isoformat() if at else "",
        "due_at": record.due_at.isoformat() if record.due_at else "",
    }


def status_there(difference: Difference) -> SourceStatus | None:
    """The status that the source showed when the difference was seen last, None when it could not be asked."""
    said = difference.theirs.get("status", "")
    return SourceStatus(said) if said else None
