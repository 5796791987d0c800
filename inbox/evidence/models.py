"""Numbered records of answers given in time that could not be delivered in time. Written once, amended by versions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from inbox.tickets.models import AppendOnlyError, AppendOnlyQuerySet


class EvidenceCounter(models.Model):
    """The last number of a year. Locked while numbers are given, so that none is skipped or given twice."""

    year = models.PositiveIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class AppendOnlyRow(models.Model):
    """A row that is stored once."""

    objects: ClassVar[Any] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("Evidence is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("Evidence is append-only.")


class EvidenceRecord(AppendOnlyRow):
    """One act whose delivery was late or hindered: at most one record per message to a source."""

    number = models.CharField(max_length=20, unique=True)
    year = models.PositiveIntegerField()
    serial = models.PositiveIntegerField()
    message = models.OneToOneField("inbox.OutboxMessage", on_delete=models.PROTECT, related_name="evidence")
    ticket = models.ForeignKey("inbox.Ticket", on_delete=models.PROTECT, related_name="evidence")
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="evidence")
    done_at = models.DateTimeField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["year", "serial"], name="evidence_number_once")]
        indexes = [models.Index(fields=["source", "done_at"], name="evidence_by_month")]

    def __str__(self) -> str:
        return self.number

    @property
    def latest(self) -> EvidenceVersion:
        """What is known now. From loaded versions without a statement."""
        found: EvidenceVersion = max(self.versions.all(), key=lambda version: version.version)
        return found


class EvidenceVersion(AppendOnlyRow):
    """What was known of an act when the version was made: facts only, nothing of the citizen. Chained by hashes."""

    record = models.ForeignKey(EvidenceRecord, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True, help_text="When it reached the source; empty: not yet.")
    facts = models.JSONField()
    hash = models.CharField(max_length=64, help_text="Over the facts and the hash of the version before.")

    class Meta:
        ordering = ["record", "version"]
        constraints = [models.UniqueConstraint(fields=["record", "version"], name="evidence_version_once")]

    def __str__(self) -> str:
        return f"{self.record_id} v{self.version}"
