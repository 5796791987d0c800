"""Try payloads again: those in quarantine, and those whose codes somebody has explained. Harmless to repeat.

Everything can be tried without effect first. A trial does the very same and takes it back, so what it says is what
will happen.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import Count, F, QuerySet, Value

from connectors import engine
from connectors.errors import BadPayload, ConfigError
from connectors.records import InboundRecord, RawItem
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.give_id_away import give_id_away
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.core.wake import after_commit
from inbox.intake.poison import KILLS_READERS
from inbox.intake.sync import ID_REUSED, ingest_safely
from inbox.outbox.models import Difference
from inbox.outbox.vocabulary import Decision
from inbox.sources import leases
from inbox.sources.codes import Codes, codes_of
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.sources.runtime import build_connector
from inbox.sources.vocabulary import PROCESS_DIED, CodeKind, PayloadState, RunOutcome
from inbox.tickets.events import NewEvent
from inbox.tickets.events import record as put_on_record
from inbox.tickets.models import ExternalRef, Ticket
from inbox.tickets.vocabulary import EventKind

BATCH = 100
#: A trial looks at so many; more would keep a person waiting for what a hundred say as well.
MOST_TRIED = 500
REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Replayed:
    """Whether a payload went in (or would have), else why not."""

    accepted: bool
    reason_code: str = ""
    reason_detail: str = ""


@dataclass(slots=True)
class Effect:
    """What a replay of many did, or would do."""

    looked_at: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by reason
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)  # (before, after) of tickets whose status moved
    more: bool = False  # a trial that did not look at everything


def replay_payload(payload_id: int, *, actor: Official | None = None, dry_run: bool = False) -> Replayed:
    """Parse and ingest one quarantined payload. `actor` None means a command on the server, which may do anything:
    only it touches what ends the process that reads it.

    Raises NotFound, NotAllowed, and Invalid when the payload is not in quarantine.
    """
    _require(actor)
    with transaction.atomic():
        payload = InboundPayload.objects.select_for_update().filter(pk=payload_id).first()
        if payload is None:
            raise NotFound("No such payload")
        if payload.state != PayloadState.REJECTED:
            raise Invalid("This payload is not in quarantine", field="state")
        if payload.reason_code == KILLS_READERS and actor is not None:
            return Replayed(accepted=False, reason_code=KILLS_READERS, reason_detail=payload.reason_detail)
        effect = _again(payload.source, [payload], codes_of(payload.source), actor=actor)
        if dry_run:
            transaction.set_rollback(True)
    payload.refresh_from_db(fields=["reason_detail"])
    if not effect.refused:
        return Replayed(accepted=True)
    return Replayed(accepted=False, reason_code=next(iter(effect.refused)), reason_detail=payload.reason_detail)


def settle_reused_id(payload_id: int, *, same: bool, actor: Official) -> Replayed:
    """Decide about a payload whose id belongs to a ticket with another sender, time and text.

    `same`: it is that complaint after all, and the ticket takes it over. Else it becomes a ticket of its own, and the
    old one gives the id away. Raises NotAllowed, NotFound, and Invalid when there is nothing to decide.
    """
    _require(actor)
    with transaction.atomic():
        payload = InboundPayload.objects.select_for_update().select_related("source").filter(pk=payload_id).first()
        if payload is None:
            raise NotFound("No such payload")
        if payload.state != PayloadState.REJECTED or payload.reason_code != ID_REUSED:
            raise Invalid("There is nothing to decide about this payload", field="state")
        now, source = clock.now(), payload.source
        try:
            parsed = codes_of(source).applied(_parse(payload))
        except BadPayload as error:
            return Replayed(accepted=False, reason_code=error.code, reason_detail=error.detail)
        if not same:
            give_id_away(source, parsed.external_id, actor=actor, at=now)
        ingest_page(source, [parsed], at=now, same=same)
        _accept(payload, parsed, actor)
    return Replayed(accepted=True)


def plan_replay(slug: str, *, actor: Official) -> Effect:
    """What a replay of everything in quarantine would do. Raises NotAllowed, NotFound."""
    source = _source(slug, actor)
    return _tried(source, _quarantined(source), codes_of(source))


def request_replay(slug: str, *, actor: Official) -> int:
    """Have a worker replay everything in quarantine; returns how many payloads wait. Raises NotAllowed, NotFound."""
    source = _source(slug, actor)
    waiting = _quarantined(source).count()
    if waiting:
        after_commit("inbox.intake.tasks.replay_quarantine", source.pk)
    return waiting


def replay_quarantine(source: Source) -> SyncRun:
    """Replay everything in quarantine, a hundred at a time; the run shows how far it is. Raises Busy."""
    return _in_batches(source, _quarantined(source))


def plan_code(source: Source, kind: CodeKind, code: str, meaning: str) -> Effect:
    """What would become of the tickets that came with a code, if it stood for `meaning`."""
    codes = codes_of(source)
    supposed = replace(codes, meanings={**codes.meanings, (kind.value, code): meaning})
    return _tried(source, _came_with(source, kind, code), supposed)


def reread_code(source: Source, kind: CodeKind, code: str) -> SyncRun:
    """Read again what came with a code, by what has been decided about it since. Raises Busy."""
    return _in_batches(source, _came_with(source, kind, code))


def tickets_with(source: Source, kind: CodeKind, code: str) -> QuerySet[ExternalRef]:
    """The references that came with a code nobody knows."""
    refs = ExternalRef.objects.filter(source=source)
    if kind is CodeKind.STATUS:
        return refs.filter(seen_status="unmapped", seen_status_raw=code)
    return refs.filter(unknown_category=code)


def unknown_codes(source: Source) -> list[dict[str, object]]:
    """The codes that nobody knows, with how many tickets came with each: `kind`, `code`, `tickets`; the most first."""
    refs = ExternalRef.objects.filter(source=source).order_by()
    statuses = refs.filter(seen_status="unmapped").values(kind=Value(CodeKind.STATUS.value), code=F("seen_status_raw"))
    categories = refs.exclude(unknown_category="").values(
        kind=Value(CodeKind.CATEGORY.value), code=F("unknown_category")
    )
    both = statuses.annotate(tickets=Count("pk")).union(categories.annotate(tickets=Count("pk")), all=True)
    return [dict(row) for row in both.order_by("-tickets", "kind", "code")]


def _require(actor: Official | None) -> None:
    if actor is not None and not may(actor, Permission.MANAGE_SOURCES):
        raise NotAllowed("manage_sources is not granted")


def _source(slug: str, actor: Official) -> Source:
    _require(actor)
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        raise NotFound("No such source")
    return source


def _quarantined(source: Source) -> QuerySet[InboundPayload]:
    """All but those that no worker survives."""
    rejected = InboundPayload.objects.filter(source=source, state=PayloadState.REJECTED)
    return rejected.exclude(reason_code=KILLS_READERS)


def _came_with(source: Source, kind: CodeKind, code: str) -> QuerySet[InboundPayload]:
    """The payloads of the complaints that came with a code. Of several the newest counts: they go oldest first."""
    ids = tickets_with(source, kind, code).values("external_id")
    read = [PayloadState.ACCEPTED, PayloadState.REPLAYED]
    return InboundPayload.objects.filter(source=source, external_id__in=ids, state__in=read)


# --- Doing it ---------------------------------------------------------------------------------------------------------


def _tried(source: Source, payloads: QuerySet[InboundPayload], codes: Codes) -> Effect:
    """Do it and take it back."""
    total = Effect()
    rows = list(payloads.order_by("pk")[: MOST_TRIED + 1])
    total.more = len(rows) > MOST_TRIED
    with transaction.atomic():
        for start in range(0, min(len(rows), MOST_TRIED), BATCH):
            _add(total, _again(source, rows[start : start + BATCH], codes))
        transaction.set_rollback(True)
    return total


def _in_batches(source: Source, payloads: QuerySet[InboundPayload]) -> SyncRun:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    leases.acquire(source, owner=owner, at=clock.now())
    keys = list(payloads.order_by("pk").values_list("pk", flat=True))
    run = SyncRun.objects.create(source=source, trigger=REPLAY, owner=owner, started_at=clock.now(), expected=len(keys))
    try:
        codes = codes_of(source)
        for part in _parts(keys):
            with transaction.atomic():
                leases.renew(source, owner=owner, at=clock.now())
                rows = list(InboundPayload.objects.select_for_update().filter(pk__in=part).order_by("pk"))
                effect = _again(source, rows, codes)
                run.pages += 1
                run.fetched += effect.looked_at
                run.created += effect.created
                run.updated += effect.updated
                run.unchanged += effect.unchanged
                run.rejected += effect.refused.total()
                run.save()
        run.outcome = RunOutcome.OK
    finally:
        if run.outcome == RunOutcome.RUNNING:
            run.outcome, run.error_code = RunOutcome.ABANDONED, PROCESS_DIED
        run.finished_at = clock.now()
        run.save()
        leases.release(source, owner=owner)
    return run


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _again(
    source: Source, payloads: Sequence[InboundPayload], codes: Codes, *, actor: Official | None = None
) -> Effect:
    """Parse and ingest payloads in the caller's transaction; those in quarantine leave it or say why not."""
    effect = Effect(looked_at=len(payloads))
    newest: dict[str, tuple[InboundPayload, InboundRecord]] = {}
    for payload in payloads:
        try:
            record = codes.applied(_parse(payload))
        except BadPayload as error:
            _refuse(payload, error, effect)
            continue
        if record.external_id in newest:
            _accept(newest[record.external_id][0], record, actor)  # overtaken by a later payload of the same complaint
        newest[record.external_id] = (payload, record)
    before = _statuses(source, list(newest))
    records = [record for _, record in newest.values()]
    done, refused = ingest_safely(source, records, at=clock.now())
    effect.created, effect.updated, effect.unchanged = len(done.created), len(done.updated), len(done.unchanged)
    for external_id, (payload, record) in newest.items():
        if external_id in refused:
            _refuse(payload, refused[external_id], effect)
        else:
            _accept(payload, record, actor)
    after = _statuses(source, list(newest))
    effect.statuses.update((before[key], after[key]) for key in before if before[key] != after.get(key, before[key]))
    return effect


def _parse(payload: InboundPayload) -> InboundRecord:
    try:
        connector = build_connector(payload.source)
    except ConfigError as error:
        raise BadPayload(error.detail, code=error.code) from error
    raw = RawItem(payload=payload.body, external_id=payload.external_id)
    parsed = engine.parse_one(connector, raw, now=clock.now())
    if isinstance(parsed, engine.Rejected):
        raise parsed.error
    return parsed.record


def _accept(payload: InboundPayload, record: InboundRecord, actor: Official | None) -> None:
    if payload.state == PayloadState.REJECTED:
        payload.state, payload.external_id = PayloadState.REPLAYED, record.external_id[:200]
        payload.save(update_fields=["state", "external_id"])
        _settle_difference(payload, actor)


def _refuse(payload: InboundPayload, error: BadPayload, effect: Effect) -> None:
    effect.refused[error.code] += 1
    if payload.state == PayloadState.REJECTED:
        payload.reason_code, payload.reason_field = error.code[:50], error.field[:100]
        payload.reason_detail = error.detail
        payload.save(update_fields=["reason_code", "reason_field", "reason_detail"])


def _statuses(source: Source, external_ids: Sequence[str]) -> dict[str, str]:
    tickets = Ticket.objects.filter(refs__source=source, refs__external_id__in=external_ids)
    return dict(tickets.values_list("refs__external_id", "status"))


def _add(total: Effect, part: Effect) -> None:
    total.looked_at += part.looked_at
    total.created += part.created
    total.updated += part.updated
    total.unchanged += part.unchanged
    total.refused += part.refused
    total.statuses += part.statuses


def _settle_difference(payload: InboundPayload, actor: Official | None) -> None:
    """A complaint that only the source had has a ticket now: who took it in stands in its history."""
    difference = Difference.objects.filter(payload=payload, decision=Decision.OPEN).first()
    ref = ExternalRef.objects.filter(source=payload.source_id, external_id=payload.external_id).first()
    if difference is None or ref is None:
        return
    now = clock.now()
    difference.decision, difference.decided_by, difference.decided_at = Decision.TAKE_THEIRS, actor, now
    difference.ticket_id = ref.ticket_id
    difference.save(update_fields=["decision", "decided_by", "decided_at", "ticket"])
    put_on_record(
        NewEvent(
            ref.ticket_id,
            EventKind.DIFFERENCE_DECIDED,
            at=now,
            data={"decision": Decision.TAKE_THEIRS, "difference": difference.kind},
            actor_id=actor.pk if actor else None,
            source_id=payload.source_id,
        )
    )
