"""Fill the database with tickets that were never sent but have lived: for benchmarks and to check figures against.

Lives are made up one by one, with the clocks' own arithmetic and chained histories, and stored many at a time. On
PostgreSQL a large load makes up `DISTINCT` of them and copies those inside the database, which is what makes a million
feasible: copies differ in their keys and hashes only. Histories are shorter than real ones: they hold what clocks and
figures depend on (no notes, no look-ups of reporters, no texts of answers), and citizens have no names.
"""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.core.bulk import insert_rows
from inbox.core.text import search_key
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sla import timers
from inbox.sla.models import (
    ClockKind,
    ClockPause,
    ClockState,
    ExtensionRequest,
    ExtensionState,
    SlaClock,
    SlaPolicy,
    TargetUnit,
)
from inbox.sla.queries import Calendars
from inbox.sources.models import Outage, Source
from inbox.sources.vocabulary import MANUAL
from inbox.tickets import chain
from inbox.tickets.events import NewEvent, record_many
from inbox.tickets.models import ChainHead, ExternalRef, Reporter, Ticket, TicketEvent, UntoldEvent
from inbox.tickets.vocabulary import Category, EventKind, Status, Urgency
from inbox.units.models import Unit, UnitKind

BATCH = 1000
#: How many lives are made up; beyond that PostgreSQL copies them.
DISTINCT = 40_000
OFFICERS = 3

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

#: slug, label, badge, connector, how often. Only made where they are missing, and then switched off.
_SOURCES = (
    ("national-portal", "Cổng DVC quốc gia", "DVCQG", "national_portal", 24),
    ("hotline-1022", "Tổng đài 1022", "1022", "hotline_1022", 46),
    ("gopy", "Bình Thạnh trực tuyến", "Bình Thạnh TT", "district_app", 22),
    ("walk-in", "Trực tiếp tại phường", "Trực tiếp", MANUAL, 5),
    ("phone", "Điện thoại đến phường", "Điện thoại", MANUAL, 3),
)
#: Of what citizens complained about in 2025, with a title each.
_CATEGORIES: dict[Category, tuple[int, str]] = {
    Category.PROCEDURES: (430, "Hồ sơ trễ hẹn trả kết quả"),
    Category.INFRASTRUCTURE: (180, "Ổ gà sâu giữa đường"),
    Category.NOISE: (90, "Karaoke gây ồn sau 22 giờ"),
    Category.BUS: (70, "Xe buýt bỏ trạm"),
    Category.ENVIRONMENT: (50, "Rác chất đống đầu hẻm"),
    Category.URBAN_ORDER: (40, "Lấn chiếm vỉa hè buôn bán"),
    Category.FLOODING: (30, "Ngập nước sau mưa"),
    Category.LIGHTING: (25, "Đèn đường không sáng"),
    Category.CONSTRUCTION: (20, "Nghi xây dựng trái phép"),
    Category.TREES: (15, "Cây xanh nghiêng sắp ngã"),
    Category.TRAFFIC: (12, "Đèn tín hiệu giao thông hỏng"),
    Category.ELECTRICITY: (10, "Dây điện sà thấp"),
    Category.SECURITY: (8, "Tụ tập gây mất trật tự"),
    Category.WATER: (6, "Nước máy yếu nhiều ngày"),
    Category.FOOD_SAFETY: (5, "Quán ăn mất vệ sinh"),
    Category.CONDUCT: (4, "Thái độ tiếp dân chưa đúng mực"),
    Category.TELECOM: (2, "Cáp viễn thông võng xuống đường"),
    Category.HEALTH: (2, "Đề nghị phun thuốc muỗi"),
    Category.FIRE_SAFETY: (1, "Lối thoát nạn bị chắn"),
    Category.OTHER: (0, "Góp ý khác"),
}
_URGENT = frozenset({Category.TREES, Category.ELECTRICITY, Category.INFRASTRUCTURE})
_STREETS = ("Nơ Trang Long", "Đinh Bộ Lĩnh", "Bùi Đình Túy", "Phan Văn Trị", "Chu Văn An", "Nguyễn Xí")
_WEEKDAYS = (120, 112, 108, 106, 104, 60, 42)
_HOURS = (3, 2, 1, 1, 2, 6, 18, 48, 92, 100, 88, 60, 40, 58, 84, 90, 76, 58, 50, 52, 48, 36, 18, 8)


def fill_tickets(number: int, *, months: int, seed: int, at: datetime) -> int:
    """Add `number` tickets received during the `months` before `at`; returns how many there were to make up.

    Nobody is told of them and nothing is sent. Raises LookupError when units or policies are not loaded.
    """
    world = _World(months=months, seed=f"{seed}:{Ticket.objects.count()}", at=at)
    distinct = min(number, DISTINCT) if connection.vendor == "postgresql" else number
    for done in range(0, distinct, BATCH):
        with transaction.atomic():
            _store([_Life(world) for _ in range(min(BATCH, distinct - done))])
    if number > distinct:
        _copy_lives(number - distinct, like_last=distinct)
    return distinct


class _World:
    """What lives are made of: units with how busy they are, people, sources with their outages, calendars."""

    def __init__(self, *, months: int, seed: str, at: datetime) -> None:
        self.chance = random.Random(f"fill:{seed}")  # noqa: S311  made-up data
        self.at = at
        self.first = at - timedelta(days=30.44 * months)
        areas = [UnitKind.WARD, UnitKind.COMMUNE, UnitKind.SPECIAL_ZONE]
        self.units = list(Unit.objects.current(timezone.localdate(at)).filter(kind__in=areas).order_by("code"))
        if not self.units:
            raise LookupError("No units are loaded; run seed_demo --tickets 0 first")
        # A few wards are as busy as ten others.
        busy = random.Random("busy")  # noqa: S311  the same wards in every load
        self.busy = [busy.lognormvariate(0, 0.8) for _ in self.units]
        # Wards differ in how they keep their deadlines, or there would be nothing to see.
        self.slow = {unit.pk: busy.lognormvariate(0, 0.28) for unit in self.units}
        self.officers = _officers(self.units)
        self.sources = [_source(*row[:4]) for row in _SOURCES]
        self.outages = {source.pk: self._outages(source, months) for source in self.sources}
        self.calendars = Calendars()
        if self.calendars.default_id is None:
            raise LookupError("No calendars are loaded; run seed_demo --tickets 0 first")
        self.policies = list(SlaPolicy.objects.all())
        self.office = self.calendars.working(self.calendars.default_id)
        days = (at - self.first).days + 1
        self.days = [self.first + n * _DAY for n in range(days)]
        self.day_weights = [_WEEKDAYS[timezone.localtime(day).weekday()] for day in self.days]

    def pick(self, chances: dict[Any, float]) -> Any:
        return self.chance.choices(list(chances), weights=list(chances.values()))[0]

    def moment(self) -> datetime:
        """When somebody complains."""
        while True:
            day = timezone.localdate(self.chance.choices(self.days, weights=self.day_weights)[0])
            hour = self.chance.choices(range(24), weights=_HOURS)[0]
            clock = time(hour, self.chance.randrange(60), self.chance.randrange(60))
            found = timezone.make_aware(datetime.combine(day, clock))
            if self.first <= found < self.at - 5 * _MINUTE:
                return found

    def back_up(self, source: Source, at: datetime) -> datetime:
        """When the source can be reached again: `at` itself when it is not away."""
        return next((ended for began, ended in self.outages[source.pk] if began <= at < ended), at)

    def _outages(self, source: Source, months: int) -> list[tuple[datetime, datetime]]:
        """About one a month, long over. Kept as rows once, whoever fills again."""
        if source.connector == MANUAL:
            return []
        rows = list(Outage.objects.filter(source=source, ended__isnull=False))
        last = (self.at - self.first - 2 * _DAY).total_seconds()
        if not rows and last > 0:
            rows = Outage.objects.bulk_create(self._made_up_outages(source, months, last))
        return [(row.began, row.ended) for row in rows if row.ended]

    def _made_up_outages(self, source: Source, months: int, last: float) -> list[Outage]:
        begins = sorted(self.first + timedelta(seconds=self.chance.uniform(0, last)) for _ in range(months))
        return [
            Outage(
                source=source,
                began=began,
                last_success_before=began - 5 * _MINUTE,
                confirmed_at=began + 2 * _MINUTE,
                ended=min(began + self.chance.lognormvariate(math.log(4), 1) * _HOUR, self.at - _DAY),
                reason_code="read_timeout",
            )
            for began in begins
        ]


def _officers(units: Sequence[Unit]) -> dict[int, list[int]]:
    """People to give tickets to, by unit. Where nobody works, officers without a password are made up."""
    workers: dict[int, list[int]] = {}
    staff = Membership.objects.filter(unit__in=units, role=Role.OFFICER, official__is_active=True)
    for unit_id, official_id in staff.order_by("pk").values_list("unit_id", "official_id"):
        workers.setdefault(unit_id, []).append(official_id)
    fresh = [
        (
            unit,
            Official(
                username=f"thu-{unit.code}-{n}",
                password="!",  # noqa: S106  nobody can log in with it
                full_name=f"Cán bộ thử {n} {unit.short_name}"[:150],
            ),
        )
        for unit in units
        for n in range(1, OFFICERS + 1 - len(workers.get(unit.pk, [])))
    ]
    usernames = Official.objects.filter(username__startswith="thu-").values_list("username", flat=True)
    taken = set(usernames)
    fresh = [(unit, official) for unit, official in fresh if official.username not in taken]
    with transaction.atomic():
        insert_rows([official for _, official in fresh])
        insert_rows([Membership(official=official, unit=unit, role=Role.OFFICER.value) for unit, official in fresh])
    for unit, official in fresh:
        workers.setdefault(unit.pk, []).append(official.pk)
    return workers


def _source(slug: str, label: str, short_label: str, connector: str) -> Source:
    defaults = {"label": label, "short_label": short_label, "connector": connector, "is_enabled": False}
    return Source.objects.get_or_create(slug=slug, defaults=defaults)[0]


@dataclass(frozen=True, slots=True)
class _Sent:
    """An answer on its way to the source."""

    event: int  # its place among the events of the ticket
    action: str
    done_at: datetime
    deadline_at: datetime | None
    delivered_at: datetime
    held_up: bool


@dataclass
class _Life:
    """One made-up ticket with everything that hangs on it, unsaved."""

    world: _World
    ticket: Ticket = field(init=False)
    clocks: list[SlaClock] = field(default_factory=list)
    pauses: list[ClockPause] = field(default_factory=list)
    requests: list[ExtensionRequest] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    sent: list[_Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._arrive()
        self._work()
        self._told_of_deadlines()
        timers.set_next_due(self.ticket, self.clocks)
        order = sorted(range(len(self.events)), key=lambda n: self.events[n].at)
        self.sent = [replace(one, event=order.index(one.event)) for one in self.sent]
        self.events = [self.events[n] for n in order]
        self.ticket.updated_at = self.events[-1].at
        self.ticket.version = len(self.events) - 1

    # --- Steps of a life ----------------------------------------------------------------------------------------------

    def _arrive(self) -> None:
        world, chance = self.world, self.world.chance
        source = chance.choices(world.sources, weights=[row[4] for row in _SOURCES])[0]
        category = chance.choices(list(_CATEGORIES), weights=[weight for weight, _ in _CATEGORIES.values()])[0]
        unit = None if chance.random() < 0.01 else chance.choices(world.units, weights=world.busy)[0]
        sent_at = world.moment()
        received = sent_at if source.connector == MANUAL else sent_at + chance.uniform(0, 300) * timedelta(seconds=1)
        received = min(world.back_up(source, received), world.at)
        title = _CATEGORIES[category][1]
        address = f"{chance.randint(1, 480)} {chance.choice(_STREETS)}" + (f", {unit.name}" if unit else "")
        text = f"{title} tại {address}, kéo dài nhiều ngày, đề nghị phường kiểm tra và xử lý."
        self.ticket = Ticket(
            title=title,
            text=text,
            search_key=search_key(f"{title} {text} {address}"),
            category=category,
            urgency=Urgency.URGENT if category in _URGENT and chance.random() < 0.15 else Urgency.NORMAL,
            source=source,
            unit=unit,
            address=address,
            lat=unit.lat + chance.uniform(-0.004, 0.004) if unit and unit.lat else None,
            lng=unit.lng + chance.uniform(-0.004, 0.004) if unit and unit.lng else None,
            routing_method="legacy_ward" if unit else "",
            routing_confidence=1.0 if unit else None,
            routing_reason="synthetic",
            sent_at=sent_at,
            received_at=received,
            clock_from=sent_at,
            source_due_at=self._source_due(source, sent_at),
            updated_at=received,
        )
        for kind in ClockKind:
            self._start_clock(kind, sent_at)
        self._note(EventKind.RECEIVED, received, status="new", remarks=[])
        self._note(EventKind.ROUTED, received, unit=unit.pk if unit else None, method="synthetic")

    def _source_due(self, source: Source, sent_at: datetime) -> datetime | None:
        if source.connector == "national_portal":
            return self.world.office.add_days(sent_at, self.world.chance.choice((10, 15, 20)))
        if source.connector == "hotline_1022" and self.world.chance.random() < 0.7:
            return sent_at + 10 * _DAY
        return None

    def _work(self) -> None:
        """From the first look to the end, as far as it has come by now."""
        chance, ticket = self.world.chance, self.ticket
        if ticket.unit is None and (chance.random() < 0.05 or not self._transfer(self._later(ticket.received_at, 60))):
            return
        if chance.random() < 0.045 and not self._transfer(self._later(ticket.received_at, 90)):
            return
        at = self._share(self._current(ClockKind.ACCEPT), median=0.35, spread=0.8, after=self._since())
        if not self._accept(at):
            return
        if chance.random() < 0.7 and (at := self._later(at, 60)) and self._past(at):
            ticket.set_status(Status.IN_PROGRESS)
            self._note(EventKind.STARTED, at, by=True)
        ending = self.world.pick(
            {"resolve": 0.93, "return": 0.035, "refuse": 0.012, "withdraw": 0.008, "transfer": 0.015}
        )
        if ending == "transfer":
            again = self._transfer(self._later(at, 240))
            at = self._share(self._current(ClockKind.ACCEPT), median=0.35, spread=0.8, after=self._since())
            if not again or not self._accept(at):
                return
        elif ending != "resolve":
            self._end_otherwise(ending, self._later(at, 300))
            return
        if chance.random() < 0.10:
            waited = self._wait(self._later(at, 200))
            if waited is None:
                return
            at = waited
        if chance.random() < 0.05:
            at = self._extend(self._later(at, 120))
        if not self._resolve(self._share(self._current(ClockKind.RESOLVE), median=0.46, spread=0.62, after=at)):
            return
        if chance.random() < 0.03:
            resolved = ticket.resolved_at or at
            at = resolved + chance.uniform(0.5, 6) * _DAY
            if self._reopen(at):
                self._resolve(self._later(at, 600))

    def _accept(self, at: datetime) -> bool:
        if not self._past(at):
            return False
        ticket = self.ticket
        ticket.set_status(Status.ACCEPTED)
        ticket.accepted_at = at
        ticket.assignee_id = self._somebody()
        self._judge(self._current(ClockKind.ACCEPT), at)
        self._note(EventKind.ACCEPTED, at, by=True, took=True, **self._deadline(ClockKind.ACCEPT))
        if self.world.chance.random() < 0.3:
            self._send("accept", at, ClockKind.ACCEPT)
        return True

    def _resolve(self, at: datetime) -> bool:
        if not self._past(at):
            return False
        self.ticket.set_status(Status.RESOLVED)
        self.ticket.resolved_at = at
        for kind in ClockKind:
            self._judge(self._current(kind), at)
        self._note(EventKind.RESOLVED, at, by=True, **self._deadline(ClockKind.RESOLVE))
        self._send("resolve", at, ClockKind.RESOLVE)
        return True

    def _end_otherwise(self, ending: str, at: datetime) -> None:
        if not self._past(at):
            return
        kind, status = {
            "return": (EventKind.RETURNED, Status.RETURNED),
            "refuse": (EventKind.REFUSED, Status.REFUSED),
            "withdraw": (EventKind.WITHDRAWN, Status.WITHDRAWN),
        }[ending]
        self.ticket.set_status(status)
        for row in self.clocks:
            if row.state == ClockState.RUNNING:
                row.state, row.paused_at = ClockState.CANCELLED, at
        self._note(kind, at, by=ending != "withdraw")

    def _transfer(self, at: datetime) -> bool:
        """To another unit, where accepting starts anew. Untrue when that lies ahead."""
        if not self._past(at):
            return False
        ticket, world = self.ticket, self.world
        before = ticket.unit
        unit = world.chance.choices(world.units, weights=world.busy)[0]
        if unit == before:
            return True
        actor = ticket.assignee_id or (self._somebody() if before else None)
        ticket.set_status(Status.NEW)
        ticket.unit, ticket.assignee_id, ticket.accepted_at = unit, None, None
        last = self._current(ClockKind.ACCEPT)
        if last is not None and last.state == ClockState.RUNNING:
            last.state, last.paused_at = ClockState.CANCELLED, at
        self._start_clock(ClockKind.ACCEPT, at, last.round + 1 if last else 1)
        data = {"unit": unit.pk, "before": before.pk if before else None, **self._deadline(ClockKind.RESOLVE)}
        self.events.append(NewEvent(0, EventKind.TRANSFERRED, at, data, actor_id=actor))
        return True

    def _wait(self, at: datetime) -> datetime | None:
        """Wait for the citizen; None while that has not ended."""
        row = self._current(ClockKind.RESOLVE)
        if not self._past(at) or row is None or at >= row.due_at:
            return at
        until = self.world.calendars.working(row.calendar_id).add_days(at, row.policy.max_pause_days)
        pause = ClockPause(clock=row, from_at=at, until=until, reason="Chờ người dân bổ sung thông tin")
        self.pauses.append(pause)
        self.ticket.set_status(Status.WAITING_CITIZEN)
        self._note(EventKind.PAUSED, at, by=True, until=None, **self._deadline(ClockKind.RESOLVE))
        ends = self.world.office.add(at, self.world.chance.lognormvariate(math.log(960), 0.8) * _MINUTE)
        if not self._past(ends):
            row.state, row.paused_at = ClockState.PAUSED, at
            return None
        pause.to_at = min(ends, until)
        timers.reckon(row, [pause], self.world.calendars)
        self.ticket.set_status(Status.IN_PROGRESS)
        self._note(EventKind.RESUMED, ends, by=True)
        return ends

    def _extend(self, at: datetime) -> datetime:
        """Ask for more time; mostly one gets it. Returns when that was decided."""
        row, chance = self._current(ClockKind.RESOLVE), self.world.chance
        if not self._past(at) or row is None or at >= row.due_at:
            return at
        counting = self.world.calendars.counting(row.calendar_id, row.target_unit)
        until = counting.add(row.due_at, 24 * _HOUR)
        request = ExtensionRequest(
            asked_at=at, asked_by_id=self.ticket.assignee_id or 0, until=until, reason="Vụ việc phức tạp"
        )
        self.requests.append(request)
        self._note(EventKind.EXTENSION_ASKED, at, by=True, until=until.isoformat())
        decided = self._later(at, 120)
        if not self._past(decided):
            return at
        request.decided_at, request.decided_by_id = decided, self.ticket.assignee_id
        given = chance.random() < 0.8
        request.state = ExtensionState.APPROVED if given else ExtensionState.REFUSED
        if given:
            row.extension = counting.between(row.due_at, until)
            timers.reckon(row, [p for p in self.pauses if p.clock is row], self.world.calendars)
        asked_by = self.ticket.assignee_id
        if given:
            self._note(EventKind.EXTENSION_APPROVED, decided, by=True, until=row.due_at.isoformat(), asked_by=asked_by)
        else:
            self._note(EventKind.EXTENSION_REFUSED, decided, by=True, asked_by=asked_by)
        return decided

    def _reopen(self, at: datetime) -> bool:
        """As `timers.reopen`, on rows that are not stored yet."""
        last = self._current(ClockKind.RESOLVE)
        if not self._past(at) or last is None or last.met_at is None:
            return False
        row = SlaClock(
            kind=last.kind,
            round=last.round + 1,
            policy=last.policy,
            calendar_id=last.calendar_id,
            target_amount=last.target_amount,
            target_unit=last.target_unit,
            started_at=last.started_at,
            extension=last.extension,
        )
        spans = [(p.from_at, p.until, p.to_at, p.reason) for p in self.pauses if p.clock is last]
        spans.append((last.met_at, at, at, timers.WHILE_ENDED))
        pauses = [ClockPause(clock=row, from_at=a, until=b, to_at=c, reason=why) for a, b, c, why in spans]
        timers.reckon(row, pauses, self.world.calendars)
        self.clocks.append(row)
        self.pauses += pauses
        self.ticket.set_status(Status.IN_PROGRESS)
        self.ticket.resolved_at = None
        self._note(EventKind.REOPENED, at, by=True)
        return True

    def _told_of_deadlines(self) -> None:
        """Marks what the sweep would have marked, so that it has nothing to do afterwards."""
        for row in self.clocks:
            ended = row.met_at or row.paused_at or self.world.at
            if row.warn_at <= ended:
                row.warned_at = row.warn_at
            if row.due_at < ended and row.state != ClockState.CANCELLED:
                row.breached_at = row.due_at
                self._note(EventKind.BECAME_OVERDUE, row.due_at, clock=row.kind, due_at=row.due_at.isoformat())
            if row.late_at < ended:
                row.escalated_at = row.late_at

    # --- Parts --------------------------------------------------------------------------------------------------------

    def _start_clock(self, kind: ClockKind, started_at: datetime, number: int = 1) -> None:
        facts = timers.facts_of(self.ticket, self.ticket.source)
        policy = timers.choose_policy(replace(facts, started_at=started_at), self.world.policies)
        if policy is None:
            return
        accept = kind is ClockKind.ACCEPT
        row = SlaClock(
            kind=kind,
            round=number,
            policy=policy,
            calendar_id=self.world.calendars.of_units.get(facts.unit_id or 0, policy.calendar_id),
            target_amount=policy.accept_amount if accept else policy.resolve_amount,
            target_unit=policy.accept_unit if accept else policy.resolve_unit,
            started_at=started_at,
        )
        timers.reckon(row, (), self.world.calendars)
        self.clocks.append(row)

    def _current(self, kind: str) -> SlaClock | None:
        return next((row for row in reversed(self.clocks) if row.kind == kind), None)

    def _judge(self, row: SlaClock | None, at: datetime) -> None:
        if row is not None and row.state == ClockState.RUNNING:
            row.met_at = at
            row.state = ClockState.MET if at <= row.due_at else ClockState.BREACHED

    def _deadline(self, kind: ClockKind) -> dict[str, Any]:
        row = self._current(kind)
        theirs = self.ticket.source_due_at if kind is ClockKind.RESOLVE else None
        dues = [due for due in (row.due_at if row else None, theirs) if due]
        return {"deadline": {"clock": kind.value, "due_at": min(dues).isoformat()}} if dues else {}

    def _note(self, kind: EventKind, at: datetime, *, by: bool = False, **data: Any) -> None:
        from_source = kind in {EventKind.RECEIVED, EventKind.ROUTED, EventKind.WITHDRAWN}
        self.events.append(
            NewEvent(
                0,
                kind,
                at,
                data,
                actor_id=self.ticket.assignee_id if by else None,
                source_id=self.ticket.source_id if from_source else None,
            )
        )

    def _send(self, action: str, at: datetime, kind: ClockKind) -> None:
        source = self.ticket.source
        if source.connector == MANUAL:
            return
        back = self.world.back_up(source, at)
        delivered = back + self.world.chance.lognormvariate(math.log(40), 1.2) * timedelta(seconds=1)
        deadline = self._deadline(kind).get("deadline")
        self.sent.append(
            _Sent(
                event=len(self.events) - 1,
                action=action,
                done_at=at,
                deadline_at=datetime.fromisoformat(deadline["due_at"]) if deadline else None,
                delivered_at=min(delivered, self.world.at),
                held_up=back > at,
            )
        )

    def _somebody(self) -> int:
        """Who works in the unit."""
        return self.world.chance.choice(self.world.officers[self.ticket.unit_id or 0])

    def _past(self, at: datetime) -> bool:
        return at <= self.world.at

    def _since(self) -> datetime:
        return self.events[-1].at

    def _later(self, at: datetime, minutes: float) -> datetime:
        """Some working time later, about so many minutes; now and then in the evening."""
        chance = self.world.chance
        found = self.world.office.add(at, max(1.0, chance.lognormvariate(math.log(minutes), 0.7)) * _MINUTE)
        return found + chance.uniform(2, 5) * _HOUR if chance.random() < 0.06 else found

    def _share(self, row: SlaClock | None, *, median: float, spread: float, after: datetime) -> datetime:
        """When about this share of the time of a clock is used up, but after `after`."""
        chance = self.world.chance
        if row is None:
            return self._later(after, 600)
        counting = self.world.calendars.counting(row.calendar_id, row.target_unit)
        share = chance.lognormvariate(math.log(median), spread) * self.world.slow.get(self.ticket.unit_id or 0, 1)
        if chance.random() < 0.012:
            share *= 5  # what lies around
        found = counting.add(row.started_at, max(counting.between(row.started_at, row.due_at) * share, _MINUTE))
        if (
            row.target_unit in {TargetUnit.HOURS, TargetUnit.MINUTES, TargetUnit.CALENDAR_DAYS}
            and chance.random() < 0.85
        ):
            found = self.world.office.next_open(found)
        return found if found > after else self._later(after, 15)


# --- Storing ----------------------------------------------------------------------------------------------------------


def _store(lives: Sequence[_Life]) -> None:
    """A batch of lives in a constant number of statements."""
    reporters = [Reporter() for _ in lives]
    insert_rows(reporters)
    for life, reporter in zip(lives, reporters, strict=True):
        life.ticket.reporter = reporter
    insert_rows([life.ticket for life in lives])
    for life in lives:
        for clock in life.clocks:
            clock.ticket = life.ticket
        for request in life.requests:
            request.ticket = life.ticket
    insert_rows([row for life in lives for row in life.clocks])
    for life in lives:
        for pause in life.pauses:
            pause.clock_id = pause.clock.pk
    insert_rows([pause for life in lives for pause in life.pauses])
    insert_rows([request for life in lives for request in life.requests])
    refs = [_ref(life.ticket) for life in lives]
    insert_rows(refs)
    events = record_many(
        (
            NewEvent(life.ticket.pk, e.kind, e.at, e.data, actor_id=e.actor_id, source_id=e.source_id)
            for life in lives
            for e in life.events
        ),
        on_new_tickets=True,
    )
    UntoldEvent.objects.filter(event__in=[event.pk for event in events]).delete()
    first = 0
    messages = []
    for life, ref in zip(lives, refs, strict=True):
        messages += [_message(life.ticket, ref, events[first + sent.event], sent) for sent in life.sent]
        first += len(life.events)
    insert_rows(messages)


def _ref(ticket: Ticket) -> ExternalRef:
    status = "resolved" if ticket.status == Status.RESOLVED else "new"
    return ExternalRef(
        ticket=ticket,
        source=ticket.source,
        external_id=f"T-{ticket.pk}",
        seen_revision="1",
        content_hash="",
        seen_status=status,
        first_seen_at=ticket.received_at,
        last_changed_at=ticket.received_at,
    )


def _message(ticket: Ticket, ref: ExternalRef, event: TicketEvent, sent: _Sent) -> OutboxMessage:
    """Delivered. Those held up by an outage are left for evidence to look at."""
    return OutboxMessage(
        ticket=ticket,
        ref=ref,
        source=ticket.source,
        event=event,
        action=sent.action,
        author="UBND phường",
        done_at=sent.done_at,
        deadline_at=sent.deadline_at,
        is_examined=not sent.held_up,
        key=uuid.uuid4().hex,
        state=DeliveryState.DELIVERED,
        attempts_made=1,
        next_attempt_at=sent.delivered_at,
        claimed_at=sent.delivered_at,
        created_at=sent.done_at,
        delivered_at=sent.delivered_at,
    )


# --- Copying, inside PostgreSQL ---------------------------------------------------------------------------------------


_TICKET = '"ticket":'


def _copy_lives(number: int, *, like_last: int) -> None:
    """Store `number` more tickets like the newest `like_last`, which nobody else may add to meanwhile."""
    tickets = list(Ticket.objects.order_by("-pk").values_list("pk", flat=True)[:like_last])
    first, last = tickets[-1], tickets[0]
    with transaction.atomic(), connection.cursor() as cursor:
        # What an event's hash covers, up to the ticket's key, which stands last.
        cursor.execute("CREATE TEMPORARY TABLE fill_said (id bigint PRIMARY KEY, said text) ON COMMIT DROP")
        for start in range(first, last + 1, BATCH):
            events = TicketEvent.objects.filter(ticket__gte=start, ticket__lt=min(start + BATCH, last + 1))
            said = [(event.pk, chain.canonical(event.content).rpartition(_TICKET)[0] + _TICKET) for event in events]
            with cursor.copy("COPY fill_said FROM STDIN") as copy:
                for row in said:
                    copy.write_row(row)
        cursor.execute("ANALYZE fill_said")
        for done in range(0, number, last - first + 1):
            _copy_once(first, min(last, first + number - done - 1))


#: In an order in which each finds what it hangs on, with the column that ties it to the tickets.
_COPIED = (
    (Reporter, None),
    (Ticket, "id"),
    (SlaClock, "ticket_id"),
    (ClockPause, None),
    (ExtensionRequest, "ticket_id"),
    (ExternalRef, "ticket_id"),
    (TicketEvent, "ticket_id"),
    (ChainHead, "ticket_id"),
    (OutboxMessage, "ticket_id"),
)


def _copy_once(first: int, last: int) -> None:
    """Copy the tickets with these keys once, with all that hangs on them: new keys are the old ones, moved along."""
    moved: dict[Any, int] = {}
    for model, tie in _COPIED:
        table, chosen = (
            model._meta.db_table,
            f"{tie} BETWEEN {first} AND {last}" if tie else _chosen(model, first, last),
        )
        if model is ChainHead:
            _copy_heads(chosen, moved[Ticket])
            continue
        moved[model] = _make_room(table, chosen)
        if model is TicketEvent:
            _copy_events(chosen, moved)
        else:
            columns = _columns(model, moved)
            _execute(
                f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608  names and numbers of ours
                f"SELECT {', '.join(columns.values())} FROM {table} WHERE {chosen}"
            )


def _chosen(model: Any, first: int, last: int) -> str:
    tickets, clocks = Ticket._meta.db_table, SlaClock._meta.db_table
    if model is Reporter:
        return f"id IN (SELECT reporter_id FROM {tickets} WHERE id BETWEEN {first} AND {last})"  # noqa: S608
    return f"clock_id IN (SELECT id FROM {clocks} WHERE ticket_id BETWEEN {first} AND {last})"  # noqa: S608


def _make_room(table: str, chosen: str) -> int:
    """Reserve keys; returns by how much the copies' keys are higher."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id), max(id) FROM {table} WHERE {chosen}")  # noqa: S608
        low, high = cursor.fetchone()
        if low is None:
            return 0
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
            f"nextval(pg_get_serial_sequence('{table}', 'id')) + {high - low})"
        )
        (end,) = cursor.fetchone()
    return int(end - high)


def _columns(model: Any, moved: dict[Any, int]) -> dict[str, str]:
    """What a copy has in each column."""
    found = {}
    for one in model._meta.concrete_fields:
        source = model if one.primary_key else one.related_model
        name = f'"{one.column}"'
        found[name] = f"{name} + {moved[source]}" if source in moved else name
    if model is ExternalRef:
        found['"external_id"'] = f"'T-' || ticket_id + {moved[Ticket]}"
    if model is OutboxMessage:
        found['"key"'] = f"md5(key || '{moved[Ticket]}')"
    return found


def _copy_events(chosen: str, moved: dict[Any, int]) -> None:
    """Link by link, because each hash needs the one before it."""
    table, columns = TicketEvent._meta.db_table, _columns(TicketEvent, moved)
    wanted = {name: f"e.{value}" for name, value in columns.items()}
    wanted['"hash"'] = (
        "encode(sha256(convert_to(coalesce(b.hash, '') || said || "
        f"(e.ticket_id + {moved[Ticket]})::text || '}}', 'UTF8')), 'hex')"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(sequence) FROM {table} WHERE {chosen}")  # noqa: S608
        (longest,) = cursor.fetchone()
    for sequence in range(1, longest + 1):
        _execute(
            f"INSERT INTO {table} ({', '.join(wanted)}) SELECT {', '.join(wanted.values())} "  # noqa: S608
            f"FROM {table} e JOIN fill_said USING (id) LEFT JOIN {table} b "
            f"ON b.ticket_id = e.ticket_id + {moved[Ticket]} AND b.sequence = {sequence - 1} "
            f"WHERE e.{chosen} AND e.sequence = {sequence}"
        )


def _copy_heads(chosen: str, moved: int) -> None:
    heads, events = ChainHead._meta.db_table, TicketEvent._meta.db_table
    _execute(
        f"INSERT INTO {heads} (ticket_id, sequence, hash) SELECT e.ticket_id, e.sequence, e.hash FROM {heads} h "  # noqa: S608
        f"JOIN {events} e ON e.ticket_id = h.ticket_id + {moved} AND e.sequence = h.sequence WHERE h.{chosen}"
    )


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
