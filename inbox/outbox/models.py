"""Messages to sources, and every attempt to deliver them. Message and attempt are two tables on purpose."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets.models import HangsOnTicketManager

_WAITING = [DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value, DeliveryState.IN_FLIGHT.value]


class OutboxMessage(models.Model):
    """One thing to tell one source about one ticket: unique per event and reference, so it can only be made once."""

    ticket = models.ForeignKey("inbox.Ticket", on_delete=models.PROTECT, related_name="outbox")
    ref = models.ForeignKey("inbox.ExternalRef", on_delete=models.PROTECT, related_name="outbox")
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="outbox")
    event = models.ForeignKey("inbox.TicketEvent", on_delete=models.PROTECT, related_name="outbox")
    action = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    author = models.CharField(max_length=150)
    done_at = models.DateTimeField(help_text="When the official did it: what counts as evidence.")
    key = models.CharField(max_length=32, unique=True, help_text="Idempotency key, the same over all attempts.")

    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in DeliveryState], default=DeliveryState.PENDING
    )
    reason_code = models.CharField(max_length=50, blank=True)
    reason_detail = models.CharField(max_length=500, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When the running or last attempt began.")
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["event", "ref"], name="outbox_once")]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=_WAITING), name="outbox_due"),
            models.Index(fields=["ref", "id"], condition=Q(state__in=_WAITING), name="outbox_order"),
        ]

    def __str__(self) -> str:
        return f"{self.action} of {self.ticket_id} to {self.source_id}: {self.state}"


class DeliveryAttempt(models.Model):
    """One try. What the source answered is kept redacted: no personal data, no secrets."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)  # send, lookup
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=20)  # delivered, absent, retry, unknown, refused
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number} {self.outcome}"
