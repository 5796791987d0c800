"""Doing things to a ticket: what it answers, what it refuses, and that a refusal changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from inbox.accounts.vocabulary import Role
from inbox.api.models import IdempotencyRecord
from inbox.core import clock
from inbox.tickets.models import Ticket, TicketEvent
from tests.api.conftest import TICKETS, World, token_client
from tests.factories import make_official


def act(client: APIClient, ticket: Ticket, verb: str, body: Any = None, **headers: str) -> Any:
    return client.post(
        f"{TICKETS}{ticket.code}/actions/{verb}/", {} if body is None else body, format="json", headers=headers
    )


def rows(ticket: Ticket) -> Any:
    """Everything about a ticket that a refused action must leave alone."""
    return Ticket.objects.filter(pk=ticket.pk).values().get(), TicketEvent.objects.filter(ticket=ticket).count()


def test_an_action_answers_the_ticket_and_its_new_version(world: World, officer_api: APIClient) -> None:
    answer = act(officer_api, world.ours, "accept")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["assignee"]) == ("accepted", "can.bo")
    assert answer.json()["version"] == world.ours.version + 1
    assert answer["ETag"] == officer_api.get(f"{TICKETS}{world.ours.code}/")["ETag"]


def test_a_ticket_that_left_ones_sight_is_not_answered(world: World, officer_api: APIClient) -> None:
    answer = act(officer_api, world.ours, "transfer", {"unit": world.other_ward.code, "reason": "Khác địa bàn"})
    assert (answer.status_code, answer.content) == (204, b"")
    world.ours.refresh_from_db()
    assert world.ours.unit == world.other_ward


@pytest.mark.parametrize(
    ("verb", "body", "status", "code", "field", "why"),
    [
        ("resolve", {"text": "Xong"}, 409, "illegal_move", None, "not accepted yet"),
        ("reopen", {"reason": "Chưa xong"}, 403, "not_allowed", None, "leaders reopen"),
        ("assign", {"assignee": "nobody"}, 400, "invalid", "assignee", "no such person"),
        ("add_note", {}, 400, "invalid", "text", "a note needs a text"),
        ("add_note", {"text": "   "}, 400, "invalid", "text", "blanks are not a text"),
        ("add_note", {"text": "a" * 10_001}, 400, "invalid", "text", "too long"),
        ("add_note", {"text": ["a"]}, 400, "invalid", "text", "a list is not a text"),
        ("add_note", {"text": {"a": 1}}, 400, "invalid", "text", "nor is an object"),
        ("add_note", {"text": True}, 400, "invalid", "text", "nor is yes"),
        ("add_note", ["text"], 400, "invalid", None, "the body is not an object"),
        ("transfer", {"unit": "00000", "reason": "x"}, 400, "invalid", "unit", "no such unit"),
        ("add_note", {"text": "x", "status": "closed"}, 400, "invalid", "status", "what is not offered is not taken"),
        ("close", {}, 404, "not_found", None, "not a verb"),
        ("change_status", {"status": "closed"}, 404, "not_found", None, "statuses change by verbs"),
    ],
)
def test_what_is_refused_changes_nothing(
    world: World,
    officer_api: APIClient,
    verb: str,
    body: Any,
    status: int,
    code: str,
    field: str | None,
    why: str,
) -> None:
    before = rows(world.ours)
    answer = act(officer_api, world.ours, verb, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), why
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else []), why
    assert rows(world.ours) == before, why


@pytest.mark.parametrize(
    "name",
    ["unit", "status", "source", "version", "received_at", "resolved_at", "is_open", "assignee_id", "events", "pk"],
)
def test_no_column_can_be_set_through_the_body(world: World, officer_api: APIClient, name: str) -> None:
    before = rows(world.ours)
    assert act(officer_api, world.ours, "accept", {name: "1"}).status_code == 400
    assert rows(world.ours) == before


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SUPERVISOR, Role.ADMIN])
def test_seeing_everything_is_not_working_on_everything(world: World, role: Role) -> None:
    before = rows(world.ours)
    answer = act(token_client(make_official(role)), world.ours, "accept")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert rows(world.ours) == before


# --- If-Match ---------------------------------------------------------------------------------------------------------


def test_a_caller_who_looked_at_the_current_version_may_act(world: World, officer_api: APIClient) -> None:
    etag = officer_api.get(f"{TICKETS}{world.ours.code}/")["ETag"]
    assert act(officer_api, world.ours, "accept", **{"If-Match": etag}).status_code == 200
    assert act(officer_api, world.ours, "start", **{"If-Match": f'"{world.ours.version + 1}"'}).status_code == 200
    assert act(officer_api, world.ours, "add_note", {"text": "x"}, **{"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize("tag", ['"99"', '"99-abcdef"', "rubbish", '"x"', '"99999999999999999999"', '"1", "2"'])
def test_a_caller_who_looked_at_another_version_may_not(world: World, officer_api: APIClient, tag: str) -> None:
    before = rows(world.ours)
    answer = act(officer_api, world.ours, "accept", **{"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert rows(world.ours) == before


def test_of_two_officials_with_the_same_version_one_wins(world: World, officer_api: APIClient) -> None:
    etag = officer_api.get(f"{TICKETS}{world.ours.code}/")["ETag"]
    colleague = token_client(make_official(Role.OFFICER, world.ward))
    statuses = [
        act(client, world.ours, "accept", **{"If-Match": etag}).status_code for client in (officer_api, colleague)
    ]
    assert statuses == [200, 412]
    assert TicketEvent.objects.filter(ticket=world.ours, kind="accepted").count() == 1


# --- Idempotency-Key --------------------------------------------------------------------------------------------------

KEY = {"Idempotency-Key": "abc-1"}


def test_a_repeated_request_gets_the_first_answer_and_has_no_second_effect(
    world: World, officer_api: APIClient
) -> None:
    first = act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY)
    again = act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY)
    assert (again.status_code, again.json(), again["ETag"]) == (200, first.json(), first["ETag"])
    assert again["Idempotency-Replayed"] == "true"
    assert TicketEvent.objects.filter(ticket=world.ours, kind="note_added").count() == 1


def test_an_answer_without_a_body_is_repeated_too(world: World, officer_api: APIClient) -> None:
    body = {"unit": world.other_ward.code, "reason": "Khác địa bàn"}
    assert [act(officer_api, world.ours, "transfer", body, **KEY).status_code for _ in range(2)] == [204, 204]


@pytest.mark.parametrize(
    ("verb", "body", "why"),
    [
        ("add_note", {"text": "Khác"}, "another body"),
        ("accept", {}, "another address"),
    ],
)
def test_a_key_is_for_one_request(
    world: World, officer_api: APIClient, verb: str, body: dict[str, str], why: str
) -> None:
    act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY)
    before = rows(world.ours)
    answer = act(officer_api, world.ours, verb, body, **KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused"), why
    assert rows(world.ours) == before


def test_the_same_key_of_somebody_else_is_another_key(world: World, officer_api: APIClient) -> None:
    colleague = token_client(make_official(Role.OFFICER, world.ward))
    for client in (officer_api, colleague):
        assert act(client, world.ours, "add_note", {"text": "Một lần"}, **KEY).status_code == 200
    assert TicketEvent.objects.filter(ticket=world.ours, kind="note_added").count() == 2


def test_a_request_that_is_still_running_is_not_run_beside_itself(world: World, officer_api: APIClient) -> None:
    act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY)
    IdempotencyRecord.objects.update(status=None)
    answer = act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "in_progress", "1")


def test_a_request_that_died_with_its_process_can_be_sent_again(world: World, officer_api: APIClient) -> None:
    act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY)
    IdempotencyRecord.objects.update(status=None, created_at=clock.now().replace(year=2020))
    assert act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY).status_code == 200


def test_a_refused_request_frees_its_key(world: World, officer_api: APIClient) -> None:
    assert act(officer_api, world.ours, "add_note", {"text": ""}, **KEY).status_code == 400
    assert not IdempotencyRecord.objects.exists()
    assert act(officer_api, world.ours, "add_note", {"text": "Một lần"}, **KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 101, "khóa", "a\tb"])
def test_a_key_must_be_plain_and_short(world: World, officer_api: APIClient, key: str) -> None:
    answer = act(officer_api, world.ours, "accept", **{"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_stranger_learns_nothing_from_a_key(world: World, officer_api: APIClient) -> None:
    act(officer_api, world.ours, "accept", **KEY)
    assert act(token_client(world.stranger), world.ours, "accept", **KEY).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_four_copies_sent_at_once_one_takes_effect(world: World) -> None:
    """A gateway that retries does not wait for the first answer."""

    def once(client: APIClient) -> int:
        try:
            return int(act(client, world.ours, "add_note", {"text": "Một lần"}, **KEY).status_code)
        finally:
            connection.close()

    clients = [token_client(world.officer) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(once, clients))
    assert statuses[0] == 200
    assert set(statuses) <= {200, 409}
    assert TicketEvent.objects.filter(ticket=world.ours, kind="note_added").count() == 1
