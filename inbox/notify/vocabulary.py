"""Closed sets about notifications. Codes are stable; what people read stands in `words` and in `web.labels`."""

from __future__ import annotations

from enum import StrEnum

from inbox.tickets.vocabulary import EventKind

#: Later news of the same deadline makes earlier news pointless, and the end of the ticket makes all of it so.
DEADLINES = (EventKind.DUE_SOON, EventKind.BECAME_OVERDUE, EventKind.ESCALATED)


class Channel(StrEnum):
    """Ways to reach somebody outside the app."""

    EMAIL = "email"
    OTHER = "other"  # whatever the notification library can reach and the installation allows


class LetterKind(StrEnum):
    NOTICES = "notices"  # what has happened, one letter for all that waits
    DIGEST = "digest"  # how the ward stands this morning
    SOURCE = "source"  # a source is in trouble: for those who manage sources
    REPORT = "report"  # a file or a report is ready to be fetched


class SendState(StrEnum):
    """What became of a letter on one channel. `unknown` is final: it may have arrived, so it is not sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DROPPED = "dropped"  # nothing in it mattered any more
