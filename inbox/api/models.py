"""Answers kept for repeated requests (`Idempotency-Key`). Only `api.idempotency` uses these rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import IntegrityError, models, transaction

from inbox.accounts.models import Official

#: How long a repeat is recognised.
KEPT_FOR = timedelta(hours=24)
#: A request that has not ended by then died with its process; nothing of it was stored, so the key is free again.
CLAIM_LASTS = timedelta(minutes=2)


class IdempotencyQuerySet(models.QuerySet["IdempotencyRecord"]):
    def claim(self, official: Official, key: str, *, request_hash: str, at: datetime) -> IdempotencyRecord | None:
        """A new record for this request, or None when the key is taken. Records past their time make room first."""
        mine = self.filter(official=official)
        mine.filter(created_at__lt=at - KEPT_FOR).delete()
        mine.filter(key=key, status__isnull=True, created_at__lt=at - CLAIM_LASTS).delete()
        try:
            with transaction.atomic():
                return self.create(official=official, key=key, request_hash=request_hash, created_at=at)
        except IntegrityError:
            return None

    def kept(self, official: Official, key: str) -> IdempotencyRecord | None:
        """The record under a key that is taken; None when its request has just failed and freed it."""
        return self.filter(official=official, key=key).first()


class IdempotencyRecord(models.Model):
    """One request under one key. `status` is empty while it is being worked on."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    request_hash = models.CharField(max_length=64, help_text="Of method, address and body.")
    created_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    etag = models.CharField(max_length=100, blank=True)
    body = models.JSONField(null=True)

    objects: ClassVar[Any] = IdempotencyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["official", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["official", "created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.official_id} {self.created_at:%Y-%m-%d %H:%M} {self.status or 'running'}"

    def keep(self, *, status: int, etag: str, body: Any) -> None:
        """Store the answer. Called in the transaction of the request itself."""
        self.status, self.etag, self.body = status, etag, body
        self.save(update_fields=["status", "etag", "body"])
