"""Extensions, several agencies, urging, and the citizen's answer: what each does to the deadline, and who hears."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.records import OutboundAction, SourceStatus
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.ingest_page import ingest_page
from inbox.actions.registry import perform, possible_verbs
from inbox.core.errors import Invalid, NotAllowed
from inbox.outbox.models import OutboxMessage
from inbox.sla import timers
from inbox.sla.models import ExtensionRequest, TargetUnit
from inbox.sla.queries import more_time_asked
from inbox.sources.models import Source
from inbox.tickets.models import Ticket, TicketEvent, UntoldEvent
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit
from tests.factories import TUESDAY, make_official, make_record, make_source

pytestmark = pytest.mark.django_db

VN = ZoneInfo("Asia/Ho_Chi_Minh")
AT = datetime(2026, 11, 17, 10, 0, tzinfo=VN)
DUE = datetime(2026, 12, 9, 9, 0, tzinfo=VN)  # 15 working days from Tue 17/11 09:00; 24/11 is (to be confirmed) off
LATER = datetime(2026, 12, 11, 9, 0, tzinfo=VN)


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def source(ward: Unit) -> Source:
    return make_source(connector="national_portal")


@pytest.fixture
def ticket(ward: Unit, source: Source) -> Ticket:
    ingest_page(source, [make_record(external_id="A")], at=TUESDAY)
    ticket = Ticket.objects.get()
    Ticket.objects.update(unit=ward)
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward)


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


def resolve_due(ticket: Ticket) -> datetime:
    return ticket.clocks.get(kind="resolve").due_at


def ask(ticket: Ticket, officer: Official, until: datetime = LATER) -> None:
    perform(Verb.EXTEND, ticket.pk, actor=officer, data={"until": until.isoformat(), "reason": "Chờ vật tư."})


def test_asking_moves_nothing_and_tells_no_source(ticket: Ticket, officer: Official) -> None:
    ask(ticket, officer)
    assert resolve_due(ticket) == DUE
    assert not OutboxMessage.objects.exists()
    request = more_time_asked(ticket)
    assert request is not None
    assert (request.until, request.reason, request.asked_by) == (LATER, "Chờ vật tư.", officer)


def test_approving_moves_the_deadline_and_sends_the_new_one(
    ticket: Ticket, officer: Official, leader: Official
) -> None:
    ask(ticket, officer)
    perform(Verb.APPROVE_EXTENSION, ticket.pk, actor=leader, data={})
    ticket.refresh_from_db()
    assert resolve_due(ticket) == LATER
    message = OutboxMessage.objects.get()
    assert (message.action, message.due_at, message.text) == (OutboundAction.EXTEND, LATER, "Chờ vật tư.")
    decided = ExtensionRequest.objects.get()
    assert (decided.state, decided.decided_by) == ("approved", leader)
    with pytest.raises(Invalid):
        perform(Verb.APPROVE_EXTENSION, ticket.pk, actor=leader, data={})


def test_refusing_leaves_the_deadline_and_says_why(ticket: Ticket, officer: Official, leader: Official) -> None:
    ask(ticket, officer)
    perform(Verb.REFUSE_EXTENSION, ticket.pk, actor=leader, data={"reason": "Làm được trong hạn."})
    assert resolve_due(ticket) == DUE
    assert not OutboxMessage.objects.exists()
    event = TicketEvent.objects.get(kind="extension_refused")
    assert event.message.body == "Làm được trong hạn."
    ask(ticket, officer)  # may ask again


def test_a_leader_who_asks_has_decided(ticket: Ticket, leader: Official) -> None:
    ask(ticket, leader)
    assert resolve_due(ticket) == LATER
    assert more_time_asked(ticket) is None


def test_an_officer_does_not_decide(ticket: Ticket, officer: Official) -> None:
    ask(ticket, officer)
    for verb, data in ((Verb.APPROVE_EXTENSION, {}), (Verb.REFUSE_EXTENSION, {"reason": "x"})):
        with pytest.raises(NotAllowed):
            perform(verb, ticket.pk, actor=officer, data=data)


@pytest.mark.parametrize(
    ("until", "why"),
    [
        (DUE, "no later than the deadline"),
        (DUE - timedelta(days=1), "before the deadline"),
        (datetime(2026, 12, 9, 9, 0, tzinfo=VN), "the same instant"),
    ],
)
def test_what_gives_no_time_is_refused(until: datetime, why: str, ticket: Ticket, officer: Official) -> None:
    with pytest.raises(Invalid) as caught:
        ask(ticket, officer, until)
    assert caught.value.field == "until", why


def test_from_closing_time_to_the_next_opening_is_no_time(ticket: Ticket, officer: Official) -> None:
    clock = ticket.clocks.get(kind="resolve")
    clock.due_at = datetime(2026, 12, 9, 17, 0, tzinfo=VN)
    clock.save()
    with pytest.raises(Invalid):
        ask(ticket, officer, datetime(2026, 12, 10, 7, 30, tzinfo=VN))


def test_asking_twice_is_refused(ticket: Ticket, officer: Official) -> None:
    ask(ticket, officer)
    with pytest.raises(Invalid):
        ask(ticket, officer)


@pytest.mark.parametrize(
    ("verb", "data"),
    [(Verb.RESOLVE, {"text": "Xong."}), (Verb.RETURN, {"reason": "x"}), (Verb.REFUSE, {"reason": "x"})],
)
def test_a_ticket_that_ends_needs_no_more_time(
    verb: Verb, data: dict[str, str], ticket: Ticket, officer: Official
) -> None:
    perform(Verb.ACCEPT, ticket.pk, actor=officer, data={})
    ask(ticket, officer)
    perform(verb, ticket.pk, actor=officer, data=data)
    assert more_time_asked(ticket) is None
    assert ExtensionRequest.objects.get().state == "closed"


def test_buttons_about_more_time_appear_when_they_help(ticket: Ticket, officer: Official, leader: Official) -> None:
    assert Verb.EXTEND in possible_verbs(ticket, officer)
    assert Verb.APPROVE_EXTENSION not in possible_verbs(ticket, leader)
    ask(ticket, officer)
    assert Verb.EXTEND not in possible_verbs(ticket, officer)
    assert {Verb.APPROVE_EXTENSION, Verb.REFUSE_EXTENSION} <= set(possible_verbs(ticket, leader))
    assert Verb.APPROVE_EXTENSION not in possible_verbs(ticket, officer)


def test_several_agencies_get_the_policys_longer_limit_from_the_same_start(ticket: Ticket, officer: Official) -> None:
    perform(Verb.MARK_SEVERAL_AGENCIES, ticket.pk, actor=officer, data={"reason": "Điện lực, cây xanh."})
    assert resolve_due(ticket) == datetime(2026, 12, 16, 9, 0, tzinfo=VN), "20 working days instead of 15"
    with pytest.raises(Invalid):
        perform(Verb.MARK_SEVERAL_AGENCIES, ticket.pk, actor=officer, data={"reason": "x"})


def test_time_that_was_granted_stays_as_long_when_the_limit_counts_otherwise(ticket: Ticket, officer: Official) -> None:
    """Granted in working time, counted round the clock from then on: two working days more stay two days more."""
    row = ticket.clocks.get(kind="resolve")
    timers.extend(ticket, until=LATER)  # from Wednesday to Friday, at the same hour
    policy = row.policy
    policy.several_agencies_amount, policy.several_agencies_unit = 40, TargetUnit.CALENDAR_DAYS
    policy.save()
    perform(Verb.MARK_SEVERAL_AGENCIES, ticket.pk, actor=officer, data={"reason": "Điện lực."})
    row.refresh_from_db()
    assert row.due_at == row.started_at + timedelta(days=40) + timedelta(days=2)


def test_urging_changes_no_deadline_and_is_told(ticket: Ticket) -> None:
    supervisor = make_official(Role.SUPERVISOR)
    perform(Verb.URGE, ticket.pk, actor=supervisor, data={"reason": "Báo chí đã hỏi."})
    assert resolve_due(ticket) == DUE
    event = TicketEvent.objects.get(kind="urged")
    assert UntoldEvent.objects.filter(event=event).exists()
    assert event.message.kind == "note", "the citizen does not read it"


def test_the_citizens_answer_starts_the_clock_again(ticket: Ticket, source: Source, officer: Official) -> None:
    """Half a day of waiting is added to the deadline: nobody is late because a citizen took time to answer."""
    perform(Verb.ACCEPT, ticket.pk, actor=officer, data={})
    run = perform(Verb.PAUSE, ticket.pk, actor=officer, data={"reason": "Số nhà mấy?"})
    pause = run.clocks.get(kind="resolve").pauses.get()
    changed = make_record(
        external_id="A", revision="2", text="Nhà số 12, rác vẫn còn.", status=SourceStatus.IN_PROGRESS, status_raw="3"
    )
    ingest_page(source, [changed], at=pause.from_at + timedelta(hours=2))
    ticket.refresh_from_db()
    assert ticket.status == Status.IN_PROGRESS
    clock = ticket.clocks.get(kind="resolve")
    assert (clock.state, clock.pauses.get().to_at) == ("running", pause.from_at + timedelta(hours=2))
    assert TicketEvent.objects.filter(kind="citizen_answered").count() == 1
