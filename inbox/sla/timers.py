"""Start, stop and move the clocks of tickets. Called by actions inside their transaction, on a locked ticket.

Whether a promise was kept is decided here, at the instant of the act, and never again. Nothing here decides what a
ticket's status is; `next_due_at` says what to store on the ticket after a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from inbox.core.errors import Invalid
from inbox.sla.clock import Clock
from inbox.sla.models import ClockKind, ClockPause, ClockState, SlaClock, SlaClockQuerySet, SlaPolicy, Urgency
from inbox.sla.queries import Calendars, clock_of
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import WAITING, Status

ZERO = timedelta(0)
BY_SOURCE = "Theo trạng thái của nguồn"
WHILE_ENDED = "Thời gian phiếu đã kết thúc"

#: What outweighs what when several policies fit. An urgent complaint stays urgent in a ward with its own terms.
_WEIGHTS = (("urgency", 16), ("unit_id", 8), ("category", 4), ("source_slug", 2), ("connector", 1))
#: Columns that `reckon` sets.
MOVED = ["due_at", "warn_at", "warned_at", "breached_at"]


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What decides which policy holds, and from when its clocks count."""

    connector: str
    source_slug: str
    category: str
    urgent: bool
    unit_id: int | None
    started_at: datetime


def facts_of(ticket: Ticket, source: Source) -> TicketFacts:
    """The facts of a ticket, saved or not."""
    return TicketFacts(
        connector=source.connector,
        source_slug=source.slug,
        category=ticket.category,
        urgent=ticket.urgency == Urgency.URGENT,
        unit_id=ticket.unit_id,
        started_at=ticket.clock_from,
    )


# --- Policies ---------------------------------------------------------------------------------------------------------


def choose_policy(facts: TicketFacts, policies: Iterable[SlaPolicy]) -> SlaPolicy | None:
    """The most specific policy in force when the clocks start; the newest among equals. None is a possible answer."""
    on = timezone.localdate(facts.started_at)
    return max((p for p in policies if _fits(p, facts, on)), key=_rank, default=None)


def _fits(policy: SlaPolicy, facts: TicketFacts, on: date) -> bool:
    urgency = Urgency.URGENT if facts.urgent else Urgency.NORMAL
    return (
        policy.valid_from <= on
        and (policy.valid_to is None or on < policy.valid_to)
        and policy.connector in {"", facts.connector}
        and policy.source_slug in {"", facts.source_slug}
        and policy.category in {"", facts.category}
        and policy.urgency in {"", urgency}
        and policy.unit_id in {None, facts.unit_id}
    )


def _rank(policy: SlaPolicy) -> tuple[int, date, int, int]:
    weight = sum(weight for field, weight in _WEIGHTS if getattr(policy, field))
    return weight, policy.valid_from, policy.version, policy.pk


# --- New tickets ------------------------------------------------------------------------------------------------------


def new_clocks(facts: Sequence[TicketFacts]) -> list[list[SlaClock]]:
    """The clocks of new tickets, unsaved and without their ticket; an empty list where no policy holds.

    Policies and calendars are read once for the batch.
    """
    policies = list(SlaPolicy.objects.all())
    calendars = Calendars()
    return [_clocks_for(choose_policy(one, policies), one.started_at, calendars) for one in facts]


def _clocks_for(policy: SlaPolicy | None, started_at: datetime, calendars: Calendars) -> list[SlaClock]:
    if policy is None:
        return []
    return [_new_clock(policy, kind, started_at, calendars) for kind in ClockKind]


def _new_clock(policy: SlaPolicy, kind: ClockKind, started_at: datetime, calendars: Calendars) -> SlaClock:
    accept = kind is ClockKind.ACCEPT
    row = SlaClock(
        kind=kind,
        policy=policy,
        calendar_id=policy.calendar_id,
        target_amount=policy.accept_amount if accept else policy.resolve_amount,
        target_unit=policy.accept_unit if accept else policy.resolve_unit,
        started_at=started_at,
    )
    reckon(row, (), calendars)
    return row


def settle_imported(clocks: Sequence[SlaClock], ticket: Ticket) -> None:
    """Bring the unsaved clocks of a ticket to where its source already is."""
    for row in clocks:
        if ticket.status in {Status.RESOLVED, Status.CLOSED}:
            done_at = ticket.accepted_at if row.kind == ClockKind.ACCEPT else ticket.resolved_at
            _judge(row, done_at or ticket.received_at)
        elif not ticket.is_open:
            row.state, row.paused_at = ClockState.CANCELLED, ticket.received_at
        elif row.kind == ClockKind.ACCEPT and ticket.accepted_at is not None:
            _judge(row, ticket.accepted_at)
        elif row.kind == ClockKind.RESOLVE and ticket.status in WAITING:
            since = max(ticket.accepted_at or ticket.received_at, row.started_at)
            if since < row.due_at:
                row.state, row.paused_at = ClockState.PAUSED, since


def save_new(clocks: Sequence[Sequence[SlaClock]], tickets: Sequence[Ticket]) -> None:
    """Store the clocks of tickets that have just been stored, in the same order."""
    for own, ticket in zip(clocks, tickets, strict=True):
        for row in own:
            row.ticket = ticket
    rows = SlaClock.objects.bulk_create(row for own in clocks for row in own)
    paused = [(row, row.paused_at) for row in rows if row.state == ClockState.PAUSED and row.paused_at]
    if paused:
        calendars = Calendars()
        ClockPause.objects.bulk_create(_new_pause(row, calendars, since=at, reason=BY_SOURCE) for row, at in paused)


def earliest_due(clocks: Iterable[SlaClock], ticket: Ticket) -> datetime | None:
    """The earliest deadline that counts now: the running clocks' and the source's own. None for an ended ticket."""
    if not ticket.is_open:
        return None
    dues = [row.due_at for row in clocks if row.state == ClockState.RUNNING]
    if ticket.source_due_at is not None:
        dues.append(ticket.source_due_at)
    return min(dues, default=None)


def next_due_at(ticket: Ticket) -> datetime | None:
    """What `Ticket.next_due_at` has to be now."""
    return earliest_due(SlaClock.objects.running().filter(ticket=ticket), ticket)


def refresh_next_due(ticket_ids: Iterable[int]) -> None:
    """Store the next deadline on tickets whose clocks moved without an act of a person."""
    tickets = Ticket.objects.filter(pk__in=set(ticket_ids)).only("pk", "is_open", "source_due_at", "next_due_at")
    running: dict[int, list[SlaClock]] = {}
    for row in SlaClock.objects.running().filter(ticket__in=tickets):
        running.setdefault(row.ticket_id, []).append(row)
    moved = []
    for ticket in tickets:
        due = earliest_due(running.get(ticket.pk, ()), ticket)
        if due != ticket.next_due_at:
            ticket.next_due_at = due
            moved.append(ticket)
    Ticket.objects.bulk_update(moved, ["next_due_at"], batch_size=500)


# --- Acts -------------------------------------------------------------------------------------------------------------


def meet(ticket: Ticket, kind: str, *, at: datetime) -> None:
    """The promise is kept at `at`, on time or late. Resolving keeps the promise to accept as well."""
    kinds = [ClockKind.ACCEPT] if kind == ClockKind.ACCEPT else list(ClockKind)
    calendars = Calendars()
    for row in _open(ticket).filter(kind__in=kinds):
        _end_pause(row, calendars, at=at)
        _judge(row, at)
        row.save(update_fields=["state", "met_at", "paused_at", *MOVED])


def pause(ticket: Ticket, *, at: datetime, reason: str) -> None:
    """Stop the resolve clock. A clock that is late already goes on: waiting does not undo lateness."""
    calendars = Calendars()
    for row in SlaClock.objects.running().filter(ticket=ticket, kind=ClockKind.RESOLVE).select_related("policy"):
        if at >= row.due_at:
            continue
        since = max(at, row.started_at)
        row.state, row.paused_at = ClockState.PAUSED, since
        row.save(update_fields=["state", "paused_at"])
        _new_pause(row, calendars, since=since, reason=reason).save()


def resume(ticket: Ticket, *, at: datetime) -> None:
    """Let the resolve clock run on; its due date moves by the working time that it stood still."""
    calendars = Calendars()
    for row in _open(ticket).filter(state=ClockState.PAUSED):
        run_on(row, calendars, at=at)


def run_on(row: SlaClock, calendars: Calendars, *, at: datetime) -> None:
    """End the pause of one clock at `at`, or where its longest length ended before, and store it."""
    _end_pause(row, calendars, at=at)
    row.state = ClockState.RUNNING
    row.save(update_fields=["state", "paused_at", *MOVED])


def reopen(ticket: Ticket, *, at: datetime) -> None:
    """A new round of the resolve clock that goes on where the last one stopped; the verdict on that one stays."""
    last = SlaClock.objects.filter(ticket=ticket, kind=ClockKind.RESOLVE).order_by("-round").first()
    if last is None or last.state in {ClockState.RUNNING, ClockState.PAUSED}:
        return
    spans = [(p.from_at, p.until, p.to_at, p.reason) for p in last.pauses.all()]
    stopped = last.met_at or last.paused_at
    if stopped is not None and stopped < at:
        spans.append((stopped, at, at, WHILE_ENDED))
    row = _next_round(last)
    row.started_at, row.extension = last.started_at, last.extension
    pauses = [ClockPause(clock=row, from_at=a, until=b, to_at=c, reason=why) for a, b, c, why in spans]
    reckon(row, pauses, Calendars())
    row.save()
    ClockPause.objects.bulk_create(pauses)


def cancel(ticket: Ticket, *, at: datetime) -> None:
    """The ticket ended without the promise being due any more: returned, refused, withdrawn."""
    calendars = Calendars()
    for row in _open(ticket):
        _end_pause(row, calendars, at=at)
        row.state, row.paused_at = ClockState.CANCELLED, at
        row.save(update_fields=["state", "paused_at", *MOVED])


def restart_for_unit(ticket: Ticket, *, at: datetime) -> None:
    """The ticket has a new unit: its accept clock starts anew, its resolve clock goes on.

    A ticket that had no clocks, because no policy held without its unit, gets those that hold now.
    """
    resume(ticket, at=at)
    facts = facts_of(ticket, ticket.source)
    policy = choose_policy(facts, SlaPolicy.objects.all())
    _open(ticket).filter(kind=ClockKind.ACCEPT).update(state=ClockState.CANCELLED, paused_at=at)
    if policy is None:
        return
    calendars = Calendars()
    rounds = {row.kind: row.round for row in SlaClock.objects.filter(ticket=ticket).order_by("round")}
    accept = _new_clock(policy, ClockKind.ACCEPT, at, calendars)
    accept.ticket, accept.round = ticket, rounds.get(ClockKind.ACCEPT, 0) + 1
    accept.save()
    if ClockKind.RESOLVE not in rounds:
        resolve = _new_clock(policy, ClockKind.RESOLVE, facts.started_at, calendars)
        resolve.ticket = ticket
        resolve.save()


def extend(ticket: Ticket, *, until: datetime) -> datetime:
    """Move the due date of the resolve clock to `until` at the latest; returns the new one.

    Raises Invalid when no clock runs or no working time lies between the old due date and `until`.
    """
    row = SlaClock.objects.running().filter(ticket=ticket, kind=ClockKind.RESOLVE).first()
    if row is None:
        raise Invalid("No deadline is running", field="until")
    calendars = Calendars()
    counting = calendars.counting(row.calendar_id, row.target_unit)
    more = counting.between(row.due_at, until) if until > row.due_at else ZERO
    if not more:
        raise Invalid("This must be later than the deadline, in working time", field="until")
    row.extension += more
    reckon(row, row.pauses.all(), calendars)
    row.save(update_fields=["extension", *MOVED])
    return row.due_at


def follow_status(ticket: Ticket, *, at: datetime) -> None:
    """The source moved the ticket: do to its clocks what the same act here would have done."""
    if ticket.status in {Status.RESOLVED, Status.CLOSED}:
        meet(ticket, ClockKind.RESOLVE, at=at)
    elif not ticket.is_open:
        cancel(ticket, at=at)
    elif ticket.status != Status.NEW:
        meet(ticket, ClockKind.ACCEPT, at=at)
        if ticket.status in WAITING:
            pause(ticket, at=at, reason=BY_SOURCE)
        else:
            resume(ticket, at=at)


# --- Reckoning --------------------------------------------------------------------------------------------------------


def reckon(row: SlaClock, pauses: Iterable[ClockPause], calendars: Calendars) -> bool:
    """Set when the row is due and when to warn; says whether the due date moved.

    A moved due date may be warned about again: each level counts once per clock and due date.
    """
    clock = clock_of(row, pauses, calendars)
    before, row.due_at = row.due_at, clock.due_at.astimezone(timezone.get_default_timezone())
    row.warn_at = _warn_at(clock, row.policy.warn_fraction)
    if row.due_at == before:
        return False
    row.warned_at = row.breached_at = None
    return True


def _warn_at(clock: Clock, fraction: float) -> datetime:
    """When `fraction` of the time between start and due date is used up."""
    whole = Clock(clock.calendar, clock.target, clock.started_at, clock.pauses, None, clock.extension)
    share = whole.elapsed(whole.due_at) * fraction
    return Clock(clock.calendar, share, clock.started_at, clock.pauses).due_at if share > ZERO else whole.due_at


def _judge(row: SlaClock, at: datetime) -> None:
    row.met_at = at
    row.state = ClockState.MET if at <= row.due_at else ClockState.BREACHED


def _open(ticket: Ticket) -> SlaClockQuerySet:
    return SlaClock.objects.open().filter(ticket=ticket).select_related("policy")


def _new_pause(row: SlaClock, calendars: Calendars, *, since: datetime, reason: str) -> ClockPause:
    longest = calendars.working(row.calendar_id).add_days(since, row.policy.max_pause_days)
    return ClockPause(clock=row, from_at=since, until=longest, reason=reason[:500])


def _end_pause(row: SlaClock, calendars: Calendars, *, at: datetime) -> None:
    """Close the open pause of a row, if it has one, and reckon its due date again."""
    if row.state != ClockState.PAUSED:
        return
    pauses = list(row.pauses.all())
    for span in pauses:
        if span.to_at is None:
            span.to_at = max(min(at, span.until), span.from_at)
            span.save(update_fields=["to_at"])
    row.paused_at = None
    reckon(row, pauses, calendars)


def _next_round(last: SlaClock) -> SlaClock:
    return SlaClock(
        ticket_id=last.ticket_id,
        kind=last.kind,
        round=last.round + 1,
        policy=last.policy,
        calendar_id=last.calendar_id,
        target_amount=last.target_amount,
        target_unit=last.target_unit,
    )
