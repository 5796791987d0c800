"""The state machine: every verb against every status, and what a source may move."""

from __future__ import annotations

import pytest

from inbox.tickets import workflow
from inbox.tickets.vocabulary import OPEN, Status, Verb

S = Status

#: verb -> statuses it is possible from, written out by hand so that a change of the table is a decision.
EXPECTED = {
    Verb.ACCEPT: {S.NEW},
    Verb.ASSIGN: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.CLAIM: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.START: {S.ACCEPTED},
    Verb.ADD_NOTE: set(S),
    Verb.REPLY: {S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.RESOLVE: {S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.RETURN: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.REFUSE: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.TRANSFER: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.PAUSE: {S.ACCEPTED, S.IN_PROGRESS},
    Verb.RESUME: {S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.REOPEN: {S.RESOLVED, S.CLOSED, S.REFUSED, S.RETURNED},
    Verb.EXTEND: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL},
    Verb.APPROVE_EXTENSION: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL},
    Verb.REFUSE_EXTENSION: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.MARK_SEVERAL_AGENCIES: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL},
    Verb.CHANGE_CATEGORY: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.URGE: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.APPROVE: {S.AWAITING_APPROVAL},
    Verb.SEND_BACK: {S.AWAITING_APPROVAL},
    Verb.LINK: {S.NEW, S.ACCEPTED, S.IN_PROGRESS, S.AWAITING_APPROVAL, S.WAITING_CITIZEN, S.WAITING_OTHER},
    Verb.UNLINK: set(S),
    Verb.PUBLISH: set(S) - {S.WITHDRAWN, S.REFUSED, S.RETURNED},
    Verb.UNPUBLISH: set(S),
}


@pytest.mark.parametrize("verb", list(Verb))
def test_each_verb_is_possible_exactly_where_the_table_says(verb: Verb) -> None:
    assert {status for status in Status if workflow.can(verb, status)} == EXPECTED[verb]


def test_no_open_status_is_a_dead_end() -> None:
    """From every open status an officer can get to an end."""
    for start in OPEN:
        reached, todo = {start}, [start]
        while todo:
            status = todo.pop()
            for verb in workflow.possible(status):
                target = workflow.MOVES[verb].to or status
                if target not in reached:
                    reached.add(target)
                    todo.append(target)
        assert reached & workflow.ENDED, start


@pytest.mark.parametrize(
    ("ours", "theirs", "touched", "follows", "why"),
    [
        (S.NEW, S.ACCEPTED, False, True, "the source got further than we did"),
        (S.NEW, S.ACCEPTED, True, True, "progress forward is never wrong"),
        (S.IN_PROGRESS, S.NEW, False, False, "a source never takes a ticket back"),
        (S.IN_PROGRESS, S.ACCEPTED, True, False, "the source lags behind us"),
        (S.NEW, S.RESOLVED, False, True, "answered elsewhere before anybody here looked"),
        (S.IN_PROGRESS, S.RESOLVED, True, False, "somebody here works on it: a person decides"),
        (S.IN_PROGRESS, S.REFUSED, True, False, "the same for a refusal"),
        (S.IN_PROGRESS, S.WITHDRAWN, True, True, "the citizen took it back: nothing left to decide"),
        (S.RESOLVED, S.WITHDRAWN, True, False, "already ended here"),
        (S.RESOLVED, S.NEW, False, False, "an end is only undone by reopening"),
        (S.NEW, S.WAITING_CITIZEN, False, True, "the source asked the citizen"),
        (S.ACCEPTED, S.WAITING_CITIZEN, True, False, "we did not ask: do not stop our clock"),
        (S.WAITING_CITIZEN, S.IN_PROGRESS, True, False, "waiting is left by a person or the citizen's answer"),
        (S.NEW, S.NEW, False, False, "nothing happened"),
    ],
)
def test_follows_source(ours: Status, theirs: Status, touched: bool, follows: bool, why: str) -> None:
    assert workflow.follows_source(ours, theirs, touched_here=touched) is follows, why
