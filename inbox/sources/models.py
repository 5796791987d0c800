"""A source as it is set up here, its runs, and every payload that came out of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import models
from django.db.models import Q

from inbox.core.fields import EncryptedJSONField
from inbox.sources.vocabulary import Health, PayloadState, RunOutcome


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

    # Health, from evidence.
    health = models.CharField(max_length=20, choices=[(h.value, h.value) for h in Health], default=Health.UNKNOWN)
    health_since = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error_code = models.CharField(max_length=50, blank=True)
    last_error_detail = models.CharField(max_length=500, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    deliveries_paused = models.BooleanField(
        default=False,
        help_text="Set when the source refuses our credentials: answers wait instead of burning attempts.",
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
    error_code = models.CharField(max_length=50, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["source", "-started_at"], name="run_by_source")]

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
    body = EncryptedJSONField()
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
        ]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.external_id or '?'} {self.state}"


def payload_hash(payload: Any) -> str:
    """Hash of a payload's content, independent of key order."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
