"""Calendars, deadline policies and the clocks of tickets, as rows.

All reckoning is in `calendar` and `clock` (pure); who starts, stops and moves clocks is in `timers` and `sweep`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from inbox.sla.calendar import WorkingCalendar


def _check_intervals(weekly: dict[int, Any]) -> WorkingCalendar:
    """The calendar with these weekly intervals. Raises ValidationError when they make no sense."""
    try:
        return WorkingCalendar(weekly, {}, ZoneInfo("UTC"))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValidationError(str(error)) from error


class WorkCalendar(models.Model):
    """Office hours of a week. `weekly`: {"0": [["07:30", "11:30"], …], …}, 0 is Monday, "24:00" is midnight.

    `later`: [["2026-12-01", {"0": …}], …], weeks that hold from a date on; what was counted before stays explainable.
    `follows`: the calendar whose dates off and dates worked hold here too, unless this one has the date itself.
    """

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=50, default="Asia/Ho_Chi_Minh")
    weekly = models.JSONField()
    later = models.JSONField(default=list, db_default=[], blank=True)
    follows = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="followers")
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="work_calendar_default")
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse unknown time zones, overlapping intervals and a week without any opening."""
        if self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": "Unknown time zone."})
        if self.follows is not None and self.follows.follows_id is not None:
            raise ValidationError({"follows": "A calendar follows one that follows none."})
        for week in (self.weekly, *(week for _day, week in self.later)):
            try:
                weekly = {int(day): intervals for day, intervals in week.items()}
            except (ValueError, AttributeError) as error:
                raise ValidationError({"weekly": "Expected an object with the keys 0 (Monday) to 6."}) from error
            _check_intervals(weekly)
            if not any(weekly.values()):
                raise ValidationError({"weekly": "A calendar needs at least one opening in the week."})


class CalendarOverride(models.Model):
    """One date that differs from the week: a day off (`intervals` empty) or a day worked.

    `confirmed` is about the legal basis, not about the effect: an unconfirmed row counts like any other and is shown as
    "to be confirmed" until an administrator confirms or removes it.
    """

    calendar = models.ForeignKey(WorkCalendar, on_delete=models.CASCADE, related_name="overrides")
    date = models.DateField()
    intervals = models.JSONField(default=list, blank=True)
    reason = models.CharField(max_length=200)
    legal_basis = models.CharField(max_length=500, blank=True)
    confirmed = models.BooleanField(default=True)

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="calendar_override_once")]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} {self.reason}"

    def clean(self) -> None:
        """Refuse intervals that overlap or end before they start."""
        if self.intervals:
            _check_intervals({0: self.intervals})


class UnitCalendar(models.Model):
    """The office hours of a unit that differ from those its policies name."""

    unit = models.OneToOneField("inbox.Unit", on_delete=models.CASCADE, related_name="work_calendar")
    calendar = models.ForeignKey(WorkCalendar, on_delete=models.PROTECT, related_name="units")

    def __str__(self) -> str:
        return f"{self.unit_id}: {self.calendar_id}"


class Changed(models.TextChoices):
    """What about a calendar was changed."""

    CREATED = "created", "lập lịch"
    DAY = "day", "một ngày"
    HOURS = "hours", "giờ làm việc"
    UNIT = "unit", "đơn vị áp dụng"


class CalendarChange(models.Model):
    """Who changed what about a calendar, when, from what to what, on which legal basis.

    `before` and `after` hold what was there: of a date the override's fields, empty without one; of hours the week; of
    a unit its code and calendar. `date` is the date that changed, else the first one on which the change counts.
    """

    calendar = models.ForeignKey(WorkCalendar, on_delete=models.CASCADE, related_name="changes")
    what = models.CharField(max_length=10, choices=Changed.choices, default=Changed.DAY, db_default=Changed.DAY)
    date = models.DateField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    actor = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.calendar_id}: {self.what} {self.date:%Y-%m-%d}"


class Recalculation(models.Model):
    """Bringing open clocks in line with a changed calendar: a job in batches that goes on where it stopped.

    Of a calendar and those that follow it, the clocks that the dates can touch; of a `unit`, all of its open clocks,
    which go over to the calendar that is now the unit's.
    """

    calendar = models.ForeignKey(WorkCalendar, on_delete=models.CASCADE, related_name="recalculations")
    unit = models.ForeignKey("inbox.Unit", on_delete=models.CASCADE, null=True, related_name="+")
    first = models.DateField(help_text="Only clocks whose time touches the dates from here …")
    last = models.DateField(help_text="… to here can move.")
    asked_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    last_key = models.BigIntegerField(default=0, help_text="The last clock that was looked at.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar"],
                condition=Q(finished_at__isnull=True, unit__isnull=True),
                name="recalculation_one_of_calendar",
            ),
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(finished_at__isnull=True, unit__isnull=False),
                name="recalculation_one_of_unit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id}: {self.done} of {self.total}"

    @property
    def percent(self) -> int:
        """How far it is."""
        if self.finished_at is not None or not self.total:
            return 100
        return min(99, 100 * self.done // self.total)


class TargetUnit(models.TextChoices):
    """How an amount is counted. Minutes, hours and calendar days run round the clock."""

    MINUTES = "minutes", "phút"
    HOURS = "hours", "giờ"
    WORKING_MINUTES = "working_minutes", "phút làm việc"
    WORKING_HOURS = "working_hours", "giờ làm việc"
    WORKING_DAYS = "working_days", "ngày làm việc"
    CALENDAR_DAYS = "calendar_days", "ngày (tính cả ngày nghỉ)"


class Urgency(models.TextChoices):
    NORMAL = "normal", "thường"
    URGENT = "urgent", "khẩn cấp"


SELECTORS = ("connector", "source_slug", "category", "urgency")


class SlaPolicy(models.Model):
    """A dated promise: how soon to accept and to resolve what matches the selectors. Blank selectors match anything.

    A policy is never edited in place once clocks use it: end it with `valid_to` and add the next `version`.
    """

    name = models.CharField(max_length=150)
    version = models.PositiveIntegerField(default=1)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="First day on which it no longer counts.")
    connector = models.CharField(max_length=50, blank=True)
    source_slug = models.CharField(max_length=50, blank=True)
    category = models.CharField(max_length=50, blank=True)
    urgency = models.CharField(max_length=10, choices=Urgency.choices, blank=True)
    unit = models.ForeignKey("inbox.Unit", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accept_amount = models.PositiveIntegerField()
    accept_unit = models.CharField(max_length=20, choices=TargetUnit.choices)
    resolve_amount = models.PositiveIntegerField()
    resolve_unit = models.CharField(max_length=20, choices=TargetUnit.choices)
    several_agencies_amount = models.PositiveIntegerField(null=True, blank=True)
    several_agencies_unit = models.CharField(max_length=20, choices=TargetUnit.choices, blank=True)
    max_pause_days = models.PositiveIntegerField(default=30, help_text="Longest pause, in working days.")
    warn_fraction = models.FloatField(default=0.75, help_text="Share of the target after which to warn.")
    late_days = models.PositiveIntegerField(default=1, help_text="Working days after the due date: the last level.")
    calendar = models.ForeignKey(WorkCalendar, on_delete=models.PROTECT, related_name="policies")
    legal_basis = models.CharField(max_length=500, blank=True, db_default="")
    made_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(null=True, blank=True, help_text="Empty for what was there from the beginning.")
    ended_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When somebody decided on `valid_to`.")
    end_reason = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        ordering = ["name", "-version"]
        verbose_name_plural = "SLA policies"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="sla_policy_version"),
            models.CheckConstraint(
                condition=~Q(**dict.fromkeys(SELECTORS, "")) | Q(unit__isnull=False),
                name="sla_policy_selects_something",
            ),
            models.CheckConstraint(
                condition=Q(accept_amount__gt=0, resolve_amount__gt=0)
                & (Q(several_agencies_amount__isnull=True) | Q(several_agencies_amount__gt=0)),
                name="sla_policy_positive_targets",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="sla_policy_valid_range"
            ),
            models.CheckConstraint(
                condition=Q(warn_fraction__gt=0, warn_fraction__lt=1), name="sla_policy_warn_fraction"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    def clean(self) -> None:
        """Refuse a policy that would catch everything, and half a target for several agencies."""
        if not any(getattr(self, field) for field in SELECTORS) and self.unit_id is None:
            raise ValidationError("Choose at least one of connector, source, category, urgency, unit.")
        if (self.several_agencies_amount is None) != (not self.several_agencies_unit):
            raise ValidationError({"several_agencies_amount": "Give both the amount and its unit, or neither."})


class Level(models.TextChoices):
    """The moments at which somebody is told about a deadline, in their order."""

    WARN = "warn", "sắp đến hạn"
    DUE = "due", "đến hạn"
    LATE = "late", "quá hạn lâu"


class Told(models.TextChoices):
    """Who is told at a level. The officer is the assignee; without one, the leaders of the unit stand in."""

    OFFICER = "officer", "cán bộ xử lý"
    LEADER = "leader", "lãnh đạo phường"
    SUPERVISOR = "supervisor", "giám sát thành phố"


#: What a policy says unless somebody decides otherwise.
DEFAULT_LEVELS: tuple[tuple[Level, Told], ...] = (
    (Level.WARN, Told.OFFICER),
    (Level.DUE, Told.OFFICER),
    (Level.DUE, Told.LEADER),
    (Level.LATE, Told.SUPERVISOR),
)


class PolicyLevel(models.Model):
    """One person in one role who is told at one level of a policy's clocks."""

    policy = models.ForeignKey(SlaPolicy, on_delete=models.CASCADE, related_name="levels")
    level = models.CharField(max_length=10, choices=Level.choices)
    tells = models.CharField(max_length=10, choices=Told.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "level", "tells"], name="policy_level_once")]

    def __str__(self) -> str:
        return f"{self.policy_id}: {self.level} tells {self.tells}"


class ClockKind(models.TextChoices):
    ACCEPT = "accept", "tiếp nhận"
    RESOLVE = "resolve", "xử lý"


class ClockState(models.TextChoices):
    """`breached` is final: done after the due date. A clock that is late but still open is `running`."""

    RUNNING = "running", "đang chạy"
    PAUSED = "paused", "tạm dừng"
    MET = "met", "đúng hạn"
    BREACHED = "breached", "trễ hạn"
    CANCELLED = "cancelled", "huỷ"


OPEN_STATES = (ClockState.RUNNING, ClockState.PAUSED)


class SlaClockQuerySet(models.QuerySet["SlaClock"]):
    def open(self) -> SlaClockQuerySet:
        """Clocks still to be met."""
        return self.filter(state__in=OPEN_STATES)

    def running(self) -> SlaClockQuerySet:
        """Open clocks whose time counts now."""
        return self.filter(state=ClockState.RUNNING)


class SlaClock(models.Model):
    """One promise for one ticket. `round` counts from 1; restarting after a transfer opens the next round."""

    ticket = models.ForeignKey("inbox.Ticket", on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=10, choices=ClockKind.choices)
    round = models.PositiveIntegerField(default=1)
    policy = models.ForeignKey(SlaPolicy, on_delete=models.PROTECT, related_name="clocks")
    calendar = models.ForeignKey(WorkCalendar, on_delete=models.PROTECT, related_name="clocks")
    target_amount = models.PositiveIntegerField()
    target_unit = models.CharField(max_length=20, choices=TargetUnit.choices)
    extension = models.DurationField(default=timedelta(0), help_text="Approved extra time, counted like the target.")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warn_at = models.DateTimeField(help_text="When the policy's share of the target is used up.")
    late_at = models.DateTimeField(help_text="The policy's working days after `due_at`.")
    met_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ClockState.choices, default=ClockState.RUNNING)
    paused_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True, help_text="When `due_soon` was recorded for `due_at`.")
    breached_at = models.DateTimeField(null=True, blank=True, help_text="When `became_overdue` was recorded for it.")
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="When `escalated` was recorded for it.")

    objects = SlaClockQuerySet.as_manager()

    class Meta:
        ordering = ["ticket", "kind", "round"]
        constraints = [models.UniqueConstraint(fields=["ticket", "kind", "round"], name="sla_clock_round")]
        indexes = [
            models.Index(
                fields=["warn_at"], condition=Q(state="running", warned_at__isnull=True), name="sla_clock_to_warn"
            ),
            models.Index(
                fields=["due_at"], condition=Q(state="running", breached_at__isnull=True), name="sla_clock_to_breach"
            ),
            models.Index(
                fields=["late_at"],
                condition=Q(state="running", escalated_at__isnull=True),
                name="sla_clock_to_escalate",
            ),
            models.Index(fields=["paused_at"], condition=Q(state="paused"), name="sla_clock_paused"),
            models.Index(fields=["due_at"], include=["ticket", "met_at", "state"], name="sla_clock_due_day"),
            models.Index(fields=["policy", "state"], name="sla_clock_policy_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.round} of {self.ticket_id}: {self.state}, due {self.due_at:%Y-%m-%d %H:%M}"


class ClockPause(models.Model):
    """Time that does not count, with its reason. Open while `to_at` is empty; it ends by itself at `until`."""

    clock = models.ForeignKey(SlaClock, on_delete=models.CASCADE, related_name="pauses")
    from_at = models.DateTimeField()
    until = models.DateTimeField(help_text="When the clock runs again even if nobody resumes it.")
    to_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["from_at"]
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(to_at__isnull=True), name="clock_pause_one_open"),
            models.CheckConstraint(
                condition=Q(to_at__isnull=True) | Q(to_at__gte=F("from_at")), name="clock_pause_range"
            ),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(to_at__isnull=True), name="clock_pause_to_end")]

    def __str__(self) -> str:
        return f"{self.clock_id}: {self.from_at:%Y-%m-%d %H:%M} – {self.to_at or 'open'}"


class Escalation(models.Model):
    """That a clock has reached a level of a due date: once, however many sweepers look, and never taken back."""

    clock = models.ForeignKey(SlaClock, on_delete=models.CASCADE, related_name="escalations")
    level = models.CharField(max_length=10, choices=Level.choices)
    due_at = models.DateTimeField()
    reached_at = models.DateTimeField(help_text="When it was noticed; after downtime later than it was due.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "level", "due_at"], name="escalation_once")]

    def __str__(self) -> str:
        return f"{self.clock_id}: {self.level} of {self.due_at:%Y-%m-%d %H:%M}"


class ExtensionState(models.TextChoices):
    OPEN = "open", "chờ duyệt"
    APPROVED = "approved", "đã duyệt"
    REFUSED = "refused", "không duyệt"
    CLOSED = "closed", "không còn cần"


class ExtensionRequest(models.Model):
    """An officer asks for more time; a leader of the unit decides. At most one is open per ticket."""

    ticket = models.ForeignKey("inbox.Ticket", on_delete=models.CASCADE, related_name="extension_requests")
    asked_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    until = models.DateTimeField(help_text="The deadline that is asked for.")
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=ExtensionState.choices, default=ExtensionState.OPEN)
    decided_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="open"), name="extension_request_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: until {self.until:%Y-%m-%d %H:%M}, {self.state}"


class HandlingCurve(models.Model):
    """How long answers took in one group of tickets: what `foresight` learnt, made anew each night."""

    unit = models.ForeignKey("inbox.Unit", on_delete=models.CASCADE, null=True, related_name="+")
    category = models.CharField(max_length=20, blank=True)
    round_the_clock = models.BooleanField()
    count = models.PositiveIntegerField()
    steps = models.JSONField(help_text="Seconds that counted, with the share still open from there on.")

    class Meta:
        indexes = [models.Index(fields=["category"], name="handling_curve_category")]

    def __str__(self) -> str:
        return f"{self.unit_id or 'all wards'}, {self.category or 'all categories'}: {self.count}"
