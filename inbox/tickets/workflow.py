"""The state machine of a ticket, as data. The rule in the actions and the buttons on the page read the same table.

Pure: it knows statuses and verbs, nothing of people, clocks or storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inbox.tickets.vocabulary import OPEN, WAITING, Status, Verb


@dataclass(frozen=True, slots=True)
class Move:
    """From which statuses a verb is possible, and where it leads (None: the status stays as it is)."""

    allowed_from: frozenset[Status]
    to: Status | None = None


_S = Status
_WORKING = frozenset({_S.ACCEPTED, _S.IN_PROGRESS, _S.AWAITING_APPROVAL, *WAITING})
#: Ended here, although the complaint may go on elsewhere.
ENDED = frozenset(set(Status) - OPEN)

MOVES: Mapping[Verb, Move] = {
    Verb.ACCEPT: Move(frozenset({_S.NEW}), _S.ACCEPTED),
    Verb.ASSIGN: Move(OPEN),
    Verb.CLAIM: Move(OPEN),
    Verb.START: Move(frozenset({_S.ACCEPTED}), _S.IN_PROGRESS),
    Verb.ADD_NOTE: Move(frozenset(Status)),
    Verb.REPLY: Move(_WORKING),
    Verb.RESOLVE: Move(_WORKING, _S.RESOLVED),
    Verb.RETURN: Move(OPEN, _S.RETURNED),
    Verb.REFUSE: Move(OPEN, _S.REFUSED),
    Verb.TRANSFER: Move(OPEN, _S.NEW),
    Verb.PAUSE: Move(frozenset({_S.ACCEPTED, _S.IN_PROGRESS}), _S.WAITING_CITIZEN),
    Verb.RESUME: Move(WAITING, _S.IN_PROGRESS),
    Verb.REOPEN: Move(frozenset({_S.RESOLVED, _S.CLOSED, _S.REFUSED, _S.RETURNED}), _S.IN_PROGRESS),
    Verb.EXTEND: Move(OPEN - WAITING),
    Verb.APPROVE_EXTENSION: Move(OPEN - WAITING),
    Verb.REFUSE_EXTENSION: Move(OPEN),
    Verb.MARK_SEVERAL_AGENCIES: Move(OPEN - WAITING),
    Verb.CHANGE_CATEGORY: Move(OPEN),
    Verb.URGE: Move(OPEN),
    Verb.APPROVE: Move(frozenset({_S.AWAITING_APPROVAL}), _S.RESOLVED),
    Verb.SEND_BACK: Move(frozenset({_S.AWAITING_APPROVAL}), _S.IN_PROGRESS),
    Verb.LINK: Move(OPEN),
    Verb.UNLINK: Move(frozenset(Status)),
    Verb.PUBLISH: Move(frozenset(set(Status) - {_S.WITHDRAWN, _S.REFUSED, _S.RETURNED})),
    Verb.UNPUBLISH: Move(frozenset(Status)),
}


def can(verb: Verb, status: Status) -> bool:
    """Whether `verb` is possible in `status`."""
    return status in MOVES[verb].allowed_from


def possible(status: Status) -> list[Verb]:
    """The verbs that are possible in `status`, in the order of the table."""
    return [verb for verb in MOVES if can(verb, status)]


#: How far along a complaint is. A source may take a ticket forward along this line, never back.
_PROGRESS = (_S.NEW, _S.ACCEPTED, _S.IN_PROGRESS, _S.RESOLVED)


def follows_source(ours: Status, theirs: Status, *, touched_here: bool) -> bool:
    """Whether a ticket in `ours` should follow its source to `theirs`.

    A withdrawal always counts while the ticket is open. Progress counts forward only. An end decided elsewhere
    (answered, refused, transferred by somebody in the source) counts only while nobody has worked on it here
    (`touched_here`): otherwise the two sides disagree and a person decides.
    """
    if ours not in OPEN or theirs == ours:
        return False
    if theirs is _S.WITHDRAWN:
        return True
    if theirs in ENDED:
        return not touched_here
    if theirs in _PROGRESS and ours in _PROGRESS:
        return _PROGRESS.index(theirs) > _PROGRESS.index(ours)
    return theirs is _S.WAITING_CITIZEN and not touched_here
