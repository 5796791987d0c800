"""Reading bulk jobs: one's own, with how far they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from inbox.accounts.models import Official
from inbox.bulk.models import BulkItem, BulkJob
from inbox.bulk.vocabulary import ItemState
from inbox.core.errors import NotFound

#: As many tickets as are listed by name; the rest is a number.
LISTED = 200
_LISTED_COLUMNS = ("job", "state", "reason_code", "reason_detail", "ticket__title")


@dataclass(frozen=True, slots=True)
class Progress:
    """A job with the number of its tickets in each state, and the tickets to show: those that failed first."""

    job: BulkJob
    counts: Counter[str]
    failed: list[BulkItem]
    done: list[BulkItem]
    undoable_until: datetime | None

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def dealt_with(self) -> int:
        return self.total - self.counts[ItemState.WAITING]

    @property
    def percent(self) -> int:
        return 100 * self.dealt_with // self.total if self.total else 100


def job_of(pk: int, official: Official) -> BulkJob:
    """A job of this person. Raises NotFound."""
    found = BulkJob.objects.filter(pk=pk, owner=official).first()
    if found is None:
        raise NotFound("No such job")
    return found


def progress(pk: int, official: Official) -> Progress:
    """How far a job of this person is. Raises NotFound."""
    job = job_of(pk, official)
    items = (
        job.items.select_related("ticket")
        .defer("ticket__text", "ticket__search_key", "ticket__answer_key")
        .order_by("pk")
    )
    counted = job.items.order_by().values_list("state").annotate(number=Count("pk"))
    oldest = job.items.filter(state=ItemState.DONE, step__isnull=False).order_by("step__until").first()
    return Progress(
        job=job,
        counts=Counter(dict(counted)),
        failed=list(items.filter(state=ItemState.FAILED)[:LISTED]),
        done=list(items.filter(state__in=[ItemState.DONE, ItemState.UNDONE])[:LISTED]),
        undoable_until=oldest.step.until if oldest and oldest.step else None,
    )


def unfinished() -> list[int]:
    """Jobs that still have tickets to deal with, oldest first."""
    return list(BulkJob.objects.filter(finished_at__isnull=True).order_by("pk").values_list("pk", flat=True))
