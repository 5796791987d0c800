"""Messages to sources, and every attempt to deliver them. Message and attempt are two tables on purpose."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from inbox.outbox.vocabulary import Decision, DeliveryState, DifferenceKind, FoundBy
from inbox.sources.vocabulary import RunOutcome
from inbox.tickets.models import HangsOnTicketManager

_WAITING = [DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value, DeliveryState.IN_FLIGHT.value]
_NEEDS_SOMEBODY = [DeliveryState.BY_HAND.value, DeliveryState.DEAD.value]


def _choices(names: Any) -> list[tuple[str, str]]:
    return [(name.value, name.value) for name in names]


class OutboxMessage(models.Model):
    """One thing to tell one source about one ticket: unique per event and reference, so it can only be made once."""

    ticket = models.ForeignKey("inbox.Ticket", on_delete=models.PROTECT, db_index=False, related_name="outbox")
    ref = models.ForeignKey("inbox.ExternalRef", on_delete=models.PROTECT, related_name="outbox")
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="outbox")
    event = models.ForeignKey("inbox.TicketEvent", on_delete=models.PROTECT, related_name="outbox")
    action = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    author = models.CharField(max_length=150)
    done_at = models.DateTimeField(help_text="When the official did it: what counts as evidence.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="The new deadline, where this is an extension.")
    deadline_at = models.DateTimeField(null=True, blank=True, help_text="What counted when the official did it.")
    is_examined = models.BooleanField(
        default=False, help_text="Evidence has looked at it since it arrived and need not look again."
    )
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
    receipt = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The source's stamp after the write."
    )
    repeated_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was sent once more because the source had dropped it."
    )
    bulk_retry = models.ForeignKey(
        "inbox.BulkRetry", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages"
    )

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["event", "ref"], name="outbox_once")]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=_WAITING), name="outbox_due"),
            models.Index(fields=["ref", "id"], condition=Q(state__in=_WAITING), name="outbox_order"),
            models.Index(fields=["id"], condition=Q(is_examined=False), name="outbox_unexamined"),
            models.Index(fields=["source", "delivered_at"], name="outbox_arrivals"),
            models.Index(fields=["ticket"], include=["id", "state", "delivered_at", "done_at"], name="outbox_ticket"),
            models.Index(
                fields=["source", "next_attempt_at", "id"], condition=Q(state__in=_WAITING), name="outbox_source_due"
            ),
            models.Index(fields=["-id"], condition=Q(state__in=_NEEDS_SOMEBODY), name="outbox_needs_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.action} of {self.ticket_id} to {self.source_id}: {self.state}"


class DeliveryAttempt(models.Model):
    """One try. What the source answered is kept redacted: no personal data, no secrets."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)  # send, lookup, none
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=20)  # delivered, absent, retry, unknown, refused
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.message_id} #{self.number} {self.outcome}"


class OutboxFile(models.Model):
    """A file that goes with a message: our own checked copy, by the hash of its content (`core.filestore`)."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=300)
    content_type = models.CharField(max_length=100)
    content_hash = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["message", "content_hash"], name="outbox_file_once")]

    def __str__(self) -> str:
        return self.name


class BulkRetry(models.Model):
    """That somebody sent many given-up messages of one source again, spread over time so that it can bear them."""

    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="bulk_retries")
    started_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    reason_code = models.CharField(max_length=50, blank=True, help_text="Only messages given up for this; empty: all.")
    per_minute = models.PositiveIntegerField()
    total = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.total} messages, {self.per_minute} a minute"


class Reconciliation(models.Model):
    """One comparison of a source with what is here, for complaints that moved since an instant."""

    source = models.ForeignKey("inbox.Source", on_delete=models.CASCADE, related_name="reconciliations")
    trigger = models.CharField(max_length=20)  # schedule, by_hand
    since = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=_choices(RunOutcome), default=RunOutcome.RUNNING)
    error_code = models.CharField(max_length=50, blank=True)
    compared = models.PositiveIntegerField(default=0, help_text="Complaints that were looked at on both sides.")
    agree = models.PositiveIntegerField(default=0)
    differ = models.PositiveIntegerField(default=0)
    under_way = models.PositiveIntegerField(default=0, help_text="A message is on its way or waits for a hand.")
    not_read_yet = models.PositiveIntegerField(default=0, help_text="Changed in the source after the last reading.")
    not_asked = models.PositiveIntegerField(default=0, help_text="Not shown, and not asked about one by one.")
    lookups = models.PositiveIntegerField(default=0)
    repeated = models.PositiveIntegerField(default=0, help_text="Answers that the source had dropped, sent once more.")
    kinds = models.JSONField(default=dict, help_text="How many differences of each kind.")
    cursor = models.JSONField(default=dict, help_text="How far the source has been read: a long run goes on here.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Who held it after this is dead.")

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(outcome="running"), name="reconciliation_one_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["source", "-started_at"], name="reconciliation_by_source")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.started_at:%Y-%m-%d %H:%M}: {self.agree} of {self.compared} agree"


class Difference(models.Model):
    """That a source and we say different things about one complaint, until somebody decides or they agree again.

    At most one of a kind is open per complaint. `ours` and `theirs` are what each side says, to be shown side by side.
    """

    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="differences")
    external_id = models.CharField(max_length=200)
    ticket = models.ForeignKey(
        "inbox.Ticket",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="differences",
        help_text="None: the complaint is only there.",
    )
    message = models.ForeignKey(
        OutboxMessage, on_delete=models.PROTECT, null=True, blank=True, related_name="differences"
    )
    payload = models.ForeignKey(
        "inbox.InboundPayload", on_delete=models.SET_NULL, null=True, blank=True, related_name="differences"
    )
    kind = models.CharField(max_length=20, choices=_choices(DifferenceKind))
    found_by = models.CharField(max_length=20, choices=_choices(FoundBy))
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When it was seen last.")
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    decision = models.CharField(max_length=20, choices=_choices(Decision), default=Decision.OPEN)
    decided_by = models.ForeignKey("inbox.Official", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id", "kind"], condition=Q(decision="open"), name="difference_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["ticket"], condition=Q(decision="open"), name="difference_of_ticket"),
            models.Index(fields=["source", "-id"], condition=Q(decision="open"), name="difference_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.external_id} {self.kind} {self.decision}"

    @property
    def is_open(self) -> bool:
        return self.decision == Decision.OPEN
