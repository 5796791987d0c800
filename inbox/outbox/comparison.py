"""What a source should say after what we told it, and whether both sides agree. Reads nothing: it is given both sides.

A source has fewer words than we have, so sides are compared by phase: waiting and working are both "open".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from connectors.records import OutboundAction, SourceStatus
from inbox.outbox.vocabulary import DifferenceKind
from inbox.tickets.records import STATUS
from inbox.tickets.vocabulary import Status

#: What an answer of this kind leaves for the citizen to read in the source.
READ_BY_CITIZENS = frozenset(
    {
        OutboundAction.REPLY,
        OutboundAction.ASK_CITIZEN,
        OutboundAction.RESOLVE,
        OutboundAction.RETURN,
        OutboundAction.REFUSE,
    }
)

#: What a source says after it took one of our messages: seeing that again is our own echo.
ECHO: Mapping[OutboundAction, frozenset[SourceStatus]] = {
    OutboundAction.ACCEPT: frozenset({SourceStatus.ACCEPTED}),
    OutboundAction.START: frozenset({SourceStatus.IN_PROGRESS}),
    OutboundAction.REPLY: frozenset({SourceStatus.IN_PROGRESS}),
    OutboundAction.ASK_CITIZEN: frozenset({SourceStatus.WAITING_CITIZEN}),
    OutboundAction.RESOLVE: frozenset({SourceStatus.RESOLVED}),
    OutboundAction.RETURN: frozenset({SourceStatus.RETURNED, SourceStatus.REFUSED, SourceStatus.TRANSFERRED}),
    OutboundAction.REFUSE: frozenset({SourceStatus.REFUSED, SourceStatus.RETURNED}),
    OutboundAction.TRANSFER: frozenset({SourceStatus.TRANSFERRED}),
    OutboundAction.REOPEN: frozenset({SourceStatus.IN_PROGRESS}),
    OutboundAction.EXTEND: frozenset({SourceStatus.IN_PROGRESS}),
}


class Phase(StrEnum):
    """How far a complaint is, as far as every system can say it."""

    OPEN = "open"
    ANSWERED = "answered"
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"


_PHASE: Mapping[Status, Phase] = {
    Status.RESOLVED: Phase.ANSWERED,
    Status.CLOSED: Phase.ANSWERED,
    Status.REFUSED: Phase.DECLINED,
    Status.RETURNED: Phase.DECLINED,
    Status.TRANSFERRED: Phase.TRANSFERRED,
    Status.WITHDRAWN: Phase.WITHDRAWN,
}

_KIND: Mapping[Phase, DifferenceKind] = {
    Phase.ANSWERED: DifferenceKind.ANSWERED_THERE,
    Phase.DECLINED: DifferenceKind.ANSWERED_THERE,
    Phase.TRANSFERRED: DifferenceKind.TRANSFERRED_THERE,
    Phase.WITHDRAWN: DifferenceKind.WITHDRAWN_THERE,
}


def phase(status: Status) -> Phase:
    """The phase of one of our statuses."""
    return _PHASE.get(status, Phase.OPEN)


def agree(ours: Status, theirs: SourceStatus, *, told: OutboundAction | None) -> bool:
    """Whether both sides are equally far. `told` is the last thing the source took from us."""
    if theirs is SourceStatus.UNMAPPED:
        return True  # a word nobody knows says nothing; it is on the list of codes to be mapped
    return phase(ours) is phase(STATUS[theirs]) or (told is not None and theirs in ECHO[told])


def kind_of(theirs: SourceStatus) -> DifferenceKind:
    """What kind of difference it is when the source says this and we do not."""
    return _KIND.get(phase(STATUS[theirs]), DifferenceKind.STATUS)


def same_text(ours: str, theirs: str) -> bool:
    """Whether two answers say the same, whatever a source did to white space."""
    return _bare(ours) == _bare(theirs)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())
