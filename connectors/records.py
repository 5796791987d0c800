"""What crosses the border between a source system and the inbox: frozen, typed, free of any framework.

`InboundRecord` comes in, `OutboundUpdate` goes out, `Receipt` and `Found` are what the source says about a write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class SourceStatus(StrEnum):
    """A complaint as the source sees it, in our words. `UNMAPPED`: a code we do not know (see `status_raw`)."""

    NEW = "new"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    WAITING_CITIZEN = "waiting_citizen"
    RESOLVED = "resolved"
    REFUSED = "refused"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class Reporter:
    """The citizen as the source names them. Empty strings where the source says nothing."""

    name: str = ""
    phone: str = ""  # E.164 where it parses as a Vietnamese number, else as received
    email: str = ""
    address: str = ""
    anonymous: bool = False  # asks the ward not to see who they are


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file by reference: nothing is downloaded while reading complaints."""

    name: str
    url: str  # as the source gave it: absolute, or relative to the source's base address
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened, as the source says it. Nothing is decided here: routing does that."""

    text: str = ""  # free-text address
    ward_code: str = ""  # code as sent: may be one from before 01/07/2025
    ward_name: str = ""
    district_name: str = ""
    lat: float | None = None  # None when unknown; 0/0 is unknown
    lng: float | None = None
    unit_code: str = ""  # the unit the source itself assigned it to, if any


@dataclass(frozen=True, slots=True)
class InboundRecord:
    """One complaint, validated. All instants are aware; all texts are NFC, without control characters."""

    external_id: str  # the stable key in the source
    revision: str  # changes whenever anything we read changed; equal = nothing to do
    title: str  # never empty: sources without a title get the first words of the text
    text: str
    status: SourceStatus
    status_raw: str
    category: str  # a category code of ours, "other" when the source's code is not mapped
    category_raw: str  # the source's own code or label
    place: Place
    reporter: Reporter
    sent_at: datetime
    updated_at: datetime | None = None
    due_at: datetime | None = None  # the source's own deadline
    answer: str = ""  # the answer the source shows to the citizen now
    answered_at: datetime | None = None
    write_id: str = ""  # the id that writes want, where it is not `external_id`
    last_write_key: str = ""  # our own key as the source reports it: how an echo is recognised
    urgent: bool = False
    attachments: tuple[Attachment, ...] = ()
    remarks: tuple[str, ...] = ()  # what normalising did, as slugs: "text_cut", "future_date", "unknown_status" …


class OutboundAction(StrEnum):
    """What happened to the ticket, as far as a source can care."""

    ACCEPT = "accept"
    START = "start"
    REPLY = "reply"  # an answer that does not finish the complaint
    ASK_CITIZEN = "ask_citizen"
    RESOLVE = "resolve"
    RETURN = "return"
    REFUSE = "refuse"
    TRANSFER = "transfer"
    REOPEN = "reopen"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file that goes with an answer."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutboundUpdate:
    """One thing to tell one source about one complaint. `key` stays the same over all attempts."""

    key: str  # idempotency key, 32 hex characters
    action: OutboundAction
    external_id: str
    write_id: str  # what the record's `write_id` was, "" where there is none
    text: str  # what the citizen reads; may be empty for accept and start
    author: str  # display name of the official or unit
    at: datetime  # when it was done here, aware
    due_at: datetime | None = None
    files: tuple[FileToSend, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The source confirmed a write. `duplicate`: it had this key already and did nothing again."""

    revision: str = ""  # the source's stamp after the write, where it gives one
    duplicate: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up says about one complaint and one of our writes."""

    exists: bool  # the source knows the complaint
    applied: bool  # our write (by key, else by identical content) is there
    record: InboundRecord | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class RawItem:
    """One payload as received, before anything is believed about it."""

    payload: Mapping[str, Any]
    external_id: str = ""  # best guess, for the quarantine list only


@dataclass(frozen=True, slots=True)
class Delivered:
    """A payload that a source sent by itself. `message_id` is the same when the source repeats it."""

    message_id: str
    item: RawItem


@dataclass(frozen=True, slots=True)
class Page:
    """A page of payloads and the cursor that is true once these rows are stored. `cursor` is JSON data."""

    items: tuple[RawItem, ...]
    cursor: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A complaint that the inbox still has open: sources without update stamps are asked about these by id."""

    external_id: str
    write_id: str = ""
