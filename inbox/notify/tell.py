"""From events to notifications: each person once per event, in batches, safe with many workers and after a crash.

An event to be told of is stored with a mark (`UntoldEvent`) in the transaction that made it. The mark goes in the
transaction that stores the notifications, so nobody is told twice and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from inbox.accounts.models import Membership
from inbox.core.heartbeat import beat
from inbox.notify.models import Notification, Preference
from inbox.notify.recipients import Recipients
from inbox.notify.vocabulary import DEADLINES
from inbox.sla.models import ExtensionRequest, ExtensionState
from inbox.sla.queries import Calendars
from inbox.tickets.models import TicketEvent, UntoldEvent
from inbox.tickets.vocabulary import EventKind, Urgency

BATCH = 500


def tell(at: datetime) -> int:
    """Tell everybody of everything untold; returns how many notifications were written."""
    told = 0
    while (batch := _tell_batch(at)) is not None:
        told += batch
    beat("tell", at)
    return told


@transaction.atomic
def _tell_batch(at: datetime) -> int | None:
    """None when nothing waits that somebody else does not hold already."""
    marks = list(
        UntoldEvent.objects.select_related("event__ticket")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")[:BATCH]
    )
    if not marks:
        return None
    events = _still_news([mark.event for mark in marks])
    recipients = Recipients(events)
    rows = [(official, event) for event in events for official in sorted(recipients.of(event))]
    show_from = _ShowFrom({official for official, _ in rows}, at)
    Notification.objects.bulk_create(
        [
            Notification(
                official_id=official,
                event=event,
                ticket_id=event.ticket_id,
                kind=event.kind,
                urgent=event.ticket.urgency == Urgency.URGENT,
                created_at=at,
                show_from=show_from(official, event),
            )
            for official, event in rows
        ],
        ignore_conflicts=True,
    )
    _overtake(events, at)
    UntoldEvent.objects.filter(pk__in=[mark.pk for mark in marks]).delete()
    return len(rows)


def untell(event: TicketEvent) -> None:
    """Nobody needs to hear of an event that was taken back; a letter that has left stays sent."""
    UntoldEvent.objects.filter(event=event).delete()
    Notification.objects.filter(event=event).delete()


def _still_news(events: Sequence[TicketEvent]) -> list[TicketEvent]:
    """Without requests for more time that have been decided meanwhile: their answer is told instead."""
    asked = [event.ticket_id for event in events if event.kind == EventKind.EXTENSION_ASKED]
    if not asked:
        return list(events)
    waiting = set(
        ExtensionRequest.objects.filter(ticket__in=asked, state=ExtensionState.OPEN).values_list("ticket_id", flat=True)
    )
    return [e for e in events if e.kind != EventKind.EXTENSION_ASKED or e.ticket_id in waiting]


class _ShowFrom:
    """When a notification may be seen: at once, or when the offices of the person open next."""

    def __init__(self, officials: set[int], at: datetime) -> None:
        self._at, self._calendars = at, Calendars()
        self._units = _units_with_hours(officials, self._calendars)
        self._at_any_hour = set(
            Preference.objects.filter(official__in=officials, at_any_hour=True).values_list("official_id", flat=True)
        )

    def __call__(self, official: int, event: TicketEvent) -> datetime:
        if event.ticket.urgency == Urgency.URGENT or official in self._at_any_hour:
            return self._at
        office = self._calendars.office_of(self._units.get(official, ()))
        return self._at if office is None else office.next_open(self._at)


def _units_with_hours(officials: set[int], calendars: Calendars) -> dict[int, list[int]]:
    """The units with hours of their own in which each of these people works; nobody is asked for where none has."""
    found: dict[int, list[int]] = {}
    if calendars.of_units:
        known = Membership.objects.filter(official__in=officials, unit__in=calendars.of_units).order_by("pk")
        for official, unit in known.values_list("official_id", "unit_id"):
            found.setdefault(official, []).append(unit)
    return found


def _overtake(events: Sequence[TicketEvent], at: datetime) -> None:
    """Of each person's unread news of one deadline only the newest stays."""
    tickets = {event.ticket_id for event in events if event.kind in DEADLINES}
    if not tickets:
        return
    unread = Notification.objects.filter(ticket__in=tickets, kind__in=DEADLINES, read_at=None).order_by("-event_id")
    seen: set[tuple[int, int, str]] = set()
    old = []
    for pk, official, ticket, data in unread.values_list("pk", "official_id", "ticket_id", "event__data"):
        deadline = (official, ticket, data.get("clock", ""))
        if deadline in seen:
            old.append(pk)
        seen.add(deadline)
    Notification.objects.filter(pk__in=old).update(read_at=at)
