"""What a record of a source says, as columns of a ticket and of its reference, and the hashes that tell what changed.

Nothing here decides whether a record may change a ticket: actions do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.records import InboundRecord, SourceStatus
from inbox.core.bulk import new_row
from inbox.core.fields import keyed_hash, name_hash
from inbox.core.text import fold, search_key
from inbox.tickets.models import ExternalRef, Reporter, Ticket
from inbox.tickets.vocabulary import Status, Urgency

STATUS: Mapping[SourceStatus, Status] = {
    SourceStatus.NEW: Status.NEW,
    SourceStatus.ACCEPTED: Status.ACCEPTED,
    SourceStatus.IN_PROGRESS: Status.IN_PROGRESS,
    SourceStatus.WAITING_CITIZEN: Status.WAITING_CITIZEN,
    SourceStatus.RESOLVED: Status.RESOLVED,
    SourceStatus.REFUSED: Status.REFUSED,
    SourceStatus.RETURNED: Status.RETURNED,
    SourceStatus.TRANSFERRED: Status.TRANSFERRED,
    SourceStatus.WITHDRAWN: Status.WITHDRAWN,
    SourceStatus.UNMAPPED: Status.NEW,
}
#: What `content_of` sets, with what hangs on it.
CONTENT = ("title", "text", "address", "lat", "lng", "sent_at", "source_due_at", "urgency")
#: Times of sending this far apart are not one time written down twice.
_ANOTHER_TIME = timedelta(hours=24)
#: Share of words in common below which a text is another text and not an edit.
_ANOTHER_TEXT = 0.25
_ENOUGH_WORDS = 6


def content_of(record: InboundRecord) -> dict[str, Any]:
    """What the citizen said and the source set, as columns of the ticket."""
    return {
        "title": record.title[:300],
        "text": record.text,
        "address": record.place.text,
        "lat": record.place.lat,
        "lng": record.place.lng,
        "sent_at": record.sent_at,
        "source_due_at": record.due_at,
        "urgency": (Urgency.URGENT if record.urgent else Urgency.NORMAL).value,
    }


def search_key_of(record: InboundRecord) -> str:
    """Title, text and address, folded for search."""
    return search_key(" ".join((record.title, record.text, record.place.text)))


def reporter_of(record: InboundRecord, row: Reporter | None = None) -> Reporter:
    """The citizen as the source names them: a new row, or `row` brought up to date."""
    said = record.reporter
    row = row or new_row(Reporter)
    row.name, row.phone, row.email, row.address = said.name, said.phone, said.email, said.address
    row.phone_hash = keyed_hash(said.phone) if said.phone else ""
    row.email_hash = keyed_hash(said.email) if said.email else ""
    row.name_hash = name_hash(said.name)
    row.is_anonymous = said.anonymous
    return row


def reporter_values(row: Reporter) -> tuple[object, ...]:
    """What tells whether a reporter changed."""
    return row.name, row.phone, row.email, row.address, row.is_anonymous


def see(ref: ExternalRef, record: InboundRecord, *, at: datetime) -> None:
    """Remember on the reference what the source shows now."""
    ref.write_id = record.write_id
    ref.seen_revision = record.revision
    ref.content_hash = content_hash(record)
    ref.seen_status = record.status.value
    ref.seen_status_raw = record.status_raw[:100]
    ref.seen_answer_hash = text_hash(record.answer)
    if knows_category(record) or not ref.seen_category:
        ref.seen_category = record.category
    ref.unknown_category = "" if knows_category(record) else record.category_raw[:100]
    # A stamp from a clock that runs ahead must not make the next true state look old.
    ref.source_updated_at = min(record.updated_at, at) if record.updated_at else None
    ref.last_changed_at = at


#: The columns that `see` sets.
SEEN = (
    "write_id",
    "seen_revision",
    "content_hash",
    "seen_status",
    "seen_status_raw",
    "seen_answer_hash",
    "seen_category",
    "unknown_category",
    "source_updated_at",
    "last_changed_at",
)


def knows_category(record: InboundRecord) -> bool:
    """Whether the source named a category that is mapped to one of ours."""
    return bool(record.category_raw) and "unknown_category" not in record.remarks


def content_hash(record: InboundRecord) -> str:
    """What the citizen said and the source set, without its status and answers."""
    files = [(a.name, a.url) for a in record.attachments]
    said = (record.title, record.text, record.place, record.reporter, record.sent_at, record.due_at, files)
    return text_hash(repr((*said, record.urgent, record.category)))


def text_hash(text: str) -> str:
    """A hash to compare texts by; the empty text has none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def is_another_complaint(ticket: Ticket, record: InboundRecord) -> bool:
    """Whether a source has given the id of a ticket to another complaint.

    Citizens edit texts and sources mend dates, but not both beyond recognition: when it was sent, who sent it and what
    it says must all differ. `ticket.reporter` has to be loaded.
    """
    if abs(record.sent_at - ticket.sent_at) < _ANOTHER_TIME:
        return False
    said, known = record.reporter, ticket.reporter
    if not (said.phone or said.email or said.name or said.anonymous):
        return False  # a source that forgot who sent it proves nothing
    if said.phone and keyed_hash(said.phone) == known.phone_hash:
        return False
    if said.email and keyed_hash(said.email) == known.email_hash:
        return False
    if said.name and fold(said.name) == fold(known.name):
        return False
    return _common_words(f"{record.title} {record.text}", f"{ticket.title} {ticket.text}") < _ANOTHER_TEXT


def _common_words(one: str, other: str) -> float:
    """Share of the shorter text's words that the other one has too; 1 when a text is too short to tell."""
    ours, theirs = set(fold(one).split()), set(fold(other).split())
    shorter = min(len(ours), len(theirs))
    return len(ours & theirs) / shorter if shorter >= _ENOUGH_WORDS else 1.0
