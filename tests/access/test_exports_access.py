"""Who takes files out: those who answer for tickets, and each only their own files."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from inbox.reports import make
from inbox.reports.ask import ask_export
from inbox.reports.models import Export, ExportDownload
from tests.access.conftest import INSIDERS, ONLOOKERS, OUTSIDERS, City

pytestmark = pytest.mark.django_db
MAY = {"own leader", "other leader", "supervisor", "auditor"}
EVERYBODY = (*INSIDERS, *ONLOOKERS, *OUTSIDERS)


@pytest.fixture
def export(city: City, settings: LazySettings, tmp_path: Path) -> Export:
    """A file of the home ward's leader."""
    settings.MEDIA_ROOT = tmp_path
    asked = ask_export(actor=city.people["own leader"], file_format="csv", filters={})
    make.make_waiting()
    asked.refresh_from_db()
    return asked


def client_of(city: City, person: str) -> Client:
    client = Client()
    client.force_login(city.people[person])
    return client


@pytest.mark.parametrize("address", ["/exports/", "/exports/new/", "/api/v1/exports/"])
def test_the_download_centre_is_for_who_may_export(city: City, address: str) -> None:
    for person in EVERYBODY:
        expected = 200 if person in MAY else 403
        assert client_of(city, person).get(address).status_code == expected, person


def test_asking_is_for_who_may_export(city: City) -> None:
    for person in EVERYBODY:
        client, before = client_of(city, person), Export.objects.count()
        page = client.post("/exports/new/", {"format": "csv"})
        api = client.post("/api/v1/exports/", {"format": "csv"}, content_type="application/json")
        expected = (302, 202) if person in MAY else (403, 403)
        assert (page.status_code, api.status_code) == expected, person
        assert Export.objects.count() - before == (2 if person in MAY else 0), person


def test_somebody_elses_file_looks_like_none(city: City, export: Export) -> None:
    """Also to those who see every ticket: a file is its owner's."""
    never = uuid.UUID(int=7)
    for person in EVERYBODY:
        client = client_of(city, person)

        def answers(key: uuid.UUID, client: Client = client) -> list[Any]:
            return [
                client.get(f"/exports/{key}/download/").status_code,
                client.post(f"/exports/{key}/delete/").status_code,
                client.get(f"/api/v1/exports/{key}/").status_code,
                client.get(f"/api/v1/exports/{key}/download/").status_code,
                client.delete(f"/api/v1/exports/{key}/").status_code,
            ]

        if person != "own leader":
            assert answers(export.key) == answers(never) == [404 if person in MAY else 403] * 5, person
    assert not ExportDownload.objects.exists()
    assert client_of(city, "own leader").get(f"/exports/{export.key}/download/").status_code == 200


def test_a_file_holds_only_ones_own_ward(city: City, export: Export) -> None:
    answer = client_of(city, "own leader").get(f"/exports/{export.key}/download/")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert city.home.code in text and city.away.code not in text
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]


def test_files_are_never_served_from_their_folder(city: City, export: Export) -> None:
    client = client_of(city, "own leader")
    for address in (f"/media/exports/{export.content_hash}", f"/static/exports/{export.content_hash}"):
        assert client.get(address).status_code == 404


def test_auditors_see_who_took_what_and_get_no_file(city: City, export: Export) -> None:
    client_of(city, "own leader").get(f"/exports/{export.key}/download/")
    page = client_of(city, "auditor").get("/exports/?whose=all").content.decode()
    assert city.people["own leader"].display_name in page and str(export.key) not in page
    for person in EVERYBODY:
        if person != "auditor":
            assert client_of(city, person).get("/exports/?whose=all").status_code == 403, person
