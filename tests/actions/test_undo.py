"""Taking back one's own act: everything is as it was, history says both, and nothing has left the house."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.add_note import add_note
from inbox.actions.pause_ticket import pause_ticket
from inbox.actions.registry import perform, perform_undoably
from inbox.actions.undo import UNDO_FOR, UNDOABLE, forget_steps, undo
from inbox.core import clock
from inbox.core.errors import IllegalMove, InboxError, NotFound, StaleVersion
from inbox.desk.models import UndoStep
from inbox.notify.models import Notification
from inbox.notify.tell import tell
from inbox.outbox.dispatch import due_sources
from inbox.outbox.models import OutboxMessage
from inbox.sla.models import ClockPause, SlaClock
from inbox.sources.models import Source
from inbox.tickets.models import Message, Ticket, TicketEvent
from inbox.tickets.verification import verify
from inbox.tickets.vocabulary import Verb
from inbox.units.models import Unit
from tests.factories import TUESDAY, make_official, make_source, make_ticket, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(city: None) -> Unit:
    return make_unit()


@pytest.fixture
def portal(city: None) -> Source:
    return make_source("portal", connector="national_portal", settings={"base_url": "http://127.0.0.1:1"})


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


def state(ticket: Ticket) -> dict[str, Any]:
    """Everything an act may change, but for what only ever grows."""
    row = Ticket.objects.filter(pk=ticket.pk).values().get()
    for grows in ("version", "updated_at"):
        row.pop(grows)
    return {
        "ticket": row,
        "clocks": list(SlaClock.objects.filter(ticket=ticket).order_by("pk").values()),
        "pauses": list(ClockPause.objects.filter(clock__ticket=ticket).order_by("pk").values()),
    }


def data_of(verb: Verb, leader: Official) -> dict[str, str]:
    return {
        Verb.ASSIGN: {"assignee": leader.username},
        Verb.TRANSFER: {"unit": make_unit().code, "reason": "Ngoài địa bàn"},
        Verb.PAUSE: {"reason": "Xin bổ sung địa chỉ"},
        Verb.REPLY: {"text": "Phường đang xử lý"},
        Verb.RESOLVE: {"text": "Đã xử lý"},
        Verb.RETURN: {"reason": "Không thuộc phường"},
        Verb.REFUSE: {"reason": "Không thuộc phạm vi"},
        Verb.CHANGE_CATEGORY: {"category": "noise"},
    }.get(verb, {})


def ready_for(verb: Verb, ward: Unit, portal: Source, leader: Official) -> Ticket:
    """A ticket on which `verb` is possible."""
    ticket = make_ticket(unit=ward, source=portal, at=TUESDAY)
    if verb not in {Verb.ACCEPT, Verb.CLAIM}:
        accept_ticket(ticket.pk, actor=leader, at=TUESDAY + timedelta(minutes=5))
    if verb is Verb.RESUME:
        pause_ticket(ticket.pk, actor=leader, reason="Chờ", at=TUESDAY + timedelta(minutes=10))
    return ticket


@pytest.mark.parametrize("verb", sorted(UNDOABLE))
def test_everything_is_as_it_was(verb: Verb, ward: Unit, portal: Source, leader: Official) -> None:
    with time_machine.travel(TUESDAY + timedelta(hours=1), tick=False):
        ticket = ready_for(verb, ward, portal, leader)
        before, sent_before = state(ticket), set(OutboxMessage.objects.values_list("pk", flat=True))
        _, step = perform_undoably(verb, ticket.pk, actor=leader, data=data_of(verb, leader))
        assert step is not None
        assert state(ticket) != before or verb in {Verb.ASSIGN}  # the leader had it already

    with time_machine.travel(TUESDAY + timedelta(hours=1) + UNDO_FOR, tick=False):
        undo(step.pk, actor=leader)

    assert state(ticket) == before
    new = OutboxMessage.objects.exclude(pk__in=sent_before)
    assert set(new.values_list("state", "reason_code")) <= {("cancelled", "undone")}
    *_, act, undone = TicketEvent.objects.filter(ticket=ticket).order_by("sequence")
    assert (undone.kind, undone.data) == ("undone", {"verb": verb.value, "sequence": act.sequence})
    assert verify().findings == [], "the history still proves itself"


def test_a_message_waits_until_it_can_no_longer_be_called_back(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = ready_for(Verb.RESOLVE, ward, portal, leader)
    OutboxMessage.objects.all().update(state="delivered")
    at = clock.now()
    _, step = perform_undoably(Verb.RESOLVE, ticket.pk, actor=leader, data={"text": "Đã xử lý"})
    assert step is not None
    message = OutboxMessage.objects.get(state="pending")

    assert due_sources(at + UNDO_FOR) == []
    assert due_sources(step.until) == [portal.pk]
    assert message.done_at < at + timedelta(seconds=5), "what counts as evidence is the moment of the press"


def test_scripts_do_not_wait(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = ready_for(Verb.ACCEPT, ward, portal, leader)
    perform(Verb.ACCEPT, ticket.pk, actor=leader, data={})
    assert due_sources(clock.now()) == [portal.pk]
    assert not UndoStep.objects.exists()


def _refused(step: UndoStep, actor: Official, error: type[InboxError]) -> None:
    ticket = Ticket.objects.get(pk=step.ticket_id)
    before, events = state(ticket), TicketEvent.objects.count()
    with pytest.raises(error):
        undo(step.pk, actor=actor)
    assert (state(ticket), TicketEvent.objects.count()) == (before, events)
    assert not OutboxMessage.objects.filter(state="cancelled").exists()


def test_too_late(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = ready_for(Verb.PAUSE, ward, portal, leader)
    _, step = perform_undoably(Verb.PAUSE, ticket.pk, actor=leader, data={"reason": "Chờ"})
    assert step is not None
    with time_machine.travel(step.until + timedelta(seconds=1)):
        _refused(step, leader, IllegalMove)


def test_a_second_time(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = make_ticket(unit=ward)
    _, step = perform_undoably(Verb.CLAIM, ticket.pk, actor=leader, data={})
    assert step is not None
    undo(step.pk, actor=leader)
    _refused(step, leader, IllegalMove)


def test_somebody_has_gone_on(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = make_ticket(unit=ward)
    _, step = perform_undoably(Verb.ACCEPT, ticket.pk, actor=leader, data={})
    assert step is not None
    add_note(ticket.pk, actor=make_official(Role.OFFICER, ward), text="Đã gọi dân")
    _refused(step, leader, StaleVersion)


def test_a_message_has_left(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = ready_for(Verb.REPLY, ward, portal, leader)
    _, step = perform_undoably(Verb.REPLY, ticket.pk, actor=leader, data={"text": "Đang xử lý"})
    assert step is not None
    OutboxMessage.objects.filter(event=step.event).update(state="in_flight", attempts_made=1)
    _refused(step, leader, IllegalMove)


def test_somebody_elses_act(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = make_ticket(unit=ward)
    _, step = perform_undoably(Verb.ACCEPT, ticket.pk, actor=leader, data={})
    assert step is not None
    _refused(step, make_official(Role.LEADER, ward), NotFound)


def test_a_transfer_comes_back_although_it_is_no_longer_visible(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = ready_for(Verb.TRANSFER, ward, portal, leader)
    _, step = perform_undoably(Verb.TRANSFER, ticket.pk, actor=leader, data=data_of(Verb.TRANSFER, leader))
    assert step is not None
    assert not Ticket.objects.visible_to(leader).filter(pk=ticket.pk).exists()
    undo(step.pk, actor=leader)
    assert Ticket.objects.visible_to(leader).get(pk=ticket.pk).assignee == leader


def test_nobody_is_told_of_what_was_taken_back(ward: Unit, portal: Source, leader: Official) -> None:
    officer, ticket = make_official(Role.OFFICER, ward), make_ticket(unit=ward)
    data = {"assignee": officer.username}
    for told_before in (False, True):
        _, step = perform_undoably(Verb.ASSIGN, ticket.pk, actor=leader, data=data)
        assert step is not None
        if told_before:
            tell(clock.now())
            assert Notification.objects.filter(official=officer, kind="assigned").exists()
        undo(step.pk, actor=leader)
        tell(clock.now())
        assert not Notification.objects.filter(official=officer, kind="assigned").exists()


def test_an_answer_taken_back_is_not_found_any_more(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = ready_for(Verb.RESOLVE, ward, portal, leader)
    _, step = perform_undoably(Verb.RESOLVE, ticket.pk, actor=leader, data={"text": "Đã dọn sạch"})
    assert step is not None
    assert "da don sach" in Ticket.objects.get(pk=ticket.pk).answer_key
    undo(step.pk, actor=leader)
    assert Ticket.objects.get(pk=ticket.pk).answer_key == ""
    assert Message.objects.filter(body="Đã dọn sạch").exists(), "the history keeps what was written"


def test_steps_are_forgotten(ward: Unit, leader: Official) -> None:
    perform_undoably(Verb.CLAIM, make_ticket(unit=ward).pk, actor=leader, data={})
    assert forget_steps(clock.now()) == 0
    assert forget_steps(clock.now() + timedelta(days=1)) == 1
    assert TicketEvent.objects.filter(kind="assigned").count() == 1


@pytest.mark.parametrize("verb", sorted(UNDOABLE))
def test_only_what_has_gone_on_to_linked_tickets_is_final(
    verb: Verb, ward: Unit, portal: Source, leader: Official
) -> None:
    is_final = verb in {Verb.RESOLVE, Verb.REPLY, Verb.TRANSFER}  # the linked ticket is answered or handed on too
    ticket = ready_for(verb, ward, portal, leader)
    other = make_ticket(unit=ward, source=portal, at=TUESDAY)
    perform(Verb.LINK, other.pk, actor=leader, data={"main": ticket.code})
    before = state(ticket), state(other)
    _, step = perform_undoably(verb, ticket.pk, actor=leader, data=data_of(verb, leader))
    assert (step is None) == is_final
    if step is not None:
        undo(step.pk, actor=leader)
        assert (state(ticket), state(other)) == before
