"""From an event to messages: one per linked source that has to hear of it, in the transaction of the event."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import ConfigError
from connectors.protocol import Capabilities
from connectors.records import OutboundAction
from inbox.accounts.models import Official
from inbox.core.wake import after_commit
from inbox.outbox.models import OutboxFile, OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.models import Source
from inbox.sources.runtime import build_connector
from inbox.sources.vocabulary import MANUAL
from inbox.tickets.models import ExternalRef, TicketEvent

#: What the citizen has to read. A source that cannot take it gets it by hand; anything else it can do without.
_MUST_REACH = frozenset(
    {
        OutboundAction.REPLY,
        OutboundAction.ASK_CITIZEN,
        OutboundAction.RESOLVE,
        OutboundAction.RETURN,
        OutboundAction.REFUSE,
    }
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A checked file of ours that goes with an answer; `content_hash` finds it in `core.filestore`."""

    name: str
    content_type: str
    content_hash: str
    size: int  # bytes


def enqueue(
    event: TicketEvent,
    *,
    action: OutboundAction,
    text: str,
    author: Official,
    at: datetime,
    due_at: datetime | None = None,
    deadline_at: datetime | None = None,
    files: Sequence[StoredFile] = (),
) -> None:
    """Write the messages for `event` and wake a worker after commit.

    `due_at` is a new deadline that the source is told; `deadline_at` the one that counted when the act was done. Files
    go to the sources that take files; what is entered by hand keeps them to be copied.
    """
    refs = ExternalRef.objects.filter(ticket=event.ticket_id).select_related("source")
    messages = []
    for ref in refs:
        state = first_state(ref.source, action)
        if state is None:
            continue
        messages.append(
            OutboxMessage(
                ticket_id=event.ticket_id,
                ref=ref,
                source=ref.source,
                event=event,
                action=action,
                text=text,
                author=author.display_name,
                done_at=at,
                due_at=due_at,
                deadline_at=deadline_at,
                key=uuid.uuid4().hex,
                state=state,
                reason_code="read_only" if state is DeliveryState.BY_HAND else "",
                next_attempt_at=at,
                created_at=at,
            )
        )
    OutboxMessage.objects.bulk_create(messages)
    OutboxFile.objects.bulk_create(
        OutboxFile(
            message=message,
            name=file.name[:300],
            content_type=file.content_type,
            content_hash=file.content_hash,
            size=file.size,
        )
        for message in messages
        for file in {file.content_hash: file for file in files}.values()
    )
    for source_id in {message.source_id for message in messages if message.state == DeliveryState.PENDING}:
        after_commit("inbox.outbox.tasks.dispatch_source", source_id)


def first_state(source: Source, action: OutboundAction) -> DeliveryState | None:
    """Where a message starts; None when this source need not hear of it."""
    if source.connector != MANUAL:
        capabilities = _capabilities(source)
        if capabilities is None or action in capabilities.pushes:
            return DeliveryState.PENDING
    return DeliveryState.BY_HAND if action in _MUST_REACH else None


def takes_files(source: Source) -> bool:
    """Whether files go along to this source. What is entered by hand keeps them to be copied."""
    capabilities = None if source.connector == MANUAL else _capabilities(source)
    return capabilities is None or capabilities.files or not capabilities.pushes


def _capabilities(source: Source) -> Capabilities | None:
    """What the source can take; None while its set-up is broken: the message then waits for that to be mended."""
    try:
        return build_connector(source).capabilities
    except ConfigError:
        return None
