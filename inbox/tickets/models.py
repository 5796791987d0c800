"""Tickets and what hangs on them. Only `inbox/actions/` and `inbox/tickets/events.py` write these rows."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.accounts.scope import ticket_scope
from inbox.core.fields import EncryptedTextField
from inbox.tickets.vocabulary import OPEN, Category, EventKind, FileState, MessageKind, Status, Urgency

#: In a fixed order, because migrations compare it.
_OPEN = sorted(status.value for status in OPEN)
CODE_PATTERN = re.compile(r"^PA-(\d{6,18})$", re.IGNORECASE)


def _choices(names: Any) -> list[tuple[str, str]]:
    return [(name.value, name.value) for name in names]


def code_of(pk: int) -> str:
    """The code that people read and quote: PA-000123."""
    return f"PA-{pk:06d}"


def pk_of(code: str) -> int | None:
    """The key behind a code, None when it is not one. Accepts lower case."""
    found = CODE_PATTERN.match(code.strip())
    return int(found[1]) if found else None


class Reporter(models.Model):
    """The citizen behind one ticket, kept apart from it so that it can be masked, revealed and erased alone."""

    name = EncryptedTextField(blank=True)
    phone = EncryptedTextField(blank=True)
    email = EncryptedTextField(blank=True)
    address = EncryptedTextField(blank=True)
    phone_hash = models.CharField(max_length=64, blank=True, db_index=True)
    email_hash = models.CharField(max_length=64, blank=True)
    is_anonymous = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Reporter {self.pk}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Adjectives for tickets; they chain."""

    def visible_to(self, official: Official) -> Self:
        return self.filter(ticket_scope(official))

    def open(self) -> Self:
        return self.filter(is_open=True)

    def overdue(self, at: Any) -> Self:
        return self.open().filter(next_due_at__lt=at)

    def with_code(self, code: str) -> Self:
        return self.filter(pk=pk_of(code)) if pk_of(code) is not None else self.none()


class Ticket(models.Model):
    """One complaint, whichever door it came through."""

    title = models.CharField(max_length=300)
    text = models.TextField()
    search_key = models.TextField(help_text="Folded title, text and address: see core.text.")
    status = models.CharField(max_length=20, choices=_choices(Status), default=Status.NEW)
    is_open = models.BooleanField(
        default=True, help_text="status is one of vocabulary.OPEN; kept by Ticket.set_status."
    )
    category = models.CharField(max_length=20, choices=_choices(Category), default=Category.OTHER)
    urgency = models.CharField(max_length=10, choices=_choices(Urgency), default=Urgency.NORMAL)
    source = models.ForeignKey(
        "inbox.Source", on_delete=models.PROTECT, related_name="tickets", help_text="The door it first came through."
    )
    reporter = models.OneToOneField(Reporter, on_delete=models.PROTECT, related_name="ticket")
    unit = models.ForeignKey("inbox.Unit", on_delete=models.PROTECT, null=True, blank=True, related_name="tickets")
    assignee = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, blank=True, related_name="tickets")

    address = models.TextField(blank=True)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    routing_method = models.CharField(max_length=30, blank=True)
    routing_confidence = models.FloatField(null=True, blank=True)
    routing_reason = models.CharField(max_length=300, blank=True)
    routing_candidates = models.JSONField(default=list, blank=True)

    sent_at = models.DateTimeField(help_text="When the citizen sent it, as the source says.")
    received_at = models.DateTimeField(help_text="When it arrived here.")
    clock_from = models.DateTimeField(
        help_text="sent_at, unless that is impossible (future, before 2000): see remarks."
    )
    source_due_at = models.DateTimeField(null=True, blank=True)
    next_due_at = models.DateTimeField(
        null=True, blank=True, help_text="The earliest deadline that still counts; empty when none does."
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    remarks = models.JSONField(default=list, blank=True, help_text="What normalising did, as slugs.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Ticket]] = models.Manager.from_queryset(TicketQuerySet)()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=_OPEN, is_open=True) | (~Q(status__in=_OPEN) & Q(is_open=False)),
                name="ticket_open_fits_status",
            )
        ]
        indexes = [
            models.Index(fields=["unit", "next_due_at", "id"], condition=Q(is_open=True), name="ticket_queue"),
            models.Index(fields=["next_due_at", "id"], condition=Q(is_open=True), name="ticket_city_queue"),
            models.Index(fields=["unit", "status"], name="ticket_unit_status"),
            models.Index(fields=["assignee", "next_due_at"], condition=Q(is_open=True), name="ticket_mine"),
            models.Index(fields=["updated_at", "id"], name="ticket_updated"),
            models.Index(fields=["unit", "-received_at"], name="ticket_unit_received"),
            models.Index(fields=["received_at", "id"], name="ticket_received"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return code_of(self.pk)

    def set_status(self, status: Status) -> None:
        """The only way a status changes: keeps `is_open` true to it."""
        self.status = status
        self.is_open = status in OPEN


class ExternalRef(models.Model):
    """The same complaint in one source. The unique pair (source, external_id) is what makes a repeat harmless."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="refs")
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="refs")
    external_id = models.CharField(max_length=200)
    write_id = models.CharField(max_length=200, blank=True, help_text="The id that writes want, where it differs.")
    seen_revision = models.CharField(max_length=200)
    content_hash = models.CharField(max_length=64, help_text="Hash of what the citizen said; status is apart.")
    seen_status = models.CharField(max_length=20)
    seen_status_raw = models.CharField(max_length=100, blank=True)
    seen_answer_hash = models.CharField(max_length=64, blank=True)
    source_updated_at = models.DateTimeField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    last_changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="external_ref_once")]
        indexes = [models.Index(fields=["external_id"], name="external_ref_id")]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.external_id}"


class HangsOnTicketQuerySet(models.QuerySet[Any]):
    """Rows that are visible exactly when their ticket is."""

    def visible_to(self, official: Official) -> Self:
        return self.filter(ticket_scope(official, prefix="ticket__"))


HangsOnTicketManager = models.Manager.from_queryset(HangsOnTicketQuerySet)


class AppendOnlyError(TypeError):
    """Somebody tried to change history."""


class AppendOnlyQuerySet(HangsOnTicketQuerySet):
    """History: rows go in and are never changed or taken out."""

    def update(self, **kwargs: Any) -> int:
        raise AppendOnlyError("History is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("History is append-only.")


class TicketEvent(models.Model):
    """One thing that happened to a ticket. Written only by `tickets.events`."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=30, choices=_choices(EventKind))
    at = models.DateTimeField()
    actor = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField(default=dict)

    objects: ClassVar[Any] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["ticket", "at", "id"], name="event_timeline")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("History is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("History is append-only.")


class Message(models.Model):
    """A text written to colleagues, to the citizen, or by the citizen. Belongs to the event that brought it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="messages")
    event = models.OneToOneField(TicketEvent, on_delete=models.PROTECT, related_name="message")
    kind = models.CharField(max_length=10, choices=_choices(MessageKind))
    body = models.TextField()

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"


class Attachment(models.Model):
    """A file of a complaint: where its source keeps it and, once fetched and checked, our copy.

    Copies are kept by content (`core.filestore`), so the same photo from two sources is stored once.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="attachments")
    source = models.ForeignKey("inbox.Source", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=300)
    url = models.CharField(max_length=2000)
    media_type = models.CharField(max_length=100, blank=True, help_text="As the source says; never believed.")
    added_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=_choices(FileState), default=FileState.WAITING)
    reason_code = models.CharField(max_length=50, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    content_type = models.CharField(max_length=100, blank=True, help_text="By content.")
    size = models.PositiveBigIntegerField(null=True, blank=True)

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["ticket", "url"], name="attachment_once")]
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="attachment_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_stored(self) -> bool:
        return self.state == FileState.STORED

    @property
    def is_image(self) -> bool:
        """Whether a page may show our copy: images are re-encoded before they are kept."""
        return self.is_stored and self.content_type.startswith("image/")


class ReadMark(models.Model):
    """That one official has opened one ticket, and at which version: what is unread is bold."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="read_marks")
    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="read_marks")
    version = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "official"], name="read_mark_once")]

    def __str__(self) -> str:
        return f"{self.official_id} read {self.ticket_id}"
