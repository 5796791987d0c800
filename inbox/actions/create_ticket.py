"""Write down a complaint that came in person, by phone or by letter. It goes the way of every other complaint."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from connectors import mapping
from connectors.records import InboundRecord, Place, Reporter, SourceStatus
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.actions.base import clean_text
from inbox.actions.ingest_page import SKEW, ingest_page
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed
from inbox.sources.models import Source
from inbox.sources.setup import source_by_hand
from inbox.sources.vocabulary import Channel
from inbox.tickets.models import ExternalRef, Ticket
from inbox.tickets.vocabulary import Category

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """What the official writes down. `key` is new for each complaint: the same form sent twice makes one ticket."""

    text: str
    channel: Channel = Channel.WALK_IN
    title: str = ""
    category: Category = Category.OTHER
    urgent: bool = False
    address: str = ""  # where it happened
    lat: float | None = None
    lng: float | None = None
    name: str = ""
    phone: str = ""
    email: str = ""
    home_address: str = ""
    anonymous: bool = False  # the citizen asks that others do not see who they are
    sent_at: datetime | None = None  # when the citizen came, called or wrote; now, unless said otherwise
    key: str = ""


def create_ticket(complaint: NewComplaint, *, actor: Official, at: datetime | None = None) -> Ticket:
    """The ticket, routed and with its clocks running since the citizen came. It may belong to another ward.

    Raises NotAllowed, and Invalid for an empty text or a time in the future.
    """
    if not may(actor, Permission.ENTER_TICKET):
        raise NotAllowed("enter_ticket is not granted")
    at = at or clock.now()
    if complaint.sent_at is not None and complaint.sent_at > at + SKEW:
        raise Invalid("This must not be in the future", field="sent_at")
    record = _record(complaint, actor, at=at)
    source = source_by_hand(complaint.channel)
    try:
        with transaction.atomic():
            ingest_page(source, [record], at=at, entered_by=actor)
    except IntegrityError:
        # The same form arrived twice at once: the ticket of the one that was first is the answer to both. If that is
        # not the reason, there is no such ticket and the error below says so.
        log.info("a complaint was entered twice at once by official %s", actor.pk)
    return _ticket_of(source, record)


def _ticket_of(source: Source, record: InboundRecord) -> Ticket:
    ref = ExternalRef.objects.select_related("ticket__unit").get(source=source, external_id=record.external_id)
    return ref.ticket


def _record(complaint: NewComplaint, actor: Official, *, at: datetime) -> InboundRecord:
    text = mapping.clean(clean_text(complaint.text, field="text"))
    record = InboundRecord(
        external_id=_external_id(complaint, actor),
        revision="",
        title=mapping.title_from(complaint.title or text),
        text=text,
        status=SourceStatus.NEW,
        status_raw="",
        category=complaint.category,
        category_raw=complaint.category,
        place=Place(
            text=mapping.clean(complaint.address),
            lat=complaint.lat,
            lng=complaint.lng,
            unit_code=_unit_of(actor),
        ),
        reporter=Reporter(
            name=mapping.clean(complaint.name),
            phone=mapping.phone(complaint.phone.strip()),
            email=complaint.email.strip(),
            address=mapping.clean(complaint.home_address),
            anonymous=complaint.anonymous,
        ),
        sent_at=complaint.sent_at or at,
        urgent=complaint.urgent,
    )
    return mapping.with_revision(record)


def _external_id(complaint: NewComplaint, actor: Official) -> str:
    """The person's own key, so that nobody can meet somebody else's ticket by guessing one."""
    return f"{actor.pk}-{complaint.key or uuid.uuid4().hex}"


def _unit_of(actor: Official) -> str:
    """The ward that keeps a complaint whose address says nothing: that of the person who wrote it down."""
    return next((m.unit.code for m in actor.memberships_now if m.unit is not None), "")
