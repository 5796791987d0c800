"""One act on many tickets, as rows: what was asked, and what became of each ticket."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.bulk.vocabulary import ItemState
from inbox.core.fields import EncryptedJSONField
from inbox.desk.models import UndoStep
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Verb


class BulkJob(models.Model):
    """What one official asked to be done to many tickets. Whoever holds the lease works on it; anyone may go on."""

    owner = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="bulk_jobs")
    verb = models.CharField(max_length=30, choices=[(verb.value, verb.value) for verb in Verb])
    data = EncryptedJSONField(blank=True, help_text="What was typed into the verb's form.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(finished_at__isnull=True), name="bulk_unfinished")]

    def __str__(self) -> str:
        return f"{self.verb} by {self.owner_id}"


class BulkItem(models.Model):
    """One ticket of a job: the version that the official saw, and how it went."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="items")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in ItemState], default=ItemState.WAITING
    )
    reason_code = models.CharField(max_length=50, blank=True)
    reason_detail = models.CharField(max_length=200, blank=True)
    step = models.OneToOneField(UndoStep, on_delete=models.SET_NULL, null=True, related_name="bulk_item")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["job", "ticket"], name="bulk_item_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.ticket_id} {self.state}"
