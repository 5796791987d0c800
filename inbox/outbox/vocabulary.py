"""States of a message to a source."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a message to a source stands. The names are part of the API."""

    PENDING = "pending"  # waits for its turn or its next attempt
    IN_FLIGHT = "in_flight"  # a worker holds it under a lease
    UNKNOWN = "unknown"  # sent, the answer was lost: looked up before it is sent again
    DELIVERED = "delivered"
    BY_HAND = "by_hand"  # the source cannot take it: somebody has to enter it there
    DEAD = "dead"  # given up with a reason; a person can retry
    CANCELLED = "cancelled"


class DifferenceKind(StrEnum):
    """In what a source and we differ about one complaint."""

    ANSWERED_THERE = "answered_there"  # somebody else answered or ended it in the source
    WITHDRAWN_THERE = "withdrawn_there"
    TRANSFERRED_THERE = "transferred_there"
    STATUS = "status"
    ANSWER = "answer"
    DEADLINE = "deadline"
    LOST_THERE = "lost_there"  # the source confirmed our answer and does not show it
    ONLY_HERE = "only_here"
    ONLY_THERE = "only_there"


class Decision(StrEnum):
    """What became of a difference."""

    OPEN = "open"
    KEEP_OURS = "keep_ours"  # tell the source once more
    TAKE_THEIRS = "take_theirs"
    DISMISSED = "dismissed"  # it may stay as it is, for a reason
    AGREED = "agreed"  # the sides agree again by themselves


class FoundBy(StrEnum):
    """How a difference came to light."""

    READING = "reading"
    DELIVERY = "delivery"
    RECONCILIATION = "reconciliation"


#: A refusal with one of these codes says that the complaint changed in the source meanwhile.
CONFLICTS = frozenset({"conflict", "answered_by_another", "not_found", "http_404", "http_409", "http_410"})

#: Nothing more will happen by itself.
FINAL = frozenset({DeliveryState.DELIVERED, DeliveryState.BY_HAND, DeliveryState.DEAD, DeliveryState.CANCELLED})
#: Work for the dispatcher.
WAITING = frozenset({DeliveryState.PENDING, DeliveryState.UNKNOWN})
