"""Try quarantined payloads again, after their mapping or the source's set-up was mended."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from connectors import engine
from connectors.errors import BadPayload, ConfigError
from connectors.records import InboundRecord, RawItem
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.intake.sync import ingest_safely
from inbox.sources.models import InboundPayload
from inbox.sources.runtime import build_connector
from inbox.sources.vocabulary import PayloadState


@dataclass(frozen=True, slots=True)
class Replayed:
    """Whether a payload went in (or would have), else why not."""

    accepted: bool
    reason_code: str = ""
    reason_detail: str = ""


def replay_payload(payload_id: int, *, actor: Official | None = None, dry_run: bool = False) -> Replayed:
    """Parse and ingest one quarantined payload. `actor` None means a command on the server, which may do anything.

    Raises NotFound, NotAllowed, and Invalid when the payload is not in quarantine.
    """
    if actor is not None and not may(actor, Permission.MANAGE_SOURCES):
        raise NotAllowed("manage_sources is not granted")
    with transaction.atomic():
        payload = InboundPayload.objects.select_for_update().filter(pk=payload_id).first()
        if payload is None:
            raise NotFound("No such payload")
        if payload.state != PayloadState.REJECTED:
            raise Invalid("This payload is not in quarantine", field="state")
        try:
            record = _parse(payload)
            if not dry_run:
                _ingest(payload, record)
        except BadPayload as error:
            payload.reason_code, payload.reason_field = error.code[:50], error.field[:100]
            payload.reason_detail = error.detail
            payload.save(update_fields=["reason_code", "reason_field", "reason_detail"])
            return Replayed(accepted=False, reason_code=error.code, reason_detail=error.detail)
    return Replayed(accepted=True)


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


def _ingest(payload: InboundPayload, record: InboundRecord) -> None:
    _, refused = ingest_safely(payload.source, [record], at=clock.now())
    for error in refused.values():
        raise error
    payload.state, payload.external_id = PayloadState.REPLAYED, record.external_id
    payload.save(update_fields=["state", "external_id"])
