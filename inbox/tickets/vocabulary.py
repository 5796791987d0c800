"""Closed sets about tickets. Codes are stable; what people read stands in `web.labels`."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a ticket stands. Overdue is computed and delivery has its own states: neither is a status."""

    NEW = "new"  # mới
    ACCEPTED = "accepted"  # đã tiếp nhận
    IN_PROGRESS = "in_progress"  # đang xử lý
    AWAITING_APPROVAL = "awaiting_approval"  # chờ duyệt
    WAITING_CITIZEN = "waiting_citizen"  # chờ dân bổ sung
    WAITING_OTHER = "waiting_other"  # chờ đơn vị khác
    RESOLVED = "resolved"  # đã xử lý
    CLOSED = "closed"  # đóng
    TRANSFERRED = "transferred"  # đã chuyển
    RETURNED = "returned"  # trả lại
    REFUSED = "refused"  # từ chối
    WITHDRAWN = "withdrawn"  # dân rút


#: Statuses in which somebody still has to do something, so a deadline counts.
OPEN = frozenset(
    {
        Status.NEW,
        Status.ACCEPTED,
        Status.IN_PROGRESS,
        Status.AWAITING_APPROVAL,
        Status.WAITING_CITIZEN,
        Status.WAITING_OTHER,
    }
)
WAITING = frozenset({Status.WAITING_CITIZEN, Status.WAITING_OTHER})


class Verb(StrEnum):
    """What a person can do to a ticket: the names in the API's addresses and in the pages' forms."""

    ACCEPT = "accept"
    ASSIGN = "assign"
    START = "start"
    ADD_NOTE = "add_note"
    REPLY = "reply"
    RESOLVE = "resolve"
    RETURN = "return"
    REFUSE = "refuse"
    TRANSFER = "transfer"
    PAUSE = "pause"
    RESUME = "resume"
    REOPEN = "reopen"


class EventKind(StrEnum):
    """What happened, in the past tense. Rows with these kinds are never changed or deleted."""

    RECEIVED = "received"
    ROUTED = "routed"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    STARTED = "started"
    NOTE_ADDED = "note_added"
    REPLIED = "replied"
    RESOLVED = "resolved"
    RETURNED = "returned"
    REFUSED = "refused"
    TRANSFERRED = "transferred"
    PAUSED = "paused"
    RESUMED = "resumed"
    REOPENED = "reopened"
    SOURCE_UPDATED = "source_updated"  # the citizen or the source changed text, place, contact …
    SOURCE_STATUS_CHANGED = "source_status_changed"  # the source moved on and we followed
    SOURCE_DISAGREES = "source_disagrees"  # the source moved on and we did not follow: a person decides
    WITHDRAWN = "withdrawn"
    DUE_SOON = "due_soon"
    BECAME_OVERDUE = "became_overdue"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    REPORTER_REVEALED = "reporter_revealed"
    SLA_RECALCULATED = "sla_recalculated"


class MessageKind(StrEnum):
    """Who a text is for."""

    NOTE = "note"  # colleagues only, never leaves the house
    REPLY = "reply"  # the citizen, through the source
    CITIZEN = "citizen"  # from the citizen


class FileState(StrEnum):
    """What became of a file that a source keeps."""

    WAITING = "waiting"  # not fetched yet, or to be tried again
    STORED = "stored"  # a checked copy is here
    REFUSED = "refused"  # not fetched or not kept, for a reason


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"  # live wire, fallen tree, missing manhole cover


class Category(StrEnum):
    """Fields of complaint (lĩnh vực). Each source's own list is mapped onto these."""

    PROCEDURES = "procedures"
    INFRASTRUCTURE = "infrastructure"
    FLOODING = "flooding"
    LIGHTING = "lighting"
    NOISE = "noise"
    URBAN_ORDER = "urban_order"
    CONSTRUCTION = "construction"
    ENVIRONMENT = "environment"
    SECURITY = "security"
    TRAFFIC = "traffic"
    BUS = "bus"
    ELECTRICITY = "electricity"
    WATER = "water"
    TELECOM = "telecom"
    TREES = "trees"
    FOOD_SAFETY = "food_safety"
    FIRE_SAFETY = "fire_safety"
    HEALTH = "health"
    CONDUCT = "conduct"
    OTHER = "other"
