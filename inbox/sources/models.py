"""A source as it is set up here, its runs, and every payload that came out of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import models
from django.db.models import F, Q

from inbox.accounts.models import Official
from inbox.core.fields import EncryptedJSONField, EncryptedTextField, PackedJSONField
from inbox.sources.vocabulary import CodeKind, Health, PayloadState, RunOutcome


class Source(models.Model):
    """One source system as configured here. The class behind `connector` says what it can do; this row says how."""

    slug = models.SlugField(max_length=50, unique=True)
    label = models.CharField(max_length=100)
    short_label = models.CharField(max_length=30, blank=True)
    connector = models.CharField(max_length=50)
    profile = models.CharField(max_length=50, blank=True)
    unit = models.ForeignKey(
        "inbox.Unit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
        help_text="The unit that runs this source, where it belongs to one.",
    )
    settings = models.JSONField(default=dict, blank=True)
    secrets = EncryptedJSONField(blank=True, default=dict)
    is_enabled = models.BooleanField(default=True)
    poll_seconds = models.PositiveIntegerField(default=300)

    # Position and schedule. The cursor moves only in the transaction that stores the rows it covers.
    cursor = models.JSONField(default=dict, blank=True)
    next_poll_at = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    asked_after = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Key of the last reference asked about by its id: each reading asks about the next ones.",
    )

    # Health, from evidence.
    health = models.CharField(max_length=20, choices=[(h.value, h.value) for h in Health], default=Health.UNKNOWN)
    health_since = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error_code = models.CharField(max_length=50, blank=True)
    last_error_detail = models.CharField(max_length=500, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True, help_text="The first of the failures in a row.")
    deliveries_paused = models.BooleanField(
        default=False,
        help_text="Set when the source refuses our credentials: answers wait instead of burning attempts.",
    )
    not_before = models.DateTimeField(
        null=True, blank=True, help_text="No worker asks the source anything before this instant."
    )
    rhythm = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="New complaints an hour, learned for each of the 168 hours of the week; empty: not known yet.",
    )
    silent_since = models.DateTimeField(
        null=True, blank=True, help_text="The last new complaint, when nothing has come for longer than is usual."
    )
    deliveries_wait_until = models.DateTimeField(
        null=True, blank=True, help_text="Nothing is sent before this instant: the source failed, or asked for it."
    )
    deliveries_wait_asked = models.BooleanField(
        default=False, db_default=False, help_text="The source itself asked to wait, so good news do not end it."
    )

    class Meta:
        ordering = ["slug"]
        indexes = [models.Index(fields=["next_poll_at"], condition=Q(is_enabled=True), name="source_due")]

    def __str__(self) -> str:
        return self.label

    @property
    def name(self) -> str:
        """What fits on a badge."""
        return self.short_label or self.label


class Outage(models.Model):
    """That a source was away, as it was seen: first failure, probe, first success. At most one is open per source."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="outages")
    began = models.DateTimeField(help_text="The first of the failures in a row.")
    last_success_before = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True, help_text="When a probe of its own failed too.")
    ended = models.DateTimeField(null=True, blank=True, help_text="The first success.")
    reason_code = models.CharField(max_length=50)
    reason_detail = models.CharField(max_length=500, blank=True)
    tickets_touched = models.PositiveIntegerField(
        default=0, help_text="Tickets with a message that could not be delivered in that time."
    )
    counted_at = models.DateTimeField(null=True, blank=True, help_text="When `tickets_touched` was counted last.")

    class Meta:
        ordering = ["-began", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=Q(ended__isnull=True), name="outage_one_open"),
            models.CheckConstraint(condition=Q(ended__isnull=True) | Q(ended__gte=F("began")), name="outage_range"),
        ]
        indexes = [models.Index(fields=["source", "-began"], name="outage_log")]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.began:%Y-%m-%d %H:%M} – {self.ended or 'open'}"


class SyncRun(models.Model):
    """One reading of one source, from lease to release."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=20)  # schedule, by_hand, replay
    is_full = models.BooleanField(default=False)
    owner = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=20, choices=[(o.value, o.value) for o in RunOutcome], default=RunOutcome.RUNNING
    )
    pages = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(null=True, blank=True, help_text="How many there are, where that is known.")
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    sample = EncryptedTextField(
        blank=True, help_text="How an answer begins that could not be read at all, without contacts."
    )

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["source", "-started_at"], name="run_by_source"),
            models.Index(fields=["started_at"], name="run_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.started_at:%Y-%m-%d %H:%M} {self.outcome}"


class InboundPayload(models.Model):
    """A payload as received. Stored once per source and content; the raw body is never changed.

    The body holds personal data, so it is encrypted at rest like the reporter's own row.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="payloads")
    run = models.ForeignKey(SyncRun, on_delete=models.SET_NULL, null=True, related_name="payloads")
    external_id = models.CharField(max_length=200, blank=True)
    content_hash = models.CharField(max_length=64)
    body = PackedJSONField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=[(s.value, s.value) for s in PayloadState])
    reason_code = models.CharField(max_length=50, blank=True)
    reason_field = models.CharField(max_length=100, blank=True)
    reason_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["source", "content_hash"], name="payload_once")]
        indexes = [
            models.Index(fields=["source", "external_id"], name="payload_by_id"),
            models.Index(fields=["source", "-received_at"], condition=Q(state="rejected"), name="payload_rejected"),
            models.Index(fields=["source", "id"], condition=Q(state="received"), name="payload_received"),
            models.Index(fields=["received_at"], name="payload_age"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.external_id or '?'} {self.state}"


class PayloadInHand(models.Model):
    """What a careful reading of a source is looking at, by hash: what it died over is known afterwards."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, primary_key=True, related_name="+")
    in_hand = models.CharField(max_length=64, blank=True)
    suspect = models.CharField(max_length=64, blank=True, help_text="What the reading before died over.")
    deaths = models.PositiveSmallIntegerField(default=0, help_text="Readings in a row that died over the suspect.")

    def __str__(self) -> str:
        return f"{self.source_id}: {self.in_hand or self.suspect}"


class CodeMapping(models.Model):
    """What a code of one source stands for, decided by a person because its connector does not know it.

    Rows are ended and never changed: together they say who decided what, and when.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="code_mappings")
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in CodeKind])
    code = models.CharField(max_length=100)
    meaning = models.CharField(max_length=20)
    mapped_by = models.ForeignKey(Official, on_delete=models.PROTECT, related_name="+")
    mapped_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-mapped_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "code"], condition=Q(ended_at__isnull=True), name="code_mapped_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.code}: {self.meaning}"


class PushedMessage(models.Model):
    """That a source has sent us a message with this id: what makes a repeat harmless."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="pushed")
    message_id = models.CharField(max_length=200)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "message_id"], name="pushed_message_once")]
        indexes = [models.Index(fields=["received_at"], name="pushed_message_age")]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.message_id}"


def payload_hash(payload: Any) -> str:
    """Hash of a payload's content, independent of key order."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
