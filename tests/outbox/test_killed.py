"""kill -9 of a worker at every step between claim and record ends in the same state: the answer there, once.

The worker is a process of its own. It is killed at each of its steps in turn, from the first to the one after its last.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from connectors.http import HttpClient
from connectors.records import SourceStatus
from inbox.accounts.vocabulary import Role
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.outbox.dispatch import dispatch
from inbox.outbox.models import DeliveryAttempt, OutboxMessage
from inbox.sources.setup import save_source
from inbox.tickets.models import TicketEvent
from inbox.tickets.verification import verify
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket
from tests.outbox.fickle import FickleSource, fickle_source

pytestmark = pytest.mark.django_db(transaction=True)


#: The parent's connection in the child: kept, because nobody may close it there.
_INHERITED: list[Any] = []


def work(fatal: int) -> int | None:
    """A worker that dies at this step: how many steps there are, None when it died.

    Every statement, every commit, every request is a step, and so is the moment after each.
    """
    child = os.fork()
    if child == 0:
        try:
            os._exit(_dispatch_until(fatal))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(255)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    steps = os.waitstatus_to_exitcode(status)
    assert steps < 255, "the worker failed"
    return steps


def _dispatch_until(fatal: int) -> int:
    """In the child: a connection of its own, then one round of the dispatcher."""
    _INHERITED.append(connection.connection)
    connection.connection = None
    connection.ensure_connection()
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def stepped(work: Callable[..., Any]) -> Callable[..., Any]:
        def walk(*args: Any, **kwargs: Any) -> Any:
            step()
            done = work(*args, **kwargs)
            step()
            return done

        return walk

    connection.commit = stepped(connection.commit)  # type: ignore[method-assign]
    HttpClient._send = stepped(HttpClient._send)  # type: ignore[method-assign]
    with connection.execute_wrapper(stepped(lambda execute, *call: execute(*call))):
        dispatch()
    return steps


def settle() -> None:
    """The rounds after the lease of the dead worker has ended."""
    for minutes in range(7, 60, 7):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
            dispatch()


def test_a_worker_killed_at_any_step_leaves_the_answer_there_once(city: None) -> None:
    leader = make_official(Role.LEADER, Unit.objects.get(code="26929"))
    with fickle_source(1) as (fickle, address):
        fickle.drops = fickle.late = fickle.twice = fickle.busy = 0.0
        source = save_source("hotline", connector="hotline_1022", values={"base_url": address, "token": "x"})

        def answered(number: int) -> OutboxMessage:
            ticket = make_ticket(
                leader.memberships_now[0].unit, source, external_id=str(number), status=SourceStatus.IN_PROGRESS
            )
            resolve_ticket(ticket.pk, actor=leader, text=f"Đã xong {number}.")
            message: OutboxMessage = OutboxMessage.objects.get(ticket=ticket)
            return message

        first = answered(1)
        total = work(0)
        assert total is not None and total > 20, "claim, send and record are more than that"
        assert OutboxMessage.objects.get(pk=first.pk).state == "delivered"
        expected = outcome_of(first, fickle)
        for fatal in range(1, total + 1):
            message = answered(fatal + 100)
            assert work(fatal) is None, f"step {fatal} of {total}"
            settle()
            assert outcome_of(message, fickle) == expected, f"killed at step {fatal} of {total}"
    assert verify().findings == []
    assert DeliveryAttempt.objects.filter(outcome="delivered").count() == OutboxMessage.objects.count()


def outcome_of(message: OutboxMessage, fickle: FickleSource) -> tuple[Any, ...]:
    """What has to be the same whenever the worker died."""
    fresh = OutboxMessage.objects.select_related("ref").get(pk=message.pk)
    there = [step["text"] == message.text for step in fickle.history.get(fresh.ref.external_id, [])]
    events = TicketEvent.objects.filter(ticket=fresh.ticket_id, kind="delivered").count()
    return fresh.state, there, events, fresh.lease_owner
