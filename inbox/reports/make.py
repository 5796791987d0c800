"""Making the files that were asked for: claimed by lease, written batch by batch, gone on with after a crash.

A batch is on the disk before its progress is stored, and progress is stored only by whoever holds the lease. A worker
that was only slow, and has lost its lease, writes into a draft that nobody looks at any more.
"""

from __future__ import annotations

import logging
import shutil
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.accounts.scope import reach_of
from inbox.core import clock, filestore
from inbox.core.errors import Invalid, NotAllowed
from inbox.core.heartbeat import beat
from inbox.notify.letters import write_letter
from inbox.reports.columns import ticket_columns
from inbox.reports.formats import AREA, RowFile, opened
from inbox.reports.models import Export
from inbox.reports.queries import narrowed, query_of
from inbox.reports.vocabulary import ExportFormat, ExportState, Problem
from inbox.reports.wording import about_of
from inbox.tickets.models import Ticket

log = logging.getLogger(__name__)

#: Longer than one batch may take: who holds an export after this has died.
LEASE = timedelta(seconds=90)
#: Attempts without getting any further.
MOST_ATTEMPTS = 5
#: How long a file is there to be fetched.
LIFETIME = timedelta(days=7)
#: Who had to wait as long as this is told by letter; others are still looking at the page.
WORTH_A_LETTER = timedelta(minutes=1)


class _Lost(Exception):
    """Somebody else is at it."""


def make_waiting() -> int:
    """Make everything that waits, and what a worker left behind that has died. Returns how many became ready."""
    ready = 0
    while (export := _claimed(clock.now())) is not None:
        ready += _make(export)
    beat("make_exports", clock.now())
    return ready


def _claimed(at: datetime) -> Export | None:
    free = Q(state=ExportState.WAITING) | Q(state=ExportState.RUNNING, lease_until__lt=at)
    for export in Export.objects.filter(free).select_related("asked_by").order_by("pk")[:20]:
        owner = uuid.uuid4().hex
        before = export.lease_owner
        taken = Export.objects.filter(free, pk=export.pk, lease_owner=before).update(
            state=ExportState.RUNNING, lease_owner=owner, lease_until=at + LEASE, attempts=F("attempts") + 1
        )
        if not taken:
            continue
        export.lease_owner, export.attempts = owner, export.attempts + 1
        if export.attempts > MOST_ATTEMPTS:
            _fail(export, Problem.GAVE_UP)
            continue
        if export.draft_size:
            _take_over(export, before)
        return export
    return None


def _take_over(export: Export, before: str) -> None:
    """Go on with a copy: the other worker may live and still write into its own."""
    theirs = _draft(before)
    try:
        with theirs.open("rb") as draft, _draft(export.lease_owner).open("wb") as ours:
            shutil.copyfileobj(draft, ours, 1024 * 1024)
        whole = _draft(export.lease_owner).stat().st_size >= export.draft_size
    except FileNotFoundError:
        whole = False
    theirs.unlink(missing_ok=True)
    if not whole:
        export.draft_size = export.last_key = export.rows = 0


def _make(export: Export) -> bool:
    """One export, to its end or to its failure; says whether it is ready."""
    draft = _draft(export.lease_owner)
    try:
        _write(export, draft)
        return _finish(export, draft)
    except _Lost:
        log.warning("export %s is with another worker", export.pk)
    except (NotAllowed, Invalid) as error:
        _fail(export, Problem.NOT_ALLOWED if isinstance(error, NotAllowed) else Problem.INVALID)
    except OSError as error:
        log.error("export %s: %s", export.pk, type(error).__name__, exc_info=error)
        _fail(export, Problem.DISK)
    except SoftTimeLimitExceeded:
        raise  # out of time, not at fault: the next worker goes on when the lease is over
    except Exception as error:
        log.error("export %s: unexpected %s", export.pk, type(error).__name__, exc_info=error)
        _fail(export, Problem.FAULT)
    draft.unlink(missing_ok=True)
    return False


def _write(export: Export, draft: Path) -> None:
    """All batches that are left. What the person may see is asked anew."""
    official = Official.objects.get(pk=export.asked_by_id)
    reach = reach_of(official, permission=Permission.EXPORT)
    tickets = narrowed(query_of(export.parameters), official=official, at=export.asked_at)
    file = opened(
        ExportFormat(export.format),
        draft,
        ticket_columns(export.asked_at),
        about_of(export, official=official, reach=reach),
        with_mark=export.with_mark,
        resume_at=export.draft_size,
    )
    try:
        if not export.draft_size:
            export.last_key = export.rows = 0
        _store(export, reach=reach.facts())
        while (batch := next_batch(tickets, export.last_key, file)) is not None:
            last, rows = batch
            export.rows += file.add(rows)
            export.last_key = last
            export.draft_size = file.flush()
            if export.draft_size:
                export.attempts = 1  # it gets on, however often it is interrupted
            _store(export)
    finally:
        file.close()


def next_batch(tickets: QuerySet[Ticket], after: int, file: RowFile) -> tuple[int, QuerySet[Ticket]] | None:
    """The tickets of the next batch and the last key among them; None at the end."""
    left = tickets.filter(pk__gt=after)
    keys = left.order_by("pk").values_list("pk", flat=True)
    last = keys[file.batch - 1 : file.batch].first() or left.order_by("-pk").values_list("pk", flat=True).first()
    return None if last is None else (last, left.filter(pk__lte=last).order_by("pk"))


def _store(export: Export, **more: object) -> None:
    """Progress, and the lease anew. Raises _Lost."""
    kept = Export.objects.filter(pk=export.pk, lease_owner=export.lease_owner, state=ExportState.RUNNING).update(
        rows=export.rows,
        last_key=export.last_key,
        draft_size=export.draft_size,
        attempts=export.attempts,
        lease_until=clock.now() + LEASE,
        **more,
    )
    if not kept:
        raise _Lost


def _finish(export: Export, draft: Path) -> bool:
    digest, size = filestore.adopt(draft, area=AREA)
    now = clock.now()
    done = Export.objects.filter(pk=export.pk, lease_owner=export.lease_owner, state=ExportState.RUNNING).update(
        state=ExportState.DONE,
        content_hash=digest,
        size=size,
        made_at=now,
        expires_at=now + LIFETIME,
        lease_owner="",
        lease_until=None,
        draft_size=0,
    )
    if not done:
        return False  # deleted meanwhile, or with another worker; `expire` finds files that belong to nobody
    if now - export.asked_at >= WORTH_A_LETTER:
        _tell(export, now)
    return True


def _fail(export: Export, problem: Problem) -> None:
    Export.objects.filter(pk=export.pk, lease_owner=export.lease_owner, state=ExportState.RUNNING).update(
        state=ExportState.FAILED, error_code=problem, lease_owner="", lease_until=None, draft_size=0
    )


def _tell(export: Export, at: datetime) -> None:
    """Of a file that took long: once, by letter."""
    write_letter(
        export.asked_by,
        key=f"export:{export.key}",
        data={"about": "export_ready", "rows": export.rows, "path": reverse("exports")},
        at=at,
    )


def _draft(owner: str) -> Path:
    return filestore.draft_of(owner or "none", area=AREA)
