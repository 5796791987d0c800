"""Every error is a problem document: one shape, a stable code, nothing of our insides."""

from __future__ import annotations

import logging
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.test import APIClient

from inbox.api import problems
from inbox.core.errors import Busy, IllegalMove, InboxError, Invalid, NotAllowed, NotFound, StaleVersion
from tests.api.conftest import TICKETS, World


def body_of(error: Exception) -> dict[str, Any]:
    answer = problems.handle(error, {})
    assert answer.content_type == "application/problem+json"
    assert answer.data["status"] == answer.status_code
    return dict(answer.data)


@pytest.mark.parametrize(
    ("error", "status", "code", "more"),
    [
        (NotFound("PA-000001 exists"), 404, "not_found", {}),
        (NotAllowed("x"), 403, "not_allowed", {}),
        (IllegalMove("x"), 409, "illegal_move", {}),
        (Invalid("x", field="f"), 400, "invalid", {"errors": [{"field": "f", "code": "invalid", "message": "x"}]}),
        (Invalid("x"), 400, "invalid", {}),
        (StaleVersion("x", current=7), 412, "stale_version", {"current": 7}),
        (Busy("x", owner="worker-1"), 409, "busy", {"owner": "worker-1"}),
        (Http404("No Ticket matches the given query."), 404, "not_found", {}),
        (PermissionDenied("x"), 403, "not_allowed", {}),
        (SuspiciousOperation("x"), 400, "invalid", {}),
        (exceptions.NotFound("x"), 404, "not_found", {}),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed", {}),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type", {}),
        (exceptions.ParseError(), 400, "parse_error", {}),
        (exceptions.Throttled(wait=3), 429, "throttled", {}),
        (problems.PreconditionFailed(), 412, "stale_version", {}),
        (OperationalError("could not connect to host db"), 503, "unavailable", {}),
        (IntegrityError("Key (phone)=(0901) exists"), 500, "internal_error", {}),
    ],
)
def test_each_error_has_one_status_and_one_code(error: Exception, status: int, code: str, more: dict[str, Any]) -> None:
    body = body_of(error)
    assert (body["status"], body["code"]) == (status, code)
    assert {name: body[name] for name in more} == more


def test_every_error_of_ours_has_a_status() -> None:
    """A new kind of refusal must be given one here, or it would be a fault of ours to the caller."""
    assert set(InboxError.__subclasses__()) == set(problems._STATUS)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("PA-000001 exists"),
        Http404("No Ticket matches"),
        OperationalError("host=db password=x"),
        IntegrityError("Key (phone)=(0901) exists"),
    ],
)
def test_what_an_error_says_inside_stays_inside(error: Exception) -> None:
    assert str(error) not in str(body_of(error))


def test_a_missing_and_a_foreign_thing_are_told_apart_by_nobody() -> None:
    bodies = [body_of(error) for error in (NotFound("a"), Http404("b"), exceptions.NotFound("c"))]
    assert bodies[0] == bodies[1] == bodies[2]


def test_nested_errors_of_a_form_become_one_list() -> None:
    error = exceptions.ValidationError({"a": {"b": ["wrong"]}, "c": ["x", "y"]})
    errors = body_of(error)["errors"]
    assert [(e["field"], e["message"]) for e in errors] == [("a.b", "wrong"), ("c", "x"), ("c", "y")]


# --- Over the wire ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/api/", "/api/v2/tickets/", "/api/v1/users/", "/api/v1/tickets", "/api/v1/../x"])
def test_an_unknown_address_is_a_problem_too(db: None, address: str) -> None:
    for client in (APIClient().get, APIClient().post, APIClient().delete):
        answer = client(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "why"),
    [
        ("application/json", "{", 400, "not JSON"),
        ("application/json", b"\xff\xfe", 400, "not UTF-8"),
        ("application/json", "[" * 100_000, 400, "nested without end"),
        ("application/json", '{"text": 1e999}', 400, "a number without end"),
        ("text/plain", '{"text": "x"}', 415, "a form of another site can send this"),
        ("application/x-www-form-urlencoded", "text=x", 415, "and this"),
        ("multipart/form-data; boundary=x", "--x--", 415, "and this"),
    ],
)
def test_a_body_that_is_not_json(
    world: World, officer_api: APIClient, content_type: str, body: Any, status: int, why: str
) -> None:
    answer = officer_api.generic("POST", f"{TICKETS}{world.ours.code}/actions/add_note/", body, content_type)
    assert answer.status_code == status, why
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_what_an_address_cannot_do_is_said(world: World, officer_api: APIClient, method: str) -> None:
    answer = getattr(officer_api, method)(f"{TICKETS}{world.ours.code}/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]


def test_a_fault_of_ours_is_logged_and_not_told(
    world: World, officer_api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with patch("inbox.api.views.tickets.tickets_with_deliveries", side_effect=RuntimeError("SELECT phone")):
        with caplog.at_level(logging.ERROR):
            answer = officer_api.get(TICKETS)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"SELECT" not in answer.content
    assert any(record.exc_info for record in caplog.records)


def test_a_denial_is_logged_without_personal_data(
    world: World, officer_api: APIClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="inbox.api.problems"):
        officer_api.post("/api/v1/sources/gopy-thu/sync/")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "inbox.api.problems"]
    assert line == f"denied not_allowed in SourceSync to official {world.officer.pk}"


def test_no_other_site_is_invited(world: World, officer_api: APIClient) -> None:
    for origin in ("https://evil.example", "null"):
        answer = officer_api.get(TICKETS, headers={"Origin": origin})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
