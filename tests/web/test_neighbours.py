"""A ticket's page says where the ticket stands in the list one came from, and leads to the ones around it, in new
tabs and without scripts too: its address names the list."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.core import clock
from inbox.sources.models import Source
from inbox.tickets import queries
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Status
from inbox.units.models import Unit
from tests.factories import make_ticket, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def four(ward: Unit, portal: Source) -> list[Ticket]:
    """In the order of their deadlines; the last has none. The second is noise, all others are not."""
    made = []
    for number, category in enumerate(("bus", "noise", "bus", "bus")):
        ticket = make_ticket(unit=ward, source=portal, category=category)
        ticket.next_due_at = clock.now() + timedelta(hours=number) if number < 3 else None
        ticket.save()
        made.append(ticket)
    return made


def told(client: Client, ticket: Ticket, query: str = "") -> tuple[str, ...] | None:
    """(number, total, before, after), empty where there is none."""
    answer = client.get(f"/tickets/{ticket.code}/neighbours/?{query}")
    if answer.status_code == 204:
        return None
    assert answer.status_code == 200
    text = answer.content.decode()
    number, total = re.findall(r"Phiếu (\d+) / (\S+)", text)[0]
    links = dict(re.findall(r'rel="(prev|next)" href="/tickets/(PA-\d+)/[^"]*"', text))
    return number, total, links.get("prev", ""), links.get("next", "")


@pytest.mark.parametrize(
    ("which", "query", "expected", "why"),
    [
        (0, "", ("1", "4", None, 1), "the first has none before it"),
        (1, "", ("2", "4", 0, 2), "in the order of deadlines"),
        (3, "", ("4", "4", 2, None), "without a deadline it comes last"),
        (0, "category=bus", ("1", "3", None, 2), "what the list leaves out is passed over"),
        (1, "ordering=-received", ("3", "4", 2, 0), "the newest first"),
        (2, "ticket=PA-000001&after=x~1", ("3", "4", 1, 3), "where one was in the list says nothing about the list"),
        (1, "category=bus", None, "not in this list"),
        (1, "view=resolved", None, "not in this view"),
    ],
)
def test_a_ticket_knows_its_place_in_a_list(
    browser: Callable[..., Client],
    officer: Official,
    four: list[Ticket],
    which: int,
    query: str,
    expected: tuple[str, str, int | None, int | None] | None,
    why: str,
) -> None:
    found = told(browser(officer), four[which], query)
    if expected is None:
        assert found is None, why
    else:
        number, total, *around = expected
        assert found == (number, total, *("" if at is None else four[at].code for at in around)), why


def test_nobody_learns_of_tickets_that_are_not_theirs(
    browser: Callable[..., Client], officer: Official, four: list[Ticket], portal: Source
) -> None:
    elsewhere = make_ticket(unit=make_unit(), source=portal)
    client = browser(officer)
    assert client.get(f"/tickets/{elsewhere.code}/neighbours/").status_code == 404
    assert told(client, four[0], "view=all")[1] == "4"  # type: ignore[index]


def test_a_wrong_filter_is_named_and_a_long_list_is_counted_no_further(
    browser: Callable[..., Client], officer: Official, four: list[Ticket], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser(officer)
    assert client.get(f"/tickets/{four[0].code}/neighbours/?colour=red").status_code == 400
    monkeypatch.setattr(queries, "COUNT_LIMIT", 2)
    assert told(client, four[3]) is None, "so far down nobody counts"
    assert told(client, four[2])[0] == "3"  # type: ignore[index]


def test_whoever_ended_the_ticket_meanwhile_gets_nothing_new(
    browser: Callable[..., Client], officer: Official, four: list[Ticket]
) -> None:
    four[1].set_status(Status.RESOLVED)
    four[1].save()
    assert told(browser(officer), four[1]) is None, "the page keeps what it was told before"


def link(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found, pattern
    return unescape(found[1])


def test_without_scripts_one_goes_through_the_list_and_back(
    browser: Callable[..., Client], officer: Official, four: list[Ticket]
) -> None:
    client = browser(officer)
    row = rf'href="(/tickets/{four[0].code}/[^"]*)"'
    address = link(client.get("/inbox/?category=bus&ticket=&after=").content.decode(), row)
    assert address == f"/tickets/{four[0].code}/?list={quote('category=bus')}"
    for expected in (four[2], four[3]):
        text = client.get(address).content.decode()
        answer = client.get(link(text, r'rel="next" href="([^"]+)"'))
        address = answer.headers["Location"]
        assert address == f"/tickets/{expected.code}/?list=category%3Dbus", "the noisy one is not in this list"
    text = client.get(address).content.decode()
    assert link(text, r'href="([^"]+)" data-back') == "/inbox/?category=bus"
    end = client.get(link(text, r'rel="next" href="([^"]+)"'), follow=True)
    assert (
        end.request["PATH_INFO"] == f"/tickets/{four[3].code}/" and "Danh sách đến đây là hết" in end.content.decode()
    )
    Ticket.objects.filter(pk=four[3].pk).update(category="noise")
    gone = client.get(link(text, r'rel="prev" href="([^"]+)"'), follow=True)
    assert gone.request["PATH_INFO"] == "/inbox/" and "không còn trong danh sách" in gone.content.decode()


def test_the_whole_list_is_a_list_too_and_a_ticket_may_come_from_none(
    browser: Callable[..., Client], officer: Official, four: list[Ticket]
) -> None:
    client = browser(officer)
    assert f'href="/tickets/{four[0].code}/?list="' in client.get("/inbox/").content.decode()
    assert "data-neighbours" in client.get(f"/tickets/{four[0].code}/?list=").content.decode()
    assert "data-neighbours" not in client.get(f"/tickets/{four[0].code}/").content.decode()


@pytest.mark.parametrize("verb", ["accept", "add_note"])
def test_a_deed_without_scripts_stays_in_the_list(
    browser: Callable[..., Client], officer: Official, four: list[Ticket], verb: str
) -> None:
    """From the ticket's page, and by way of the form's own page."""
    client, ticket = browser(officer), four[0]
    page = f"http://testserver/tickets/{ticket.code}/?list=category%3Dbus"
    form = client.get(f"/tickets/{ticket.code}/add_note/", headers={"Referer": page}).content.decode()
    action = link(form, r'method="post" action="(/tickets/[^"]+)"')
    assert action.endswith("/add_note/?list=category%3Dbus")
    address = action if verb == "add_note" else f"/tickets/{ticket.code}/accept/"
    data = {"text": "Đã xem", "version": ticket.version}
    answer = client.post(address, data, headers={"Referer": page} if verb == "accept" else {})
    assert answer.headers["Location"] == f"/tickets/{ticket.code}/?list=category%3Dbus"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("category=bus&next=//evil.example&colour=red", "category=bus"),
        ("view=all&ordering=-received&saved=3&ticket=PA-000001&after=x~1", "view=all&ordering=-received&saved=3"),
        ('q="><script>alert(1)</script>', "q=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E"),
        ("a&" * 3000, ""),
    ],
)
def test_nothing_strange_comes_through_the_address(
    browser: Callable[..., Client], officer: Official, four: list[Ticket], written: str, kept: str
) -> None:
    text = browser(officer).get(f"/tickets/{four[0].code}/?list={quote(written)}").content.decode()
    assert link(text, r'data-neighbours="([^"]+)"') == f"/tickets/{four[0].code}/neighbours/?{kept}"
    assert link(text, r'href="([^"]+)" data-back').removeprefix("/inbox/").removeprefix("?") == kept
    assert "<script>alert" not in text


@pytest.mark.parametrize("referer", ["http://[", "https://elsewhere.example/?list=view%3Dall", "x" * 9000])
def test_any_page_may_have_led_here(
    browser: Callable[..., Client], officer: Official, four: list[Ticket], referer: str
) -> None:
    assert browser(officer).get(f"/tickets/{four[0].code}/", headers={"Referer": referer}).status_code == 200
