"""Files that people have asked for: who, what, how far it is, who took it. The files: `core.filestore`."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.reports.vocabulary import UNFINISHED, Every, ExportFormat, ExportKind, ExportState, Problem, Report

#: In a fixed order, because migrations compare it.
_UNFINISHED = sorted(state.value for state in UNFINISHED)


def _choices(
    codes: type[ExportKind] | type[ExportFormat] | type[ExportState] | type[Problem] | type[Report] | type[Every],
) -> list[tuple[str, str]]:
    return [(code.value, code.value) for code in codes]


class Export(models.Model):
    """One file that somebody has asked for. A job in batches that goes on where it stopped."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Its name in addresses.")
    kind = models.CharField(max_length=20, choices=_choices(ExportKind))
    format = models.CharField(max_length=10, choices=_choices(ExportFormat))
    asked_by = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="exports")
    asked_at = models.DateTimeField()
    parameters = models.JSONField(default=dict, help_text="The filters, from the allow-list.")
    with_mark = models.BooleanField(default=False, help_text="CSV begins with a byte order mark, for Excel.")

    state = models.CharField(max_length=10, choices=_choices(ExportState), default=ExportState.WAITING)
    error_code = models.CharField(max_length=20, choices=_choices(Problem), blank=True)
    total = models.PositiveIntegerField(default=0, help_text="Rows there were when it was asked for.")
    rows = models.PositiveIntegerField(default=0, help_text="Rows written so far.")
    attempts = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_key = models.BigIntegerField(default=0, help_text="The last ticket that is in the draft.")
    draft_size = models.PositiveBigIntegerField(default=0, help_text="Bytes of the draft that are certainly there.")

    reach = models.JSONField(default=dict, help_text="Whose tickets the file holds.")
    content_hash = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When the person first saw that it is ready.")

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["asked_by", "-id"], name="export_list"),
            models.Index(fields=["id"], condition=Q(state__in=_UNFINISHED), name="export_to_make"),
            models.Index(fields=["expires_at"], condition=Q(state="done"), name="export_to_expire"),
            models.Index(fields=["asked_by"], condition=Q(state="done", seen_at__isnull=True), name="export_unseen"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}.{self.format} {self.key}: {self.state}"

    @property
    def is_ready(self) -> bool:
        return self.state == ExportState.DONE

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def percent(self) -> int:
        """How far it is."""
        if self.state not in UNFINISHED:
            return 100
        return min(99, 100 * self.rows // self.total) if self.total else 0


class ExportDownloadQuerySet(models.QuerySet["ExportDownload"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("Downloads are append-only.")


class ExportDownload(models.Model):
    """That somebody took a file. Written before the first byte goes out."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="downloads")
    official = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects: ClassVar[Any] = models.Manager.from_queryset(ExportDownloadQuerySet)()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.export_id} by {self.official_id}"


class OpenDataRelease(models.Model):
    """One publication of the public data: which months, how many rows, and how much was made coarser or left out."""

    first_month = models.DateField()
    last_month = models.DateField()
    made_at = models.DateTimeField()
    rows = models.PositiveIntegerField()
    coarser = models.PositiveIntegerField(help_text="Rows without ward or field, because too few were alike.")
    left_out = models.PositiveIntegerField(help_text="Tickets that even so would have been too rare.")
    csv_hash = models.CharField(max_length=64)
    csv_size = models.PositiveBigIntegerField()
    json_hash = models.CharField(max_length=64)
    json_size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.first_month:%Y-%m} to {self.last_month:%Y-%m}"


class ReportSubscription(models.Model):
    """That somebody wants to be told of a report as soon as its month or week is over."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="report_subscriptions")
    report = models.CharField(max_length=10, choices=_choices(Report))
    unit = models.ForeignKey(
        "inbox.Unit", on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: the city."
    )
    every = models.CharField(max_length=10, choices=_choices(Every))
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["official", "report", "unit", "every"]
        constraints = [
            models.UniqueConstraint(
                fields=["official", "report", "unit", "every"], name="report_subscription_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.official_id}: {self.report} of {self.unit_id or 'the city'}, {self.every}"
