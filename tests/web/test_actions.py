"""Doing things: every verb by plain form and by htmx, with conflicts that lose nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.outbox.models import OutboxMessage
from inbox.sources.models import Source
from inbox.tickets.models import Message, Ticket, TicketEvent
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket
from tests.web.conftest import HTMX

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]

#: verb, status before, what is sent, status after
DEEDS = [
    (Verb.ACCEPT, Status.NEW, {}, Status.ACCEPTED),
    (Verb.START, Status.ACCEPTED, {}, Status.IN_PROGRESS),
    (Verb.ASSIGN, Status.ACCEPTED, {"assignee": "me"}, Status.ACCEPTED),
    (Verb.ADD_NOTE, Status.NEW, {"text": "Đã gọi điện"}, Status.NEW),
    (Verb.REPLY, Status.ACCEPTED, {"text": "Đang làm"}, Status.ACCEPTED),
    (Verb.RESOLVE, Status.IN_PROGRESS, {"text": "Đã xong"}, Status.RESOLVED),
    (Verb.RETURN, Status.NEW, {"reason": "Không thuộc phường"}, Status.RETURNED),
    (Verb.REFUSE, Status.NEW, {"reason": "Là đơn khiếu nại"}, Status.REFUSED),
    (Verb.PAUSE, Status.ACCEPTED, {"reason": "Xin số nhà", "until": ""}, Status.WAITING_CITIZEN),
    (Verb.RESUME, Status.WAITING_CITIZEN, {}, Status.IN_PROGRESS),
    (Verb.REOPEN, Status.RESOLVED, {"reason": "Tái diễn"}, Status.IN_PROGRESS),
]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(("verb", "before", "data", "after"), DEEDS, ids=[deed[0].value for deed in DEEDS])
def test_every_verb_has_a_form_that_works(
    browser: Browser,
    ward: Unit,
    portal: Source,
    verb: Verb,
    before: Status,
    data: dict[str, str],
    after: Status,
    headers: dict[str, str],
) -> None:
    leader = make_official(Role.LEADER, ward)
    ticket = make_ticket(unit=ward, source=portal, status=before)
    if data.get("assignee"):
        data = {"assignee": leader.username}
    client = browser(leader)
    address = f"/tickets/{ticket.code}/{verb}/"

    form = client.get(address, headers=headers)
    answer = client.post(address, {**data, "version": ticket.version}, headers=headers)

    assert form.status_code == 200 and all(f'name="{name}"' in form.content.decode() for name in data)
    ticket.refresh_from_db()
    assert ticket.status == after
    if headers:
        assert answer.status_code == 200 and answer.headers["HX-Retarget"] == "#ticket"
        assert "ticket-changed" in answer.headers["HX-Trigger"]
    else:
        assert answer.headers["Location"] == f"/tickets/{ticket.code}/"


def test_a_transferred_ticket_leaves_the_list(
    browser: Browser, officer: Official, ward: Unit, other_ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    data = {"unit": other_ward.code, "reason": "Thuộc phường khác", "version": ticket.version, "place": "inbox"}

    text = browser(officer).post(f"/tickets/{ticket.code}/transfer/", data, headers=HTMX).content.decode()

    assert Ticket.objects.get(pk=ticket.pk).unit == other_ward
    assert f'id="tk-{ticket.pk}" hx-swap-oob="delete"' in text


def test_in_the_inbox_the_row_changes_with_the_preview(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    data = {"version": ticket.version, "place": "inbox"}
    headers = HTMX | {"HX-Current-URL": "http://testserver/inbox/?view=unassigned"}

    answer = browser(officer).post(f"/tickets/{ticket.code}/accept/", data, headers=headers)

    text = answer.content.decode()
    assert answer.headers["HX-Retarget"] == "#preview"
    assert f'id="tk-{ticket.pk}" hx-swap-oob="true"' in text
    assert f"/inbox/{ticket.code}/?view=unassigned" in text, "the row keeps the filters of its list"


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001], ids=["empty", "blank", "too long"])
def test_a_wrong_text_comes_back_with_the_reason(
    browser: Browser, officer: Official, ward: Unit, portal: Source, text: str
) -> None:
    ticket = make_ticket(unit=ward, source=portal, status=Status.IN_PROGRESS)

    answer = browser(officer).post(f"/tickets/{ticket.code}/resolve/", {"text": text, "version": ticket.version})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="e-text"' in page and 'aria-invalid="true"' in page and text.strip() in page
    assert not OutboxMessage.objects.exists() and not Message.objects.exists()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_conflict_says_who_and_keeps_the_text(
    browser: Browser, officer: Official, ward: Unit, portal: Source, headers: dict[str, str]
) -> None:
    ticket = make_ticket(unit=ward, source=portal, status=Status.IN_PROGRESS)
    seen = ticket.version
    faster = make_official(Role.OFFICER, ward)
    browser(faster).post(f"/tickets/{ticket.code}/add_note/", {"text": "Đang ở đó", "version": seen})
    client = browser(officer)

    answer = client.post(f"/tickets/{ticket.code}/resolve/", {"text": "Đã dọn sạch.", "version": seen}, headers=headers)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert faster.display_name in page and "ghi chú" in page and "Đã dọn sạch." in page
    ticket.refresh_from_db()
    assert ticket.status == Status.IN_PROGRESS
    assert f'name="version" value="{ticket.version}"' in page, "sent again, it goes through"


def test_what_is_no_longer_possible_keeps_the_text_but_not_the_button(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal, status=Status.IN_PROGRESS)
    seen = ticket.version
    browser(make_official(Role.OFFICER, ward)).post(
        f"/tickets/{ticket.code}/resolve/", {"text": "Xong", "version": seen}
    )

    answer = browser(officer).post(f"/tickets/{ticket.code}/resolve/", {"text": "Cũng xong", "version": seen})

    assert answer.status_code == 409
    assert "Cũng xong" in answer.content.decode() and 'type="submit" >' not in answer.content.decode()


def test_pressing_twice_does_it_once(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=ward, source=portal, status=Status.IN_PROGRESS)
    data = {"text": "Đã xong", "version": ticket.version}
    client = browser(officer)

    answers = [client.post(f"/tickets/{ticket.code}/resolve/", data).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert TicketEvent.objects.filter(ticket=ticket, kind="resolved").count() == 1


def test_a_form_without_its_version_changes_nothing(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)

    assert browser(officer).post(f"/tickets/{ticket.code}/accept/").status_code in {400, 422}
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW


def test_buttons_are_those_of_the_role(browser: Browser, ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=ward, source=portal)

    officer = browser(Role.OFFICER).get(f"/tickets/{ticket.code}/").content.decode()
    auditor = browser(Role.AUDITOR).get(f"/tickets/{ticket.code}/").content.decode()

    assert 'data-verb="accept"' in officer and 'data-verb="resolve"' not in officer
    assert "data-verb" not in auditor and "reveal-reporter" not in auditor


def test_a_role_without_the_right_is_told_so(browser: Browser, ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=ward, source=portal)

    answer = browser(Role.AUDITOR).post(f"/tickets/{ticket.code}/accept/", {"version": ticket.version})

    assert answer.status_code == 403


def test_the_citizen_is_shown_once_with_a_reason_and_logged(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(officer)
    address = f"/tickets/{ticket.code}/reveal-reporter/"

    refused = client.post(address, {"reason": " "})
    assert refused.status_code == 422 and "+84903111227" not in refused.content.decode()
    assert not TicketEvent.objects.filter(kind="reporter_revealed").exists()

    assert "+84903111227" in client.post(address, {"reason": "Hẹn gặp"}).content.decode()
    assert TicketEvent.objects.get(kind="reporter_revealed").data["reason"] == "Hẹn gặp"
    assert "+84903111227" not in client.get(f"/tickets/{ticket.code}/").content.decode()


def test_an_answer_to_be_entered_by_hand_can_be_ticked_off(
    browser: Browser, officer: Official, ward: Unit, city: None
) -> None:
    ticket = make_ticket(unit=ward, status=Status.IN_PROGRESS)
    client = browser(officer)
    client.post(f"/tickets/{ticket.code}/resolve/", {"text": "Đã xong việc", "version": ticket.version})
    message = OutboxMessage.objects.get()

    page = client.get(f"/tickets/{ticket.code}/").content.decode()
    assert "Cần nhập tay" in page and "Đã xong việc" in page

    client.post(f"/tickets/{ticket.code}/deliveries/{message.pk}/entered/")
    message.refresh_from_db()
    assert message.state == "delivered"
