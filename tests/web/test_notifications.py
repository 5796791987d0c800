"""The bell, the list and the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.actions.registry import perform
from inbox.core import clock
from inbox.notify.models import Notification, Preference
from inbox.notify.tell import tell
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]

REASON = "Tổ dân phố đã gọi ba lần."


@pytest.fixture
def urged(officer: Official, ward: Unit, portal: Source) -> Ticket:
    """A ticket of the officer that a supervisor urges; seen at once, whatever time it is while this test runs."""
    Preference.objects.create(official=officer, at_any_hour=True)
    ticket = make_ticket(unit=ward, source=portal)
    Ticket.objects.update(assignee=officer)
    perform(Verb.URGE, ticket.pk, actor=make_official("supervisor"), data={"reason": REASON})
    tell(clock.now())
    return ticket


def test_the_bell_counts_what_is_unread(browser: Browser, officer: Official, urged: Ticket) -> None:
    page = browser(officer).get("/sources/").content.decode()
    assert "Thông báo, 1 chưa xem" in page


def test_the_list_says_what_happened_and_why(browser: Browser, officer: Official, urged: Ticket) -> None:
    page = browser(officer).get("/notifications/").content.decode()
    assert "đôn đốc" in page
    assert REASON in page
    assert f"/tickets/{urged.code}/" in page


def test_opening_the_ticket_is_reading(browser: Browser, officer: Official, urged: Ticket) -> None:
    client = browser(officer)
    client.get(f"/tickets/{urged.code}/")
    assert "Thông báo, 0 chưa xem" in client.get("/notifications/").content.decode()
    assert REASON not in client.get("/notifications/?unread=1").content.decode()
    assert REASON in client.get("/notifications/").content.decode(), "read, not gone"


def test_all_can_be_marked_at_once(browser: Browser, officer: Official, urged: Ticket) -> None:
    client = browser(officer)
    assert client.post("/notifications/read/").status_code == 302
    assert Notification.objects.get(official=officer).read_at is not None


def test_marking_is_for_oneself_only(browser: Browser, officer: Official, urged: Ticket, ward: Unit) -> None:
    browser(make_official("leader", ward)).post("/notifications/read/")
    assert Notification.objects.get(official=officer).read_at is None


def test_the_live_list_brings_the_bell_up_to_date(browser: Browser, officer: Official, urged: Ticket) -> None:
    answer = browser(officer).get("/inbox/fresh/?than=0", headers={"HX-Request": "true"}).content.decode()
    assert 'id="bell"' in answer
    assert 'hx-swap-oob="true"' in answer


def test_an_empty_list_says_so(browser: Browser, officer: Official) -> None:
    assert "Không có gì mới" in browser(officer).get("/notifications/").content.decode()


def test_a_long_list_goes_on_where_it_stopped(browser: Browser, officer: Official, urged: Ticket) -> None:
    supervisor = make_official("supervisor")
    for number in range(35):
        perform(Verb.URGE, urged.pk, actor=supervisor, data={"reason": f"Lần {number}."})
    tell(clock.now())
    client = browser(officer)
    first = client.get("/notifications/")
    second = client.get(f"/notifications/?before={first.context['before']}")
    assert len(first.context["rows"]) == 30
    assert len(second.context["rows"]) == 6
    assert second.context["before"] is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30])
def test_an_address_that_makes_no_sense_is_refused(browser: Browser, officer: Official, before: str) -> None:
    assert browser(officer).get(f"/notifications/?before={before}").status_code == 400


def test_the_settings_are_kept(browser: Browser, officer: Official) -> None:
    client = browser(officer)
    answer = client.post("/notifications/settings/", {"at_any_hour": "on", "language": "en"}, follow=True)
    assert "Đã lưu" in answer.content.decode()
    kept = Preference.objects.get(official=officer)
    assert (kept.by_email, kept.digest, kept.at_any_hour, kept.language) == (False, False, True, "en")


def test_another_channel_is_offered_only_where_it_is_allowed(
    browser: Browser, officer: Official, settings: Any
) -> None:
    client = browser(officer)
    typed = {"language": "vi", "other_channel": "json://127.0.0.1/x"}
    client.post("/notifications/settings/", typed)
    assert Preference.objects.get().other_channel == ""
    settings.NOTIFY_SCHEMES = ["tgram"]
    assert client.post("/notifications/settings/", typed).status_code == 422
    client.post("/notifications/settings/", typed | {"other_channel": "tgram://123:secret/456"})
    assert Preference.objects.get().other_channel == "tgram://123:secret/456"
    page = client.get("/notifications/settings/").content.decode()
    assert "secret" not in page, "an address may hold a key: it is never shown again"
    client.post("/notifications/settings/", {"language": "vi"})
    assert Preference.objects.get().other_channel, "left empty, it stays"
    client.post("/notifications/settings/", {"language": "vi", "remove_channel": "on"})
    assert Preference.objects.get().other_channel == ""
