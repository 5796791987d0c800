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


#: Nothing more will happen by itself.
FINAL = frozenset({DeliveryState.DELIVERED, DeliveryState.BY_HAND, DeliveryState.DEAD, DeliveryState.CANCELLED})
#: Work for the dispatcher.
WAITING = frozenset({DeliveryState.PENDING, DeliveryState.UNKNOWN})
