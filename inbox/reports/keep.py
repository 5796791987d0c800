"""What becomes of finished files: fetched by whoever may have them today, deleted, or gone after a week."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.accounts.scope import Reach, reach_of
from inbox.core import clock, filestore
from inbox.core.errors import IllegalMove, NotFound
from inbox.reports import queries
from inbox.reports.formats import AREA, CONTENT_TYPES
from inbox.reports.models import Export, ExportDownload
from inbox.reports.vocabulary import UNFINISHED, ExportFormat, ExportState

#: A draft that nobody has written into for so long belongs to nobody.
ABANDONED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be handed out: what it is called says who made it and when."""

    path: Path
    name: str
    content_type: str


def fetch(key: uuid.UUID, *, actor: Official, at: datetime | None = None) -> Download:
    """One's own file, if one may still see everything in it. Every fetching is written down.

    Raises NotAllowed, NotFound (also when it has expired or holds what is no longer one's to see), IllegalMove while
    it is being made.
    """
    at = at or clock.now()
    export = queries.export(key, actor)
    if export.is_unfinished:
        raise IllegalMove("The file is not ready yet")
    path = filestore.path_of(export.content_hash, area=AREA)
    if not export.is_ready or export.expires_at is None or export.expires_at <= at or not path.exists():
        raise NotFound("The file is gone")
    if not reach_of(actor, permission=Permission.EXPORT).covers(Reach.of_facts(export.reach)):
        raise NotFound("The file holds what is not for this person")
    ExportDownload.objects.create(export=export, official=actor, at=at)
    return Download(path, name_of(export), CONTENT_TYPES[ExportFormat(export.format)])


def name_of(export: Export) -> str:
    """ "phieu-lanhdao-20261124-0915.csv"."""
    made = timezone.localtime(export.made_at or export.asked_at)
    return f"phieu-{export.asked_by.username}-{made:%Y%m%d-%H%M}.{export.format}"


def delete_export(key: uuid.UUID, *, actor: Official) -> Export:
    """Delete one's own file, or stop its making. The row stays as a record. Raises NotAllowed, NotFound."""
    export = queries.export(key, actor)
    Export.objects.filter(pk=export.pk).update(state=ExportState.DELETED, lease_owner="", lease_until=None)
    _drop(export)
    return export


def mark_seen(*, actor: Official, at: datetime | None = None) -> None:
    """The person looks at the list and sees what is ready."""
    Export.objects.filter(asked_by=actor, state=ExportState.DONE, seen_at=None).update(seen_at=at or clock.now())


def expire(at: datetime) -> int:
    """Delete what has had its week, and drafts that dead workers left behind. Returns how many files expired."""
    over = list(Export.objects.filter(state=ExportState.DONE, expires_at__lte=at))
    for export in over:
        Export.objects.filter(pk=export.pk, state=ExportState.DONE).update(state=ExportState.EXPIRED)
        _drop(export)
    owners = set(Export.objects.filter(state__in=list(UNFINISHED)).values_list("lease_owner", flat=True))
    for draft in filestore.draft_of("none", area=AREA).parent.iterdir():
        is_old = at.timestamp() - draft.stat().st_mtime > ABANDONED.total_seconds()
        if draft.is_file() and draft.name not in owners and is_old:
            draft.unlink(missing_ok=True)
    return len(over)


def _drop(export: Export) -> None:
    """The same content may belong to another export that is still there."""
    shared = Export.objects.filter(content_hash=export.content_hash, state=ExportState.DONE).exclude(pk=export.pk)
    if export.content_hash and not shared.exists():
        filestore.drop(export.content_hash, area=AREA)
