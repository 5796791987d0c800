"""A ticket's page says where the ticket stands in the list one came from, and leads to the ones around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

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
    links = dict(re.findall(r'rel="(prev|next)" href="/tickets/(PA-\d+)/"', text))
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
