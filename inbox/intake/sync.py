"""Read one source: lease, pages, quarantine, tickets, cursor. The cursor moves only with the rows of its page.

A crash anywhere loses nothing: what was not committed is read again, what was committed is recognised.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import DataError, IntegrityError, transaction

from connectors import engine
from connectors.errors import BadPayload, ConnectorError, RateLimited, Transient
from connectors.records import InboundRecord, OpenItem, RawItem
from inbox.actions.ingest_page import Ingested, ingest_page
from inbox.core import clock
from inbox.core.errors import Busy
from inbox.sources import leases
from inbox.sources.models import InboundPayload, Source, SyncRun, payload_hash
from inbox.sources.runtime import HEALTH_FIELDS, build_connector, note_failure, note_success
from inbox.sources.vocabulary import PayloadState, RunOutcome
from inbox.tickets.models import ExternalRef

log = logging.getLogger(__name__)

#: Longest wait between two tries on a failing source; it starts at the source's own interval and doubles.
LONGEST_WAIT = timedelta(minutes=15)


def sync_source(source: Source, *, full: bool = False, trigger: str = "by_hand") -> SyncRun:
    """Read everything that changed since the cursor (`full`: everything there is) and store it.

    Returns the finished run; a failing source is a run with outcome `failed`, not an exception. Raises Busy, naming
    the owner, when somebody else is reading this source.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    leases.acquire(source, owner=owner, at=clock.now())
    run = _begin(source, owner=owner, full=full, trigger=trigger)
    error: ConnectorError | None = None
    try:
        _read(source, run, full=full)
    except ConnectorError as raised:
        error = raised
    except Busy:
        run.outcome, run.error_code, run.finished_at = RunOutcome.ABANDONED, "lease_lost", clock.now()
        run.save()
        raise
    _end(source, run, error)
    return run


def _begin(source: Source, *, owner: str, full: bool, trigger: str) -> SyncRun:
    """Open a run; runs that a dead process left open are closed, because nobody else can hold the lease."""
    now = clock.now()
    SyncRun.objects.filter(source=source, outcome=RunOutcome.RUNNING).update(
        outcome=RunOutcome.ABANDONED, finished_at=now, error_code="process_died"
    )
    return SyncRun.objects.create(source=source, trigger=trigger, is_full=full, owner=owner, started_at=now)


def _read(source: Source, run: SyncRun, *, full: bool) -> None:
    connector = build_connector(source)
    open_items = [] if connector.capabilities.update_stamps else _open_items(source)
    for batch in engine.read(connector, source.cursor, now=clock.now(), full=full, open_items=open_items):
        _store(source, run, batch)


def _open_items(source: Source) -> list[OpenItem]:
    """What is still open here: a source without update stamps is asked about each of these."""
    refs = ExternalRef.objects.filter(source=source, ticket__is_open=True).order_by("pk")
    return [OpenItem(external_id, write_id) for external_id, write_id in refs.values_list("external_id", "write_id")]


def _store(source: Source, run: SyncRun, batch: engine.Batch) -> None:
    """One page, one transaction: tickets, payloads, counters and cursor together, under the lease."""
    at = clock.now()
    with transaction.atomic():
        leases.renew(source, owner=run.owner, at=at)
        records = [accepted.record for accepted in batch.accepted]
        rejected = [(item.raw, item.error) for item in batch.rejected]
        done, refused = ingest_safely(source, records, at=at)
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
    source: Source, records: Sequence[InboundRecord], *, at: datetime
) -> tuple[Ingested, dict[str, BadPayload]]:
    """Ingest a page; when the database refuses it, ingest record by record and quarantine the one it refuses."""
    try:
        with transaction.atomic():
            return ingest_page(source, records, at=at), {}
    except (DataError, IntegrityError, ValueError) as error:
        log.warning("page of %s refused as a whole (%s), going record by record", source.slug, type(error).__name__)
    total, refused = Ingested(), {}
    for record in records:
        try:
            with transaction.atomic():
                one = ingest_page(source, [record], at=at)
        except (DataError, IntegrityError, ValueError) as error:
            refused[record.external_id] = BadPayload(type(error).__name__, code="not_storable")
        else:
            total.created |= one.created
            total.updated |= one.updated
            total.unchanged |= one.unchanged
    return total, refused


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
    for external_id in sorted(done.created | done.updated):
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
    if done.created or done.updated:
        InboundPayload.objects.filter(
            source=source, external_id__in=done.created | done.updated, state=PayloadState.REJECTED
        ).update(state=PayloadState.SUPERSEDED)


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
    with transaction.atomic():
        run.save()
        fresh = Source.objects.select_for_update().get(pk=source.pk)
        if error is None:
            note_success(fresh, at=now, rejected=run.rejected)
        else:
            note_failure(fresh, error, at=now)
        fresh.next_poll_at = now + _wait(fresh, error)
        fresh.save(update_fields=[*HEALTH_FIELDS, "next_poll_at"])
    leases.release(source, owner=run.owner)
    source.refresh_from_db()


def _wait(source: Source, error: ConnectorError | None) -> timedelta:
    """The source's interval; while it fails, doubling with jitter, and never less than it asked for."""
    usual = timedelta(seconds=source.poll_seconds)
    if error is None:
        return usual
    if not isinstance(error, Transient):
        return max(usual, LONGEST_WAIT)
    wait: timedelta = min(usual * 2 ** min(source.failures_in_a_row, 10), max(LONGEST_WAIT, usual))
    asked = error.retry_after if isinstance(error, RateLimited) and error.retry_after else timedelta(0)
    return max(wait * random.uniform(0.8, 1.0), asked)  # noqa: S311  spreading load, not a secret
