"""Delivery: each answer reaches its source once, whatever the source does in between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from connectors.errors import AuthError, Conflict, Permanent, RateLimited, Transient, UnknownOutcome
from connectors.protocol import Capabilities
from connectors.records import Found, OutboundAction, OutboundUpdate, Receipt
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.mark_entered_by_hand import mark_entered_by_hand
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.retry_delivery import retry_delivery
from inbox.core import clock
from inbox.core.errors import IllegalMove, NotAllowed, NotFound
from inbox.outbox import dispatch, enqueue
from inbox.outbox.models import OutboxMessage
from inbox.sources.models import Source
from inbox.tickets.models import Ticket, TicketEvent
from tests.factories import TUESDAY, make_official, make_source, make_ticket, make_unit

pytestmark = pytest.mark.django_db


class ScriptedSource:
    """A source that does what the test wrote down: an error is raised, anything else means the write is done."""

    def __init__(self, *, idempotent: bool = False) -> None:
        self.capabilities = Capabilities(
            pushes=frozenset(OutboundAction), lookup=True, idempotent_push=idempotent, update_stamps=True
        )
        self.script: list[Exception | None] = []
        self.answers: list[OutboundUpdate] = []
        self.lookups = 0
        self.lookup_error: Exception | None = None
        self.arrives_although_lost = False

    def push(self, update: OutboundUpdate) -> Receipt:
        problem = self.script.pop(0) if self.script else None
        if problem is None or (isinstance(problem, UnknownOutcome) and self.arrives_although_lost):
            self._take(update)
        if problem is not None:
            raise problem
        return Receipt()

    def _take(self, update: OutboundUpdate) -> None:
        if self.capabilities.idempotent_push and update.key in {a.key for a in self.answers}:
            return
        self.answers.append(update)

    def lookup(self, update: OutboundUpdate, *, now: datetime) -> Found:
        self.lookups += 1
        if self.lookup_error is not None:
            raise self.lookup_error
        return Found(exists=True, applied=update.key in {a.key for a in self.answers})


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedSource:
    source = ScriptedSource()
    for module in (dispatch, enqueue):
        monkeypatch.setattr(module, "build_connector", lambda _: source)
    return source


@pytest.fixture
def officer() -> Official:
    return make_official(Role.LEADER, make_unit())


@pytest.fixture
def ticket(officer: Official) -> Ticket:
    unit = officer.memberships_now[0].unit
    return make_ticket(unit=unit, source=make_source(connector="national_portal"))


def accept_and_resolve(ticket: Ticket, officer: Official, text: str = "Đã thu gom xong.") -> None:
    accept_ticket(ticket.pk, actor=officer)
    resolve_ticket(ticket.pk, actor=officer, text=text)


def states() -> list[tuple[str, str]]:
    return list(OutboxMessage.objects.order_by("pk").values_list("action", "state"))


def later(rounds: int = 1, step: timedelta = timedelta(minutes=31)) -> None:
    """Let the dispatcher do its rounds, with enough time between them for every wait to be over."""
    at = clock.now()
    for number in range(1, rounds + 1):
        with time_machine.travel(at + step * number, tick=False):
            dispatch.dispatch()


def test_messages_arrive_once_and_in_order(scripted: ScriptedSource, ticket: Ticket, officer: Official) -> None:
    accept_and_resolve(ticket, officer)
    dispatch.dispatch()
    dispatch.dispatch()
    assert [(a.action, a.text) for a in scripted.answers] == [("accept", ""), ("resolve", "Đã thu gom xong.")]
    assert states() == [("accept", "delivered"), ("resolve", "delivered")]
    assert TicketEvent.objects.filter(kind="delivered").count() == 2


def test_a_failing_message_holds_back_the_later_ones_of_its_ticket(
    scripted: ScriptedSource, ticket: Ticket, officer: Official
) -> None:
    scripted.script = [Transient("away", code="http_503")]
    accept_and_resolve(ticket, officer)
    dispatch.dispatch()
    assert states() == [("accept", "pending"), ("resolve", "pending")]
    assert scripted.answers == []
    later()
    assert [a.action for a in scripted.answers] == ["accept", "resolve"]


@pytest.mark.parametrize("arrived", [True, False], ids=["the write was done", "the write was lost too"])
def test_a_lost_answer_is_looked_up_before_it_is_sent_again(
    scripted: ScriptedSource, ticket: Ticket, officer: Official, arrived: bool
) -> None:
    scripted.script = [UnknownOutcome("timeout", code="timeout")]
    scripted.arrives_although_lost = arrived
    accept_ticket(ticket.pk, actor=officer)
    dispatch.dispatch()
    assert states() == [("accept", "unknown")]
    dispatch.dispatch()
    assert scripted.lookups == 0, "not before the write had time to take effect"
    later(rounds=3)
    assert states() == [("accept", "delivered")]
    assert len(scripted.answers) == 1
    assert scripted.lookups == (1 if arrived else 2), "absent twice, with time between, before it is sent again"


def test_where_the_source_knows_keys_the_same_key_is_sent_again(
    scripted: ScriptedSource, ticket: Ticket, officer: Official
) -> None:
    scripted.capabilities = Capabilities(pushes=frozenset(OutboundAction), lookup=True, idempotent_push=True)
    scripted.script = [UnknownOutcome("timeout")]
    scripted.arrives_although_lost = True
    accept_ticket(ticket.pk, actor=officer)
    dispatch.dispatch()
    later()
    assert states() == [("accept", "delivered")]
    assert len(scripted.answers) == 1
    assert scripted.lookups == 0


def test_a_worker_that_died_in_mid_flight_leaves_a_message_that_is_looked_up(
    scripted: ScriptedSource, ticket: Ticket, officer: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the source took the write and before we wrote it down."""

    def die(*args: Any) -> None:
        raise KeyboardInterrupt

    accept_ticket(ticket.pk, actor=officer)
    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            dispatch.dispatch()
    assert states() == [("accept", "in_flight")]
    dispatch.dispatch()
    assert states() == [("accept", "in_flight")], "the lease still runs"
    later()
    assert states() == [("accept", "delivered")]
    assert len(scripted.answers) == 1


def test_a_wrong_password_pauses_the_source_instead_of_burning_attempts(
    scripted: ScriptedSource, ticket: Ticket, officer: Official
) -> None:
    other = make_ticket(unit=ticket.unit, source=ticket.source)
    scripted.script = [AuthError("refused", code="wrong_password")] * 10
    for one in (ticket, other):
        accept_ticket(one.pk, actor=officer)
    dispatch.dispatch()
    later(rounds=3)
    assert len(scripted.script) == 9, "one attempt, not one per message and round"
    source = Source.objects.get(pk=ticket.source_id)
    assert (source.health, source.deliveries_paused) == ("needs_person", True)
    assert states() == [("accept", "pending"), ("accept", "pending")]


@pytest.mark.parametrize(
    ("error", "conflict"),
    [(Permanent("no", code="refused_for_good"), False), (Conflict("answered by another", code="answered"), True)],
)
def test_a_refusal_is_given_up_with_its_reason_and_a_person_can_retry(
    scripted: ScriptedSource, ticket: Ticket, officer: Official, error: Permanent, conflict: bool
) -> None:
    scripted.script = [error]
    accept_ticket(ticket.pk, actor=officer)
    dispatch.dispatch()
    message = OutboxMessage.objects.get()
    assert (message.state, message.reason_code) == ("dead", error.code)
    event = TicketEvent.objects.get(kind="delivery_failed")
    assert event.data["conflict"] is conflict
    assert Source.objects.get(pk=ticket.source_id).health == "unknown", "one refusal says nothing about the source"
    later()
    assert scripted.answers == [], "never again by itself"
    retry_delivery(message.pk, actor=officer)
    dispatch.dispatch()
    assert len(scripted.answers) == 1


def test_retry_after_is_honoured(scripted: ScriptedSource, ticket: Ticket, officer: Official) -> None:
    scripted.script = [RateLimited("slow down", retry_after=timedelta(hours=2))]
    accept_ticket(ticket.pk, actor=officer)
    dispatch.dispatch()
    later(step=timedelta(minutes=110))
    assert scripted.answers == []
    later(step=timedelta(minutes=121))
    assert len(scripted.answers) == 1


def test_a_read_only_source_gets_its_answer_by_hand(
    scripted: ScriptedSource, ticket: Ticket, officer: Official
) -> None:
    scripted.capabilities = Capabilities()
    accept_and_resolve(ticket, officer)
    dispatch.dispatch()
    assert states() == [("resolve", "by_hand")], "the answer waits for a hand; that we accepted need not be told"
    assert scripted.answers == []
    mark_entered_by_hand(OutboxMessage.objects.get().pk, actor=officer)
    assert states() == [("resolve", "delivered")]
    assert TicketEvent.objects.get(kind="delivered").data["by_hand"] is True
    with pytest.raises(IllegalMove):
        mark_entered_by_hand(OutboxMessage.objects.get().pk, actor=officer)


def test_strangers_cannot_retry(scripted: ScriptedSource, ticket: Ticket, officer: Official) -> None:
    accept_ticket(ticket.pk, actor=officer)
    message = OutboxMessage.objects.get()
    with pytest.raises(NotFound):
        retry_delivery(message.pk, actor=make_official(Role.LEADER, make_unit()))
    with pytest.raises(NotAllowed):
        retry_delivery(message.pk, actor=make_official(Role.OFFICER, ticket.unit))


def test_every_attempt_is_written_down(scripted: ScriptedSource, ticket: Ticket, officer: Official) -> None:
    scripted.script = [Transient("503", code="http_503"), UnknownOutcome("lost", code="timeout")]
    accept_ticket(ticket.pk, actor=officer, at=TUESDAY)
    dispatch.dispatch()
    later(rounds=5)
    attempts = OutboxMessage.objects.get().attempts.values_list("number", "kind", "outcome", "error_code")
    assert list(attempts) == [
        (1, "send", "retry", "http_503"),
        (2, "send", "unknown", "timeout"),
        (3, "lookup", "absent", ""),
        (4, "send", "delivered", ""),
    ]


def test_a_source_that_is_away_costs_one_attempt_a_round(
    scripted: ScriptedSource, ticket: Ticket, officer: Official
) -> None:
    tickets = [ticket, *(make_ticket(unit=ticket.unit, source=ticket.source) for _ in range(4))]
    scripted.script = [Transient("away", code="connect")] * 50
    for one in tickets:
        accept_ticket(one.pk, actor=officer)
    dispatch.dispatch()
    assert len(scripted.script) == 49
