"""Published tickets, as everybody may read them: an official's words, field, unit, a rough place, how it stands.

Nothing that the citizen wrote, no exact place, no name comes out of here. Only what somebody made public is found.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from inbox.core.errors import NotFound
from inbox.reports import names
from inbox.tickets.models import Ticket, pk_of
from inbox.tickets.vocabulary import OPEN

#: Decimals of a coordinate: some hundred metres. More would point at a door.
ROUGH = 3
_STATUS_NOTES = {
    "new": "Đã nhận, chờ tiếp nhận",
    "accepted": "Đã tiếp nhận",
    "in_progress": "Đang xử lý",
    "awaiting_approval": "Đang xử lý",
    "waiting_citizen": "Chờ bổ sung thông tin",
    "waiting_other": "Chờ đơn vị khác",
    "resolved": "Đã xử lý",
    "closed": "Đã xử lý",
    "transferred": "Đã chuyển đơn vị có thẩm quyền",
    "returned": "Trả lại: không thuộc thẩm quyền",
    "refused": "Không tiếp nhận",
    "withdrawn": "Người dân rút",
}


@dataclass(frozen=True, slots=True)
class PublicTicket:
    """One published ticket."""

    code: str
    is_open: bool
    standing: str
    category: str
    category_name: str
    text: str
    unit: str
    requested_at: datetime
    updated_at: datetime
    due_at: datetime | None
    lat: float | None
    lng: float | None


def published(
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    updated_after: datetime | None = None,
    categories: Collection[str] = (),
    codes: Collection[str] = (),
    is_open: bool | None = None,
) -> QuerySet[Ticket]:
    """Published tickets by when they were sent, newest first; `end` is the first instant that is out."""
    found = Ticket.objects.filter(published_at__isnull=False).select_related("unit")
    conditions = Q()
    if begin is not None:
        conditions &= Q(clock_from__gte=begin)
    if end is not None:
        conditions &= Q(clock_from__lt=end)
    if updated_after is not None:
        conditions &= Q(updated_at__gt=updated_after)
    if categories:
        conditions &= Q(category__in=list(categories))
    if codes:
        conditions &= Q(pk__in=[pk for pk in map(pk_of, codes) if pk is not None])
    if is_open is not None:
        conditions &= Q(is_open=is_open)
    shown = ("status", "is_open", "category", "public_text", "clock_from", "updated_at", "resolved_at")
    return (
        found.filter(conditions).only(*shown, "next_due_at", "lat", "lng", "unit__name").order_by("-clock_from", "-pk")
    )


def published_one(code: str) -> PublicTicket:
    """One published ticket. Raises NotFound, also for one that is not published."""
    found = published(codes=[code]).first() if pk_of(code) is not None else None
    if found is None:
        raise NotFound("No such ticket")
    return as_public(found)


def as_public(ticket: Ticket) -> PublicTicket:
    """What everybody may read of a published ticket."""
    is_open = ticket.status in OPEN
    return PublicTicket(
        code=ticket.code,
        is_open=is_open,
        standing=_STATUS_NOTES[ticket.status],
        category=ticket.category,
        category_name=names.CATEGORY[ticket.category],
        text=ticket.public_text,
        unit=ticket.unit.name if ticket.unit else "",
        requested_at=timezone.localtime(ticket.clock_from),
        updated_at=timezone.localtime(ticket.updated_at if is_open else ticket.resolved_at or ticket.updated_at),
        due_at=timezone.localtime(ticket.next_due_at) if is_open and ticket.next_due_at else None,
        lat=None if ticket.lat is None else round(ticket.lat, ROUGH),
        lng=None if ticket.lng is None else round(ticket.lng, ROUGH),
    )


def services() -> list[tuple[str, str]]:
    """Codes and names of the fields of complaint."""
    return [(str(code), name) for code, name in names.CATEGORY.items()]
