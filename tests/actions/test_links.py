"""Linked tickets: one answer reaches the sources of both, each with its own history and clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.registry import perform, possible_verbs
from inbox.core.errors import InboxError, Invalid, NotFound
from inbox.outbox.models import OutboxMessage
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.verification import verify
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward)


@pytest.fixture
def main(ward: Unit, officer: Official) -> Ticket:
    ticket = make_ticket(unit=ward, source=make_source("portal", connector="national_portal"))
    return perform(Verb.ACCEPT, ticket.pk, actor=officer, data={})


@pytest.fixture
def twin(ward: Unit) -> Ticket:
    return make_ticket(unit=ward, source=make_source("hotline", connector="hotline_1022"))


def link(ticket: Ticket, main: Ticket, officer: Official) -> Ticket:
    perform(Verb.LINK, ticket.pk, actor=officer, data={"main": main.code})
    ticket.refresh_from_db()
    return ticket


def kinds(ticket: Ticket) -> list[str]:
    return list(TicketEvent.objects.filter(ticket=ticket).order_by("sequence").values_list("kind", flat=True))


def test_linking_accepts_the_twin_with_the_matter(main: Ticket, twin: Ticket, officer: Official) -> None:
    link(twin, main, officer)

    assert twin.main == main and twin.status == Status.ACCEPTED and twin.assignee == officer
    assert twin.clocks.get(kind="accept").met_at is not None
    assert kinds(twin)[-2:] == ["accepted", "linked"] and kinds(main)[-1] == "linked"
    assert Verb.UNLINK in possible_verbs(twin, officer) and Verb.LINK not in possible_verbs(twin, officer)


def test_an_answer_goes_to_every_source_and_ends_both(main: Ticket, twin: Ticket, officer: Official) -> None:
    link(twin, main, officer)
    perform(Verb.REPLY, main.pk, actor=officer, data={"text": "Đang làm."})
    perform(Verb.RESOLVE, main.pk, actor=officer, data={"text": "Đã xong."})

    for ticket in (main, twin):
        ticket.refresh_from_db()
        assert ticket.status == Status.RESOLVED and kinds(ticket)[-2:] == ["replied", "resolved"]
        assert ticket.clocks.get(kind="resolve").met_at == ticket.resolved_at
    assert verify().findings == []
    sent = OutboxMessage.objects.filter(action__in=["reply", "resolve"]).order_by("pk")
    assert [(m.source.slug, m.action, m.text) for m in sent] == [
        ("portal", "reply", "Đang làm."),
        ("hotline", "reply", "Đang làm."),
        ("portal", "resolve", "Đã xong."),
        ("hotline", "resolve", "Đã xong."),
    ]


def test_an_answer_to_the_twin_stays_with_the_twin(main: Ticket, twin: Ticket, officer: Official) -> None:
    link(twin, main, officer)
    perform(Verb.RESOLVE, twin.pk, actor=officer, data={"text": "Riêng phiếu này."})
    perform(Verb.RESOLVE, main.pk, actor=officer, data={"text": "Đã xong."})

    assert kinds(twin).count("resolved") == 1
    assert OutboxMessage.objects.filter(source__slug="hotline", action="resolve").get().text == "Riêng phiếu này."


def test_unlinked_it_gets_answers_of_its_own(main: Ticket, twin: Ticket, officer: Official) -> None:
    link(twin, main, officer)
    perform(Verb.UNLINK, twin.pk, actor=officer, data={})
    perform(Verb.RESOLVE, main.pk, actor=officer, data={"text": "Đã xong."})

    twin.refresh_from_db()
    assert twin.main is None and twin.status == Status.ACCEPTED and kinds(twin)[-1] == "unlinked"
    assert not OutboxMessage.objects.filter(source__slug="hotline", action="resolve").exists()


@pytest.mark.parametrize("which", ["main", "twin"])
def test_a_link_does_not_follow_into_another_unit(
    main: Ticket, twin: Ticket, officer: Official, which: str, ward: Unit
) -> None:
    link(twin, main, officer)
    leaving = {"main": main, "twin": twin}[which]
    other = Unit.objects.get(code="26944")
    perform(Verb.TRANSFER, leaving.pk, actor=officer, data={"unit": other.code, "reason": "Thuộc phường bên."})

    twin.refresh_from_db()
    assert twin.main is None and "unlinked" in kinds(twin)


def test_what_hangs_on_a_ticket_moves_with_it(main: Ticket, twin: Ticket, officer: Official, ward: Unit) -> None:
    third = make_ticket(unit=ward)
    link(third, twin, officer)
    link(twin, main, officer)

    third.refresh_from_db()
    assert third.main == main, "there is only one level"


def _elsewhere(ward: Unit) -> Ticket:
    return make_ticket(unit=make_unit())


def _ended(ward: Unit) -> Ticket:
    return make_ticket(unit=ward, status=Status.RESOLVED)


def _linked(ward: Unit) -> Ticket:
    return make_ticket(unit=ward, main=make_ticket(unit=ward))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_elsewhere, "another ward's ticket does not exist"),
        (_ended, "an ended one answers nobody"),
        (_linked, "it hangs on a third one itself"),
        (None, "nobody is their own twin"),
    ],
)
def test_what_cannot_belong_together_is_refused(
    twin: Ticket, officer: Official, ward: Unit, make: Callable[[Unit], Ticket] | None, why: str
) -> None:
    other = make(ward) if make else twin
    before = list(TicketEvent.objects.values_list("pk", flat=True))
    with pytest.raises(Invalid) as refused:
        perform(Verb.LINK, twin.pk, actor=officer, data={"main": other.code})
    assert refused.value.field == "main", why
    assert list(TicketEvent.objects.values_list("pk", flat=True)) == before


def test_another_wards_official_cannot_link(main: Ticket, twin: Ticket) -> None:
    stranger = make_official(Role.LEADER, make_unit())
    with pytest.raises(InboxError) as refused:
        perform(Verb.LINK, twin.pk, actor=stranger, data={"main": main.code})
    assert isinstance(refused.value, NotFound)
