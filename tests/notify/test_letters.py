"""Letters over a real SMTP conversation: grouped, held back, retried only while nobody can have taken them."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import timedelta
from email.policy import default
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from django.test import override_settings
from pytest_httpserver import HTTPServer

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.notify.letters import AT_MOST_EVERY, write_digests, write_notices
from inbox.notify.models import Letter, Notification, Preference, Sending
from inbox.notify.send import LEASE, send_letters
from inbox.notify.tell import tell
from inbox.sla.models import UnitCalendar, WorkCalendar
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind, Status
from tests.factories import make_official, make_unit
from tests.notify.conftest import AT, Ward, local
from tests.notify.test_tell import happens
from tests.processes import free_port

pytestmark = pytest.mark.django_db


class Mailbox:
    """A mail server that keeps what it takes and says what a test tells it to say."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.recipient_answer = "250 OK"
        self.data_answer = "250 OK"
        self.hangs_up_after_data = False
        self.unknown: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        answer = "550 no such person" if address in self.unknown else self.recipient_answer
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        if self.hangs_up_after_data:
            server.transport.abort()
        return self.data_answer

    def to(self, name: str) -> list[Any]:
        return [letter for letter in self.letters if letter["To"] == f"{name}@mot-moi.example"]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=port
    ):
        yield box
    server.stop()


@pytest.fixture(autouse=True)
def a_tuesday_morning() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


def news(ward: Ward, kind: EventKind = EventKind.BECAME_OVERDUE, at: Any = AT) -> None:
    happens(ward.ticket, kind, tells=["officer"], clock="resolve", due_at=AT.isoformat())
    tell(at)
    write_notices(at)


def states() -> list[str]:
    return list(Sending.objects.order_by("pk").values_list("state", flat=True))


def test_a_letter_says_what_and_where_and_nothing_of_the_citizen(ward: Ward, mailbox: Mailbox) -> None:
    news(ward)
    assert send_letters(AT) == 1
    (letter,) = mailbox.to("canbo")
    text = letter.get_content()
    assert letter["Subject"].strip().startswith(ward.ticket.code)
    assert f"/tickets/{ward.ticket.code}/" in text
    assert "Quá hạn" in text
    for private in ("Lê Thị Thu Hà", "0903", "ha@example.com", ward.ticket.title, ward.ticket.text):
        assert private not in text + letter["Subject"]


def test_all_news_of_ten_minutes_is_one_letter(ward: Ward, mailbox: Mailbox) -> None:
    for _ in range(30):
        happens(ward.ticket, EventKind.CITIZEN_ANSWERED)
    tell(AT)
    assert write_notices(AT) == 1
    send_letters(AT)
    (letter,) = mailbox.to("canbo")
    assert letter.get_content().count("/tickets/") == 20, "a letter lists twenty; the app has the rest"
    happens(ward.ticket, EventKind.CITIZEN_ANSWERED)
    tell(AT)
    assert write_notices(AT + AT_MOST_EVERY - timedelta(seconds=1)) == 0
    assert write_notices(AT + AT_MOST_EVERY) == 1


def test_urgent_news_does_not_wait_for_the_next_letter(ward: Ward) -> None:
    news(ward)
    Ticket.objects.update(urgency="urgent")
    happens(ward.ticket, EventKind.CITIZEN_ANSWERED)
    tell(AT)
    assert write_notices(AT + timedelta(minutes=1)) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda ward: Official.objects.update(email=""), "no address"),
        (lambda ward: Official.objects.update(is_active=False), "has left"),
        (lambda ward: Preference.objects.create(official=ward.officer, by_email=False), "does not want e-mail"),
        (lambda ward: Notification.objects.update(read_at=AT), "has seen it in the app"),
        (lambda ward: Notification.objects.update(show_from=AT + timedelta(hours=1)), "it is held back"),
        (lambda ward: Notification.objects.update(created_at=AT - timedelta(days=3)), "it is old"),
    ],
)
def test_who_gets_no_letter(change: Any, why: str, ward: Ward) -> None:
    happens(ward.ticket, EventKind.CITIZEN_ANSWERED)
    tell(AT)
    change(ward)
    assert write_notices(AT) == 0, why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda ward: Notification.objects.update(read_at=AT), "seen in the app before the letter went out"),
        (lambda ward: Ticket.objects.update(is_open=False, status=Status.RESOLVED), "done before it went out"),
        (lambda ward: Ticket.objects.update(unit=None), "no longer this person's to see"),
    ],
)
def test_a_letter_without_news_is_not_sent(change: Any, why: str, ward: Ward, mailbox: Mailbox) -> None:
    news(ward)
    change(ward)
    assert send_letters(AT) == 0
    assert (states(), mailbox.letters) == (["dropped"], []), why


@pytest.mark.parametrize(
    ("answers", "expected", "why"),
    [
        ({"recipient_answer": "450 mailbox busy"}, "waiting", "not taken, may be later"),
        ({"recipient_answer": "550 no such person"}, "failed", "not taken, never will be"),
        ({"data_answer": "451 try later"}, "waiting", "refused after the text, so not taken"),
        ({"data_answer": "554 spam"}, "failed", "refused for good"),
        ({"hangs_up_after_data": True}, "unknown", "may have been taken: never a second time"),
    ],
)
def test_what_becomes_of_a_letter(
    answers: dict[str, Any], expected: str, why: str, ward: Ward, mailbox: Mailbox
) -> None:
    for name, value in answers.items():
        setattr(mailbox, name, value)
    news(ward)
    send_letters(AT)
    assert states() == [expected], why
    vars(mailbox).update(recipient_answer="250 OK", data_answer="250 OK", hangs_up_after_data=False)
    send_letters(AT + timedelta(hours=2))
    assert len(mailbox.letters) == 1 if expected in {"waiting", "unknown"} else not mailbox.letters


def test_a_refused_address_does_not_hold_up_the_others(ward: Ward, mailbox: Mailbox) -> None:
    happens(ward.ticket, EventKind.BECAME_OVERDUE, tells=["officer", "leader"], clock="resolve", due_at=AT.isoformat())
    tell(AT)
    write_notices(AT)
    mailbox.unknown = {"canbo@mot-moi.example"}
    send_letters(AT)
    assert len(mailbox.to("lanhdao")) == len(mailbox.to("phophuong")) == 1


def test_an_unreachable_server_is_tried_again(ward: Ward) -> None:
    news(ward)
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=9
    ):
        for number in range(8):
            send_letters(AT + timedelta(hours=number))
    assert states() == ["failed"], "after eight attempts a person has to look"


def test_what_a_dead_worker_held_is_never_sent_again(ward: Ward, mailbox: Mailbox) -> None:
    news(ward)
    Sending.objects.update(state="sending", attempts=1, lease_until=AT + LEASE)
    send_letters(AT)
    assert states() == ["sending"], "it may still be at work"
    send_letters(AT + LEASE)
    assert (states(), mailbox.letters) == (["unknown"], [])


def test_letters_are_in_the_readers_language(ward: Ward, mailbox: Mailbox) -> None:
    Preference.objects.create(official=ward.officer, language="en")
    news(ward)
    send_letters(AT)
    assert "Overdue" in mailbox.to("canbo")[0]["Subject"]


# --- The digest -------------------------------------------------------------------------------------------------------


def test_each_leader_gets_one_digest_a_day(ward: Ward, mailbox: Mailbox) -> None:
    assert write_digests(AT) == 2
    assert write_digests(AT + timedelta(minutes=1)) == 0
    send_letters(AT)
    (letter,) = mailbox.to("lanhdao")
    assert "Phường Bình Thạnh" in letter["Subject"]
    assert f"/tickets/{ward.ticket.code}/" not in letter.get_content(), "nothing presses today"
    assert write_digests(local("2026-11-18 07:30")) == 2


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-11-17 07:29", "before the offices open"),
        ("2026-11-21 09:00", "on a Saturday"),
        ("2026-11-17 17:00", "after closing time: tomorrow's is soon enough"),
    ],
)
def test_no_digest_outside_office_hours(at: str, why: str, ward: Ward) -> None:
    assert write_digests(local(at)) == 0, why


def test_a_ward_that_works_on_saturdays_gets_its_digest_then(ward: Ward) -> None:
    saturday = local("2026-11-21 09:00")
    elsewhere = make_official(Role.LEADER, make_unit())
    Official.objects.filter(pk=elsewhere.pk).update(email="khac@mot-moi.example")
    assert write_digests(saturday) == 0
    week = {str(day): [["07:30", "11:30"]] for day in range(6)}
    UnitCalendar.objects.create(unit=ward.unit, calendar=WorkCalendar.objects.create(slug="t7", name="T7", weekly=week))
    assert write_digests(saturday) == 2, "its leader and the deputy, nobody of other wards"


def test_who_wants_no_digest_gets_none(ward: Ward) -> None:
    Preference.objects.create(official=ward.deputy, digest=False)
    assert write_digests(AT) == 1
    assert Letter.objects.get().official == ward.leader


def test_a_ward_without_open_tickets_is_left_in_peace(ward: Ward, mailbox: Mailbox) -> None:
    Ticket.objects.update(is_open=False, status=Status.RESOLVED)
    write_digests(AT)
    send_letters(AT)
    assert mailbox.letters == []


def test_the_digest_lists_what_presses(ward: Ward, mailbox: Mailbox) -> None:
    Ticket.objects.update(next_due_at=AT - timedelta(hours=1), assignee=None)
    write_digests(AT)
    send_letters(AT)
    text = mailbox.to("lanhdao")[0].get_content()
    assert f"/tickets/{ward.ticket.code}/" in text
    assert "Quá hạn: 1" in text


# --- Other channels ---------------------------------------------------------------------------------------------------


def test_another_channel_gets_the_same_news(ward: Ward, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/notify", method="POST").respond_with_data("ok")
    address = httpserver.url_for("/notify").replace("http://", "json://")
    with override_settings(NOTIFY_SCHEMES=["json"]):
        Preference.objects.create(official=ward.officer, by_email=False, other_channel=address)
        news(ward)
        assert send_letters(AT) == 1
    (request, _answer) = httpserver.log[0]
    assert ward.ticket.code in request.get_json()["title"]


def test_a_channel_that_is_not_allowed_is_never_called(ward: Ward, httpserver: HTTPServer) -> None:
    """An address may point anywhere, also into our own network: only what the installation names is used."""
    address = httpserver.url_for("/notify").replace("http://", "json://")
    Preference.objects.create(official=ward.officer, other_channel=address)
    news(ward)
    send_letters(AT)
    assert httpserver.log == []
    assert list(Sending.objects.values_list("channel", flat=True)) == ["email"]
