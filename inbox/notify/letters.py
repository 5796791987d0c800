"""Writing letters: one to each person for all that is new to them, and the digest that leaders get each morning."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.notify.models import Letter, Notification, Sending
from inbox.notify.vocabulary import Channel, LetterKind
from inbox.sla.queries import Calendars

#: People get news in one letter and not in a stream of them; what is urgent does not wait.
AT_MOST_EVERY = timedelta(minutes=10)
#: Older news stays in the app: somebody whose address was entered today is not flooded with last month.
FRESH = timedelta(days=2)
BATCH = 1000


@transaction.atomic
def write_notices(at: datetime) -> int:
    """Write a letter to everybody who has unread news and can be reached; returns how many letters."""
    news = list(_to_send(at).select_for_update(of=("self",), skip_locked=True).order_by("show_from", "pk")[:BATCH])
    letters = {
        official: Letter(
            official_id=official, kind=LetterKind.NOTICES, key=f"notices:{uuid.uuid4().hex}", created_at=at
        )
        for official in {row.official_id for row in news}
    }
    _post(letters.values(), at)
    for row in news:
        row.letter = letters[row.official_id]
    Notification.objects.bulk_update(news, ["letter"], batch_size=300)
    return len(letters)


def write_digests(at: datetime) -> int:
    """Write today's digest to each leader who has none yet and whose offices are open. Returns how many."""
    at_work = _leaders_at_work(at)
    if at_work is None:
        return 0
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    already = Letter.objects.filter(official=OuterRef("pk"), kind=LetterKind.DIGEST, created_at__gte=midnight)
    leaders = reachable().filter(~Exists(already), pk__in=at_work).exclude(preference__digest=False)
    letters = [
        Letter(official=leader, kind=LetterKind.DIGEST, key=f"digest:{leader.pk}:{midnight:%Y-%m-%d}", created_at=at)
        for leader in leaders
    ]
    with transaction.atomic():
        Letter.objects.bulk_create(letters, ignore_conflicts=True)
        kept = Letter.objects.filter(key__in=[letter.key for letter in letters], sendings=None)
        _send_out(kept.select_for_update(of=("self",)), at)
    return len(letters)


@transaction.atomic
def write_letter(
    official: Official, *, key: str, data: dict[str, Any], at: datetime, kind: LetterKind = LetterKind.REPORT
) -> bool:
    """Write a letter unless one with this key was written before; says whether it was.

    `data`: what it says, see `send`. Whoever cannot be reached gets none and finds the report in the app.
    """
    letter = Letter(official=official, kind=kind, key=key, data=data, created_at=at)
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    kept = Letter.objects.filter(key=key, official=official, sendings=None)
    written = list(kept.select_for_update(of=("self",)))
    _send_out(written, at)
    return bool(written)


def reachable() -> QuerySet[Official]:
    """Active people who have an address on at least one channel that they and the installation allow."""
    return Official.objects.filter(_by_email() | _by_other_channel(), is_active=True)


def _to_send(at: datetime) -> QuerySet[Notification]:
    recent = Letter.objects.filter(
        official=OuterRef("official"), kind=LetterKind.NOTICES, created_at__gt=at - AT_MOST_EVERY
    )
    waiting: QuerySet[Notification] = Notification.objects.filter(
        Q(urgent=True) | ~Exists(recent),
        official__in=reachable(),
        letter=None,
        read_at=None,
        show_from__lte=at,
        created_at__gt=at - FRESH,
    )
    return waiting


def _by_email() -> Q:
    return ~Q(email="") & (Q(preference=None) | Q(preference__by_email=True))


def _by_other_channel() -> Q:
    if not settings.NOTIFY_SCHEMES:
        return Q(pk__in=[])
    return Q(preference__other_channel__gt="")


def _post(letters: Iterable[Letter], at: datetime) -> None:
    """Store letters and put them on every channel of their readers."""
    _send_out(Letter.objects.bulk_create(letters), at)


def _send_out(letters: Iterable[Letter], at: datetime) -> None:
    written = list(letters)
    channels = {
        Channel.EMAIL: set(_among(written).filter(_by_email()).values_list("pk", flat=True)),
        Channel.OTHER: set(_among(written).filter(_by_other_channel()).values_list("pk", flat=True)),
    }
    sendings = [
        Sending(letter=letter, channel=channel, next_attempt_at=at)
        for letter in written
        for channel, reached in channels.items()
        if letter.official_id in reached
    ]
    Sending.objects.bulk_create(sendings, ignore_conflicts=True)


def _among(letters: list[Letter]) -> QuerySet[Official]:
    return Official.objects.filter(pk__in=[letter.official_id for letter in letters])


def offices_are_open(at: datetime) -> bool:
    """Whether working time runs by the default calendar; without one it never does."""
    office = Calendars().office_of(())
    return office is not None and office.is_open(at)


def _leaders_at_work(at: datetime) -> QuerySet[Membership, int] | None:
    """Keys of the leaders of units whose offices are open; None when all are closed."""
    calendars = Calendars()
    own = {unit: calendars.working(pk).is_open(at) for unit, pk in calendars.of_units.items()}
    office = calendars.office_of(())
    others = office is not None and office.is_open(at)
    if not others and not any(own.values()):
        return None
    closed = [unit for unit, is_open in own.items() if not is_open]
    leaders = Membership.objects.filter(role=Role.LEADER).exclude(unit__in=closed)
    return (leaders if others else leaders.filter(unit__in=own)).values_list("official_id", flat=True)
