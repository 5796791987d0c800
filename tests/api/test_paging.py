"""Pages by cursor: complete, without repeats, whatever happens in between, and worthless to who tampers with them."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inbox.api.paging import decode_cursor, encode_cursor
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.tickets.models import Ticket
from tests.api.conftest import TICKETS, World, token_client
from tests.factories import make_attachment, make_ticket, make_tickets


def walk(client: APIClient, **asked: Any) -> list[list[str]]:
    """The codes of every page, following `next`."""
    pages = []
    answer = client.get(TICKETS, asked).json()
    while True:
        pages.append([ticket["code"] for ticket in answer["results"]])
        if answer["next"] is None:
            return pages
        assert len(pages) < 50, "the pages do not end"
        answer = client.get(answer["next"]).json()


@pytest.fixture
def seven(world: World) -> list[str]:
    """Seven tickets of the ward: three received in the same instant, two without a deadline. Newest first."""
    now = clock.now()
    make_tickets(6, unit=world.ward, source=world.source)
    tickets = list(Ticket.objects.filter(unit=world.ward).order_by("pk"))
    for number, ticket in enumerate(tickets):
        moment = now - timedelta(hours=min(number, 4))
        due = None if number in (1, 5) else now + timedelta(hours=min(number, 3))
        Ticket.objects.filter(pk=ticket.pk).update(received_at=moment, updated_at=moment, next_due_at=due)
    return [t.code for t in Ticket.objects.filter(unit=world.ward).order_by("-received_at", "-pk")]


@pytest.mark.parametrize("ordering", ["received", "-received", "updated", "-updated", "next_due", "-next_due"])
@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 7, 200])
def test_every_ticket_comes_once_and_in_order(
    seven: list[str], officer_api: APIClient, ordering: str, page_size: int
) -> None:
    whole = walk(officer_api, ordering=ordering, page_size=200)[0]
    pages = walk(officer_api, ordering=ordering, page_size=page_size)
    assert sorted(whole) == sorted(seven)
    assert [code for page in pages for code in page] == whole
    assert all(len(page) <= page_size for page in pages)


def test_the_newest_come_first_when_nothing_is_asked(seven: list[str], officer_api: APIClient) -> None:
    assert walk(officer_api)[0] == seven


def test_a_ticket_that_arrives_meanwhile_shifts_nothing(world: World, seven: list[str], officer_api: APIClient) -> None:
    first = officer_api.get(TICKETS, {"page_size": 3}).json()
    make_ticket(world.ward, world.source)
    second = officer_api.get(first["next"]).json()
    assert [ticket["code"] for ticket in second["results"]] == seven[3:6]


def test_the_next_page_keeps_the_filters(world: World, seven: list[str], officer_api: APIClient) -> None:
    Ticket.objects.filter(unit=world.ward).exclude(pk=world.ours.pk).update(category="trees")
    pages = walk(officer_api, category="trees", page_size=2)
    assert sum(map(len, pages)) == 6


def _packed(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("cursor", "why"),
    [
        ("", "empty"),
        ("x", "not base64"),
        ("%%%", "not base64 either"),
        ("é", "not ASCII"),
        (_packed("text"), "not a list"),
        (_packed([]), "too short"),
        (_packed(["-received_at", "2026-01-01T00:00:00+00:00", 1, 2]), "too long"),
        (_packed(["received_at", "2026-01-01T00:00:00+00:00", 1]), "of another order"),
        (_packed(["reporter__phone", "2026-01-01T00:00:00+00:00", 1]), "of an order that is not offered"),
        (_packed(["-received_at", None, 1]), "a column that is never empty"),
        (_packed(["-received_at", "yesterday", 1]), "not a moment"),
        (_packed(["-received_at", 5, 1]), "not a text"),
        (_packed(["-received_at", "2026-01-01T00:00:00", 1]), "without a zone"),
        (_packed(["-received_at", "0001-01-01T00:00:00+14:00", 1]), "before the calendar"),
        (_packed(["-received_at", "2026-01-01T00:00:00+00:00", "1"]), "a key that is a text"),
        (_packed(["-received_at", "2026-01-01T00:00:00+00:00", True]), "a key that is yes"),
        (_packed(["-received_at", "2026-01-01T00:00:00+00:00", 2**63]), "larger than the database counts"),
        (_packed(["-received_at", "2026-01-01T00:00:00+00:00", -1]), "negative"),
        ("W" * 20_000, "long rubbish"),
        (base64.urlsafe_b64encode(b"[" * 100_000).decode(), "nested without end"),
    ],
)
def test_a_cursor_of_ones_own_making_is_refused(world: World, officer_api: APIClient, cursor: str, why: str) -> None:
    answer = officer_api.get(TICKETS, {"cursor": cursor})
    assert answer.status_code == 400, why
    assert answer.json()["errors"][0]["field"] == "cursor", why


def test_a_cursor_survives_the_way_out_and_back() -> None:
    at = clock.now()
    assert decode_cursor(encode_cursor("-received_at", at, 5), "-received_at", nullable=False) == (at, 5)
    assert decode_cursor(encode_cursor("next_due_at", None, 5), "next_due_at", nullable=True) == (None, 5)
    with pytest.raises(Invalid):
        decode_cursor(encode_cursor("pk", None, 5), "-pk", nullable=False)


def test_a_cursor_of_somebody_who_sees_more_shows_nothing_more(
    world: World, seven: list[str], admin_api: APIClient, officer_api: APIClient
) -> None:
    """The city's cursor, used by the other ward's officer, still only walks the other ward."""
    following = admin_api.get(TICKETS, {"page_size": 2}).json()["next"]
    seen = token_client(world.stranger).get(following).json()["results"]
    assert {ticket["code"] for ticket in seen} <= {world.theirs.code}


@pytest.mark.parametrize("ordering", ["-received", "next_due"])
def test_a_list_costs_the_same_few_queries_however_long(world: World, officer_api: APIClient, ordering: str) -> None:
    def queries(number: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = officer_api.get(f"{TICKETS}?page_size={number}&ordering={ordering}")
        assert len(answer.json()["results"]) == number
        return len(captured)

    for ticket in make_tickets(52, unit=world.ward, source=world.source):
        make_attachment(ticket)
    officer_api.get(TICKETS)  # so that the token's use is already noted
    few, many = queries(5), queries(50)
    assert few == many
    assert many <= 10


def test_a_later_page_starts_in_the_middle_of_the_index(world: World, seven: list[str], officer_api: APIClient) -> None:
    """The spelled-out OR form of "after this row" makes the database read every row before it."""
    following = officer_api.get(TICKETS, {"page_size": 2}).json()["next"]
    with CaptureQueriesContext(connection) as captured:
        officer_api.get(following)
    page = next(query["sql"] for query in captured if "LIMIT 3" in query["sql"])
    assert 'AND "inbox_ticket"."received_at" <= ' in page
    assert 'ORDER BY "inbox_ticket"."received_at" DESC, "inbox_ticket"."id" DESC' in page
