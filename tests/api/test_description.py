"""The OpenAPI description: complete, without warnings, and true."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from inbox.actions.registry import ACTIONS
from inbox.tickets.filters import TicketFilter
from tests.api.conftest import TICKETS, World


def test_it_is_valid_and_nothing_is_guessed() -> None:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    paths = json.loads(out.getvalue())["paths"]
    assert set(paths) == {
        "/api/v1/tickets/",
        "/api/v1/tickets/{code}/",
        "/api/v1/tickets/{code}/events/",
        "/api/v1/tickets/{code}/explanation/",
        "/api/v1/tickets/{code}/actions/{verb}/",
        "/api/v1/attachments/",
        "/api/v1/attachments/{id}/",
        "/api/v1/sources/",
        "/api/v1/sources/{slug}/",
        "/api/v1/sources/{slug}/runs/",
        "/api/v1/sources/{slug}/sync/",
        "/api/v1/payloads/",
        "/api/v1/payloads/{id}/replay/",
        "/api/v1/deliveries/",
        "/api/v1/evidence/",
        "/api/v1/outages/",
        "/api/v1/metrics/{name}/",
        "/api/v1/exports/",
        "/api/v1/exports/{key}/",
        "/api/v1/exports/{key}/download/",
        "/api/v1/deliveries/{id}/retry/",
    }


@pytest.fixture
def description(world: World, officer_api: APIClient) -> Any:
    answer = officer_api.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_it_names_every_filter_and_every_verb(description: Any) -> None:
    paths = description["paths"]
    listed = {parameter["name"] for parameter in paths[TICKETS]["get"]["parameters"]}
    assert listed == {*TicketFilter.base_filters, "cursor", "page_size"}
    act = paths[TICKETS + "{code}/actions/{verb}/"]["post"]
    verb = next(parameter for parameter in act["parameters"] if parameter["name"] == "verb")
    assert set(verb["schema"]["enum"]) == set(ACTIONS)
    assert "Idempotency-Key" in {parameter["name"] for parameter in act["parameters"]}


def test_it_matches_what_is_sent(description: Any, officer_api: APIClient) -> None:
    described = description["components"]["schemas"]["TicketDocument"]["properties"]
    assert set(described) == set(officer_api.get(TICKETS).json()["results"][0])


def test_it_is_not_for_strangers(client: Client, db: None) -> None:
    assert client.get("/api/schema/").status_code == 401
    assert client.get("/api/docs/").status_code == 302


def test_the_docs_work_without_the_internet(client: Client, world: World) -> None:
    client.force_login(world.officer)
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert b"swagger-ui-bundle.js" in page.content
    assert b"https://" not in page.content
