"""Warn before deadlines and notice missed ones: each level once per clock and due date, in order, also after downtime.

Rows that somebody is acting on are skipped and taken in the next round, so nobody is called late whose act was in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from inbox.core.bulk import insert_missing, set_column
from inbox.core.heartbeat import beat
from inbox.sla import timers
from inbox.sla.models import ClockState, Escalation, Level, PolicyLevel, SlaClock
from inbox.sla.queries import Calendars
from inbox.tickets.events import NewEvent, record_alike, record_many
from inbox.tickets.vocabulary import EventKind

BATCH = 2000


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many clocks reached a level in this round."""

    resumed: int
    due_soon: int
    overdue: int
    escalated: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One level: which clocks reach it, where that is marked, what the history says, and which mark comes before."""

    level: Level
    moment: str
    mark: str
    kind: EventKind
    after: str = ""


_STEPS = (
    _Step(Level.WARN, "warn_at", "warned_at", EventKind.DUE_SOON),
    _Step(Level.DUE, "due_at", "breached_at", EventKind.BECAME_OVERDUE, after="warned_at"),
    _Step(Level.LATE, "late_at", "escalated_at", EventKind.ESCALATED, after="breached_at"),
)


def sweep(at: datetime) -> SweepResult:
    """Do what is due at `at`; a second sweep at the same instant, or at the same time, finds nothing to do."""
    resumed = _end_long_pauses(at)
    due_soon, overdue, escalated = (_reach(step, at) for step in _STEPS)
    beat("sla_sweep", at)
    return SweepResult(resumed, due_soon, overdue, escalated)


def _reach(step: _Step, at: datetime) -> int:
    """Take the clocks that have reached a level, a batch per transaction. Exactly due is not overdue."""
    reached_by = "lte" if step.level is Level.WARN else "lt"
    clocks = (
        SlaClock.objects.running()
        .filter(**{f"{step.moment}__{reached_by}": at, step.mark: None})
        .order_by(step.moment, "pk")
    )
    if step.after:  # with many sweepers another one may still be at the level before
        clocks = clocks.exclude(**{step.after: None})
    told = _who_is_told(step.level)
    reached = 0
    while batch := _mark(clocks, step, told, at):
        reached += batch
    return reached


def _who_is_told(level: Level) -> dict[int, list[str]]:
    """By policy."""
    told: dict[int, list[str]] = {}
    for policy_id, role in PolicyLevel.objects.filter(level=level).order_by("pk").values_list("policy_id", "tells"):
        told.setdefault(policy_id, []).append(role)
    return told


@transaction.atomic
def _mark(clocks: QuerySet[SlaClock], step: _Step, told: dict[int, list[str]], at: datetime) -> int:
    """One batch: at most one clock of a ticket, because one event follows the other in its history."""
    # Naming a column of the ticket joins it, and with the clocks the tickets are locked; what others hold is skipped.
    columns = clocks.values_list("ticket_id", "pk", "kind", "due_at", "policy_id", "ticket__is_open")
    rows: dict[int, _Reached] = {}
    for ticket, pk, kind, due_at, policy, _ in columns.select_for_update(skip_locked=True)[:BATCH]:
        rows.setdefault(ticket, _Reached(pk, kind, due_at, policy))
    if not rows:
        return 0
    set_column(SlaClock, [row.pk for row in rows.values()], step.mark, at)
    fresh = insert_missing(  # without clocks whose due date moved away and came back: of that one people have heard
        Escalation,
        ["clock", "due_at"],
        [(row.pk, row.due_at) for row in rows.values()],
        {"level": step.level.value, "reached_at": at},
    )
    record_alike(
        step.kind,
        at,
        {
            ticket: {"clock": row.kind, "due_at": row.due_at.isoformat(), "tells": told.get(row.policy_id, [])}
            for ticket, row in rows.items()
            if row.pk in fresh
        },
    )
    return len(rows)


class _Reached(NamedTuple):
    """A clock that has reached a level."""

    pk: int
    kind: str
    due_at: datetime
    policy_id: int


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
    record_many(NewEvent(row.ticket_id, EventKind.PAUSE_ENDED, at, {"clock": row.kind}) for row in rows)
    return len(rows)
