"""What open clocks would be due by other calendars, and moving them there. Policies and targets stay as given.

A change of a calendar, or of the calendar of a unit, starts a job (`Recalculation`). Each batch stores its moves and
how far the job is in one transaction, so a job that was killed goes on where it stopped and no deadline moves twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inbox.core.bulk import update_rows
from inbox.core.wake import after_commit
from inbox.sla import timers
from inbox.sla.models import ClockKind, ClockPause, ClockState, Recalculation, SlaClock, SlaPolicy
from inbox.sla.queries import ROUND_THE_CLOCK, Calendars, Change, HoursChange, UnitChange
from inbox.tickets.events import record_alike
from inbox.tickets.models import Ticket, code_of
from inbox.tickets.vocabulary import EventKind

BATCH = 1000
#: As many deadlines as a preview reckons while somebody waits for the page.
PREVIEWED = 2000
DAY = timedelta(days=1)
#: The last day of a change without an end.
FOR_EVER = date(9000, 1, 1)
_Row = tuple[SlaClock, Sequence[ClockPause]]


@dataclass(frozen=True, slots=True)
class Move:
    """One due date that is not where the calendar puts it."""

    ticket_id: int
    kind: str
    before: datetime
    after: datetime

    @property
    def ticket(self) -> str:
        """The code that people read."""
        return code_of(self.ticket_id)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would move. `affected` deadlines reach over the date; `checked` of them, the next due, were
    reckoned exactly and gave `moves`."""

    affected: int
    checked: int
    moves: list[Move]

    @property
    def is_whole(self) -> bool:
        return self.checked == self.affected

    @property
    def tickets(self) -> int:
        return len({move.ticket_id for move in self.moves})

    @property
    def later(self) -> int:
        return sum(move.after > move.before for move in self.moves)

    @property
    def earlier(self) -> int:
        return sum(move.after < move.before for move in self.moves)

    def late_at_once(self, at: datetime) -> int:
        """Deadlines that still lie ahead and would be over at once."""
        return sum(move.after < at <= move.before for move in self.moves)

    def no_longer_late(self, at: datetime) -> int:
        """Deadlines that are over and would lie ahead again."""
        return sum(move.before < at <= move.after for move in self.moves)


def preview() -> list[Move]:
    """What `recalculate` would move now; writes nothing."""
    calendars = Calendars()
    moves: list[Move] = []
    for keys in _batches(SlaClock.objects.open()):
        moves += _reckoned(_rows(keys), calendars, _Wanted())[1]
    return moves


def preview_change(change: Change) -> Preview:
    """What would move if a calendar changed, or a unit counted by another one; writes nothing."""
    calendars, wanted = Calendars(change), _Wanted()
    if isinstance(change, UnitChange):
        wanted = _Wanted(change.unit_id, change.calendar_id)
        touched = _of_unit(change.unit_id)
    elif isinstance(change, HoursChange):
        touched = _touched([change.calendar_id], change.valid_from, FOR_EVER, calendars)
    else:
        shared = calendars.sharing(change.calendar_id, change.dates)
        touched = _touched(shared, min(change.dates), max(change.dates), calendars)
    touched = touched.exclude(target_unit__in=ROUND_THE_CLOCK)
    keys = list(touched.order_by("due_at", "pk").values_list("pk", flat=True)[:PREVIEWED])
    _, moves = _reckoned(_rows(keys), calendars, wanted)
    affected = touched.count() if len(keys) == PREVIEWED else len(keys)
    return Preview(affected, len(keys), sorted(moves, key=lambda move: move.before))


def recalculate(*, at: datetime, actor_id: int | None = None) -> list[Move]:
    """Reckon all open clocks anew and store what moves, with an event each; returns what moved."""
    calendars = Calendars()
    moves: list[Move] = []
    for keys in _batches(SlaClock.objects.open()):
        with transaction.atomic():
            moves += _apply(keys, calendars, _Wanted(), at=at, actor_id=actor_id)
    return moves


# --- Jobs -------------------------------------------------------------------------------------------------------------


def ask(calendar_id: int, first: date, last: date, *, official_id: int, at: datetime) -> Recalculation:
    """Start a job for changed dates. One that is under way for this calendar starts over with the dates of both."""
    job = _under_way(calendar=calendar_id, unit=None) or Recalculation(calendar_id=calendar_id, first=first, last=last)
    job.first, job.last = min(job.first, first), max(job.last, last)
    return _begin(job, official_id=official_id, at=at)


def ask_for_unit(unit_id: int, calendar_id: int, *, official_id: int, at: datetime) -> Recalculation:
    """Start a job that brings the clocks of a unit to its calendar. One that is under way for the unit starts over.

    `calendar_id` says where the progress is shown; where the clocks go is asked anew for each batch.
    """
    today = timezone.localdate(at)
    job = _under_way(unit=unit_id) or Recalculation(unit_id=unit_id, first=today, last=today)
    job.calendar_id = calendar_id
    return _begin(job, official_id=official_id, at=at)


def _under_way(**whose: object) -> Recalculation | None:
    return Recalculation.objects.select_for_update(of=("self",)).filter(**whose, finished_at=None).first()


def _begin(job: Recalculation, *, official_id: int, at: datetime) -> Recalculation:
    job.asked_by_id, job.asked_at = official_id, at
    job.done, job.last_key = 0, 0
    job.total = _clocks_of(job, Calendars()).count()
    job.save()
    after_commit("inbox.sla.tasks.recalculate_clocks")
    return job


def run_jobs(at: datetime) -> int:
    """Do what is left of all jobs; safe with several at work and after any of them died. Returns how many moved."""
    moved = 0
    for job in Recalculation.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True):
        while (step := _step(job, at)) is not None:
            moved += step
    return moved


@transaction.atomic
def _step(pk: int, at: datetime) -> int | None:
    """One batch of a job; None when it is finished or somebody else is at it."""
    job = (
        Recalculation.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk, finished_at=None).first()
    )
    if job is None:
        return None
    calendars = Calendars()
    left = _clocks_of(job, calendars).filter(pk__gt=job.last_key)
    keys = list(left.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not keys:
        job.finished_at = at
        job.save()
        return None
    wanted = _Wanted(job.unit_id, calendars.of_units.get(job.unit_id or 0))
    moves = _apply(keys, calendars, wanted, at=at, actor_id=job.asked_by_id)
    job.last_key, job.done, job.moved = keys[-1], job.done + len(keys), job.moved + len(moves)
    job.save()
    return len(moves)


def _clocks_of(job: Recalculation, calendars: Calendars) -> QuerySet[SlaClock]:
    if job.unit_id is not None:
        return _of_unit(job.unit_id)
    return _touched(calendars.sharing(job.calendar_id), job.first, job.last, calendars)


def _of_unit(unit_id: int) -> QuerySet[SlaClock]:
    return SlaClock.objects.open().filter(ticket__unit=unit_id)


def _touched(shared: list[int], first: date, last: date, calendars: Calendars) -> QuerySet[SlaClock]:
    """Open clocks of these calendars that a change of these dates can move: begun before their end, not over before.

    Of clocks round the clock only the last level can move: it is so many working days after the due date.
    """
    tz = calendars.working(shared[0]).tz
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=tz) for day in (first, last + DAY))
    round_the_clock = Q(target_unit__in=ROUND_THE_CLOCK)
    still_counts = Q(due_at__gte=begin) | Q(late_at__gte=begin) | Q(state="paused")
    return SlaClock.objects.open().filter(
        (~round_the_clock & still_counts & Q(started_at__lt=end))
        | (round_the_clock & Q(due_at__lt=end, late_at__gte=begin)),
        calendar__in=shared,
    )


# --- Batches ----------------------------------------------------------------------------------------------------------


def _batches(clocks: QuerySet[SlaClock]) -> Iterator[list[int]]:
    """The keys of clocks, a batch at a time."""
    last = 0
    keys_of = clocks.order_by("pk").values_list("pk", flat=True)
    while keys := list(keys_of.filter(pk__gt=last)[:BATCH]):
        last = keys[-1]
        yield keys


def _rows(keys: list[int]) -> list[_Row]:
    """Those of the clocks that are still open, with their pauses.

    Few policies have many clocks, so each is read once; few clocks have pauses, and prefetching costs each of them.
    """
    rows = list(SlaClock.objects.open().filter(pk__in=keys))
    policies = SlaPolicy.objects.in_bulk({row.policy_id for row in rows})
    pauses: dict[int, list[ClockPause]] = defaultdict(list)
    for pause in ClockPause.objects.filter(clock__in=keys):
        pauses[pause.clock_id].append(pause)
    for row in rows:
        row.policy = policies[row.policy_id]
    return [(row, pauses.get(row.pk, ())) for row in rows]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The calendar that clocks shall count by: as they do, or with a unit, its own, else the one their policy names."""

    unit_id: int | None = None
    calendar_id: int | None = None

    def of(self, row: SlaClock) -> int:
        if self.unit_id is None:
            return row.calendar_id
        return self.calendar_id or row.policy.calendar_id


def _reckoned(rows: list[_Row], calendars: Calendars, wanted: _Wanted) -> tuple[list[SlaClock], list[Move]]:
    """The rows of which anything changes, with their new dates set, and the due dates that move."""
    changed, moves = [], []
    for row, pauses in rows:
        before = (row.calendar_id, row.due_at, row.warn_at, row.late_at)
        row.calendar_id = wanted.of(row)
        if timers.reckon(row, pauses, calendars):
            moves.append(Move(row.ticket_id, row.kind, before[1], row.due_at))
        if before != (row.calendar_id, row.due_at, row.warn_at, row.late_at):
            changed.append(row)
    return changed, moves


def _apply(keys: list[int], calendars: Calendars, wanted: _Wanted, *, at: datetime, actor_id: int | None) -> list[Move]:
    # Tickets first, as every act does: two orders of locking would wait for each other for ever.
    list(Ticket.objects.filter(clocks__in=keys).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    rows = _rows(keys)
    changed, moves = _reckoned(rows, calendars, wanted)
    _shift_pauses(rows, calendars)
    update_rows(changed, ["calendar", *timers.MOVED])
    timers.refresh_next_due(move.ticket_id for move in moves)
    for kind in ClockKind:  # one clock of a kind is open on a ticket, so each event finds the one before it stored
        data = {
            move.ticket_id: {"clock": move.kind, "before": move.before.isoformat(), "after": move.after.isoformat()}
            for move in moves
            if move.kind == kind
        }
        record_alike(EventKind.SLA_RECALCULATED, at, data, actor_id=actor_id)
    return moves


def _shift_pauses(rows: list[_Row], calendars: Calendars) -> None:
    """The longest length of a pause is in working days, so its end moves with the calendar too."""
    shifted = []
    for row, pauses in rows:
        for pause in pauses if row.state == ClockState.PAUSED else ():
            until = timers.longest_pause(row, pause.from_at, calendars)
            if pause.to_at is None and pause.until != until:
                pause.until = until
                shifted.append(pause)
    update_rows(shifted, ["until"])
