"""Where a unit wants it, an officer's answer waits for a leader; the clock does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.add_photo import add_photo
from inbox.actions.change_unit_rule import change_unit_rule
from inbox.actions.registry import perform, possible_verbs
from inbox.core import clock
from inbox.core.errors import IllegalMove, NotAllowed
from inbox.notify.models import Notification
from inbox.notify.tell import tell
from inbox.outbox.models import OutboxFile, OutboxMessage
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket
from tests.intake.test_files import picture

pytestmark = pytest.mark.django_db
ANSWER = {"text": "Đã dọn sạch."}


@pytest.fixture(autouse=True)
def own_media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward)


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


@pytest.fixture
def ticket(ward: Unit, officer: Official, leader: Official) -> Ticket:
    change_unit_rule(ward.pk, needs_approval=True, actor=leader)
    made = make_ticket(unit=ward, source=make_source(connector="national_portal"))
    return perform(Verb.ACCEPT, made.pk, actor=officer, data={})


def told(official: Official) -> list[str]:
    tell(clock.now())
    return list(Notification.objects.filter(official=official).order_by("pk").values_list("kind", flat=True))


def test_an_officers_answer_waits_and_nobody_outside_hears_of_it(
    ticket: Ticket, officer: Official, leader: Official
) -> None:
    done = perform(Verb.RESOLVE, ticket.pk, actor=officer, data=ANSWER)

    assert done.status == Status.AWAITING_APPROVAL and done.is_open and done.resolved_at is None
    assert done.clocks.get(kind="resolve").state == "running"
    assert not OutboxMessage.objects.filter(action="resolve").exists()
    assert told(leader) == ["answer_proposed"]
    assert Verb.APPROVE in possible_verbs(done, leader) and Verb.APPROVE not in possible_verbs(done, officer)


def test_approved_it_goes_out_in_the_leaders_name_with_its_photos(
    ticket: Ticket, officer: Official, leader: Official
) -> None:
    file = add_photo(ticket.pk, actor=officer, content=picture(), name="sau.jpg")
    perform(Verb.RESOLVE, ticket.pk, actor=officer, data=ANSWER | {"files": str(file.pk)})
    done = perform(Verb.APPROVE, ticket.pk, actor=leader, data={})

    message = OutboxMessage.objects.get(action="resolve")
    assert done.status == Status.RESOLVED and (message.text, message.author) == ("Đã dọn sạch.", leader.display_name)
    assert OutboxFile.objects.get(message=message).content_hash == file.content_hash
    file.refresh_from_db()
    event = TicketEvent.objects.get(ticket=ticket, kind="resolved")
    assert file.event == event and event.data["proposed_by"] == officer.pk


def test_a_leader_may_improve_the_text(ticket: Ticket, officer: Official, leader: Official) -> None:
    perform(Verb.RESOLVE, ticket.pk, actor=officer, data=ANSWER)
    perform(Verb.APPROVE, ticket.pk, actor=leader, data={"text": "Đã dọn sạch ngày 25/11."})

    assert OutboxMessage.objects.get(action="resolve").text == "Đã dọn sạch ngày 25/11."


def test_sent_back_the_officer_hears_why_and_goes_on(ticket: Ticket, officer: Official, leader: Official) -> None:
    perform(Verb.RESOLVE, ticket.pk, actor=officer, data=ANSWER)
    back = perform(Verb.SEND_BACK, ticket.pk, actor=leader, data={"reason": "Nêu rõ ngày."})

    assert back.status == Status.IN_PROGRESS and told(officer) == ["answer_sent_back"]
    again = perform(Verb.RESOLVE, ticket.pk, actor=officer, data={"text": "Đã dọn ngày 25/11."})
    assert again.status == Status.AWAITING_APPROVAL


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.SEND_BACK])
def test_an_officer_cannot_decide(ticket: Ticket, officer: Official, verb: Verb) -> None:
    perform(Verb.RESOLVE, ticket.pk, actor=officer, data=ANSWER)
    with pytest.raises(NotAllowed):
        perform(verb, ticket.pk, actor=officer, data={"reason": "x"} if verb is Verb.SEND_BACK else {})
    ticket.refresh_from_db()
    assert ticket.status == Status.AWAITING_APPROVAL and not OutboxMessage.objects.filter(action="resolve").exists()


def test_leaders_answer_at_once_and_other_units_are_not_touched(
    ticket: Ticket, leader: Official, ward: Unit, officer: Official
) -> None:
    assert perform(Verb.RESOLVE, ticket.pk, actor=leader, data=ANSWER).status == Status.RESOLVED
    with pytest.raises(IllegalMove):
        perform(Verb.APPROVE, ticket.pk, actor=leader, data={})
    change_unit_rule(ward.pk, needs_approval=False, actor=leader)
    free = perform(Verb.ACCEPT, make_ticket(unit=ward).pk, actor=officer, data={})
    assert perform(Verb.RESOLVE, free.pk, actor=officer, data=ANSWER).status == Status.RESOLVED
