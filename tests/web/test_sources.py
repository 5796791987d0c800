"""The sources page: troubles in plain words, quarantine for those who may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.sources.vocabulary import Health
from inbox.web.advice import advice_for

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def broken(portal: Source) -> Source:
    portal.health, portal.health_since = Health.DOWN, clock.now()
    portal.last_error_code, portal.last_error_at = "http_503", clock.now()
    portal.save()
    return portal


@pytest.fixture
def payload(portal: Source) -> InboundPayload:
    return InboundPayload.objects.create(
        source=portal,
        external_id="H29-1",
        content_hash="0",
        body={"ten": "Lê Thị Bí Mật"},
        received_at=clock.now(),
        state="rejected",
        reason_code="missing_field",
        reason_field="noi_dung",
    )


def test_a_trouble_is_said_in_words_on_every_page(browser: Browser, broken: Source) -> None:
    client = browser(Role.OFFICER)

    assert "gián đoạn" in client.get("/inbox/").content.decode()
    text = client.get("/sources/").content.decode()
    assert "Nguồn gặp lỗi nội bộ" in text and "Không cần làm gì" in text


def test_only_who_may_read_now_gets_the_button(browser: Browser, portal: Source) -> None:
    assert "/sources/portal/sync/" in browser(Role.ADMIN).get("/sources/").content.decode()
    assert "/sources/portal/sync/" not in browser(Role.OFFICER).get("/sources/").content.decode()
    assert browser(Role.OFFICER).post("/sources/portal/sync/").status_code == 403


def test_reading_now_puts_the_source_on_top(browser: Browser, portal: Source) -> None:
    answer = browser(Role.ADMIN).post("/sources/portal/sync/")

    portal.refresh_from_db()
    assert answer.headers["Location"] == "/sources/portal/"
    assert portal.next_poll_at is not None and portal.next_poll_at <= clock.now()


def test_quarantine_is_listed_without_what_citizens_wrote(browser: Browser, payload: InboundPayload) -> None:
    address = f"/sources/portal/payloads/{payload.pk}/"

    for role in (Role.OFFICER, Role.ADMIN):
        text = browser(role).get("/sources/portal/").content.decode()
        assert "H29-1" in text and "noi_dung" in text and "Bí Mật" not in text
    assert browser(Role.OFFICER).get(address).status_code == 403
    assert browser(Role.OFFICER).post(f"{address}replay/").status_code == 403
    assert "Bí Mật" in browser(Role.ADMIN).get(address).content.decode()


def test_how_an_unreadable_answer_began_is_for_those_who_manage_sources(browser: Browser, portal: Source) -> None:
    SyncRun.objects.create(
        source=portal,
        trigger="schedule",
        owner="w",
        started_at=clock.now(),
        outcome="failed",
        error_code="html_instead_of_json",
        sample="<h1>Bảo trì</h1>",
    )

    assert "Bảo trì" not in browser(Role.OFFICER).get("/sources/portal/").content.decode()
    assert "&lt;h1&gt;Bảo trì&lt;/h1&gt;" in browser(Role.ADMIN).get("/sources/portal/").content.decode()


def test_a_payload_is_found_only_under_its_source(browser: Browser, payload: InboundPayload) -> None:
    assert browser(Role.ADMIN).get(f"/sources/other/payloads/{payload.pk}/").status_code == 404


def test_an_unknown_source_does_not_exist(browser: Browser) -> None:
    assert browser(Role.ADMIN).get("/sources/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("code", "same_as"),
    [
        ("http_502", "http_5xx"),  # a family
        ("http_503", "http_5xx"),
    ],
)
def test_families_of_codes_share_their_words(code: str, same_as: str) -> None:
    assert advice_for(code) == advice_for(same_as)


def test_a_code_nobody_described_is_shown_itself() -> None:
    assert "strange_code" in advice_for("strange_code").what
