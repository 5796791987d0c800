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
#: From this percentage on a ticket is shown as at risk of being late.
AT_RISK = 50
WAITING = frozenset({Status.WAITING_CITIZEN, Status.WAITING_OTHER})


class Verb(StrEnum):
    """What a person can do to a ticket: the names in the API's addresses and in the pages' forms."""

    ACCEPT = "accept"
    ASSIGN = "assign"
    CLAIM = "claim"
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
    EXTEND = "extend"
    APPROVE_EXTENSION = "approve_extension"
    REFUSE_EXTENSION = "refuse_extension"
    MARK_SEVERAL_AGENCIES = "mark_several_agencies"
    CHANGE_CATEGORY = "change_category"
    URGE = "urge"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    LINK = "link"
    UNLINK = "unlink"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"


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
    SOURCE_CAME_LATE = "source_came_late"  # a state older than ours arrived: it changed nothing
    WITHDRAWN = "withdrawn"
    DUE_SOON = "due_soon"
    BECAME_OVERDUE = "became_overdue"
    ESCALATED = "escalated"  # overdue for long: goes one level up
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_APPROVED = "extension_approved"
    EXTENSION_REFUSED = "extension_refused"
    SEVERAL_AGENCIES_MARKED = "several_agencies_marked"
    CATEGORY_CHANGED = "category_changed"
    URGED = "urged"
    CITIZEN_ANSWERED = "citizen_answered"  # what we waited for has come
    PAUSE_ENDED = "pause_ended"  # it lasted as long as the policy allows: the clock runs, the wait may go on
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_REPEATED = "delivery_repeated"  # the source had confirmed it and does not show it: sent once more
    DELIVERY_GIVEN_UP = "delivery_given_up"  # a person decided that this need not reach the source
    DIFFERENCE_DECIDED = "difference_decided"  # the sides differed; a person said which one counts
    REPORTER_REVEALED = "reporter_revealed"
    SLA_RECALCULATED = "sla_recalculated"
    UNDONE = "undone"  # the act before it was taken back by the one who did it
    ANSWER_PROPOSED = "answer_proposed"  # an officer's answer waits for a leader
    ANSWER_SENT_BACK = "answer_sent_back"
    LINKED = "linked"  # the same matter as another ticket: the main one's answers go to both
    UNLINKED = "unlinked"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    PHOTO_ADDED = "photo_added"
    TASK_ADDED = "task_added"
    TASK_DONE = "task_done"
    TASK_REOPENED = "task_reopened"
    ORIGINAL_VIEWED = "original_viewed"  # the payload as received, with all that it says of the citizen
    CITIZEN_TICKETS_VIEWED = "citizen_tickets_viewed"


#: What somebody has to hear of who is not looking.
TOLD = frozenset(
    {
        EventKind.ASSIGNED,
        EventKind.TRANSFERRED,
        EventKind.REOPENED,
        EventKind.SOURCE_DISAGREES,
        EventKind.WITHDRAWN,
        EventKind.DUE_SOON,
        EventKind.BECAME_OVERDUE,
        EventKind.ESCALATED,
        EventKind.EXTENSION_ASKED,
        EventKind.EXTENSION_APPROVED,
        EventKind.EXTENSION_REFUSED,
        EventKind.URGED,
        EventKind.CITIZEN_ANSWERED,
        EventKind.PAUSE_ENDED,
        EventKind.DELIVERY_FAILED,
        EventKind.NOTE_ADDED,
        EventKind.REPLIED,
        EventKind.RESOLVED,
        EventKind.ANSWER_PROPOSED,
        EventKind.ANSWER_SENT_BACK,
    }
)


class MessageKind(StrEnum):
    """Who a text is for."""

    NOTE = "note"  # colleagues only, never leaves the house
    REPLY = "reply"  # the citizen, through the source
    CITIZEN = "citizen"  # from the citizen
    PROPOSAL = "proposal"  # an answer that a leader has not approved yet: nobody outside has it


class FileState(StrEnum):
    """What became of a file that a source keeps."""

    WAITING = "waiting"  # not fetched yet, or to be tried again
    STORED = "stored"  # a checked copy is here
    REFUSED = "refused"  # not fetched or not kept, for a reason


class FileOrigin(StrEnum):
    """Who a file is from."""

    SOURCE = "source"  # the citizen, through a source
    OFFICIAL = "official"  # taken or added here


class PhotoStage(StrEnum):
    """What an official's photo shows."""

    BEFORE = "before"
    AFTER = "after"


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
