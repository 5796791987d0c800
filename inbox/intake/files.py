"""Fetch the files of complaints from their sources: one at a time, outside any transaction, never believed.

What a file is, its content says, not its name or what the source calls it: see `core.filecheck`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F

from connectors.errors import AuthError, BadPayload, ConfigError, ConnectorError, Permanent
from inbox.core import clock, filestore
from inbox.core.filecheck import Refused, checked
from inbox.sources.runtime import askable, build_connector
from inbox.sources.vocabulary import MANUAL
from inbox.tickets.models import Attachment
from inbox.tickets.vocabulary import FileState

log = logging.getLogger(__name__)

#: One round; the next one takes the rest.
BATCH = 40
#: Longer than any download may take: a worker that died lets the file go after this.
CLAIM = timedelta(minutes=5)
MOST_ATTEMPTS = 8


def fetch_due(at: datetime) -> Counter[str]:
    """Fetch what is due by `at`. Returns how many files ended in which state."""
    totals: Counter[str] = Counter()
    away: set[int] = set()  # sources that failed in this round: the others do not wait for them
    for attachment in _claimed(at, away):
        state = _fetch(attachment)
        totals[state] += 1
        if state == FileState.WAITING:
            away.add(attachment.source_id)
    return totals


def _claimed(at: datetime, away: set[int]) -> Iterator[Attachment]:
    """Claim one file after the other by conditional UPDATE, oldest first."""
    for _ in range(BATCH):
        found = (
            Attachment.objects.filter(
                askable(at, prefix="source__"),
                state=FileState.WAITING,
                next_attempt_at__lte=at,
                source__is_enabled=True,
            )
            .exclude(source__connector=MANUAL)
            .exclude(source__in=away)
            .select_related("source")
            .order_by("next_attempt_at", "pk")
            .first()
        )
        if found is None:
            return
        claimed = Attachment.objects.filter(
            pk=found.pk, state=FileState.WAITING, attempts_made=found.attempts_made
        ).update(attempts_made=F("attempts_made") + 1, next_attempt_at=clock.now() + CLAIM)
        if claimed:
            found.attempts_made += 1
            yield found


def _fetch(attachment: Attachment) -> str:
    """Fetch one file and write down what became of it."""
    try:
        content = build_connector(attachment.source).download(attachment.url)
        media_type, content = checked(content)
        digest = filestore.keep(content)
    except Refused as refusal:
        return _refuse(attachment, refusal.code)
    except (Permanent, BadPayload) as error:
        return _refuse(attachment, error.code)
    except (ConnectorError, OSError) as error:
        return _try_later(attachment, error)
    Attachment.objects.filter(pk=attachment.pk).update(
        state=FileState.STORED,
        reason_code="",
        content_hash=digest,
        content_type=media_type,
        size=len(content),
        next_attempt_at=None,
    )
    return FileState.STORED


def _refuse(attachment: Attachment, code: str) -> str:
    Attachment.objects.filter(pk=attachment.pk).update(
        state=FileState.REFUSED, reason_code=code[:50], next_attempt_at=None
    )
    return FileState.REFUSED


def _try_later(attachment: Attachment, error: ConnectorError | OSError) -> str:
    """The source or the disk fails now: try again, further and further apart; give up in the end, with the reason."""
    code = error.code if isinstance(error, ConnectorError) else "disk"
    if attachment.attempts_made >= MOST_ATTEMPTS and not isinstance(error, AuthError | ConfigError | OSError):
        return _refuse(attachment, code)
    wait = timedelta(minutes=1) * 2 ** min(attachment.attempts_made, 7)
    Attachment.objects.filter(pk=attachment.pk).update(reason_code=code[:50], next_attempt_at=clock.now() + wait)
    return FileState.WAITING
