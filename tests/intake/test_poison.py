"""F31: a payload that ends every process that reads it is found, set aside and named; everything else goes in."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime

import pytest

from connectors import engine
from connectors.records import InboundRecord, Page, RawItem
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.intake import sync
from inbox.intake.poison import CAREFUL_AFTER, MOST_DEATHS
from inbox.intake.reconcile import reconcile
from inbox.intake.replay import plan_replay, replay_payload
from inbox.intake.sync import sync_source
from inbox.sources.models import InboundPayload, PayloadInHand, Source, SyncRun
from inbox.tickets.models import ExternalRef, Ticket
from inbox.web.advice import advice_for
from tests.factories import make_official, make_record, make_source
from tests.intake.test_sync import BookSource
from tests.processes import ROOT, database_url

POISON = "P-2"


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing after it runs, and nobody catches it."""


class DeadlySource(BookSource):
    """Ends the process over some of its payloads, in the parser."""

    def __init__(self, *pages: list[InboundRecord]) -> None:
        super().__init__(*pages)
        self.deadly: set[str] = {POISON}

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        if item.external_id in self.deadly:
            raise Killed
        return super().parse(item, now=now)


def records(*numbers: int) -> list[InboundRecord]:
    return [make_record(external_id=f"P-{number}") for number in numbers]


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> DeadlySource:
    book = DeadlySource(records(1, 2, 3), records(4, 5))
    monkeypatch.setattr(sync, "build_connector", lambda _: book)
    monkeypatch.setattr("inbox.intake.replay.build_connector", lambda _: book)
    return book


@pytest.fixture
def source(city: None) -> Source:
    return make_source("portal", connector="national_portal")


def read(source: Source) -> SyncRun | None:
    """One reading; None when it died. The lease of the dead is over by then."""
    try:
        return sync_source(Source.objects.get(pk=source.pk))
    except Killed:
        Source.objects.update(lease_until=clock.now())
        return None


def deaths_until_read(source: Source, *, most: int = 20) -> int:
    for deaths in range(most):
        if read(source):
            return deaths
    raise AssertionError("the source is never read")


@pytest.mark.django_db
def test_what_kills_its_readers_is_set_aside_and_the_rest_goes_in(source: Source, deadly: DeadlySource) -> None:
    assert deaths_until_read(source) == CAREFUL_AFTER + MOST_DEATHS
    assert set(ExternalRef.objects.values_list("external_id", flat=True)) == {"P-1", "P-3", "P-4", "P-5"}
    kept = InboundPayload.objects.get(state="rejected")
    assert (kept.external_id, kept.reason_code) == (POISON, "kills_readers")
    assert kept.body["id"] == POISON, "as received, for who mends the connector"
    assert "P-2" not in str(advice_for(kept.reason_code).what)
    source.refresh_from_db()
    assert (source.cursor, source.failures_in_a_row) == ({"page": 2}, 0), "nobody blames the source for it"
    assert not PayloadInHand.objects.exists()


@pytest.mark.django_db
def test_it_is_not_read_again_when_its_source_shows_it_again(source: Source, deadly: DeadlySource) -> None:
    deaths_until_read(source)
    run = sync_source(Source.objects.get(pk=source.pk), full=True)
    assert (run.outcome, run.unchanged, run.rejected) == ("ok", 4, 1)
    assert InboundPayload.objects.filter(state="rejected").count() == 1


@pytest.mark.django_db
def test_two_of_them_are_both_found(source: Source, deadly: DeadlySource) -> None:
    deadly.deadly = {"P-2", "P-5"}
    deaths_until_read(source)
    assert set(ExternalRef.objects.values_list("external_id", flat=True)) == {"P-1", "P-3", "P-4"}
    assert InboundPayload.objects.filter(reason_code="kills_readers").count() == 2


@pytest.mark.django_db
def test_kills_from_outside_set_nothing_aside(
    source: Source, deadly: DeadlySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is switched off again and again, each time while another payload is in hand."""
    deadly.deadly = set()
    real, kills = sync.keep_payloads, iter([1, 1, 2, 3, 1, 4])
    left = next(kills)

    def die(*args: object, **kwargs: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            left = next(kills, 0)
            raise Killed
        real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(sync, "keep_payloads", die)
    assert deaths_until_read(source) == 6
    assert Ticket.objects.count() == 5
    assert not InboundPayload.objects.filter(state="rejected").exists()


@pytest.mark.django_db
def test_a_page_may_kill_where_no_single_payload_does(
    source: Source, deadly: DeadlySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too much memory for a page, say: one by one everything goes in."""
    deadly.deadly = set()
    real = engine.batch_of

    def greedy(connector: object, page: Page, *, now: datetime) -> engine.Batch:
        if len(page.items) > 2:
            raise Killed
        return real(deadly, page, now=now)

    monkeypatch.setattr(engine, "batch_of", greedy)
    assert deaths_until_read(source) == CAREFUL_AFTER
    assert Ticket.objects.count() == 5


@pytest.mark.django_db
def test_only_the_server_tries_it_again(source: Source, deadly: DeadlySource) -> None:
    """A page in the browser must not end the web server, nor "try all" the worker."""
    deaths_until_read(source)
    admin = make_official(role=Role.ADMIN)
    kept = InboundPayload.objects.get(state="rejected")
    assert replay_payload(kept.pk, actor=admin).reason_code == "kills_readers"
    assert plan_replay("portal", actor=admin).looked_at == 0
    with pytest.raises(Killed):
        replay_payload(kept.pk)
    deadly.deadly = set()  # the connector is mended
    assert replay_payload(kept.pk).accepted
    assert Ticket.objects.count() == 5
    assert sync_source(Source.objects.get(pk=source.pk), full=True).rejected == 0


@pytest.mark.django_db
def test_a_comparison_leaves_it_out(source: Source, deadly: DeadlySource, monkeypatch: pytest.MonkeyPatch) -> None:
    deaths_until_read(source)
    monkeypatch.setattr("inbox.intake.reconcile.build_connector", lambda _: deadly)
    monkeypatch.setattr("inbox.intake.reconcile.can_be_compared", lambda _: True)
    assert reconcile(source).outcome == "ok"


READ = """
import os, django
django.setup()
from inbox.intake import sync
from inbox.sources.models import Source
from tests.intake.test_poison import DeadlySource, Killed, records

class Sudden(DeadlySource):
    def parse(self, item, *, now):
        try:
            return super().parse(item, now=now)
        except Killed:
            os.kill(os.getpid(), 9)

sync.build_connector = lambda _: Sudden(records(1, 2, 3), records(4, 5))
sync.sync_source(Source.objects.get())
"""


@pytest.mark.django_db(transaction=True)
def test_processes_that_are_really_gone(source: Source) -> None:
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
    codes = []
    while (not codes or codes[-1]) and len(codes) < 10:
        codes.append(subprocess.run([sys.executable, "-c", READ], cwd=ROOT, env=environment, check=False).returncode)
        Source.objects.update(lease_until=None)
    assert codes == [-9] * (CAREFUL_AFTER + MOST_DEATHS) + [0]
    assert Ticket.objects.count() == 4
    assert InboundPayload.objects.get(state="rejected").external_id == POISON
