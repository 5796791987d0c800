"""What each action changes, and that a refusal changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.registry import ACTIONS, perform, possible_verbs
from inbox.actions.reveal_reporter import reveal_reporter
from inbox.core import clock
from inbox.core.errors import IllegalMove, InboxError, Invalid, NotAllowed, NotFound, StaleVersion
from inbox.outbox.models import OutboxMessage
from inbox.tickets.models import AppendOnlyError, Message, Ticket, TicketEvent
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket, make_unit

pytestmark = pytest.mark.django_db

#: What each verb needs, filled sensibly.
INPUT: dict[Verb, dict[str, Any]] = {
    Verb.ADD_NOTE: {"text": "Đã gọi tổ vệ sinh."},
    Verb.REPLY: {"text": "Phường đang xử lý."},
    Verb.RESOLVE: {"text": "Đã thu gom xong."},
    Verb.RETURN: {"reason": "Không thuộc địa bàn."},
    Verb.REFUSE: {"reason": "Đây là đơn tố cáo, xin gửi Thanh tra."},
    Verb.PAUSE: {"reason": "Xin ông/bà cho biết số nhà."},
    Verb.REOPEN: {"reason": "Rác lại chất đống."},
    Verb.EXTEND: {"until": "2099-01-05T09:00:00+07:00", "reason": "Chờ vật tư."},
    Verb.REFUSE_EXTENSION: {"reason": "Làm được trong hạn."},
    Verb.MARK_SEVERAL_AGENCIES: {"reason": "Cần Điện lực và Công viên cây xanh."},
    Verb.CHANGE_CATEGORY: {"category": "noise"},
    Verb.URGE: {"reason": "Báo chí đã hỏi."},
    Verb.SEND_BACK: {"reason": "Xin nêu rõ ngày làm xong."},
    Verb.LINK: {"main": "PA-999999"},
    Verb.PUBLISH: {"text": "Rác chất đống được báo tại phường."},
}


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


@pytest.fixture
def ticket(ward: Unit) -> Ticket:
    return make_ticket(unit=ward, source=make_source(connector="national_portal"))


def in_status(ticket: Ticket, status: Status) -> Ticket:
    ticket.set_status(status)
    ticket.save()
    return ticket


def snapshot() -> tuple[Any, ...]:
    return (
        list(Ticket.objects.order_by("pk").values()),
        TicketEvent.objects.count(),
        Message.objects.count(),
        OutboxMessage.objects.count(),
    )


def input_for(verb: Verb, leader: Official, other: Unit) -> dict[str, Any]:
    if verb is Verb.ASSIGN:
        return {"assignee": leader.pk}
    if verb is Verb.TRANSFER:
        return {"unit": other.code, "reason": "Thuộc phường bên."}
    return INPUT.get(verb, {})


@pytest.mark.parametrize(
    ("verb", "before", "after", "kind"),
    [
        (Verb.ACCEPT, Status.NEW, Status.ACCEPTED, "accepted"),
        (Verb.ASSIGN, Status.ACCEPTED, Status.ACCEPTED, "assigned"),
        (Verb.START, Status.ACCEPTED, Status.IN_PROGRESS, "started"),
        (Verb.ADD_NOTE, Status.RESOLVED, Status.RESOLVED, "note_added"),
        (Verb.REPLY, Status.IN_PROGRESS, Status.IN_PROGRESS, "replied"),
        (Verb.RESOLVE, Status.IN_PROGRESS, Status.RESOLVED, "resolved"),
        (Verb.RETURN, Status.NEW, Status.RETURNED, "returned"),
        (Verb.REFUSE, Status.ACCEPTED, Status.REFUSED, "refused"),
        (Verb.TRANSFER, Status.IN_PROGRESS, Status.NEW, "transferred"),
        (Verb.PAUSE, Status.IN_PROGRESS, Status.WAITING_CITIZEN, "paused"),
        (Verb.RESUME, Status.WAITING_CITIZEN, Status.IN_PROGRESS, "resumed"),
        (Verb.REOPEN, Status.RESOLVED, Status.IN_PROGRESS, "reopened"),
        (Verb.EXTEND, Status.IN_PROGRESS, Status.IN_PROGRESS, "extension_approved"),  # a leader asks and decides
        (Verb.MARK_SEVERAL_AGENCIES, Status.IN_PROGRESS, Status.IN_PROGRESS, "several_agencies_marked"),
        (Verb.CHANGE_CATEGORY, Status.WAITING_CITIZEN, Status.WAITING_CITIZEN, "category_changed"),
        (Verb.URGE, Status.WAITING_CITIZEN, Status.WAITING_CITIZEN, "urged"),
        (Verb.PUBLISH, Status.RESOLVED, Status.RESOLVED, "published"),
    ],
)
def test_every_action_moves_records_and_counts_the_version(
    verb: Verb, before: Status, after: Status, kind: str, ticket: Ticket, leader: Official
) -> None:
    in_status(ticket, before)
    version = ticket.version
    done = perform(verb, ticket.pk, actor=leader, data=input_for(verb, leader, Unit.objects.get(code="26944")))
    done.refresh_from_db()
    assert done.status == after
    assert done.version == version + 1
    event = TicketEvent.objects.filter(ticket=ticket).latest("pk")
    assert (event.kind, event.actor) == (kind, leader)


def test_the_table_above_knows_every_action() -> None:
    assert set(ACTIONS) == set(Verb)


#: Possible in every status.
ALWAYS = {Verb.ADD_NOTE, Verb.UNLINK, Verb.UNPUBLISH}


@pytest.mark.parametrize("verb", sorted(set(Verb) - ALWAYS))
def test_an_action_that_is_not_possible_now_changes_nothing(verb: Verb, ticket: Ticket, leader: Official) -> None:
    impossible = Status.WITHDRAWN if verb is not Verb.REOPEN else Status.NEW
    in_status(ticket, impossible)
    before = snapshot()
    with pytest.raises(IllegalMove):
        perform(verb, ticket.pk, actor=leader, data=input_for(verb, leader, Unit.objects.get(code="26944")))
    assert snapshot() == before


def _as_stranger(ticket: Ticket) -> Official:
    return make_official(Role.LEADER, make_unit())


def _as_auditor(ticket: Ticket) -> Official:
    return make_official(Role.AUDITOR)


@pytest.mark.parametrize(
    ("who", "error"),
    [(_as_stranger, NotFound), (_as_auditor, NotAllowed)],
    ids=["another ward's leader does not even learn that it exists", "an auditor sees and changes nothing"],
)
@pytest.mark.parametrize("verb", list(Verb))
def test_who_may_not_changes_nothing(
    verb: Verb, who: Callable[[Ticket], Official], error: type[InboxError], ticket: Ticket, leader: Official
) -> None:
    actor = who(ticket)
    before = snapshot()
    with pytest.raises(error):
        perform(verb, ticket.pk, actor=actor, data=input_for(verb, leader, Unit.objects.get(code="26944")))
    assert snapshot() == before


@pytest.mark.parametrize(
    ("verb", "data", "field"),
    [
        (Verb.RESOLVE, {}, "text"),
        (Verb.RESOLVE, {"text": "   \n "}, "text"),
        (Verb.RESOLVE, {"text": "x" * 10_001}, "text"),
        (Verb.RESOLVE, {"text": ["not", "a", "text"]}, "text"),
        (Verb.RESOLVE, {"text": "Xong.", "status": "closed"}, "status"),  # mass assignment
        (Verb.RETURN, {"reason": ""}, "reason"),
        (Verb.TRANSFER, {"unit": "00000", "reason": "x"}, "unit"),
        (Verb.TRANSFER, {"unit": "26929", "reason": "x"}, "unit"),  # already there
        (Verb.ASSIGN, {"assignee": "nobody"}, "assignee"),
        (Verb.PAUSE, {"reason": "x", "until": "yesterday"}, "until"),
        (Verb.PAUSE, {"reason": "x", "until": "2020-01-01T00:00:00+07:00"}, "until"),
    ],
)
def test_a_wrong_input_names_the_field_and_changes_nothing(
    verb: Verb, data: dict[str, Any], field: str, ticket: Ticket, leader: Official
) -> None:
    in_status(ticket, Status.IN_PROGRESS)
    before = snapshot()
    with pytest.raises(Invalid) as caught:
        perform(verb, ticket.pk, actor=leader, data=data)
    assert caught.value.field == field
    assert snapshot() == before


def test_a_stale_version_is_refused_and_says_the_current_one(ticket: Ticket, leader: Official) -> None:
    perform(Verb.ADD_NOTE, ticket.pk, actor=leader, data={"text": "mới"})
    with pytest.raises(StaleVersion) as caught:
        perform(Verb.ACCEPT, ticket.pk, actor=leader, data={}, version=ticket.version)
    assert caught.value.current == ticket.version + 1


def test_an_officer_takes_for_oneself_but_does_not_give_to_others(ticket: Ticket, leader: Official, ward: Unit) -> None:
    officer = make_official(Role.OFFICER, ward)
    perform(Verb.ASSIGN, ticket.pk, actor=officer, data={"assignee": officer.username})
    with pytest.raises(NotAllowed):
        perform(Verb.ASSIGN, ticket.pk, actor=officer, data={"assignee": leader.username})
    perform(Verb.ASSIGN, ticket.pk, actor=leader, data={"assignee": officer.username})
    with pytest.raises(Invalid):
        stranger = make_official(Role.OFFICER, make_unit())
        perform(Verb.ASSIGN, ticket.pk, actor=leader, data={"assignee": stranger.username})


def test_triage_gives_a_ticket_its_first_unit_and_then_sees_it_no_more(ticket: Ticket, ward: Unit) -> None:
    triage = make_official(Role.TRIAGE)
    Ticket.objects.filter(pk=ticket.pk).update(unit=None)
    perform(Verb.TRANSFER, ticket.pk, actor=triage, data={"unit": ward.code, "reason": "Theo địa chỉ."})
    assert not OutboxMessage.objects.exists(), "for the source nothing has changed"
    with pytest.raises(NotFound):
        perform(Verb.TRANSFER, ticket.pk, actor=triage, data={"unit": "26944", "reason": "x"})


def test_accepting_and_resolving_stop_their_clocks_at_that_instant(ticket: Ticket, leader: Official) -> None:
    assert {c.kind: c.state for c in ticket.clocks.all()} == {"accept": "running", "resolve": "running"}
    at = clock.now()
    accept_ticket(ticket.pk, actor=leader, at=at)
    accept, resolve = ticket.clocks.order_by("kind")
    assert (accept.state in {"met", "breached"}, accept.met_at, resolve.state) == (True, at, "running")
    late = resolve.due_at + timedelta(seconds=1)
    ACTIONS[Verb.RESOLVE].run(ticket.pk, actor=leader, text="Xong.", at=late)
    resolve.refresh_from_db()
    assert (resolve.state, resolve.met_at) == ("breached", late)
    ticket.refresh_from_db()
    assert ticket.next_due_at is None


def test_now_equal_to_the_deadline_is_on_time(ticket: Ticket, leader: Official) -> None:
    accept_ticket(ticket.pk, actor=leader)
    due = ticket.clocks.get(kind="resolve").due_at
    ACTIONS[Verb.RESOLVE].run(ticket.pk, actor=leader, text="Xong.", at=due)
    assert ticket.clocks.get(kind="resolve").state == "met"


def test_history_cannot_be_changed(ticket: Ticket) -> None:
    event = TicketEvent.objects.filter(ticket=ticket).first()
    event.kind = "resolved"
    for change in (
        event.save,
        event.delete,
        lambda: TicketEvent.objects.all().delete(),
        lambda: TicketEvent.objects.update(kind="x"),
    ):
        with pytest.raises(AppendOnlyError):
            change()


def test_looking_at_the_citizen_is_written_down(ticket: Ticket, leader: Official) -> None:
    shown = reveal_reporter(ticket.pk, actor=leader, reason="Gọi hỏi số nhà")
    assert shown["phone"] == "+84903111227"
    event = TicketEvent.objects.get(kind="reporter_revealed")
    assert event.actor == leader
    assert "+84903111227" not in str(event.data)


def test_an_anonymous_citizen_is_shown_to_nobody(ticket: Ticket, leader: Official) -> None:
    ticket.reporter.is_anonymous = True
    ticket.reporter.save()
    with pytest.raises(NotAllowed):
        reveal_reporter(ticket.pk, actor=leader, reason="x")
    assert not TicketEvent.objects.filter(kind="reporter_revealed").exists()


def test_buttons_are_what_status_and_role_allow(ticket: Ticket, leader: Official, ward: Unit) -> None:
    assert Verb.ACCEPT in possible_verbs(ticket, leader)
    assert Verb.RESOLVE not in possible_verbs(ticket, leader)
    assert possible_verbs(ticket, make_official(Role.AUDITOR)) == []
    in_status(ticket, Status.RESOLVED)
    assert possible_verbs(ticket, leader) == [Verb.ADD_NOTE, Verb.REOPEN, Verb.PUBLISH]
    assert possible_verbs(ticket, make_official(Role.OFFICER, ward)) == [Verb.ADD_NOTE]


@pytest.mark.django_db(transaction=True)
def test_twenty_people_accept_at_once_and_one_wins(city: None) -> None:
    """A race over real connections: one event, one message, nineteen clear refusals."""
    ward = Unit.objects.get(code="26929")
    leaders = [make_official(Role.LEADER, ward) for _ in range(20)]
    ticket = make_ticket(unit=ward, source=make_source(connector="national_portal"))
    outcomes: list[str] = []

    def accept(actor: Official) -> None:
        try:
            accept_ticket(ticket.pk, actor=actor)
            outcomes.append("accepted")
        except IllegalMove:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=accept, args=[leader]) for leader in leaders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted"] + ["refused"] * 19
    assert TicketEvent.objects.filter(kind="accepted").count() == 1
    assert OutboxMessage.objects.count() <= 1
    assert connection.vendor in {"sqlite", "postgresql"}
