"""Tickets and what hangs on them. Only `inbox/actions/`, `inbox/tickets/events.py` and, for anchors,
`inbox/tickets/anchors.py` write these rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.accounts.scope import ticket_scope
from inbox.core.fields import EncryptedTextField
from inbox.tickets import chain
from inbox.tickets.vocabulary import (
    AT_RISK,
    OPEN,
    WAITING,
    Category,
    EventKind,
    FileOrigin,
    FileState,
    MessageKind,
    PhotoStage,
    Status,
    Urgency,
)

#: In a fixed order, because migrations compare it.
_OPEN = sorted(status.value for status in OPEN)
_WAITING = sorted(status.value for status in WAITING)
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
    name_hash = models.CharField(max_length=64, blank=True, default="", db_index=True)
    is_anonymous = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["email_hash"], condition=~Q(email_hash=""), name="reporter_email")]

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
    answer_key = models.TextField(blank=True, default="", help_text="What citizens were answered, folded likewise.")
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
    assignee = models.ForeignKey(
        Official, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="tickets"
    )
    main = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="linked",
        help_text="The ticket of the same matter whose answers go to this one's sources too.",
    )

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
    next_warn_at = models.DateTimeField(
        null=True, blank=True, help_text="From when on that deadline is near; empty when it is only the source's own."
    )
    late_risk = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Percent of similar tickets that needed longer: sla.foresight.",
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True, help_text="Since when everybody may read public_text.")
    public_text = models.TextField(
        blank=True, default="", db_default="", help_text="Written by an official for the public."
    )
    remarks = models.JSONField(default=list, blank=True, help_text="What normalising did, as slugs.")
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Ticket]] = models.Manager.from_queryset(TicketQuerySet)()

    #: The columns when an act began, its row locked. Lists in them are replaced, never changed where they are.
    as_locked: Mapping[str, Any]

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=_OPEN, is_open=True) | (~Q(status__in=_OPEN) & Q(is_open=False)),
                name="ticket_open_fits_status",
            )
        ]
        indexes = [
            models.Index(  # with all that the menu counts, so that it reads nothing else
                fields=["unit", "next_due_at", "id"],
                include=["source", "assignee", "status", "next_warn_at", "late_risk"],
                condition=Q(is_open=True),
                name="ticket_queue",
            ),
            models.Index(  # with all that figures of this moment count, so that they read nothing else
                fields=["next_due_at", "id"],
                include=["unit", "source", "assignee", "status", "category", "urgency", "received_at", "next_warn_at"],
                condition=Q(is_open=True),
                name="ticket_city_queue",
            ),
            models.Index(
                fields=["-late_risk", "id"], condition=Q(is_open=True, late_risk__gte=AT_RISK), name="ticket_at_risk"
            ),
            models.Index(fields=["unit", "status"], name="ticket_unit_status"),
            models.Index(fields=["source", "unit"], condition=Q(is_open=True), name="ticket_source_open"),
            models.Index(fields=["unit"], condition=Q(status__in=_WAITING), name="ticket_waiting"),
            models.Index(
                fields=["unit", "-resolved_at", "-id"],
                include=["status"],
                condition=Q(resolved_at__isnull=False),
                name="ticket_resolved",
            ),
            models.Index(
                fields=["-resolved_at", "-id"],
                include=["status"],
                condition=Q(resolved_at__isnull=False),
                name="ticket_city_resolved",
            ),
            models.Index(fields=["assignee", "unit", "next_due_at"], condition=Q(is_open=True), name="ticket_mine"),
            models.Index(fields=["assignee", "unit", "received_at", "id"], name="ticket_assignee"),
            models.Index(fields=["updated_at", "id"], name="ticket_updated"),
            models.Index(fields=["unit", "-received_at", "id"], name="ticket_unit_received"),
            models.Index(fields=["received_at", "id"], name="ticket_received"),
            models.Index(
                fields=["-clock_from", "-id"], condition=Q(published_at__isnull=False), name="ticket_published"
            ),
            models.Index(fields=["main"], condition=Q(main__isnull=False), name="ticket_linked"),
            models.Index(fields=["lat", "lng"], condition=Q(lat__isnull=False), name="ticket_place"),
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
    seen_category = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="The last category it named. The ticket's own may be another.",
    )
    unknown_category = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="Its code for the category, if nobody knows it.",
    )
    source_updated_at = models.DateTimeField(null=True, blank=True)
    compared_at = models.DateTimeField(null=True, blank=True, help_text="When both sides were compared last.")
    first_seen_at = models.DateTimeField()
    last_changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="external_ref_once")]
        indexes = [
            models.Index(fields=["external_id"], name="external_ref_id"),
            models.Index(
                fields=["source", "unknown_category"], condition=~Q(unknown_category=""), name="external_ref_category"
            ),
            models.Index(
                fields=["source", "seen_status_raw"], condition=Q(seen_status="unmapped"), name="external_ref_status"
            ),
        ]

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
    sequence = models.PositiveIntegerField(help_text="Counts the events of the ticket from 1, without a gap.")
    message_hash = models.CharField(max_length=64, blank=True, help_text="Salted hash of the text it brought.")
    hash = models.CharField(max_length=64, help_text="Over the content and the hash of the event before: see chain.")

    objects: ClassVar[Any] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["ticket", "sequence"], name="event_chain_never_forks")]
        indexes = [models.Index(fields=["ticket", "at", "id"], name="event_timeline")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError("History is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("History is append-only.")

    @property
    def content(self) -> dict[str, Any]:
        """What the hash covers."""
        return chain.event_content(**{name: getattr(self, name) for name in HASHED})


#: The columns that an event's hash covers: all but its key, which says where a row lies and nothing else.
HASHED = ("ticket_id", "sequence", "kind", "at", "actor_id", "source_id", "data", "message_hash")


class ChainHead(models.Model):
    """Where a ticket's history ends: without it, nobody would miss an event cut off at the end."""

    ticket = models.OneToOneField(Ticket, on_delete=models.PROTECT, primary_key=True, related_name="chain_head")
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.sequence} events"


class ChainAnchor(models.Model):
    """One day's seal on all histories. It covers the ends that moved since the last anchor, and that anchor's hash.

    Handed out, it is what nobody here can take back: a history rewritten later no longer fits it.
    """

    day = models.DateField(unique=True)
    made_at = models.DateTimeField()
    tickets = models.PositiveIntegerField(help_text="Tickets that had a history by then.")
    changed = models.PositiveIntegerField(help_text="Tickets whose history had moved since the last anchor.")
    root = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64, blank=True, unique=True)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.hash[:12]}"


class AnchoredHead(models.Model):
    """Where one ticket's history ended when an anchor was made."""

    anchor = models.ForeignKey(ChainAnchor, on_delete=models.PROTECT, related_name="heads")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+", db_index=False)
    sequence = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "sequence"], name="anchored_head_once")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.sequence}"


class UntoldEvent(models.Model):
    """An event that people still have to be told of. Stored with the event, gone once they have been told."""

    event = models.OneToOneField(TicketEvent, on_delete=models.CASCADE, related_name="untold")

    def __str__(self) -> str:
        return f"event {self.event_id}"


class Message(models.Model):
    """A text written to colleagues, to the citizen, or by the citizen. Belongs to the event that brought it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="messages")
    event = models.OneToOneField(TicketEvent, on_delete=models.PROTECT, related_name="message")
    kind = models.CharField(max_length=10, choices=_choices(MessageKind))
    body = models.TextField()
    salt = models.CharField(max_length=32, help_text="Part of the text's hash; erased together with the text.")

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
    origin = models.CharField(
        max_length=10, choices=_choices(FileOrigin), default=FileOrigin.SOURCE, db_default=FileOrigin.SOURCE
    )
    stage = models.CharField(max_length=10, choices=_choices(PhotoStage), blank=True, default="", db_default="")
    added_by = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    event = models.ForeignKey(
        TicketEvent,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="files",
        help_text="Of an official's file: the reply or answer it goes out with; empty while there is none.",
    )

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["ticket", "url"], name="attachment_once")]
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="attachment_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """The code of its ticket."""
        return code_of(self.ticket_id)

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
