"""Derived rows: what became of each ticket, and sums per day. All of it can be made anew from tickets and clocks.

Only `outcomes` and `rollups` write here.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.dashboards.metrics import COUNTERS


class TicketOutcome(models.Model):
    """One row per ticket that has been touched since it arrived: its days and verdicts, where it is now.

    A day is a local date, empty when that has not happened (or, for an end, no longer stands).
    """

    ticket = models.OneToOneField("inbox.Ticket", on_delete=models.CASCADE, primary_key=True, related_name="outcome")
    version = models.PositiveIntegerField(help_text="The version of the ticket that this was derived from.")
    unit = models.ForeignKey("inbox.Unit", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="+", db_index=False)
    official = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    category = models.CharField(max_length=20)
    urgency = models.CharField(max_length=10)
    received_day = models.DateField()
    accept_day = models.DateField(null=True)
    accept_on_time = models.BooleanField(null=True)
    resolved_day = models.DateField(null=True)
    resolve_on_time = models.BooleanField(null=True, help_text="By our deadline; empty without one.")
    source_on_time = models.BooleanField(null=True, help_text="By the source's deadline; empty without one.")
    late_elsewhere = models.BooleanField(default=False)
    is_outside_hours = models.BooleanField(default=False)
    handling_minutes = models.PositiveIntegerField(null=True, help_text="Working minutes, pauses left out.")
    handling_step = models.PositiveSmallIntegerField(null=True)
    paused_minutes = models.PositiveIntegerField(default=0, help_text="Working minutes spent waiting.")
    ended_day = models.DateField(null=True)
    late_day = models.DateField(null=True, help_text="On which the deadline of an ended ticket had passed unmet.")
    reopened_day = models.DateField(null=True, help_text="The last time.")
    returned_day = models.DateField(null=True)
    transferred_day = models.DateField(null=True, help_text="The last time that another unit handed it over.")

    class Meta:
        indexes = [
            models.Index(fields=["unit", "resolved_day"], condition=Q(resolved_day__isnull=False), name="outcome_unit"),
            models.Index(  # with all that the days of one person count
                fields=["official", "unit", "resolved_day"],
                include=[
                    *("ticket", "accept_day", "accept_on_time", "ended_day"),
                    *("late_day", "reopened_day", "returned_day", "transferred_day"),
                ],
                condition=Q(official__isnull=False),
                name="outcome_official",
            ),
            models.Index(fields=["resolved_day"], condition=Q(resolved_day__isnull=False), name="outcome_resolved"),
            models.Index(fields=["accept_day"], condition=Q(accept_day__isnull=False), name="outcome_accepted"),
            models.Index(fields=["ended_day"], condition=Q(ended_day__isnull=False), name="outcome_ended"),
            models.Index(fields=["late_day"], condition=Q(late_day__isnull=False), name="outcome_late"),
            models.Index(fields=["reopened_day"], condition=Q(reopened_day__isnull=False), name="outcome_reopened"),
            models.Index(fields=["returned_day"], condition=Q(returned_day__isnull=False), name="outcome_returned"),
            models.Index(
                fields=["transferred_day"], condition=Q(transferred_day__isnull=False), name="outcome_transferred"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} v{self.version}"


class DailySums(models.Model):
    """The counters of `metrics` for one day; the models below say of what."""

    day = models.DateField()

    class Meta:
        abstract = True


for _name in COUNTERS:  # some fifty columns that differ in their names only
    _field = models.PositiveBigIntegerField if _name.endswith("microseconds") else models.PositiveIntegerField
    DailySums.add_to_class(_name, _field(default=0))


class UnitDay(DailySums):
    """One unit. Without one: tickets of which nobody knows whose they are."""

    unit = models.ForeignKey("inbox.Unit", on_delete=models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["day", "unit"], name="unit_day"),
            models.Index(fields=["unit", "day"], name="unit_day_of_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.unit_id}"


class UnitSourceDay(DailySums):
    """One unit and one source."""

    unit = models.ForeignKey("inbox.Unit", on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    source = models.ForeignKey("inbox.Source", on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["source", "day"], name="unit_source_day"),
            models.Index(fields=["unit", "day"], name="unit_source_day_of_unit"),
            models.Index(fields=["day"], name="unit_source_day_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.unit_id} {self.source_id}"


class MixDay(DailySums):
    """The whole city: one source, field and urgency."""

    source = models.ForeignKey("inbox.Source", on_delete=models.CASCADE, related_name="+", db_index=False)
    category = models.CharField(max_length=20)
    urgency = models.CharField(max_length=10)

    class Meta:
        indexes = [models.Index(fields=["day", "source"], name="mix_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.source_id} {self.category}"


class ArrivalHour(models.Model):
    """How many tickets arrived from one source in one hour of one day, in the whole city."""

    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    source = models.ForeignKey("inbox.Source", on_delete=models.CASCADE, related_name="+", db_index=False)
    received = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day", "source"], name="arrival_hour")]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}"


class DirtyDay(models.Model):
    """A day whose sums no longer fit. Stored with the outcomes that changed them, gone when the sums are made anew."""

    day = models.DateField(primary_key=True)

    def __str__(self) -> str:
        return f"{self.day}"


class Upkeep(models.Model):
    """How far upkeep has come. One row, locked while somebody is at it."""

    tickets_until = models.DateTimeField(help_text="Tickets changed before this are in.")
    messages_until = models.DateTimeField(help_text="Deliveries before this are in.")
    calendar_change = models.BigIntegerField(default=0, help_text="The last change of a calendar that is in.")
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"until {self.tickets_until}"
