"""Writing down a complaint at the counter: one ticket, routed, with its clock running since the citizen came."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from connectors.records import Reporter
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind
from inbox.units.models import Unit
from tests.factories import make_ticket
from tests.web.conftest import HTMX

Browser = Callable[..., Client]
ADDRESS = "/tickets/new/"


def form(**values: str) -> dict[str, str]:
    return {
        "key": str(uuid.uuid4()),
        "channel": "walk_in",
        "category": "lighting",
        "text": "Đèn đường không sáng",
    } | values


def test_a_complaint_becomes_a_ticket_of_the_officers_ward(browser: Browser, officer: Official, ward: Unit) -> None:
    answer = browser(officer).post(ADDRESS, form(phone="0903 111 227", name="Lê Thị Năm", channel="phone"))
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/tickets/{ticket.code}/"
    assert (ticket.unit, ticket.category, ticket.source.slug) == (ward, "lighting", "phone")
    assert (ticket.reporter.name, ticket.reporter.phone) == ("Lê Thị Năm", "+84903111227")
    assert ticket.clocks.count() == 2
    received = ticket.events.get(kind=EventKind.RECEIVED)
    assert (received.actor, received.data["external_id"]) == (officer, ticket.refs.get().external_id)


def test_pressing_twice_makes_one_ticket(browser: Browser, officer: Official) -> None:
    sent = form()
    first, second = (browser(officer).post(ADDRESS, sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


def test_somebody_elses_key_does_not_meet_my_ticket(browser: Browser) -> None:
    sent = form()
    for _ in range(2):
        browser(Role.OFFICER).post(ADDRESS, sent)
    assert Ticket.objects.count() == 2


def test_the_clock_counts_since_the_citizen_came(browser: Browser, officer: Official) -> None:
    came = timezone.localtime(clock.now() - timedelta(days=1)).replace(second=0, microsecond=0)
    browser(officer).post(ADDRESS, form(sent_at=came.strftime("%Y-%m-%dT%H:%M")))
    ticket = Ticket.objects.get()
    assert ticket.sent_at == ticket.clock_from == came
    assert {clock_.started_at for clock_ in ticket.clocks.all()} == {came}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"text": "  "}, "trường này"),  # nothing was said
        ({"email": "khong-phai-email"}, "email"),  # an answer would go nowhere
        ({"sent_at": "2999-01-01T08:00"}, "không được ở tương lai"),  # the clock would start later than it may
        ({"category": "no-such"}, "no-such"),  # not one of ours
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(
    browser: Browser, officer: Official, wrong: dict[str, str], words: str
) -> None:
    answer = browser(officer).post(ADDRESS, form(name="Trần Kiên Nhẫn") | wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page.casefold()
    assert 'value="Trần Kiên Nhẫn"' in page
    assert not Ticket.objects.exists()


def test_a_complaint_from_another_ward_goes_there(browser: Browser, officer: Official, ward: Unit) -> None:
    """The officer is told where it went instead of meeting a page that does not exist."""
    answer = browser(officer).post(ADDRESS, form(address="Phường Sài Gòn, TP. Hồ Chí Minh"), follow=True)
    ticket = Ticket.objects.get()
    assert ticket.unit is not None
    assert ticket.unit != ward
    assert answer.redirect_chain[-1][0] == "/inbox/"
    assert ticket.code in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_the_citizens_earlier_tickets_of_this_ward_are_shown(
    browser: Browser, officer: Official, ward: Unit, other_ward: Unit, headers: dict[str, str]
) -> None:
    people: list[Any] = [(ward, "+84903111227"), (ward, "+84903111228"), (other_ward, "+84903111227")]
    mine, stranger, elsewhere = (make_ticket(unit, reporter=Reporter(phone=phone)) for unit, phone in people)
    answer = browser(officer).post(ADDRESS, form(phone="0903.111.227", look_up="1", name="Năm"), headers=headers)
    page = answer.content.decode()
    assert mine.code in page
    assert stranger.code not in page
    assert elsewhere.code not in page
    assert Ticket.objects.count() == 3
    if not headers:
        assert 'value="Năm"' in page


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN])
def test_who_does_not_serve_citizens_does_not_write_down(browser: Browser, role: Role) -> None:
    client = browser(role)
    assert client.get(ADDRESS).status_code == 403
    assert client.post(ADDRESS, form()).status_code == 403
    assert not Ticket.objects.exists()


def test_triage_writes_down_for_whoever_it_concerns(browser: Browser) -> None:
    with time_machine.travel(clock.now(), tick=False):
        browser(Role.TRIAGE).post(ADDRESS, form(address="Chợ Bà Chiểu"))
    assert Ticket.objects.get().unit is None
