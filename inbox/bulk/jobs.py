"""One act on many tickets: each through its own action, with its own permission and version, and its own result.

A ticket's result is stored in the transaction of its act, so a job that is cut off goes on where it stopped and does
nothing twice. Whoever works on a job holds its lease; a job that nobody holds is gone on with by the next worker.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.actions.registry import inputs, perform_undoably
from inbox.actions.undo import UNDO_BULK_FOR, undo
from inbox.bulk.models import BulkItem, BulkJob
from inbox.bulk.queries import job_of, unfinished
from inbox.bulk.vocabulary import BULK_VERBS, MOST, ItemState
from inbox.core import clock
from inbox.core.errors import InboxError, Invalid
from inbox.core.wake import after_commit
from inbox.tickets.queries import visible_keys
from inbox.tickets.vocabulary import Verb

#: Renewed with each batch; far longer than one takes.
LEASE = timedelta(seconds=30)
BATCH = 20
#: What the person who asks waits for at most; the rest is done by a worker.
AT_ONCE = timedelta(seconds=1.5)


def start_job(verb: Verb, tickets: Sequence[tuple[int, int]], *, actor: Official, data: Mapping[str, Any]) -> BulkJob:
    """Store what is asked for `tickets`, pairs of key and version seen. Raises Invalid; does nothing yet.

    Tickets that are not for this person fail one by one like those that never existed, so they are not stored at all.
    """
    if verb not in BULK_VERBS:
        raise Invalid("This is done one ticket at a time", field="verb")
    inputs(verb, data)
    wanted = dict(tickets)
    if not 0 < len(wanted) <= MOST:
        raise Invalid(f"Choose between 1 and {MOST} tickets", field="ticket")
    visible = visible_keys(wanted, actor)
    if not visible:
        raise Invalid(f"Choose between 1 and {MOST} tickets", field="ticket")
    with transaction.atomic():
        job = BulkJob.objects.create(owner=actor, verb=verb, data=dict(data), created_at=clock.now())
        BulkItem.objects.bulk_create(
            [BulkItem(job=job, ticket_id=pk, version=version) for pk, version in wanted.items() if pk in visible]
        )
    return job


def run_job(pk: int, *, budget: timedelta | None = None) -> bool:
    """Go on with a job until it is finished or `budget` is used up; says whether it is finished.

    Returns at once when somebody else is at it. What is left is handed to a worker.
    """
    owner, ends = uuid.uuid4().hex, None if budget is None else time.monotonic() + budget.total_seconds()
    while _hold(pk, owner):
        if not _batch(pk, owner, ends):
            BulkJob.objects.filter(pk=pk, lease_owner=owner).update(finished_at=clock.now(), lease_until=None)
            return True
        if ends is not None and time.monotonic() >= ends:
            BulkJob.objects.filter(pk=pk, lease_owner=owner).update(lease_until=None)
            after_commit("inbox.bulk.tasks.go_on", pk)
            return False
    return not BulkJob.objects.filter(pk=pk, finished_at__isnull=True).exists()


def run_unfinished() -> None:
    """Go on with every job that nobody is at."""
    for pk in unfinished():
        run_job(pk)


def undo_job(pk: int, *, actor: Official) -> tuple[int, int]:
    """Undo what can still be undone; returns how many tickets were, and how many were not. Raises NotFound."""
    job = job_of(pk, actor)
    undone = kept = 0
    done = job.items.filter(state=ItemState.DONE, step__isnull=False).order_by("-pk")
    for pk, step_id in done.values_list("pk", "step"):
        try:
            with transaction.atomic():
                undo(step_id, actor=actor)
                BulkItem.objects.filter(pk=pk).update(state=ItemState.UNDONE)
            undone += 1
        except InboxError:
            kept += 1
    return undone, kept


def _hold(pk: int, owner: str) -> bool:
    """Take or renew the lease; False when the job is finished or somebody else's."""
    now = clock.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now) | Q(lease_owner=owner)
    held = BulkJob.objects.filter(free, pk=pk, finished_at__isnull=True)
    return bool(held.update(lease_owner=owner, lease_until=now + LEASE))


def _batch(pk: int, owner: str, ends: float | None) -> bool:
    """Deal with the next tickets; False when there are none."""
    job = BulkJob.objects.select_related("owner").get(pk=pk)
    items = list(job.items.filter(state=ItemState.WAITING).order_by("pk")[:BATCH])
    for item in items:
        _deal_with(item, job)
        if ends is not None and time.monotonic() >= ends:
            break
    return bool(items)


def _deal_with(item: BulkItem, job: BulkJob) -> None:
    try:
        with transaction.atomic():
            waiting = BulkItem.objects.select_for_update().filter(pk=item.pk, state=ItemState.WAITING)
            if waiting.first() is None:
                return  # somebody who took our lease for dead was faster
            _, step = perform_undoably(
                Verb(job.verb),
                item.ticket_id,
                actor=job.owner,
                data=job.data,
                version=item.version,
                within=UNDO_BULK_FOR,
            )
            BulkItem.objects.filter(pk=item.pk).update(state=ItemState.DONE, step=step)
    except InboxError as error:
        detail = str(error) if isinstance(error, Invalid) else ""
        BulkItem.objects.filter(pk=item.pk).update(
            state=ItemState.FAILED, reason_code=error.code, reason_detail=detail[:200]
        )
