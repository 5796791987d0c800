"""Rows for tests, with sensible defaults. Tickets go through the same door as real ones wherever that matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from connectors.records import Attachment, InboundRecord, Place, Reporter, SourceStatus
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.sources.models import Source
from inbox.sources.vocabulary import MANUAL
from inbox.tickets.models import Ticket
from inbox.units.models import Unit

_number = count(1)
PASSWORD = "mot-moi-test-password"

#: A Tuesday morning in working time: 09:00 in Ho Chi Minh City.
TUESDAY = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)


def make_unit(code: str = "", name: str = "") -> Unit:
    """A ward. Not one of the real ones unless `code` says so."""
    number = next(_number)
    code, name = code or f"9{number:04d}", name or f"Phường Thử {number}"
    unit, _ = Unit.objects.get_or_create(
        code=code,
        valid_from=date(2025, 7, 1),
        defaults={
            "name": name,
            "short_name": name.removeprefix("Phường "),
            "kind": "phuong",
            "slug": f"unit-{number}",
            "search_key": name.lower(),
        },
    )
    return unit


def make_official(role: Role | str = Role.OFFICER, unit: Unit | None = None, username: str = "") -> Official:
    """Somebody with one role, and the password PASSWORD."""
    username = username or f"official{next(_number)}"
    official = Official.objects.create_user(username=username, password=PASSWORD, full_name=f"Nguyễn {username}")
    Membership.objects.create(official=official, role=Role(role).value, unit=unit)
    return official


def make_source(slug: str = "", connector: str = MANUAL, **values: Any) -> Source:
    """A source that no machine reads, unless `connector` says otherwise."""
    slug = slug or f"source-{next(_number)}"
    return Source.objects.create(slug=slug, label=values.pop("label", f"Nguồn {slug}"), connector=connector, **values)


def make_record(**values: Any) -> InboundRecord:
    """A record as a connector would hand it over."""
    number = next(_number)
    defaults: dict[str, Any] = {
        "external_id": f"X-{number}",
        "revision": "1",
        "title": f"Rác chất đống đầu hẻm {number}",
        "text": "Rác sinh hoạt chất đống đã bốn ngày, bốc mùi hôi.",
        "status": SourceStatus.NEW,
        "status_raw": "1",
        "category": "environment",
        "category_raw": "4",
        "place": Place(text=f"{number} Nơ Trang Long"),
        "reporter": Reporter(name="Lê Thị Thu Hà", phone="+84903111227", email="ha@example.com"),
        "sent_at": TUESDAY,
        "updated_at": TUESDAY,
    }
    values = defaults | values
    return InboundRecord(**values | {"status": SourceStatus(values["status"])})


def make_ticket(unit: Unit | None = None, source: Source | None = None, **values: Any) -> Ticket:
    """A ticket that came in through ingest, then given to `unit`.

    Keyword arguments that InboundRecord knows shape the record; the others are set on the ticket.
    """
    (ticket,) = make_tickets(1, unit=unit, source=source, **values)
    return ticket


def make_tickets(
    number: int, *, unit: Unit | None = None, source: Source | None = None, at: datetime | None = None, **values: Any
) -> Sequence[Ticket]:
    """Several tickets at once."""
    source = source or make_source()
    at = at or clock.now()
    known = set(InboundRecord.__dataclass_fields__)
    shape = {name: value for name, value in values.items() if name in known}
    records = [make_record(**shape) for _ in range(number)]
    ingest_page(source, records, at=at)
    after = {name: value for name, value in values.items() if name not in known}
    if unit is not None:
        after["unit"] = unit
    tickets = Ticket.objects.filter(refs__source=source, refs__external_id__in=[r.external_id for r in records])
    if after:
        for ticket in tickets:
            for name, value in after.items():
                ticket.set_status(value) if name == "status" else setattr(ticket, name, value)
            ticket.save()
    return list(tickets.order_by("pk"))


def make_attachment(ticket: Ticket, url: str = "https://example.com/anh.jpg") -> Any:
    """A photo by reference."""
    from inbox.tickets.models import Attachment as Row

    file = Attachment(name="anh.jpg", url=url, media_type="image/jpeg")
    return Row.objects.create(
        ticket=ticket,
        source=ticket.source,
        name=file.name,
        url=file.url,
        media_type=file.media_type,
        added_at=ticket.received_at,
    )
