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
    """Office hours of a week. `weekly`: {"0": [["07:30", "11:30"], …], …}, 0 is Monday, "24:00" is midnight."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=50, default="Asia/Ho_Chi_Minh")
    weekly = models.JSONField()
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
        try:
            weekly = {int(day): intervals for day, intervals in self.weekly.items()}
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
    calendar = models.ForeignKey(WorkCalendar, on_delete=models.PROTECT, related_name="policies")

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
    met_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=ClockState.choices, default=ClockState.RUNNING)
    paused_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True, help_text="When `due_soon` was recorded for `due_at`.")
    breached_at = models.DateTimeField(null=True, blank=True, help_text="When `became_overdue` was recorded for it.")

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
            models.Index(fields=["paused_at"], condition=Q(state="paused"), name="sla_clock_paused"),
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
