"""What nobody would notice by looking at one request: silence, and sources that forget most of what they had."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from connectors.protocol import Capabilities
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.intake import sync, watch
from inbox.intake.sync import sync_source
from inbox.notify.models import Letter
from inbox.notify.send import text_of
from inbox.sources.models import Source, SyncRun
from inbox.tickets.models import Ticket
from tests.factories import TUESDAY, make_official, make_record, make_source, make_tickets
from tests.intake.test_sync import BookSource

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


@pytest.fixture
def source() -> Source:
    return make_source("portal", connector="national_portal", label="Cổng DVCQG")


@pytest.fixture
def admin() -> Any:
    found = make_official(Role.ADMIN)
    found.email = "quantri@example.com"
    found.save()
    return found


def read(source: Source, *, at: Any, created: int) -> None:
    SyncRun.objects.create(source=source, trigger="schedule", owner="w", started_at=at, created=created, outcome="ok")
    Source.objects.filter(pk=source.pk).update(last_success_at=at, health="ok", failures_in_a_row=0)


def test_a_source_that_answers_and_says_nothing_is_told_once_and_heals(source: Source, admin: Any) -> None:
    now = TUESDAY
    Source.objects.filter(pk=source.pk).update(rhythm=[4.0] * 168)
    read(source, at=now, created=3)
    read(source, at=now + timedelta(minutes=90), created=0)
    assert watch.watch_sources(now + timedelta(minutes=90)) == 0, "six would usually have come"
    read(source, at=now + timedelta(minutes=110), created=0)
    assert watch.watch_sources(now + timedelta(minutes=110)) == 1, "more than seven"
    assert watch.watch_sources(now + timedelta(minutes=111)) == 0, "told once"
    source.refresh_from_db()
    assert source.silent_since == now
    letter = Letter.objects.get()
    text = text_of(letter, at=now)
    assert text is not None
    assert "Cổng DVCQG" in text.subject and "/sources/portal/" in text.body
    read(source, at=now + timedelta(minutes=120), created=1)
    watch.watch_sources(now + timedelta(minutes=120))
    source.refresh_from_db()
    assert source.silent_since is None


def test_a_source_that_is_away_is_told_as_that(source: Source, admin: Any) -> None:
    Source.objects.filter(pk=source.pk).update(
        rhythm=[4.0] * 168, health="down", health_since=TUESDAY, failures_in_a_row=5, last_error_code="http_503"
    )
    read_before = TUESDAY - timedelta(days=2)
    SyncRun.objects.create(source=source, trigger="schedule", owner="w", started_at=read_before, created=1)
    assert watch.watch_sources(TUESDAY) == 1
    assert Letter.objects.get().data["why"] == "down"
    assert watch.watch_sources(TUESDAY + timedelta(hours=5)) == 0
    Source.objects.filter(pk=source.pk).update(health_since=TUESDAY + timedelta(days=1))
    assert watch.watch_sources(TUESDAY + timedelta(days=1)) == 1, "another outage"


def test_only_who_manages_sources_is_written_to(source: Source) -> None:
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        official = make_official(role)
        official.email = f"{role}@example.com"
        official.save()
    Source.objects.filter(pk=source.pk).update(health="down", health_since=TUESDAY)
    assert watch.watch_sources(TUESDAY) == 0


def test_a_rhythm_is_learned_from_when_citizens_wrote(source: Source) -> None:
    """Eight Tuesdays at nine, all arriving in one go afterwards."""
    for week in range(8):
        make_tickets(6, source=source, sent_at=TUESDAY + timedelta(weeks=week))
    assert watch.learn_rhythms(TUESDAY + timedelta(weeks=8)) >= 1
    source.refresh_from_db()
    assert source.rhythm[24 + 9] == 6.0
    assert sum(source.rhythm) == 6.0


class AppBook(BookSource):
    """A source without update stamps: what is open is asked about by id."""

    capabilities = Capabilities(update_stamps=False)

    def pages(self, cursor: Any, *, now: Any, full: bool = False, open_items: Any = ()) -> Any:
        self.open_asked = [item.external_id for item in open_items]
        yield from super().pages(cursor, now=now, full=full)


def test_open_complaints_are_asked_about_in_turn_within_a_budget(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = AppBook([make_record() for _ in range(7)])
    monkeypatch.setattr(sync, "build_connector", lambda _: book)
    monkeypatch.setattr(sync, "OPEN_BUDGET", 3)
    sync_source(source)
    asked = []
    for _ in range(5):
        sync_source(source)
        asked.append(book.open_asked)
    assert [len(ids) for ids in asked] == [3] * 5
    assert len({i for ids in asked[:3] for i in ids}) == 7, "three readings get round to all seven"
    sync_source(source, full=True)
    assert len(book.open_asked) == 7


@pytest.mark.parametrize(("shown", "asks", "why"), [(0, True, "all gone"), (9, True, "most gone"), (20, False, "half")])
def test_a_full_reading_that_shows_little_closes_nothing_and_asks_a_person(
    source: Source, monkeypatch: pytest.MonkeyPatch, shown: int, asks: bool, why: str
) -> None:
    """F24: absence is not closure."""
    records = [make_record() for _ in range(40)]
    book = BookSource(records)
    monkeypatch.setattr(sync, "build_connector", lambda _: book)
    sync_source(source)
    book.book = [records[:shown]]
    run = sync_source(source, full=True)
    source.refresh_from_db()
    assert (run.error_code == "many_missing", source.health == "degraded") == (asks, asks), why
    assert Ticket.objects.filter(is_open=True).count() == 40
    book.book = [records]
    sync_source(source, full=True)
    source.refresh_from_db()
    assert (source.health, source.last_error_code) == ("ok", "")


def test_progress_is_shown_while_something_moves(source: Source) -> None:
    client = Client(headers={"Accept-Language": "vi"})
    client.force_login(make_official(Role.ADMIN))
    client.post("/sources/portal/sync/")
    waiting = client.get("/sources/portal/progress/").content.decode()
    assert "Đang chờ tiến trình rảnh" in waiting and 'hx-trigger="every 2s"' in waiting
    run = SyncRun.objects.create(
        source=source, trigger="by_hand", owner="w", started_at=clock.now(), fetched=1200, created=30
    )
    running = client.get("/sources/portal/progress/").content.decode()
    assert "đã đọc 1.200, mới 30" in running and "every 2s" in running
    run.outcome = "ok"
    run.save()
    with time_machine.travel(clock.now(), tick=False):
        Source.objects.update(next_poll_at=clock.now() + timedelta(minutes=5))
        assert "every 2s" not in client.get("/sources/portal/progress/").content.decode()
