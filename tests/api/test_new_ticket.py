"""`POST tickets/`: what a counter's own software sends when a citizen comes in person."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from inbox.tickets.models import Ticket
from tests.api.conftest import TICKETS, World, token_client


def post(client: APIClient, body: dict[str, Any], **headers: str) -> Any:
    return client.post(TICKETS, body, format="json", headers=headers)


def test_the_answer_is_the_ticket(world: World, officer_api: APIClient) -> None:
    answer = post(officer_api, {"text": "Cống nghẹt", "channel": "letter", "category": "flooding", "urgent": True})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["source"], told["category"], told["urgency"], told["unit"]) == (
        "letter",
        "flooding",
        "urgent",
        world.ward.code,
    )
    assert officer_api.get(answer["Location"])["ETag"] == answer["ETag"]


def test_a_repeat_with_the_same_key_makes_one_ticket(world: World, officer_api: APIClient) -> None:
    before = Ticket.objects.count()
    first, second = (post(officer_api, {"text": "Cống nghẹt"}, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == second.json()
    assert Ticket.objects.count() == before + 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "x", "channel": "telepathy"}, "channel"),
        ({"text": "x", "lat": 91}, "lat"),
        ({"text": "x", "sent_at": "2999-01-01T00:00:00Z"}, "sent_at"),
        ({"text": "x" * 10_001}, "text"),
    ],
)
def test_a_wrong_value_is_named(world: World, officer_api: APIClient, body: dict[str, Any], field: str) -> None:
    before = Ticket.objects.count()
    answer = post(officer_api, body)
    assert answer.status_code == 400
    assert field in answer.content.decode()
    assert Ticket.objects.count() == before


def test_fields_that_are_not_ones_own_to_set_are_ignored(world: World, officer_api: APIClient) -> None:
    answer = post(officer_api, {"text": "x", "status": "resolved", "unit": world.other_ward.code, "code": "PA-000001"})
    assert (answer.json()["status"], answer.json()["unit"]) == ("new", world.ward.code)


def test_reading_tokens_and_other_roles_write_nothing(world: World) -> None:
    before = Ticket.objects.count()
    for client in (token_client(world.officer, can_write=False), token_client(world.admin)):
        assert post(client, {"text": "x"}).status_code == 403
    assert Ticket.objects.count() == before
