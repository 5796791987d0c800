"""Every figure anew in plain Python, straight from the rows of tickets, clocks, histories and deliveries.

Shares nothing with `inbox.dashboards` but the names of figures and the edges of the steps, and nothing with the
calendar: working time is added up day by day, interval by interval.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from inbox.dashboards.metrics import STEP_EDGES
from inbox.outbox.models import OutboxMessage
from inbox.sla.models import CalendarOverride, ClockPause, SlaClock
from inbox.sla.timers import WHILE_ENDED
from inbox.tickets.models import Ticket, TicketEvent

TZ = ZoneInfo("Asia/Ho_Chi_Minh")
OPENINGS = ((time(7, 30), time(11, 30)), (time(13), time(17)))
DAY = timedelta(days=1)
ENDS = {"resolved", "returned", "refused", "withdrawn", "source_status_changed"}
ROUND_THE_CLOCK = {"minutes", "hours", "calendar_days"}


@dataclass
class Story:
    """What one ticket adds to figures. `on`: by the name of a list, the day on which the ticket is in it."""

    ticket: Any
    keys: dict[str, Any]
    on: dict[str, date] = field(default_factory=dict)
    minutes: int | None = None
    paused: int = 0
    deliveries: list[tuple[date, int, timedelta]] = field(default_factory=list)  # day, source, how long


class Office:
    """Mon–Fri, twice four hours, as the dates of the calendar say otherwise."""

    def __init__(self) -> None:
        self.other = {o.date: bool(o.intervals) for o in CalendarOverride.objects.filter(calendar__slug="office")}
        self.openings = lru_cache(maxsize=None)(self._openings)

    def _openings(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.other.get(day, day.weekday() < 5):
            return []
        return [(datetime.combine(day, a, TZ), datetime.combine(day, b, TZ)) for a, b in OPENINGS]

    def worked(self, begin: datetime, end: datetime) -> timedelta:
        total, day = timedelta(), begin.astimezone(TZ).date()
        while day <= end.astimezone(TZ).date():
            for opens, closes in self.openings(day):
                total += max(timedelta(), min(closes, end) - max(opens, begin))
            day += DAY
        return total

    def is_open(self, at: datetime) -> bool:
        return any(opens <= at < closes for opens, closes in self.openings(at.astimezone(TZ).date()))


def local_day(at: datetime) -> date:
    return at.astimezone(TZ).date()


def stories() -> list[Story]:
    """One for each ticket there is."""
    office = Office()
    clocks, events, pauses, sent = defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list)
    for clock in SlaClock.objects.order_by("round"):
        clocks[clock.ticket_id, clock.kind].append(clock)
    for event in TicketEvent.objects.order_by("sequence"):
        events[event.ticket_id].append(event)
    for pause in ClockPause.objects.all():
        pauses[pause.clock_id].append(pause)
    for message in OutboxMessage.objects.filter(state="delivered"):
        sent[message.ticket_id].append(message)
    found = []
    for ticket in Ticket.objects.all():
        story = Story(
            ticket,
            {
                "unit": ticket.unit_id,
                "source": ticket.source_id,
                "category": ticket.category,
                "urgency": ticket.urgency,
                "official": ticket.assignee_id,
            },
        )
        accept, resolve = clocks[ticket.pk, "accept"][-1:], clocks[ticket.pk, "resolve"][-1:]
        tell(story, events[ticket.pk], accept[0] if accept else None, resolve[0] if resolve else None, pauses, office)
        story.deliveries = [
            (local_day(m.delivered_at), m.source_id, m.delivered_at - m.done_at) for m in sent[ticket.pk]
        ]
        found.append(story)
    return found


def tell(story: Story, events: list[Any], accept: Any, resolve: Any, pauses: Any, office: Office) -> None:
    ticket, on = story.ticket, story.on
    on["new"] = local_day(ticket.received_at)
    handed = [e.at for e in events if e.kind == "transferred" and e.data.get("before")]
    for name, kind in (("reopened", "reopened"), ("returned", "returned")):
        times = [e.at for e in events if e.kind == kind]
        if times and (kind != "returned" or ticket.status == "returned"):
            on[name] = local_day(times[-1])
    if handed:
        on["transferred"] = local_day(handed[-1])
    if accept and accept.state in ("met", "breached"):
        on["accepted"] = local_day(accept.met_at)
        on["accept_on_time" if accept.met_at <= accept.due_at else "accept_late"] = on["accepted"]
    answered = ticket.status in ("resolved", "closed")
    if ticket.status in ("resolved", "closed", "returned", "refused", "withdrawn", "transferred"):
        ended = (
            ticket.resolved_at if answered else max([e.at for e in events if e.kind in ENDS] or [ticket.received_at])
        )
        on["ended"] = local_day(ended)
        for due in sorted(d for d in (resolve and resolve.due_at, ticket.source_due_at) if d)[:1]:
            if ended > due:
                on["became_late"] = local_day(due)
    if not answered:
        return
    at = ticket.resolved_at
    on["resolved"] = day = local_day(at)
    if "reopened" not in on:
        on["first_time_right"] = day
    if ticket.source_due_at:
        on["source_on_time" if at <= ticket.source_due_at else "source_late"] = day
    spans = [(p.from_at, p.to_at or at, p.reason) for p in (pauses[resolve.pk] if resolve else [])]
    if resolve and resolve.state in ("met", "breached"):
        on["resolve_judged"] = day
        on["resolve_on_time" if resolve.met_at <= resolve.due_at else "resolve_late"] = day
        got = max([ticket.received_at, *handed])
        always = resolve.target_unit in ROUND_THE_CLOCK
        count: Callable[[datetime, datetime], timedelta] = (
            (lambda a, b: max(b - a, timedelta())) if always else office.worked
        )

        def counted(until: datetime) -> timedelta:
            begin = resolve.started_at
            stops = sum(
                (count(max(a, begin), min(b, until)) for a, b, _ in spans if max(a, begin) < min(b, until)), timedelta()
            )
            return (count(begin, until) if until > begin else timedelta()) - stops

        late = resolve.met_at > resolve.due_at
        held = counted(got)
        if late and held and counted(resolve.met_at) - held <= counted(resolve.due_at):
            on["late_elsewhere"] = day
    answers = [e for e in events if e.kind == "resolved"]
    if answers and answers[-1].actor_id and not office.is_open(at):
        on["outside_hours"] = day
    since = min(ticket.received_at, at)
    stopped = [(max(a, since), min(b, at), why) for a, b, why in spans]
    stop = sum((office.worked(a, b) for a, b, _ in stopped if a < b), timedelta())
    wait = sum((office.worked(a, b) for a, b, why in stopped if a < b and why != WHILE_ENDED), timedelta())
    story.minutes = (office.worked(since, at) - stop) // timedelta(minutes=1)
    story.paused = wait // timedelta(minutes=1)


# --- Figures ----------------------------------------------------------------------------------------------------------


def bucket(day: date, grain: str) -> date:
    return {"day": day, "week": day - day.weekday() * DAY, "month": day.replace(day=1)}[grain]


def figures(
    told: Iterable[Story], first: date, last: date, key: Callable[[Story, date], Any]
) -> dict[str, dict[Any, Any]]:
    """Every figure of a period by `key(story, day)`."""
    counts: dict[str, Counter[Any]] = defaultdict(Counter)
    minutes: dict[Any, list[int]] = defaultdict(list)
    paused: Counter[Any] = Counter()
    lags: dict[Any, list[timedelta]] = defaultdict(list)
    for story in told:
        for name, day in story.on.items():
            if first <= day <= last:
                counts[name][key(story, day)] += 1
                if name == "resolved" and story.minutes is not None:
                    minutes[key(story, day)].append(story.minutes)
                    paused[key(story, day)] += story.paused
        for day, source, lag in story.deliveries:
            if first <= day <= last:
                lags[key(Story(story.ticket, story.keys | {"source": source}), day)].append(lag)

    def share(part: str, *whole: str) -> dict[Any, float]:
        total = sum((counts[name] for name in whole), Counter())
        return {k: round(100 * counts[part][k] / n, 1) for k, n in total.items()}

    fair = {
        k: round(100 * (counts["resolve_on_time"][k] + counts["late_elsewhere"][k]) / n, 1)
        for k, n in counts["resolve_judged"].items()
    }
    return {
        **{
            name: dict(counts[name])
            for name in (
                *("new", "resolved", "ended", "late_elsewhere", "became_late", "reopened", "returned", "transferred"),
                "outside_hours",
            )
        },
        "accept_on_time": share("accept_on_time", "accept_on_time", "accept_late"),
        "resolve_on_time": share("resolve_on_time", "resolve_on_time", "resolve_late"),
        "source_on_time": share("source_on_time", "source_on_time", "source_late"),
        "on_time_without_others": fair,
        "first_time_right": share("first_time_right", "resolved"),
        "handling_median": {k: stepped(v, 0.5) for k, v in minutes.items()},
        "handling_p90": {k: stepped(v, 0.9) for k, v in minutes.items()},
        "paused_hours": {k: round(n / 60, 1) for k, n in paused.items()},
        "delivery_lag": {
            k: round(statistics.fmean(lag / timedelta(minutes=1) for lag in v), 1) for k, v in lags.items()
        },
    }


def stepped(minutes: list[int], share: float) -> int:
    """Walk up the cases one by one, each lying evenly in its step."""
    rank = share * len(minutes)
    below = 0
    for low, high in zip((-1, *STEP_EDGES), STEP_EDGES, strict=False):
        inside = sum(1 for m in minutes if low < m <= high)
        if inside and below + inside >= rank:
            low = max(low, 0)
            return round(low + (high - low) * (rank - below) / inside)
        below += inside
    return STEP_EDGES[-1]
