"""What can be done to many tickets at once, and what can become of each. Codes are stable."""

from __future__ import annotations

from enum import StrEnum

from inbox.tickets.vocabulary import Verb

#: In the order of the buttons. An answer to a citizen is written one by one.
BULK_VERBS = (
    Verb.ACCEPT,
    Verb.CLAIM,
    Verb.ASSIGN,
    Verb.START,
    Verb.TRANSFER,
    Verb.CHANGE_CATEGORY,
    Verb.PAUSE,
    Verb.RESUME,
    Verb.ADD_NOTE,
    Verb.URGE,
)
#: As many tickets as one job takes.
MOST = 1000


class ItemState(StrEnum):
    """How it went with one ticket."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
