"""What a source pushed and what is not looked into yet: read like the pages of a source that is polled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.records import Page, RawItem
from inbox.sources.models import InboundPayload, Source
from inbox.sources.vocabulary import PayloadState

BATCH = 500


def pages(source: Source) -> Iterator[Page]:
    """Everything received so far, oldest first. A page counts as dealt with once the next one is asked for.

    A crash in between leaves it to be read again, which changes nothing: its complaints are known by then.
    """
    waiting = InboundPayload.objects.filter(source=source, state=PayloadState.RECEIVED).order_by("pk")
    while rows := list(waiting[:BATCH]):
        yield Page(tuple(RawItem(row.body, row.external_id) for row in rows), source.cursor)
        waiting.filter(pk__in=[row.pk for row in rows]).update(state=PayloadState.ACCEPTED)


def settle_rejected(source: Source, rejected: Sequence[InboundPayload]) -> None:
    """Put pushed payloads that could not be read or stored into quarantine, with the reasons in `rejected`."""
    for row in rejected:
        if row.state == PayloadState.REJECTED:
            InboundPayload.objects.filter(
                source=source, content_hash=row.content_hash, state=PayloadState.RECEIVED
            ).update(
                state=PayloadState.REJECTED,
                reason_code=row.reason_code,
                reason_field=row.reason_field,
                reason_detail=row.reason_detail,
            )
