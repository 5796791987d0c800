"""What the page of notifications shows of each, and the form of how one wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inbox.actions.change_notification_settings import LONGEST_ADDRESS, NotificationSettings
from inbox.notify.queries import other_channels
from inbox.notify.words import sentence
from inbox.tickets.vocabulary import EventKind

if TYPE_CHECKING:
    from inbox.notify.models import Notification, Preference
    from inbox.tickets.models import Ticket

#: Icon and tone; whatever is not named here is plain.
_LOOKS: Mapping[str, tuple[str, str]] = {
    EventKind.DUE_SOON: ("clock-alert", "soon"),
    EventKind.BECAME_OVERDUE: ("alert", "late"),
    EventKind.ESCALATED: ("alert", "late"),
    EventKind.URGED: ("clock-alert", "late"),
    EventKind.ASSIGNED: ("user-plus", ""),
    EventKind.TRANSFERRED: ("forward", ""),
    EventKind.REOPENED: ("reopen", "soon"),
    EventKind.EXTENSION_ASKED: ("calendar", "soon"),
    EventKind.EXTENSION_APPROVED: ("check", "ok"),
    EventKind.EXTENSION_REFUSED: ("x", ""),
    EventKind.CITIZEN_ANSWERED: ("message", "ok"),
    EventKind.DELIVERY_FAILED: ("plug-off", "late"),
    EventKind.NOTE_ADDED: ("lock", ""),
    EventKind.REPLIED: ("send", ""),
    EventKind.RESOLVED: ("check-circle", "ok"),
    EventKind.ANSWER_PROPOSED: ("user-check", "soon"),
    EventKind.ANSWER_SENT_BACK: ("back", "soon"),
    EventKind.SOURCE_DISAGREES: ("alert", "soon"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One notification. `body` is what a colleague wrote, for instance why they urge."""

    ticket: Ticket
    sentence: str
    body: str
    icon: str
    tone: str
    at: datetime
    is_read: bool


def row_of(notification: Notification) -> Row:
    """Needs event, actor, message and ticket loaded."""
    icon, tone = _LOOKS.get(notification.kind, ("info", ""))
    message = getattr(notification.event, "message", None)
    return Row(
        ticket=notification.ticket,
        sentence=sentence(notification),
        body=message.body if message else "",
        icon=icon,
        tone=tone,
        at=notification.event.at,
        is_read=notification.read_at is not None,
    )


class SettingsForm(forms.Form):
    """How one wants to be told. A stored address of another channel is never shown again, because it may hold a key."""

    by_email = forms.BooleanField(label=_("By e-mail, all news of ten minutes in one letter"), required=False)
    digest = forms.BooleanField(label=_("Each morning how the ward stands"), required=False)
    at_any_hour = forms.BooleanField(label=_("Also outside working hours"), required=False)
    language = forms.ChoiceField(label=_("Language of the letters"), choices=settings.LANGUAGES)
    other_channel = forms.CharField(label=_("Another channel"), max_length=LONGEST_ADDRESS, required=False)
    remove_channel = forms.BooleanField(label=_("Remove the stored channel"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not other_channels():
            del self.fields["other_channel"], self.fields["remove_channel"]

    @classmethod
    def filled(cls, preference: Preference) -> SettingsForm:
        """With what somebody chose so far."""
        return cls(
            initial={
                "by_email": preference.by_email,
                "digest": preference.digest,
                "at_any_hour": preference.at_any_hour,
                "language": preference.language or settings.LANGUAGE_CODE,
            }
        )

    def chosen(self) -> NotificationSettings:
        """What was chosen, once the form is valid."""
        data = self.cleaned_data
        typed = data.get("other_channel") or None
        return NotificationSettings(
            by_email=data["by_email"],
            digest=data["digest"],
            at_any_hour=data["at_any_hour"],
            language=data["language"],
            other_channel="" if data.get("remove_channel") else typed,
        )
