"""Reading evidence. A record is seen by whoever sees its ticket; lists are for those whose role has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.evidence.models import EvidenceRecord, EvidenceVersion

PAGE_SIZE = 50


def records(official: Official, *, source: str = "", month: str = "") -> QuerySet[EvidenceRecord]:
    """Records of the tickets one may see with their versions, newest first; `month` (2026-11) is that of the act.

    Raises NotAllowed, Invalid.
    """
    if not may(official, Permission.VIEW_EVIDENCE):
        raise NotAllowed("view_evidence is not granted")
    found = _shown(official)
    if source:
        found = found.filter(source__slug=source)
    if month:
        begin, end = span_of(month)
        found = found.filter(done_at__gte=begin, done_at__lt=end)
    return found.order_by("-pk")


def record(number: str, official: Official) -> EvidenceRecord:
    """One record. Raises NotFound."""
    found = _shown(official).filter(number=number).first()
    if found is None:
        raise NotFound("No such record")
    return found


def _shown(official: Official) -> QuerySet[EvidenceRecord]:
    found: QuerySet[EvidenceRecord] = (
        EvidenceRecord.objects.visible_to(official).select_related("source", "ticket").prefetch_related("versions")
    )
    return found


def address_of(number: str, digest: str) -> str:
    """Where anybody can check a printed record: what its QR code says."""
    return f"{settings.BASE_URL.rstrip('/')}/verify/{number}/{digest}/"


def span_of(month: str) -> tuple[datetime, datetime]:
    """Begin and end of a local month. Raises Invalid."""
    try:
        begin = timezone.make_aware(datetime.strptime(month, "%Y-%m"))
        following = (begin + timedelta(days=32)).replace(day=1)
    except (ValueError, OverflowError):
        raise Invalid("Not a month", field="month") from None
    return begin, following


@dataclass(frozen=True, slots=True)
class Verdict:
    """What anybody may know of a record whose number and hash they already hold."""

    number: str
    version: int
    made_at: datetime
    is_newest: bool


def verdict(number: str, digest: str) -> Verdict | None:
    """Whether a printed record is one of ours, without anything about whom it is about. None: it is not."""
    found = EvidenceVersion.objects.filter(record__number=number, hash=digest).first()
    if found is None:
        return None
    later = EvidenceVersion.objects.filter(record=found.record_id, version__gt=found.version)
    return Verdict(number, found.version, found.made_at, is_newest=not later.exists())
