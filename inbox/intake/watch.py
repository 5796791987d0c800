"""Keep watch over the sources: learn how often each brings something, and tell those who manage them of trouble.

A source that answers and says nothing is the trouble that nobody sees: an unusual silence is told like an outage.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.permissions import TABLE, Permission
from inbox.notify.letters import write_letter
from inbox.notify.vocabulary import LetterKind
from inbox.sources import rhythm
from inbox.sources.models import Source, SyncRun
from inbox.sources.queries import TROUBLE
from inbox.sources.vocabulary import MANUAL
from inbox.tickets.models import Ticket

#: What a source's rhythm is learned from. Longer would remember last season, shorter would learn a holiday.
WEEKS = 8
SILENT = "silent"


def learn_rhythms(at: datetime) -> int:
    """Learn anew how many complaints citizens send each source in each hour of the week. Returns how many sources.

    Counted by when they were sent: a backlog that arrives at once says nothing about any hour.
    """
    sources = list(Source.objects.exclude(connector=MANUAL))
    for source in sources:
        source.rhythm = _learned(source, at)
    Source.objects.bulk_update(sources, ["rhythm"])
    return len(sources)


def _learned(source: Source, at: datetime) -> list[float]:
    tz = timezone.get_default_timezone()
    sent = Ticket.objects.filter(source=source, sent_at__gte=at - timedelta(weeks=WEEKS), sent_at__lt=at)
    first = sent.order_by("sent_at").values_list("sent_at", flat=True).first()
    if first is None:
        return []
    weeks = min(WEEKS, (at - first) // timedelta(weeks=1))
    counted = sent.filter(sent_at__gte=at - timedelta(weeks=weeks)).order_by()
    rows = counted.values(day=ExtractIsoWeekDay("sent_at", tzinfo=tz), hour=ExtractHour("sent_at", tzinfo=tz))
    counts = {(row["day"] - 1) * 24 + row["hour"]: row["number"] for row in rows.annotate(number=Count("pk"))}
    return rhythm.learn(counts, weeks=weeks)


def watch_sources(at: datetime) -> int:
    """Note which sources are unusually silent, and write to those who manage sources. Returns how many letters.

    Each trouble is told once: a letter's key names the source, what is wrong and since when.
    """
    written = 0
    for source in Source.objects.filter(is_enabled=True).exclude(connector=MANUAL).order_by("pk"):
        _note_silence(source, at)
        if source.health in TROUBLE:
            written += _tell(source, source.health, source.health_since or at, at)
        elif source.silent_since is not None:
            written += _tell(source, SILENT, source.silent_since, at)
    return written


def _note_silence(source: Source, at: datetime) -> None:
    """A source that fails is not silent but away, which is told in other words."""
    last_new = SyncRun.objects.filter(source=source, created__gt=0).order_by("-started_at").first()
    since = last_new.started_at if last_new else None
    tz = timezone.get_default_timezone()
    is_silent = (
        since is not None
        and source.failures_in_a_row == 0
        and rhythm.is_unusual(source.rhythm, since, source.last_success_at or since, tz=tz)
    )
    silent_since = since if is_silent else None
    if source.silent_since != silent_since:
        source.silent_since = silent_since
        source.save(update_fields=["silent_since"])


def _tell(source: Source, why: str, since: datetime, at: datetime) -> int:
    data: dict[str, Any] = {
        "label": source.label,
        "why": why,
        "code": source.last_error_code,
        "since": since.isoformat(),
        "path": f"/sources/{source.slug}/",
    }
    written = 0
    for official in _managers():
        key = f"source:{source.pk}:{why}:{since:%Y%m%dT%H%M%S}:{official.pk}"
        written += write_letter(official, key=key, data=data, at=at, kind=LetterKind.SOURCE)
    return written


def _managers() -> list[Official]:
    roles = [role.value for role, permissions in TABLE.items() if Permission.MANAGE_SOURCES in permissions]
    return list(Official.objects.filter(is_active=True, memberships__role__in=roles).distinct().order_by("pk"))
