"""The download centre in the browser, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.reports import make
from inbox.reports.models import Export
from inbox.sources.models import Source
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket
from tests.web.conftest import HTMX

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


def test_from_the_inbox_to_the_file(browser: Browser, leader: Official, ward: Unit, portal: Source) -> None:
    noise = make_ticket(unit=ward, source=portal, category="noise")
    make_ticket(unit=ward, source=portal)
    client = browser(leader)

    assert 'href="/exports/new/?view=open&amp;category=noise"' in client.get(
        "/inbox/?view=open&category=noise"
    ).content.decode().replace("?category=noise&amp;view=open", "?view=open&amp;category=noise")
    form = client.get("/exports/new/?view=open&category=noise").content.decode()
    assert "1 phiếu" in form and "Tiếng ồn" in form and 'name="category" value="noise"' in form

    answer = client.post("/exports/new/", {"format": "csv", "view": "open", "category": "noise"}, follow=True)
    assert 'hx-trigger="every 2s"' in answer.content.decode(), "the page looks again by itself"
    assert "<noscript>" in answer.content.decode(), "and can be looked at again without scripts"

    make.make_waiting()
    page = client.get("/exports/", headers=HTMX).content.decode()
    export = Export.objects.get()
    assert "<html" not in page and "every 2s" not in page
    assert f"/exports/{export.key}/download/" in page
    file = client.get(f"/exports/{export.key}/download/")
    assert noise.code in b"".join(file.streaming_content).decode()  # type: ignore[attr-defined]


def test_the_bar_says_that_a_file_is_ready_until_it_was_seen(browser: Browser, leader: Official) -> None:
    client = browser(leader)
    client.post("/exports/new/", {"format": "csv"})
    assert "badge-n" not in client.get("/sources/").content.decode()
    make.make_waiting()
    assert "badge-n" in client.get("/sources/").content.decode()
    client.get("/exports/")
    assert "badge-n" not in client.get("/sources/").content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"format": "exe"}, "Không có định dạng này"),
        ({"format": "csv", "status": "x"}, "x"),
        ({"format": "csv", "colour": "red"}, "Không có bộ lọc này"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(
    browser: Browser, leader: Official, data: dict[str, str], words: str
) -> None:
    answer = browser(leader).post("/exports/new/", data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Export.objects.exists()


def test_deleting_takes_it_from_the_list(browser: Browser, leader: Official) -> None:
    client = browser(leader)
    client.post("/exports/new/", {"format": "csv"})
    export = Export.objects.get()
    page = client.post(f"/exports/{export.key}/delete/", follow=True).content.decode()
    assert str(export.key) not in page
    assert client.get(f"/exports/{export.key}/download/").status_code == 404


def test_a_failed_file_says_why(browser: Browser, leader: Official) -> None:
    client = browser(leader)
    client.post("/exports/new/", {"format": "csv"})
    Export.objects.update(state="failed", error_code="disk")
    assert "Máy chủ không còn chỗ" in client.get("/exports/").content.decode()


def test_officers_see_no_way_there(browser: Browser, officer: Official) -> None:
    assert "/exports/" not in browser(officer).get("/inbox/").content.decode()
