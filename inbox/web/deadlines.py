"""A ticket's deadline as the screens show it: one chip, two clocks, and the day a row belongs to in the list.

Takes rows whose `clocks` are loaded and asks the calendar; changes nothing and runs no query per row.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext as _

from inbox.sla.clock import Clock
from inbox.sla.explain import ClockExplanation, Extension, explain
from inbox.sla.queries import ROUND_THE_CLOCK, Calendars, target_of
from inbox.sla.words import target
from inbox.tickets.vocabulary import AT_RISK, WAITING
from inbox.web import labels, moments

if TYPE_CHECKING:
    from inbox.sla.calendar import WorkingCalendar
    from inbox.sla.models import SlaClock
    from inbox.sla.queries import ClockLine
    from inbox.tickets.models import Ticket
    from inbox.tickets.queries import Line
    from inbox.web.rows import Row

    AnyClock = SlaClock | ClockLine

ClockOf = TypeVar("ClockOf", bound="AnyClock")
ZERO = timedelta(0)
LONGEST_SUM = 9
ICONS = {"late": "alert", "soon": "clock-alert", "hold": "pause", "done": "check-circle", "missed": "alert"}


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a chip says. `state`: late, soon, run, hold, none, done, missed. `used`: percent of the time."""

    state: str
    words: str
    under: str
    spoken: str
    used: int = 0
    due_at: datetime | None = None
    risk: int | None = None  # percent, where the ticket is in time still but at risk

    @property
    def icon(self) -> str:
        return ICONS.get(self.state, "")


@dataclass(frozen=True, slots=True)
class ClockCard:
    """One of a ticket's two clocks, spelled out."""

    kind: str
    state: str
    words: str
    due_at: datetime
    used: int
    detail: str

    @property
    def icon(self) -> str:
        return ICONS.get(self.state, "")


@dataclass(slots=True)
class Band:
    """The rows of one deadline day. `continued`: its head stands on the page before. `whole`: none on the next."""

    key: str
    title: str
    note: str = ""
    rows: list[Row] = field(default_factory=list)
    continued: bool = False
    whole: bool = False


@lru_cache(maxsize=1)
def _calendars_in(minute: int) -> Calendars:
    return Calendars()


def calendars() -> Calendars:
    """The calendars, read at most once a minute per process: an edit shows on the screens a minute later."""
    return _calendars_in(_minute())


def _minute() -> int:
    return int(time.monotonic() // 60)


def forget_calendars() -> None:
    """Read them again at the next use."""
    _calendars_in.cache_clear()


def office_hours(units: Iterable[int | None] = ()) -> WorkingCalendar | None:
    """The office hours of these units, else the default ones; None before calendars are loaded."""
    return calendars().office_of(units)


# --- The chip ---------------------------------------------------------------------------------------------------------


def deadline_of(ticket: Ticket | Line, clocks: Iterable[AnyClock], *, now: datetime) -> Deadline:
    """The chip of a ticket with these clocks."""
    clocks = list(clocks)
    if not ticket.is_open:
        return _ended(ticket, clocks, now=now)
    if ticket.next_due_at is None:
        return _standing(ticket, clocks)
    driving = next((c for c in clocks if c.state == "running" and c.due_at == ticket.next_due_at), None)
    if driving is None:
        amount = _between(office_hours([ticket.unit_id]), now, ticket.next_due_at)
        return _counting(ticket.next_due_at, amount, "source", now=now)
    amount = _between(_calendar(driving), now, driving.due_at)
    used, working = 100, _is_working(driving)
    if now <= driving.due_at:
        total = _total(driving)
        used = _percent(total - amount, total)
    soon = driving.warn_at <= now
    chip = _counting(driving.due_at, amount, driving.kind, now=now, working=working, soon=soon, used=used)
    at_risk = chip.state != "late" and ticket.late_risk is not None and ticket.late_risk >= AT_RISK
    return replace(chip, risk=ticket.late_risk) if at_risk else chip


def _counting(
    due_at: datetime,
    amount: timedelta,
    kind: str,
    *,
    now: datetime,
    working: bool = True,
    soon: bool = False,
    used: int = 0,
) -> Deadline:
    """`amount`: what counts between now and the deadline, whichever comes first."""
    length, spoken = moments.length(amount, working=working), moments.length_in_words(amount, working=working)
    name = labels.CLOCK[kind].words
    hour, day = moments.time(due_at), "" if moments.is_today(due_at, now=now) else moments.day(due_at, now=now)
    late = due_at < now
    return Deadline(
        state="late" if late else "soon" if soon else "run",
        words=_how_long(amount, length, late=late),
        under=f"{name} {day or hour}",
        spoken=f"{_how_long(amount, spoken, late=late)}, {name} {f'{hour} {day}' if day else hour}",
        used=used,
        due_at=due_at,
    )


def _how_long(amount: timedelta, length: str, *, late: bool) -> str:
    """What is late since closing time has no working time behind it yet, but is late all the same."""
    if late and amount < timedelta(minutes=1):
        return _("Just overdue")
    return (_("Late by %(length)s") if late else _("%(length)s left")) % {"length": length}


def _standing(ticket: Ticket | Line, clocks: Sequence[AnyClock]) -> Deadline:
    paused = next((c for c in clocks if c.state == "paused"), None)
    if paused is None:
        under = str(labels.STATUS[ticket.status].words) if ticket.status in WAITING else _("no policy fits")
        return Deadline("none", _("No deadline"), under, _("No deadline"))
    left = moments.length(_left(paused, paused.paused_at or paused.due_at), working=_is_working(paused))
    words = _("%(length)s left") % {"length": left}
    return Deadline("hold", _("Paused"), words, f"{_('Paused')}, {words}")


def _ended(ticket: Ticket | Line, clocks: Sequence[AnyClock], *, now: datetime) -> Deadline:
    verdict = next((c.state for c in reversed(_latest(clocks)) if c.kind == "resolve"), "")
    when = moments.short(ticket.resolved_at, now=now) if ticket.resolved_at else ""
    if verdict == "met":
        return Deadline("done", _("On time"), when, f"{_('On time')} {when}")
    if verdict == "breached":
        return Deadline("missed", _("Late"), when, f"{_('Late')} {when}")
    status = str(labels.STATUS[ticket.status].words)
    return Deadline("none", status, when, status)


# --- The two clocks ---------------------------------------------------------------------------------------------------


def cards_of(clocks: Iterable[AnyClock], *, now: datetime) -> list[ClockCard]:
    """The clocks for accepting and resolving in their latest round, accepting first; empty where no policy holds."""
    return [_card(row, now=now) for row in _latest(list(clocks))]


def _card(row: AnyClock, *, now: datetime) -> ClockCard:
    at = row.met_at or row.paused_at or now
    total, left = _total(row), _left(row, at)
    working = _is_working(row)
    length = moments.length(left, working=working)
    used = moments.length(total - left, working=working)
    state, words = {
        "met": ("done", _("On time")),
        "breached": ("missed", _("Late by %(length)s") % {"length": length}),
        "paused": ("hold", _("Paused, %(length)s left") % {"length": length}),
        "cancelled": ("none", _("No longer counts")),
    }.get(row.state) or _running(row, length, now=now)
    text = _("Used %(used)s of %(total)s") if working else _("Used %(used)s of %(total)s, round the clock")
    detail = text % {"used": used, "total": moments.length(total, working=working)}
    paused = _between(_calendar(row), row.started_at, row.due_at) - total
    if paused >= timedelta(minutes=1):
        detail += ". " + _("%(length)s of pauses taken off") % {"length": moments.length(paused, working=working)}
    return ClockCard(row.kind, state, words, row.due_at, _percent(total - left, total), detail)


def _running(row: AnyClock, length: str, *, now: datetime) -> tuple[str, str]:
    late = row.due_at < now
    words = _how_long(_between(_calendar(row), now, row.due_at), length, late=late)
    return ("late" if late else "soon" if row.warn_at <= now else "run"), words


def _latest(clocks: Sequence[ClockOf]) -> list[ClockOf]:
    newest = {row.kind: row for row in sorted(clocks, key=lambda row: row.round)}
    return [newest[kind] for kind in ("accept", "resolve") if kind in newest]


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a deadline is when it is: the clock that drives the ticket, with the sum of its days in words."""

    clock: ClockExplanation
    target: str
    sum: str
    is_long: bool
    extensions: Sequence[Extension] = ()

    @property
    def kind(self) -> str:
        return self.clock.kind


def explained(ticket: Ticket, *, now: datetime) -> Explained | None:
    """The explanation of the clock that is due next, else of the last one that was; None where no policy holds."""
    for row in ticket.clocks.all():
        _calendar(row)  # a calendar made within this minute is read now
    explanation = explain(ticket, at=now, calendars=calendars())
    clocks = explanation.clocks
    running = [clock for clock in clocks if clock.state == "running"]
    chosen = min(running, key=lambda clock: clock.due_at) if running else next(reversed(clocks), None)
    if chosen is None:
        return None
    working = not chosen.is_round_the_clock
    parts = [moments.length(day.counted, working=working) for day in chosen.days if day.counted]
    total = moments.length(chosen.total, working=working)
    return Explained(
        clock=chosen,
        target=target(chosen.target_amount, chosen.target_unit),
        sum=f"{' + '.join(parts)} = {total}" if 1 < len(parts) <= LONGEST_SUM else total,
        is_long=len(chosen.days) > LONGEST_SUM,
        extensions=explanation.extensions if chosen.kind == "resolve" else (),
    )


# --- Bands of the list ------------------------------------------------------------------------------------------------


def bands(rows: Sequence[Row], *, now: datetime, after: datetime | None, began: bool, ends: bool = False) -> list[Band]:
    """Rows in the order of their deadlines, cut into days.

    `began`: there is a page before, and `after` is the deadline of its last row. `ends`: there is none after this.
    """
    found = [
        Band(key, *_heading(key, of_day[0].ticket, now=now), rows=of_day)
        for key, group in groupby(rows, key=lambda row: _band_key(row.ticket.next_due_at, now=now))
        for of_day in [list(group)]
    ]
    if found and began:
        found[0].continued = found[0].key == _band_key(after, now=now)
    for band in found if ends else found[:-1]:
        band.whole = not band.continued
    return found


def _band_key(due_at: datetime | None, *, now: datetime) -> str:
    if due_at is None:
        return "none"
    return "late" if due_at < now else moments.local(due_at).date().isoformat()


def _heading(key: str, ticket: Line, *, now: datetime) -> tuple[str, str]:
    if key == "late":
        return _("Overdue"), ""
    if ticket.next_due_at is None:
        return _("Paused or without a deadline"), ""
    if moments.is_today(ticket.next_due_at, now=now):
        return _("Today"), _rest_of_today(now, office_hours([ticket.unit_id]))
    return f"{moments.weekday_name(ticket.next_due_at)} {moments.date(ticket.next_due_at, now=now)}", ""


def _rest_of_today(now: datetime, office: WorkingCalendar | None) -> str:
    closing = closing_today(now, office)
    if closing is None or office is None:
        return _("outside working hours")
    length = moments.length(office.between(now, closing))
    return _("until %(time)s, %(length)s of working time left") % {"time": moments.time(closing), "length": length}


def closing_today(now: datetime, office: WorkingCalendar | None) -> datetime | None:
    """When the offices close today; None when they have closed, or do not open."""
    local = moments.local(now)
    ends = [interval[1] for interval in office.intervals_on(local.date())] if office else []
    if not ends or local.time() >= ends[-1]:
        return None
    return local.replace(hour=ends[-1].hour, minute=ends[-1].minute, second=0, microsecond=0)


# --- Arithmetic -------------------------------------------------------------------------------------------------------


def _calendar(row: AnyClock) -> WorkingCalendar:
    if row.calendar_id not in calendars():
        forget_calendars()  # made within this minute
    return calendars().counting(row.calendar_id, row.target_unit)


def _is_working(row: AnyClock) -> bool:
    return row.target_unit not in ROUND_THE_CLOCK


def _total(row: AnyClock) -> timedelta:
    """The whole promise in the time it is counted in, without pauses."""
    whole = Clock(
        _calendar(row), target_of(row.target_amount, row.target_unit), row.started_at, (), None, row.extension
    )
    return whole.elapsed(whole.due_at)


def _left(row: AnyClock, at: datetime) -> timedelta:
    """Time left at `at`; negative when late."""
    amount = _between(_calendar(row), at, row.due_at)
    return amount if at <= row.due_at else -amount


def _between(calendar: WorkingCalendar | None, a: datetime, b: datetime) -> timedelta:
    """Counted time between two instants, whichever comes first."""
    first, last = min(a, b), max(a, b)
    return calendar.between(first, last) if calendar else last - first


def _percent(part: timedelta, whole: timedelta) -> int:
    return max(0, min(100, round(100 * part / whole))) if whole > ZERO else 0
