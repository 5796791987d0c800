"""Reading notifications for the screens: only one's own, and only of tickets that one may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from inbox.accounts.models import Official
from inbox.notify.models import Notification, Preference, Sending
from inbox.notify.vocabulary import DEADLINES, Channel, SendState
from inbox.tickets.queries import CountUpTo

PAGE_SIZE = 30
#: Nobody needs to know exactly how many more there are.
COUNT_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `before` is the key to go on with, None on the last page."""

    rows: list[Notification]
    before: int | None


def page_of(official: Official, *, at: datetime, unread: bool = False, before: int | None = None) -> Page:
    """A page of somebody's notifications, with tickets, events and who did it loaded."""
    rows = _shown(official, at).select_related("event__actor", "event__message", "ticket__unit")
    if unread:
        rows = rows.filter(read_at=None)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    return Page(found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None)


def unread(official: Official, *, at: datetime) -> CountUpTo:
    """How many notifications wait, counted up to COUNT_LIMIT, within another statement."""
    return CountUpTo(_shown(official, at).filter(read_at=None), most=COUNT_LIMIT)


def preference_of(official: Official) -> Preference:
    """How somebody wants to be told; the defaults, unsaved, for who never chose."""
    return Preference.objects.filter(official=official).first() or Preference(official=official)


def last_problem(official: Official, channel: Channel) -> Sending | None:
    """The newest letter on a channel, if it could not be delivered."""
    newest = Sending.objects.filter(letter__official=official, channel=channel).order_by("-pk").first()
    return newest if newest is not None and newest.state == SendState.FAILED else None


def other_channels() -> tuple[str, ...]:
    """Kinds of address that the notification library may use here; empty unless the installation allows some."""
    return tuple(settings.NOTIFY_SCHEMES)


def _shown(official: Official, at: datetime) -> QuerySet[Notification]:
    """Deadlines of tickets that have ended trouble nobody any more."""
    shown: QuerySet[Notification] = Notification.objects.visible_to(official).filter(
        official=official, show_from__lte=at
    )
    return shown.exclude(kind__in=DEADLINES, ticket__is_open=False)
