"""What people are told, what is sent to them because of it, and how each of them wants it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.core.fields import EncryptedTextField
from inbox.notify.vocabulary import Channel, LetterKind, SendState
from inbox.tickets.models import HangsOnTicketManager, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind

SENDABLE = Q(state__in=[SendState.WAITING.value, SendState.SENDING.value])


def _choices(codes: type[Channel] | type[LetterKind] | type[SendState] | type[EventKind]) -> list[tuple[str, str]]:
    return [(code.value, code.value) for code in codes]


class Letter(models.Model):
    """One message to one person outside the app. `key` names what it is about, so that it is written once."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=10, choices=_choices(LetterKind))
    key = models.CharField(max_length=100, unique=True)
    data = models.JSONField(default=dict, help_text="What a letter about a report says; no personal data.")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["official", "kind", "created_at"], name="letter_latest")]

    def __str__(self) -> str:
        return self.key


class Sending(models.Model):
    """A letter on one channel: claimed, tried, and never tried again once the other side may have taken it."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="sendings")
    channel = models.CharField(max_length=10, choices=_choices(Channel))
    state = models.CharField(max_length=10, choices=_choices(SendState), default=SendState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="What the other side said, without addresses.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["letter", "channel"], name="sending_once")]
        indexes = [models.Index(fields=["next_attempt_at"], condition=SENDABLE, name="sending_due")]

    def __str__(self) -> str:
        return f"{self.letter_id} by {self.channel}: {self.state}"


class Notification(models.Model):
    """That one person is told of one event: once, from `show_from` on."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="notifications")
    event = models.ForeignKey(TicketEvent, on_delete=models.CASCADE, related_name="notifications")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=30, choices=_choices(EventKind))
    urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    show_from = models.DateTimeField(help_text="The next working period, unless it is urgent.")
    read_at = models.DateTimeField(null=True, help_text="Seen, or overtaken by later news of the same deadline.")
    letter = models.ForeignKey(Letter, on_delete=models.SET_NULL, null=True, related_name="notifications")

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["official", "event"], name="notification_once")]
        indexes = [
            models.Index(fields=["official", "-id"], name="notification_list"),
            models.Index(
                fields=["official", "show_from"], condition=Q(read_at__isnull=True), name="notification_unread"
            ),
            models.Index(
                fields=["show_from"],
                condition=Q(read_at__isnull=True, letter__isnull=True),
                name="notification_to_send",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.official_id}: {self.kind} of {self.ticket_id}"


class Preference(models.Model):
    """How one person wants to be told. Who never chose gets e-mail and the digest, in working hours."""

    official = models.OneToOneField(Official, on_delete=models.CASCADE, related_name="preference")
    by_email = models.BooleanField(default=True)
    digest = models.BooleanField(default=True)
    at_any_hour = models.BooleanField(default=False)
    language = models.CharField(max_length=5, blank=True)
    other_channel = EncryptedTextField(blank=True, help_text="Address for the notification library; may hold a token.")

    def __str__(self) -> str:
        return f"preference of {self.official_id}"
