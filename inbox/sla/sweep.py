"""Warn before deadlines and notice missed ones: each level once per clock and due date, in order, also after downtime.

Rows that somebody is acting on are skipped and taken in the next round, so nobody is called late whose act was in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from inbox.core.heartbeat import beat
from inbox.sla import timers
from inbox.sla.models import ClockState, SlaClock
from inbox.sla.queries import Calendars
from inbox.tickets.events import NewEvent, record_many
from inbox.tickets.vocabulary import EventKind

BATCH = 1000


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many clocks reached a level in this round."""

    resumed: int
    due_soon: int
    overdue: int


def sweep(at: datetime) -> SweepResult:
    """Do what is due at `at`; a second sweep at the same instant, or at the same time, finds nothing to do."""
    running = SlaClock.objects.running()
    soon = running.filter(warned_at=None, warn_at__lte=at).order_by("warn_at", "pk")
    late = running.filter(breached_at=None, due_at__lt=at).order_by("due_at", "pk")
    result = SweepResult(
        resumed=_end_long_pauses(at),
        due_soon=_reach(soon, "warned_at", EventKind.DUE_SOON, at),
        overdue=_reach(late, "breached_at", EventKind.BECAME_OVERDUE, at),
    )
    beat("sla_sweep", at)
    return result


def _reach(clocks: QuerySet[SlaClock], column: str, kind: EventKind, at: datetime) -> int:
    """Mark the clocks and record the event of their level, a batch per transaction."""
    reached = 0
    while batch := _mark(clocks, column, kind, at):
        reached += batch
    return reached


@transaction.atomic
def _mark(clocks: QuerySet[SlaClock], column: str, kind: EventKind, at: datetime) -> int:
    rows = _locked(clocks.only("kind", "due_at", "ticket__id"))
    SlaClock.objects.filter(pk__in=[row.pk for row in rows]).update(**{column: at})
    record_many(
        NewEvent(row.ticket_id, kind, at, {"clock": row.kind, "due_at": row.due_at.isoformat()}) for row in rows
    )
    return len(rows)


def _locked(clocks: QuerySet[SlaClock]) -> Sequence[SlaClock]:
    """A batch of rows with their tickets, locked; without those that somebody else holds."""
    return list(clocks.select_related("ticket").select_for_update(of=("self", "ticket"), skip_locked=True)[:BATCH])


def _end_long_pauses(at: datetime) -> int:
    """Let clocks run on whose pause has lasted as long as the policy allows."""
    ended = 0
    expired = SlaClock.objects.filter(
        state=ClockState.PAUSED, pauses__to_at=None, pauses__until__lte=at
    ).select_related("policy")
    while batch := _run_on(expired, at):
        ended += batch
    return ended


@transaction.atomic
def _run_on(expired: QuerySet[SlaClock], at: datetime) -> int:
    rows = _locked(expired.order_by("pk"))
    if not rows:
        return 0
    calendars = Calendars()
    for row in rows:
        timers.run_on(row, calendars, at=at)
    timers.refresh_next_due(row.ticket_id for row in rows)
    record_many(
        NewEvent(row.ticket_id, EventKind.RESUMED, at, {"clock": row.kind, "because": "longest_pause"}) for row in rows
    )
    return len(rows)
