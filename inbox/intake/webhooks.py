"""Take in what a source pushes: check who sent it, keep it, wake a worker. Nothing is parsed while the sender waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from connectors.errors import ConfigError, Permanent
from connectors.records import Delivered
from inbox.core.errors import NotFound, Overloaded
from inbox.core.wake import after_commit
from inbox.sources.models import InboundPayload, PushedMessage, Source, payload_hash
from inbox.sources.runtime import build_connector
from inbox.sources.vocabulary import PayloadState

#: So many messages may wait for one source; more are the sender's to repeat.
LONGEST_QUEUE = 20_000
#: How long message ids are remembered. A repeat can only be newer than the signature's tolerance of minutes.
MEMORY = timedelta(days=7)
#: Seconds for which a process believes its own count of what waits. Counting a long queue for each message is dear.
RECOUNT = 1.0


def receive(slug: str, *, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
    """Keep a pushed message; False when it was a repeat. Once this returns, the message survives any crash.

    Raises NotFound when no such source pushes, AuthError when somebody else sent it, Overloaded when too many wait.
    """
    source = Source.objects.filter(slug=slug, is_enabled=True).first()
    if source is None:
        raise NotFound("No such source")
    try:
        delivered = build_connector(source).receive(headers, body, now=at)
    except (ConfigError, Permanent):
        raise NotFound("No such source") from None
    try:
        return _keep(source, delivered, at=at)
    except OperationalError as error:  # the database is busy or away: not kept, and the sender has to know
        raise Overloaded("The database cannot take the message now") from error


@transaction.atomic
def _keep(source: Source, delivered: Delivered, *, at: datetime) -> bool:
    _, is_new = PushedMessage.objects.get_or_create(
        source=source, message_id=delivered.message_id, defaults={"received_at": at}
    )
    if not is_new:
        return False
    waiting = InboundPayload.objects.filter(source=source, state=PayloadState.RECEIVED).order_by("pk")
    _queues.enter(source.pk)
    if not waiting.exists():  # otherwise somebody is reading already, or the next scheduled round will
        after_commit("inbox.intake.tasks.sync_source", source.pk, False, "push")
    InboundPayload.objects.bulk_create(
        [
            InboundPayload(
                source=source,
                external_id=delivered.item.external_id,
                content_hash=payload_hash(delivered.item.payload),
                body=dict(delivered.item.payload),
                received_at=at,
                state=PayloadState.RECEIVED,
            )
        ],
        ignore_conflicts=True,  # the very same content under another id says nothing new
    )
    return True


class _Queues:
    """How many messages wait for each source, as this process knows: counted now and then, and what it let in since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, tuple[int, float]] = {}  # source → how many wait, and when that was counted

    def enter(self, source_id: int) -> None:
        """One more. Raises Overloaded when too many wait; then and only then it is counted anew each time."""
        now = time.monotonic()
        with self._lock:
            waiting, counted = self._known.get(source_id, (LONGEST_QUEUE, 0.0))
            if waiting >= LONGEST_QUEUE or now - counted > RECOUNT:
                rows = InboundPayload.objects.filter(source_id=source_id, state=PayloadState.RECEIVED)
                waiting, counted = rows[:LONGEST_QUEUE].count(), now
            self._known[source_id] = (waiting + 1, counted)
        if waiting >= LONGEST_QUEUE:
            raise Overloaded("Too many messages wait to be read")


_queues = _Queues()


def forget(at: datetime) -> int:
    """Drop message ids that no sender repeats any more. Returns how many."""
    return PushedMessage.objects.filter(received_at__lt=at - MEMORY).delete()[0]
