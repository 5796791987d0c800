"""What became of tickets, derived from their rows, clocks and histories: the one place that says what each day means.

Derives; which tickets need it and which sums that changes is decided in `rollups`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone

from inbox.dashboards.metrics import step_of
from inbox.dashboards.models import TicketOutcome
from inbox.sla.calendar import WorkingCalendar
from inbox.sla.clock import merge_pauses
from inbox.sla.models import ClockKind, ClockState, SlaClock
from inbox.sla.queries import Calendars, clock_of
from inbox.sla.timers import WHILE_ENDED
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, Status

_JUDGED = frozenset({ClockState.MET, ClockState.BREACHED})
_ANSWERED = frozenset({Status.RESOLVED, Status.CLOSED})
_ENDS = frozenset(
    {
        EventKind.RESOLVED,
        EventKind.RETURNED,
        EventKind.REFUSED,
        EventKind.WITHDRAWN,
        EventKind.SOURCE_STATUS_CHANGED,
    }
)
#: What of a history outcomes depend on.
READ = (*_ENDS, EventKind.REOPENED, EventKind.TRANSFERRED, EventKind.ROUTED, EventKind.SOURCE_UPDATED)
_MINUTE = timedelta(minutes=1)
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Derived:
    """An outcome, and whether the ticket may have moved to other sums before it had one."""

    row: TicketOutcome
    has_moved: bool


def derive(ticket_ids: Collection[int], calendars: Calendars) -> list[Derived]:
    """The outcomes of tickets as they are now, unsaved. Four statements, however many tickets."""
    zone = timezone.get_default_timezone()
    events: dict[int, list[TicketEvent]] = {}
    read = TicketEvent.objects.filter(ticket__in=ticket_ids, kind__in=[kind.value for kind in READ])
    for event in read.order_by("ticket_id", "sequence").only("ticket_id", "kind", "at", "actor_id", "data"):
        events.setdefault(event.ticket_id, []).append(event)
    clocks = SlaClock.objects.order_by("round").prefetch_related("pauses")
    tickets = (
        Ticket.objects.filter(pk__in=ticket_ids)
        .only(
            *("version", "status", "is_open", "unit_id", "source_id", "assignee_id", "category", "urgency"),
            *("received_at", "resolved_at", "source_due_at", "updated_at"),
        )
        .prefetch_related(Prefetch("clocks", clocks))
    )
    return [_derived(ticket, events.get(ticket.pk, []), calendars, zone) for ticket in tickets]


def _derived(ticket: Ticket, events: Sequence[TicketEvent], calendars: Calendars, zone: tzinfo) -> Derived:
    clocks = list(ticket.clocks.all())
    accept = _last(clocks, ClockKind.ACCEPT)
    resolve = _last(clocks, ClockKind.RESOLVE)
    handed_over = [e.at for e in events if e.kind == EventKind.TRANSFERRED and e.data.get("before")]
    reopened = [e.at for e in events if e.kind == EventKind.REOPENED]
    returned = [e.at for e in events if e.kind == EventKind.RETURNED]
    row = TicketOutcome(
        ticket=ticket,
        version=ticket.version,
        unit_id=ticket.unit_id,
        source_id=ticket.source_id,
        official_id=ticket.assignee_id,
        category=ticket.category,
        urgency=ticket.urgency,
        received_day=_day(ticket.received_at, zone),
        reopened_day=_day(reopened[-1], zone) if reopened else None,
        transferred_day=_day(handed_over[-1], zone) if handed_over else None,
        returned_day=_day(returned[-1], zone) if returned and ticket.status == Status.RETURNED else None,
    )
    if accept is not None and accept.met_at is not None and accept.state in _JUDGED:
        row.accept_day, row.accept_on_time = _day(accept.met_at, zone), accept.state == ClockState.MET
    if not ticket.is_open:
        _end(row, ticket, events, resolve, zone)
    if ticket.resolved_at is not None and ticket.status in _ANSWERED:
        _resolve(row, ticket, events, resolve, calendars, got_at=max([ticket.received_at, *handed_over]), zone=zone)
    has_moved = (
        bool(handed_over)
        or any(e.kind in {EventKind.TRANSFERRED, EventKind.SOURCE_UPDATED} for e in events)
        or sum(e.kind == EventKind.ROUTED for e in events) > 1
    )
    return Derived(row, has_moved)


def _end(
    row: TicketOutcome, ticket: Ticket, events: Sequence[TicketEvent], resolve: SlaClock | None, zone: tzinfo
) -> None:
    """When an ended ticket ended, and whether its deadline had passed by then."""
    ends = [e.at for e in events if e.kind in _ENDS]
    ended = ticket.resolved_at or (ends[-1] if ends else ticket.received_at)
    row.ended_day = _day(ended, zone)
    dues = [due for due in (resolve.due_at if resolve else None, ticket.source_due_at) if due is not None]
    if dues and min(dues) < ended:
        row.late_day = _day(min(dues), zone)


def _resolve(
    row: TicketOutcome,
    ticket: Ticket,
    events: Sequence[TicketEvent],
    resolve: SlaClock | None,
    calendars: Calendars,
    *,
    got_at: datetime,
    zone: tzinfo,
) -> None:
    """The verdicts on an answer and how long it took."""
    resolved = ticket.resolved_at
    assert resolved is not None  # noqa: S101  the caller has looked
    row.resolved_day = _day(resolved, zone)
    if ticket.source_due_at is not None:
        row.source_on_time = resolved <= ticket.source_due_at
    if resolve is not None and resolve.state in _JUDGED:
        row.resolve_on_time = resolve.state == ClockState.MET
        row.late_elsewhere = not row.resolve_on_time and _came_late(resolve, calendars, got_at)
    calendar_id = resolve.calendar_id if resolve else calendars.default_id
    if calendar_id is None:
        return
    office = calendars.working(calendar_id)
    answer = next((e for e in reversed(events) if e.kind == EventKind.RESOLVED), None)
    row.is_outside_hours = answer is not None and answer.actor_id is not None and not office.is_open(resolved)
    since = min(ticket.received_at, resolved)
    pauses = list(resolve.pauses.all()) if resolve else []
    stopped = _worked(office, pauses, since, resolved)
    waited = _worked(office, [p for p in pauses if p.reason != WHILE_ENDED], since, resolved)
    row.handling_minutes = (office.between(since, resolved) - stopped) // _MINUTE
    row.handling_step = step_of(row.handling_minutes)
    row.paused_minutes = waited // _MINUTE


def _came_late(row: SlaClock, calendars: Calendars, got_at: datetime) -> bool:
    """Whether a missed deadline was used up elsewhere: the unit took no more than the whole time allowed."""
    clock = clock_of(row, row.pauses.all(), calendars)
    held = clock.elapsed(got_at)
    return held > _ZERO and row.met_at is not None and clock.elapsed(row.met_at) - held <= clock.elapsed(row.due_at)


def _worked(office: WorkingCalendar, pauses: Iterable[Any], since: datetime, until: datetime) -> timedelta:
    """Working time of the pauses that lies between two instants."""
    spans = merge_pauses([(p.from_at, p.to_at) for p in pauses], started_at=since, open_until=until)
    return sum((office.between(a, min(b, until)) for a, b in spans if a < until), _ZERO)


def _last(clocks: Sequence[SlaClock], kind: ClockKind) -> SlaClock | None:
    return next((row for row in reversed(clocks) if row.kind == kind), None)


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()
