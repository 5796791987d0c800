"""Read one source: lease, pages, quarantine, tickets, cursor. The cursor moves only with the rows of its page.

A crash anywhere loses nothing: what was not committed is read again, what was committed is recognised.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, transaction

from connectors import engine
from connectors.errors import BadPayload, ConnectorError
from connectors.records import InboundRecord, OpenItem, RawItem
from inbox.actions.ingest_page import Ingested, ingest_page
from inbox.core import clock
from inbox.core.errors import Busy
from inbox.core.masking import without_contacts
from inbox.intake import received
from inbox.intake.poison import Caution
from inbox.sources import leases
from inbox.sources.codes import codes_of
from inbox.sources.models import InboundPayload, Source, SyncRun, payload_hash
from inbox.sources.runtime import HEALTH_FIELDS, build_connector, note_failure, note_success, wait_after
from inbox.sources.vocabulary import PROCESS_DIED, PayloadState, RunOutcome
from inbox.tickets.models import ExternalRef

log = logging.getLogger(__name__)

#: Open complaints that one reading asks about by their id, where a source says nothing of what changed.
OPEN_BUDGET = 300
#: When a full reading shows less than the rest of what is open here, a person should look.
MOST_GONE = 0.5
FEW = 20
MANY_MISSING = "many_missing"
ID_REUSED = "id_reused"


def sync_source(source: Source, *, full: bool = False, trigger: str = "by_hand") -> SyncRun:
    """Read everything that changed since the cursor (`full`: everything there is) and store it.

    Returns the finished run; a failing source is a run with outcome `failed`, not an exception. Raises Busy, naming
    the owner, when somebody else is reading this source.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    leases.acquire(source, owner=owner, at=clock.now())
    run = _begin(source, owner=owner, full=full, trigger=trigger)
    caution = Caution(source)
    error: ConnectorError | None = None
    try:
        _read(source, run, caution, full=full)
    except ConnectorError as raised:
        error = raised
    except Busy:
        run.outcome, run.error_code, run.finished_at = RunOutcome.ABANDONED, "lease_lost", clock.now()
        run.save()
        raise
    caution.relax()
    _end(source, run, error)
    return run


def _begin(source: Source, *, owner: str, full: bool, trigger: str) -> SyncRun:
    """Open a run; runs that a dead process left open are closed, because nobody else can hold the lease."""
    now = clock.now()
    SyncRun.objects.filter(source=source, outcome=RunOutcome.RUNNING).update(
        outcome=RunOutcome.ABANDONED, finished_at=now, error_code=PROCESS_DIED
    )
    return SyncRun.objects.create(source=source, trigger=trigger, is_full=full, owner=owner, started_at=now)


def _read(source: Source, run: SyncRun, caution: Caution, *, full: bool) -> None:
    connector = build_connector(source)
    if not connector.capabilities.polls:
        _store_all(source, run, caution.batches(connector, received.pages(source)))
        return
    open_items, last_asked = ([], 0) if connector.capabilities.update_stamps else _open_items(source, full=full)
    held_open = ExternalRef.objects.filter(source=source, ticket__is_open=True).count() if full else 0
    pages = engine.pages(connector, source.cursor, now=clock.now(), full=full, open_items=open_items)
    _store_all(source, run, caution.batches(connector, pages))
    if open_items:
        Source.objects.filter(pk=source.pk).update(asked_after=last_asked)
    if held_open >= FEW and run.updated + run.unchanged < held_open * (1 - MOST_GONE):
        # Nothing is closed because it is absent. That so much is absent is for a person to look at.
        run.error_code = MANY_MISSING
        run.error_detail = f"{run.updated + run.unchanged} shown of {held_open} open here"


def _open_items(source: Source, *, full: bool) -> tuple[list[OpenItem], int]:
    """What is still open here, for a source without update stamps, and the key of the last of it.

    Each reading asks about the next ones up to its budget, in turn; a full one about all.
    """
    refs = ExternalRef.objects.filter(source=source, ticket__is_open=True).order_by("pk")
    rows = refs.values_list("pk", "external_id", "write_id")
    if full:
        chosen = list(rows)
    else:
        chosen = list(rows.filter(pk__gt=source.asked_after)[:OPEN_BUDGET])
        chosen += list(rows.filter(pk__lte=source.asked_after)[: OPEN_BUDGET - len(chosen)])
    return [OpenItem(external_id, write_id) for _, external_id, write_id in chosen], chosen[-1][0] if chosen else 0


def _store_all(source: Source, run: SyncRun, batches: Iterable[engine.Batch]) -> None:
    for batch in batches:
        _store(source, run, batch)


def _store(source: Source, run: SyncRun, batch: engine.Batch) -> None:
    """One batch, one transaction: tickets, payloads, counters and cursor together, under the lease."""
    at = clock.now()
    with transaction.atomic():
        leases.renew(source, owner=run.owner, at=at)
        codes = codes_of(source)
        records = [codes.applied(accepted.record) for accepted in batch.accepted]
        rejected = [(item.raw, item.error) for item in batch.rejected]
        done, refused = ingest_safely(source, records, at=at, settles=run.is_full)
        raw_by_id = {accepted.record.external_id: accepted.raw for accepted in batch.accepted}
        rejected += [(raw_by_id[external_id], error) for external_id, error in refused.items()]
        keep_payloads(source, run, done, raw_by_id, rejected, at=at)
        run.pages += 1
        run.fetched += len(batch.accepted) + len(batch.rejected)
        run.created += len(done.created)
        run.updated += len(done.updated)
        run.unchanged += len(done.unchanged)
        run.rejected += len(rejected)
        run.save()
        if batch.cursor != source.cursor:
            Source.objects.filter(pk=source.pk).update(cursor=batch.cursor)
    source.cursor = batch.cursor


def ingest_safely(
    source: Source, records: Sequence[InboundRecord], *, at: datetime, settles: bool = False
) -> tuple[Ingested, dict[str, BadPayload]]:
    """Ingest a page; what the database refuses is found by halving, and everything else goes in.

    Returns what went in, and why each of the others must wait for a person, by external id.
    """
    try:
        with transaction.atomic():
            done = ingest_page(source, records, at=at, settles=settles)
        return done, {external_id: _id_reused() for external_id in done.doubtful}
    except (DataError, IntegrityError, ValueError) as error:
        if len(records) == 1:
            return Ingested(), {records[0].external_id: BadPayload(type(error).__name__, code="not_storable")}
        log.warning("%d records of %s refused together (%s)", len(records), source.slug, type(error).__name__)
    half = len(records) // 2
    done, refused = ingest_safely(source, records[:half], at=at, settles=settles)
    more, refused_more = ingest_safely(source, records[half:], at=at, settles=settles)
    done.add(more)
    return done, refused | refused_more


def _id_reused() -> BadPayload:
    return BadPayload("Sender, time and text are those of another complaint", code=ID_REUSED)


def keep_payloads(
    source: Source,
    run: SyncRun | None,
    done: Ingested,
    raw_by_id: dict[str, RawItem],
    rejected: Sequence[tuple[RawItem, BadPayload]],
    *,
    at: datetime,
) -> None:
    """Keep what brought something new, and every rejected payload with its reason; each content once."""
    rows = {}
    for external_id in sorted(done.created | done.updated | done.late):
        row = _payload(source, run, raw_by_id[external_id], external_id, at=at)
        rows[row.content_hash] = row
    for raw, error in rejected:
        row = _payload(source, run, raw, raw.external_id, at=at)
        row.state = PayloadState.REJECTED
        row.reason_code, row.reason_field, row.reason_detail = error.code[:50], error.field[:100], error.detail
        rows[row.content_hash] = row
    known = set(
        InboundPayload.objects.filter(source=source, content_hash__in=list(rows)).values_list("content_hash", flat=True)
    )
    InboundPayload.objects.bulk_create([row for key, row in rows.items() if key not in known], ignore_conflicts=True)
    received.settle_rejected(source, [row for key, row in rows.items() if key in known])
    if done.created or done.updated:
        InboundPayload.objects.filter(
            source=source, external_id__in=done.created | done.updated, state=PayloadState.REJECTED
        ).exclude(content_hash__in=[key for key, row in rows.items() if row.state == PayloadState.REJECTED]).update(
            state=PayloadState.SUPERSEDED
        )


def _payload(source: Source, run: SyncRun | None, raw: RawItem, external_id: str, *, at: datetime) -> InboundPayload:
    return InboundPayload(
        source=source,
        run=run,
        external_id=external_id[:200],
        content_hash=payload_hash(raw.payload),
        body=dict(raw.payload),
        received_at=at,
        state=PayloadState.ACCEPTED,
    )


def _end(source: Source, run: SyncRun, error: ConnectorError | None) -> None:
    """Close the run, write the source's health, plan the next visit and give the lease back."""
    now = clock.now()
    run.finished_at = now
    run.outcome = RunOutcome.FAILED if error else RunOutcome.OK
    if error is not None:
        run.error_code, run.error_detail = error.code[:50], error.detail
    if isinstance(error, BadPayload):
        run.sample = without_contacts(error.sample)
    with transaction.atomic():
        run.save()
        fresh = Source.objects.select_for_update().get(pk=source.pk)
        if error is None:
            note_success(fresh, at=now, rejected=run.rejected or run.error_code == MANY_MISSING)
            if run.error_code == MANY_MISSING:
                fresh.last_error_code, fresh.last_error_detail = run.error_code, run.error_detail
                fresh.last_error_at = now
        else:
            note_failure(fresh, error, at=now)
        fresh.next_poll_at = now + wait_after(fresh, error)
        fresh.save(update_fields=[*HEALTH_FIELDS, "next_poll_at"])
    leases.release(source, owner=run.owner)
    source.refresh_from_db()
