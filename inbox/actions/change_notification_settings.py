"""Choose how one wants to be told."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from inbox.accounts.models import Official
from inbox.core.errors import Invalid
from inbox.notify.models import Preference
from inbox.notify.queries import other_channels

LONGEST_ADDRESS = 500


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """Everything one can choose. `other_channel` None leaves the stored address as it is; "" removes it."""

    by_email: bool
    digest: bool
    at_any_hour: bool
    language: str = ""
    other_channel: str | None = None


def change_notification_settings(chosen: NotificationSettings, *, actor: Official) -> Preference:
    """Raises Invalid for a language or a kind of channel that this installation does not have."""
    if chosen.language and chosen.language not in dict(settings.LANGUAGES):
        raise Invalid("There is no such language", field="language")
    values = {
        "by_email": chosen.by_email,
        "digest": chosen.digest,
        "at_any_hour": chosen.at_any_hour,
        "language": chosen.language,
    }
    if chosen.other_channel is not None:
        values["other_channel"] = _checked(chosen.other_channel.strip())
    preference, _ = Preference.objects.update_or_create(official=actor, defaults=values)
    return preference


def _checked(address: str) -> str:
    if address and (address.partition("://")[0] not in other_channels() or len(address) > LONGEST_ADDRESS):
        raise Invalid("This kind of channel is not allowed here", field="other_channel")
    return address
