"""Files through the API: asked for, looked after, fetched, deleted."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from inbox.accounts.vocabulary import Role
from inbox.reports import make
from inbox.reports.models import Export
from tests.api.conftest import World, token_client
from tests.factories import make_official

pytestmark = pytest.mark.django_db
EXPORTS = "/api/v1/exports/"


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def leader_api(world: World) -> APIClient:
    return token_client(make_official(Role.LEADER, world.ward))


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def test_from_asking_to_the_file(world: World, leader_api: APIClient) -> None:
    asked = leader_api.post(EXPORTS, {"format": "csv", "filters": {"status": ["new"], "view": "open"}}, format="json")
    assert asked.status_code == 202
    assert asked.data["state"] == "waiting" and asked.data["filters"] == {"status": ["new"], "view": ["open"]}
    early = leader_api.get(path_of(asked.data["download_url"]))
    assert early.status_code == 409 and early.data["code"] == "illegal_move"

    make.make_waiting()

    ready = leader_api.get(path_of(asked.data["status_url"])).data
    assert (ready["state"], ready["percent"], ready["rows"]) == ("done", 100, 1)
    file = leader_api.get(path_of(ready["download_url"]))
    text = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert world.ours.code.encode() in text and world.theirs.code.encode() not in text
    assert len(text) == ready["size"]
    assert [row["id"] for row in leader_api.get(EXPORTS).data["results"]] == [ready["id"]]

    assert leader_api.delete(path_of(asked.data["status_url"])).status_code == 204
    assert leader_api.get(path_of(ready["download_url"])).status_code == 404
    assert leader_api.get(EXPORTS).data["results"] == []


def test_a_repeated_request_asks_once(world: World, leader_api: APIClient) -> None:
    body = {"format": "csv"}
    first = leader_api.post(EXPORTS, body, format="json", headers={"Idempotency-Key": "one"})
    again = leader_api.post(EXPORTS, body, format="json", headers={"Idempotency-Key": "one"})
    assert again.status_code == 202 and again.data == first.data
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "format"),
        ({"format": "exe"}, "format"),
        ({"format": "pdf"}, "format"),
        ({"format": "csv", "filters": "x"}, "filters"),
        ({"format": "csv", "filters": {"status": [{}]}}, "filters.status"),
        ({"format": "csv", "filters": {"status": "x"}}, "status"),
        ({"format": "csv", "filters": {"reporter__phone": "0903"}}, "reporter__phone"),
        ({"format": "csv", "kind": "everything"}, "kind"),
    ],
)
def test_what_makes_no_sense_is_named(leader_api: APIClient, body: dict[str, object], field: str) -> None:
    answer = leader_api.post(EXPORTS, body, format="json")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.data["errors"]] == [field]
    assert not Export.objects.exists()


def test_a_read_only_token_asks_for_nothing(world: World) -> None:
    client = token_client(make_official(Role.LEADER, world.ward), can_write=False)
    assert client.post(EXPORTS, {"format": "csv"}, format="json").status_code == 403
    assert client.get(f"{EXPORTS}{uuid.UUID(int=1)}/").status_code == 404
    assert not Export.objects.exists()
