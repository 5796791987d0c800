"""Start, stop and move the clocks of tickets. Called by actions inside their transaction, on a locked ticket.

Whether a promise was kept is decided here, at the instant of the act, and never again. Nothing here decides what a
ticket's status is; `set_next_due` keeps on the ticket what its clocks come to after a change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from inbox.core.bulk import insert_rows, new_row, update_rows
from inbox.core.errors import Invalid
from inbox.sla.clock import Clock, WorkingDays
from inbox.sla.models import (
    OPEN_STATES,
    ClockKind,
    ClockPause,
    ClockState,
    ExtensionRequest,
    ExtensionState,
    SlaClock,
    SlaClockQuerySet,
    SlaPolicy,
    Urgency,
)
from inbox.sla.queries import ROUND_THE_CLOCK, Calendars, clock_of, more_time_asked, target_of
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import WAITING, Status

ZERO = timedelta(0)
BY_SOURCE = "Theo trạng thái của nguồn"
WHILE_ENDED = "Thời gian phiếu đã kết thúc"

#: What outweighs what when several policies fit. An urgent complaint stays urgent in a ward with its own terms.
_WEIGHTS = (("urgency", 16), ("unit_id", 8), ("category", 4), ("source_slug", 2), ("connector", 1))
#: Columns that `reckon` sets.
MOVED = ["due_at", "warn_at", "late_at", "warned_at", "breached_at", "escalated_at"]


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
    return max((policy for policy in policies if misfit(policy, facts) is None), key=rank_of, default=None)


def misfit(policy: SlaPolicy, facts: TicketFacts) -> str | None:
    """The first thing for which a policy does not fit, as the name of its field; None when it fits."""
    on = timezone.localdate(facts.started_at)
    urgency = Urgency.URGENT if facts.urgent else Urgency.NORMAL
    fits = {
        "connector": policy.connector in {"", facts.connector},
        "source_slug": policy.source_slug in {"", facts.source_slug},
        "category": policy.category in {"", facts.category},
        "urgency": policy.urgency in {"", urgency},
        "unit": policy.unit_id in {None, facts.unit_id},
        "valid_from": policy.valid_from <= on,
        "valid_to": policy.valid_to is None or on < policy.valid_to,
    }
    return next((name for name, fitting in fits.items() if not fitting), None)


def rank_of(policy: SlaPolicy) -> tuple[int, date, int, int]:
    """What outweighs what among policies that fit: the greatest is chosen."""
    weight = sum(weight for field, weight in _WEIGHTS if getattr(policy, field))
    return weight, policy.valid_from, policy.version, policy.pk


# --- New tickets ------------------------------------------------------------------------------------------------------


class NewClocks:
    """Makes the clocks of new tickets. Make one per batch: policies and calendars are read once, at the start."""

    def __init__(self) -> None:
        self._policies = list(SlaPolicy.objects.all())
        self._calendars = Calendars()
        self._chosen: dict[tuple[object, ...], SlaPolicy | None] = {}  # most tickets of a batch are alike
        self._zone = timezone.get_current_timezone()

    def of(self, facts: TicketFacts) -> list[SlaClock]:
        """The clocks of one ticket, unsaved and without it; an empty list where no policy holds."""
        alike = self._looked_at(facts)
        if alike not in self._chosen:
            self._chosen[alike] = choose_policy(facts, self._policies)
        policy = self._chosen[alike]
        if policy is None:
            return []
        return _clocks_by(policy, facts, self._calendars)

    def _looked_at(self, facts: TicketFacts) -> tuple[object, ...]:
        """What `misfit` looks at: to whom all of it is common, the same policy fits."""
        on = timezone.localdate(facts.started_at, self._zone)
        return facts.connector, facts.source_slug, facts.category, facts.urgent, facts.unit_id, on


def _clocks_by(policy: SlaPolicy, facts: TicketFacts, calendars: Calendars) -> list[SlaClock]:
    return [new_clock(policy, kind, facts.started_at, facts.unit_id, calendars) for kind in ClockKind]


def new_clock(
    policy: SlaPolicy, kind: ClockKind, started_at: datetime, unit_id: int | None, calendars: Calendars
) -> SlaClock:
    """By the unit's own calendar where it has one, else by the policy's."""
    accept = kind is ClockKind.ACCEPT
    row = new_row(
        SlaClock,
        kind=kind,
        policy=policy,
        calendar_id=calendars.of_unit(unit_id, otherwise=policy.calendar_id),
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
            row.ticket_id = ticket.pk
    rows = [row for own in clocks for row in own]
    insert_rows(rows)
    paused = [(row, row.paused_at) for row in rows if row.state == ClockState.PAUSED and row.paused_at]
    if paused:
        calendars = Calendars()
        insert_rows([_new_pause(row, calendars, since=at, reason=BY_SOURCE) for row, at in paused])


def set_next_due(ticket: Ticket, clocks: Iterable[SlaClock] | None = None) -> None:
    """Set, without saving, the earliest deadline that counts now and from when on it is near.

    It is that of a running clock or the source's own; an ended ticket has none. `clocks`: read unless handed in.
    """
    ticket.next_due_at = ticket.next_warn_at = None
    if not ticket.is_open:
        return
    running: Iterable[tuple[datetime, datetime]]
    if clocks is None:
        running = SlaClock.objects.running().filter(ticket=ticket).values_list("due_at", "warn_at")
    else:
        running = [(row.due_at, row.warn_at) for row in clocks if row.state == ClockState.RUNNING]
    ours, near = min(running, default=(None, None))
    theirs = ticket.source_due_at
    if theirs is not None and (ours is None or theirs < ours):
        ticket.next_due_at = theirs
    else:
        ticket.next_due_at, ticket.next_warn_at = ours, near


def refresh_next_due(ticket_ids: Iterable[int]) -> None:
    """Store what `set_next_due` sets on tickets whose clocks moved without an act of a person, in one statement."""
    first = SlaClock.objects.running().filter(ticket=OuterRef("pk")).order_by("due_at", "warn_at")
    ours, near, theirs = Subquery(first.values("due_at")[:1]), Subquery(first.values("warn_at")[:1]), F("source_due_at")
    # LEAST of a null is null on one database and not on the other.
    earliest = Least(Coalesce(ours, theirs), Coalesce(theirs, ours))
    Ticket.objects.filter(pk__in=set(ticket_ids), is_open=True).update(
        next_due_at=earliest, next_warn_at=Case(When(source_due_at__lt=ours, then=None), default=near)
    )


# --- Acts -------------------------------------------------------------------------------------------------------------


def meet(ticket: Ticket, kind: str, *, at: datetime) -> None:
    """The promise is kept at `at`, on time or late. Resolving keeps the promise to accept as well."""
    kinds = [ClockKind.ACCEPT] if kind == ClockKind.ACCEPT else list(ClockKind)
    calendars = Calendars()
    for row in _open(ticket).filter(kind__in=kinds):
        _end_pause(row, calendars, at=at)
        _judge(row, at)
        row.save(update_fields=["state", "met_at", "paused_at", *MOVED])
    if kind == ClockKind.RESOLVE:
        _close_request(ticket, at=at)


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
    _close_request(ticket, at=at)


def restart_for_unit(ticket: Ticket, *, at: datetime) -> None:
    """The ticket has a new unit: its accept clock starts anew by that unit's hours, its resolve clock goes on.

    Where the new unit keeps other hours, the resolve clock counts by these, unless that would make it due earlier:
    a day on which the new unit is closed is not held against it, and nobody becomes late by a transfer.
    A ticket that had no clocks, because no policy held without its unit, gets those that hold now.
    """
    resume(ticket, at=at)
    facts = facts_of(ticket, ticket.source)
    policy = choose_policy(facts, SlaPolicy.objects.all())
    _open(ticket).filter(kind=ClockKind.ACCEPT).update(state=ClockState.CANCELLED, paused_at=at)
    calendars = Calendars()
    for row in _open(ticket).filter(kind=ClockKind.RESOLVE):
        _count_by(row, calendars.of_unit(facts.unit_id, otherwise=row.policy.calendar_id), calendars)
    if policy is None:
        return
    rounds = {row.kind: row.round for row in SlaClock.objects.filter(ticket=ticket).order_by("round")}
    accept = new_clock(policy, ClockKind.ACCEPT, at, facts.unit_id, calendars)
    accept.ticket, accept.round = ticket, rounds.get(ClockKind.ACCEPT, 0) + 1
    accept.save()
    if ClockKind.RESOLVE not in rounds:
        resolve = new_clock(policy, ClockKind.RESOLVE, facts.started_at, facts.unit_id, calendars)
        resolve.ticket = ticket
        resolve.save()


def _count_by(row: SlaClock, calendar_id: int, calendars: Calendars) -> None:
    """Let a clock count by another calendar from its start on, unless it would be due earlier then."""
    if row.calendar_id == calendar_id:
        return
    before, row.calendar_id = row.due_at, calendar_id
    reckon(row, row.pauses.all(), calendars)
    if row.due_at >= before:
        row.save(update_fields=["calendar", *MOVED])


def extend(ticket: Ticket, *, until: datetime) -> datetime:
    """Move the due date of the resolve clock to `until` at the latest; returns the new one. Raises Invalid."""
    row, calendars = _running_resolve(ticket), Calendars()
    row.extension += extra_time(row, until, calendars)
    reckon(row, row.pauses.all(), calendars)
    row.save(update_fields=["extension", *MOVED])
    return row.due_at


def extra_time(row: SlaClock, until: datetime, calendars: Calendars) -> timedelta:
    """The time that counts between the due date and `until`. Raises Invalid when there is none."""
    counting = calendars.counting(row.calendar_id, row.target_unit)
    more = counting.between(row.due_at, until) if until > row.due_at else ZERO
    if not more:
        raise Invalid("This must be later than the deadline, in working time", field="until")
    return more


def ask_extension(ticket: Ticket, *, until: datetime, reason: str, official_id: int, at: datetime) -> ExtensionRequest:
    """Keep a request for more time. Raises Invalid when one is open, no clock runs, or `until` gives no time."""
    if more_time_asked(ticket) is not None:
        raise Invalid("More time has been asked for already", field="until")
    extra_time(_running_resolve(ticket), until, Calendars())
    return ExtensionRequest.objects.create(
        ticket=ticket, asked_by_id=official_id, asked_at=at, until=until, reason=reason
    )


def decide_extension(ticket: Ticket, state: ExtensionState, *, official_id: int, at: datetime) -> ExtensionRequest:
    """Answer the open request. Raises Invalid when there is none."""
    request = more_time_asked(ticket)
    if request is None:
        raise Invalid("Nobody has asked for more time")
    request.state, request.decided_by_id, request.decided_at = state, official_id, at
    request.save(update_fields=["state", "decided_by", "decided_at"])
    return request


def for_several_agencies(ticket: Ticket) -> datetime:
    """Give the resolve clock the policy's limit for several agencies; returns the new due date. Raises Invalid."""
    row = _running_resolve(ticket)
    amount, unit = row.policy.several_agencies_amount, row.policy.several_agencies_unit
    if amount is None:
        raise Invalid("The policy knows no limit for several agencies")
    if (row.target_amount, row.target_unit) == (amount, unit):
        raise Invalid("This ticket has the limit for several agencies already")
    calendars = Calendars()
    row.extension = _extension_in(row, unit, calendars)
    row.target_amount, row.target_unit = amount, unit
    reckon(row, row.pauses.all(), calendars)
    row.save(update_fields=["target_amount", "target_unit", "extension", *MOVED])
    return row.due_at


def for_category(ticket: Ticket, *, at: datetime) -> None:
    """The ticket has another field: its open clocks count by the policy of that one, from the same start on.

    What is late already stays late, so that changing the field is no way out; and what would be late at once stays as
    it was, because nobody could have known. A ticket that had no clocks gets those that hold now, with the same
    exception.
    """
    facts = facts_of(ticket, ticket.source)
    policy = choose_policy(facts, SlaPolicy.objects.all())
    if policy is None:
        return
    calendars = Calendars()
    for row in _open(ticket).prefetch_related("pauses"):
        if row.policy_id != policy.pk and at <= _due_if_resumed(row, calendars, at=at):
            _count_by_policy(row, policy, facts.unit_id, calendars, at=at)
    if not SlaClock.objects.filter(ticket=ticket).exists():
        clocks = _clocks_by(policy, facts, calendars)
        settle_imported(clocks, ticket)
        save_new([[row for row in clocks if not _is_late(row, at=at)]], [ticket])


def _count_by_policy(
    row: SlaClock, policy: SlaPolicy, unit_id: int | None, calendars: Calendars, *, at: datetime
) -> None:
    """Let a clock count by another policy since its start, unless it would have been due before `at`."""
    of_several = row.policy.several_agencies_amount, row.policy.several_agencies_unit
    several = row.kind == ClockKind.RESOLVE and (row.target_amount, row.target_unit) == of_several
    wanted = new_clock(policy, ClockKind(row.kind), row.started_at, unit_id, calendars)
    if several and policy.several_agencies_amount is not None:
        wanted.target_amount, wanted.target_unit = policy.several_agencies_amount, policy.several_agencies_unit
    row.extension = _extension_in(row, wanted.target_unit, calendars)
    row.policy, row.calendar_id = policy, wanted.calendar_id
    row.target_amount, row.target_unit = wanted.target_amount, wanted.target_unit
    reckon(row, row.pauses.all(), calendars)
    if _due_if_resumed(row, calendars, at=at) >= at:
        row.save(update_fields=["policy", "calendar", "target_amount", "target_unit", "extension", *MOVED])


def _due_if_resumed(row: SlaClock, calendars: Calendars, *, at: datetime) -> datetime:
    """When a clock is due if a pause that is still open ends now: such a pause has not moved its due date yet."""
    return clock_of(row, row.pauses.all(), calendars).due_if_resumed(at)


def _extension_in(row: SlaClock, unit: str, calendars: Calendars) -> timedelta:
    """The extra time of a clock as it counts in another unit: a working day more is a day more round the clock."""
    if not row.extension or (unit in ROUND_THE_CLOCK) == (row.target_unit in ROUND_THE_CLOCK):
        return row.extension
    extended = clock_of(row, (), calendars)
    plain = replace(extended, extension=ZERO)
    return calendars.counting(row.calendar_id, unit).between(plain.due_at, extended.due_at)


def _is_late(row: SlaClock, *, at: datetime) -> bool:
    return row.state == ClockState.BREACHED or (row.state == ClockState.RUNNING and row.due_at < at)


def _running_resolve(ticket: Ticket) -> SlaClock:
    row = SlaClock.objects.running().filter(ticket=ticket, kind=ClockKind.RESOLVE).select_related("policy").first()
    if row is None:
        raise Invalid("No deadline is running", field="until")
    return row


def _close_request(ticket: Ticket, *, at: datetime) -> None:
    """More time is of no use any more."""
    ExtensionRequest.objects.filter(ticket=ticket, state=ExtensionState.OPEN).update(
        state=ExtensionState.CLOSED, decided_at=at
    )


# --- Many tickets at once ---------------------------------------------------------------------------------------------


class ManyClocks:
    """The open clocks of many tickets: moved in memory, stored by `save` in a constant number of statements.

    For tickets that their sources moved. Like the functions above it works on tickets that the caller has locked.
    """

    def __init__(self, ticket_ids: Collection[int]) -> None:
        self._of: dict[int, list[SlaClock]] = defaultdict(list)
        if ticket_ids:
            rows = SlaClock.objects.open().filter(ticket__in=ticket_ids).select_related("policy")
            for row in rows.prefetch_related("pauses").order_by("pk"):
                self._of[row.ticket_id].append(row)
        self._moved: dict[int, SlaClock] = {}
        self._ended: list[ClockPause] = []
        self._begun: list[ClockPause] = []
        self._over: dict[int, datetime] = {}

    @cached_property
    def _calendars(self) -> Calendars:
        return Calendars()

    def resume(self, ticket: Ticket, *, at: datetime) -> None:
        """Let the resolve clock run on, as `resume` does."""
        for row in self._of[ticket.pk]:
            if row.state == ClockState.PAUSED:
                self._end_pause(row, at=at)
                row.state = ClockState.RUNNING
                self._moved[row.pk] = row

    def follow_status(self, ticket: Ticket, *, at: datetime) -> None:
        """The source moved the ticket: do to its clocks what the same act here would have done."""
        if ticket.status in {Status.RESOLVED, Status.CLOSED}:
            self._meet(ticket, list(ClockKind), at=at)
            self._over[ticket.pk] = at
        elif not ticket.is_open:
            self._cancel(ticket, at=at)
            self._over[ticket.pk] = at
        elif ticket.status != Status.NEW:
            self._meet(ticket, [ClockKind.ACCEPT], at=at)
            if ticket.status in WAITING:
                self._pause(ticket, at=at)
            else:
                self.resume(ticket, at=at)

    def set_next_due(self, ticket: Ticket) -> None:
        """As `timers.set_next_due`."""
        set_next_due(ticket, self._of[ticket.pk])

    def save(self) -> None:
        """Store everything that moved."""
        update_rows(list(self._moved.values()), ["state", "met_at", "paused_at", *MOVED])
        update_rows(self._ended, ["to_at"])
        insert_rows(self._begun)
        for at in set(self._over.values()):
            over = [ticket_id for ticket_id, ended_at in self._over.items() if ended_at == at]
            ExtensionRequest.objects.filter(ticket__in=over, state=ExtensionState.OPEN).update(
                state=ExtensionState.CLOSED, decided_at=at
            )

    def _open(self, ticket: Ticket) -> list[SlaClock]:
        return [row for row in self._of[ticket.pk] if row.state in OPEN_STATES]

    def _meet(self, ticket: Ticket, kinds: Sequence[str], *, at: datetime) -> None:
        for row in self._open(ticket):
            if row.kind in kinds:
                self._end_pause(row, at=at)
                _judge(row, at)
                self._moved[row.pk] = row

    def _cancel(self, ticket: Ticket, *, at: datetime) -> None:
        for row in self._open(ticket):
            self._end_pause(row, at=at)
            row.state, row.paused_at = ClockState.CANCELLED, at
            self._moved[row.pk] = row

    def _pause(self, ticket: Ticket, *, at: datetime) -> None:
        for row in self._of[ticket.pk]:
            if row.kind == ClockKind.RESOLVE and row.state == ClockState.RUNNING and at < row.due_at:
                row.state, row.paused_at = ClockState.PAUSED, max(at, row.started_at)
                self._begun.append(_new_pause(row, self._calendars, since=row.paused_at, reason=BY_SOURCE))
                self._moved[row.pk] = row

    def _end_pause(self, row: SlaClock, *, at: datetime) -> None:
        if row.state == ClockState.PAUSED:
            self._ended += _cut_short(row, self._calendars, at=at)


# --- Reckoning --------------------------------------------------------------------------------------------------------


def reckon(row: SlaClock, pauses: Iterable[ClockPause], calendars: Calendars) -> bool:
    """Set when the row is due and when to tell whom; says whether the due date moved.

    A moved due date may be warned about again: each level counts once per clock and due date.
    """
    before, pauses = row.due_at, list(pauses)
    if pauses or row.extension or row.met_at is not None:
        clock = clock_of(row, pauses, calendars)
        due, row.warn_at = clock.due_at, _warn_at(clock, row.policy.warn_fraction)
    else:
        due, row.warn_at = _plain_dates(row, calendars)
    row.due_at = due.astimezone(timezone.get_default_timezone())
    row.late_at = calendars.working(row.calendar_id).add_days(row.due_at, row.policy.late_days)
    if row.due_at == before:
        return False
    row.warned_at = row.breached_at = row.escalated_at = None
    return True


def _plain_dates(row: SlaClock, calendars: Calendars) -> tuple[datetime, datetime]:
    """Due and warning of a clock without pauses and extensions, without building one: most clocks are such."""
    counting = calendars.counting(row.calendar_id, row.target_unit)
    target = target_of(row.target_amount, row.target_unit)
    if isinstance(target, WorkingDays):
        due = counting.add_days(row.started_at, target.count)
        used = counting.between(row.started_at, due)
    else:
        due, used = counting.add(row.started_at, target), target
    share = used * row.policy.warn_fraction
    return due, counting.add(row.started_at, share) if share > ZERO else due


def _warn_at(clock: Clock, fraction: float) -> datetime:
    """When `fraction` of the time between start and due date is used up."""
    if clock.met_at is not None:
        clock = replace(clock, met_at=None)
    share = clock.elapsed(clock.due_at) * fraction
    return replace(clock, target=share, extension=ZERO).due_at if share > ZERO else clock.due_at


def _judge(row: SlaClock, at: datetime) -> None:
    row.met_at = at
    row.state = ClockState.MET if at <= row.due_at else ClockState.BREACHED


def _open(ticket: Ticket) -> SlaClockQuerySet:
    return SlaClock.objects.open().filter(ticket=ticket).select_related("policy")


def _new_pause(row: SlaClock, calendars: Calendars, *, since: datetime, reason: str) -> ClockPause:
    return ClockPause(clock=row, from_at=since, until=longest_pause(row, since, calendars), reason=reason[:500])


def longest_pause(row: SlaClock, since: datetime, calendars: Calendars) -> datetime:
    """When a pause that began at `since` ends even if nobody resumes it."""
    return calendars.working(row.calendar_id).add_days(since, row.policy.max_pause_days)


def _end_pause(row: SlaClock, calendars: Calendars, *, at: datetime) -> None:
    """Close the open pause of a row, if it has one, and reckon its due date again."""
    if row.state != ClockState.PAUSED:
        return
    for span in _cut_short(row, calendars, at=at):
        span.save(update_fields=["to_at"])


def _cut_short(row: SlaClock, calendars: Calendars, *, at: datetime) -> list[ClockPause]:
    """End the open pause of a row in memory and reckon its due date again. Returns the pauses to store."""
    pauses = list(row.pauses.all())
    ended = [span for span in pauses if span.to_at is None]
    for span in ended:
        span.to_at = max(min(at, span.until), span.from_at)
    row.paused_at = None
    reckon(row, pauses, calendars)
    return ended


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
