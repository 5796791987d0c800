"""Reading a source: nothing lost, nothing twice, whatever happens between any two lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.errors import AuthError, BadPayload, RateLimited, Transient
from connectors.protocol import Capabilities
from connectors.records import InboundRecord, OpenItem, OutboundAction, Page, Place, RawItem, SourceStatus
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.ingest_page import ingest_page
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.transfer_ticket import transfer_ticket
from inbox.core import clock
from inbox.core.errors import Busy, Invalid, NotAllowed
from inbox.intake import schedule, sync
from inbox.intake.replay import replay_payload
from inbox.intake.sync import sync_source
from inbox.sources import leases
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.tickets.models import ExternalRef, Ticket, TicketEvent
from inbox.tickets.vocabulary import Status
from inbox.units.models import Unit
from tests.factories import TUESDAY, make_official, make_record, make_source, make_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]


class BookSource:
    """A source that is a list of pages. Payloads are `{"id", …}`; `records` says what they parse to."""

    capabilities = Capabilities(pushes=frozenset(OutboundAction), update_stamps=True)

    def __init__(self, *pages: list[InboundRecord]) -> None:
        self.book = [list(page) for page in pages]
        self.bad: set[str] = set()
        self.fail_before_page: dict[int, Exception] = {}
        self.asked: list[tuple[dict[str, Any], bool]] = []

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        self.asked.append((dict(cursor), full))
        start = 0 if full else int(cursor.get("page", 0))
        for number in range(start, len(self.book)):
            if number in self.fail_before_page:
                raise self.fail_before_page.pop(number)
            items = tuple(
                RawItem({"id": r.external_id, "revision": r.revision}, r.external_id) for r in self.book[number]
            )
            yield Page(items, {"page": number + 1})

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        if item.external_id in self.bad:
            raise BadPayload("NGAYGUI is not a date", code="bad_date", field="NGAYGUI")
        found = [r for page in self.book for r in page if r.external_id == item.external_id]
        return next(r for r in found if r.revision == item.payload["revision"])


@pytest.fixture
def source() -> Source:
    return make_source("portal", connector="national_portal")


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> BookSource:
    book = BookSource([make_record() for _ in range(3)], [make_record() for _ in range(2)])
    monkeypatch.setattr(sync, "build_connector", lambda _: book)
    monkeypatch.setattr("inbox.intake.replay.build_connector", lambda _: book)
    return book


def counts(run: SyncRun) -> tuple[int, int, int, int, int]:
    return run.fetched, run.created, run.updated, run.unchanged, run.rejected


def everything() -> tuple[Any, ...]:
    return (
        list(Ticket.objects.order_by("pk").values()),
        list(ExternalRef.objects.order_by("pk").values()),
        TicketEvent.objects.count(),
        InboundPayload.objects.count(),
    )


def test_reading_twice_changes_nothing(source: Source, book: BookSource) -> None:
    assert counts(sync_source(source)) == (5, 5, 0, 0, 0)
    before = everything()
    assert counts(sync_source(source, full=True)) == (5, 0, 0, 5, 0)
    assert everything() == before


def test_the_cursor_moves_with_its_page_and_a_failure_goes_on_from_there(source: Source, book: BookSource) -> None:
    book.fail_before_page = {1: Transient("503", code="http_503")}
    run = sync_source(source)
    assert (run.outcome, run.error_code, run.created) == ("failed", "http_503", 3)
    assert source.cursor == {"page": 1}
    assert counts(sync_source(source)) == (2, 2, 0, 0, 0)
    assert book.asked[-1] == ({"page": 1}, False)


def test_a_crash_in_a_page_leaves_nothing_of_it(
    source: Source, book: BookSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the tickets were written and before the commit: rows and cursor vanish together."""

    def die(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sync, "keep_payloads", die)
        with pytest.raises(KeyboardInterrupt):
            sync_source(source)
    source.refresh_from_db()
    assert (Ticket.objects.count(), source.cursor) == (0, {})
    Source.objects.update(lease_until=clock.now())
    assert sync_source(source).created == 5
    assert SyncRun.objects.filter(outcome="abandoned", error_code="process_died").count() == 1


def test_two_workers_never_read_one_source_at_once(source: Source, book: BookSource) -> None:
    leases.acquire(source, owner="worker-1", at=clock.now())
    with pytest.raises(Busy) as caught:
        sync_source(Source.objects.get(pk=source.pk))
    assert caught.value.owner == "worker-1"
    assert Ticket.objects.count() == 0


def test_a_lease_ends_by_itself(source: Source, book: BookSource) -> None:
    leases.acquire(source, owner="dead worker", at=clock.now() - leases.LEASE - timedelta(seconds=1))
    assert sync_source(source).created == 5


def test_who_lost_the_lease_stores_nothing_more(
    source: Source, book: BookSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sync.keep_payloads

    def steal(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        Source.objects.filter(pk=source.pk).update(lease_owner="somebody else")

    monkeypatch.setattr(sync, "keep_payloads", steal)
    with pytest.raises(Busy):
        sync_source(source)
    assert Ticket.objects.count() == 3, "the first page, which was still ours"
    assert SyncRun.objects.get().outcome == "abandoned"


def test_a_payload_that_does_not_parse_is_kept_with_its_reason_and_the_run_goes_on(
    source: Source, book: BookSource
) -> None:
    bad = book.book[0][1].external_id
    book.bad = {bad}
    assert counts(sync_source(source)) == (5, 4, 0, 0, 1)
    payload = InboundPayload.objects.get(state="rejected")
    assert (payload.external_id, payload.reason_code, payload.reason_field) == (bad, "bad_date", "NGAYGUI")
    assert payload.body == {"id": bad, "revision": "1"}
    source.refresh_from_db()
    assert source.health == "degraded"
    sync_source(source, full=True)
    assert InboundPayload.objects.filter(state="rejected").count() == 1, "kept once"


def test_a_mended_payload_goes_in_by_replay(source: Source, book: BookSource) -> None:
    bad = book.book[0][1].external_id
    book.bad = {bad}
    sync_source(source)
    payload = InboundPayload.objects.get(state="rejected")
    assert replay_payload(payload.pk).accepted is False
    with pytest.raises(NotAllowed):
        replay_payload(payload.pk, actor=make_official(Role.SUPERVISOR))
    book.bad = set()
    assert replay_payload(payload.pk, dry_run=True).accepted is True
    assert not ExternalRef.objects.filter(external_id=bad).exists(), "a dry run stores nothing"
    assert replay_payload(payload.pk, actor=make_official(Role.ADMIN)).accepted is True
    assert ExternalRef.objects.filter(external_id=bad).exists()
    with pytest.raises(Invalid):
        replay_payload(payload.pk)


def test_a_record_the_database_refuses_does_not_take_its_page_along(source: Source, book: BookSource) -> None:
    """F10: one poison record among good ones."""
    book.book[0][1] = (
        replace(book.book[0][1], external_id="P" * 300)
        if connection.vendor != "sqlite"
        else replace(
            book.book[0][1],
            category=None,  # type: ignore[arg-type]  # SQLite enforces no length, but NOT NULL
        )
    )
    run = sync_source(source)
    assert (run.created, run.rejected) == (4, 1)
    assert InboundPayload.objects.get(state="rejected").reason_code == "not_storable"


@pytest.mark.parametrize(
    ("error", "health", "paused"),
    [
        (AuthError("no", code="wrong_password"), "needs_person", True),
        (Transient("503", code="http_503"), "degraded", False),
    ],
)
def test_failures_show_on_the_source_and_clear_by_themselves(
    source: Source, book: BookSource, error: Exception, health: str, paused: bool
) -> None:
    book.fail_before_page = {0: error}
    sync_source(source)
    assert (source.health, source.deliveries_paused, source.failures_in_a_row) == (health, paused, 1)
    sync_source(source)
    assert (source.health, source.deliveries_paused, source.last_error_code) == ("ok", False, "")


def test_the_third_failure_in_a_row_is_an_outage(source: Source, book: BookSource) -> None:
    for expected in ("degraded", "degraded", "down", "down"):
        book.fail_before_page = {0: Transient("503")}
        sync_source(source)
        assert source.health == expected


def test_retry_after_moves_the_next_visit(source: Source, book: BookSource) -> None:
    book.fail_before_page = {0: RateLimited("429", retry_after=timedelta(hours=2))}
    sync_source(source)
    assert source.next_poll_at is not None
    assert source.next_poll_at >= clock.now() + timedelta(minutes=119)


def test_two_schedulers_claim_each_source_once(source: Source) -> None:
    at = clock.now()
    make_source("by-hand")
    assert schedule.claim_due(at) == [source.pk]
    assert schedule.claim_due(at) == []
    assert schedule.claim_due(at + timedelta(hours=1)) == [source.pk]


def test_a_page_costs_the_same_number_of_statements_whatever_its_size(source: Source) -> None:
    def statements(number: int) -> int:
        records = [make_record() for _ in range(number)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            ingest_page(source, records, at=clock.now())
        return len(captured)

    statements(1)  # warms what is cached per process
    few = statements(5)
    # SQLite takes 999 values a statement, so a large page is cut there; PostgreSQL takes it whole.
    assert statements(1000 if connection.vendor == "postgresql" else 30) == few
    assert few <= 12


def test_unchanged_records_cost_one_read_and_no_write(source: Source) -> None:
    records = [make_record() for _ in range(50)]
    ingest_page(source, records, at=clock.now())
    with CaptureQueriesContext(connection) as captured:
        assert len(ingest_page(source, records, at=clock.now()).unchanged) == 50
    assert len(captured) == 1


# --- What a source changes on complaints that we know ---


def again(record: InboundRecord, **changes: Any) -> InboundRecord:
    return replace(record, **({"revision": "2", "updated_at": TUESDAY + timedelta(hours=1)} | changes))


def known(source: Source, **shape: Any) -> tuple[InboundRecord, Ticket]:
    record = make_record(**shape)
    ingest_page(source, [record], at=clock.now())
    return record, Ticket.objects.get(refs__external_id=record.external_id)


def kinds(ticket: Ticket) -> list[str]:
    return list(TicketEvent.objects.filter(ticket=ticket).order_by("pk").values_list("kind", flat=True))


def test_a_citizens_edit_arrives_and_what_officials_own_stays(source: Source) -> None:
    ward = Unit.objects.get(code="26929")
    record, ticket = known(source)
    officer = make_official(Role.OFFICER, ward)
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward, assignee=officer, category="noise")
    ingest_page(source, [again(record, text="Nay đã năm ngày.", category="trees")], at=clock.now())
    ticket.refresh_from_db()
    assert (ticket.text, ticket.category, ticket.assignee, ticket.unit) == ("Nay đã năm ngày.", "noise", officer, ward)
    assert kinds(ticket)[-1] == "source_updated"
    assert ticket.version == 2


def test_an_older_state_that_arrives_late_changes_nothing(source: Source) -> None:
    record, ticket = known(source)
    ingest_page(
        source, [again(record, revision="3", text="v3", updated_at=TUESDAY + timedelta(hours=3))], at=clock.now()
    )
    ingest_page(source, [again(record, revision="2", text="v2")], at=clock.now())
    ticket.refresh_from_db()
    assert ticket.text == "v3"


def test_our_own_acts_come_back_without_an_event(source: Source) -> None:
    ward = Unit.objects.get(code="26929")
    record, ticket = known(source)
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward)
    leader = make_official(Role.LEADER, ward)
    accept_ticket(ticket.pk, actor=leader)
    resolve_ticket(ticket.pk, actor=leader, text="Đã xong.")
    before = kinds(ticket)
    echo = again(record, status=SourceStatus.RESOLVED, status_raw="4", answer="Đã xong.")
    assert ingest_page(source, [echo], at=clock.now()).unchanged == {record.external_id}
    assert kinds(ticket) == before


def test_the_echo_of_a_transfer_is_no_disagreement(source: Source) -> None:
    ward = Unit.objects.get(code="26929")
    record, ticket = known(source)
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward)
    leader = make_official(Role.LEADER, ward)
    transfer_ticket(ticket.pk, actor=leader, unit=Unit.objects.get(code="26944"), reason="Thuộc phường bên.")
    before = kinds(ticket)
    ingest_page(source, [again(record, status=SourceStatus.TRANSFERRED, status_raw="6")], at=clock.now())
    ticket.refresh_from_db()
    assert kinds(ticket) == before
    assert ticket.status == Status.NEW


@pytest.mark.parametrize(
    ("theirs", "touched", "status", "event"),
    [
        (SourceStatus.ACCEPTED, False, "accepted", "source_status_changed"),
        (SourceStatus.RESOLVED, False, "resolved", "source_status_changed"),
        (SourceStatus.RESOLVED, True, "accepted", "source_disagrees"),
        (SourceStatus.WITHDRAWN, True, "withdrawn", "withdrawn"),
        (SourceStatus.UNMAPPED, False, "new", "source_disagrees"),
    ],
)
def test_what_the_source_decided_is_followed_or_shown(
    source: Source, theirs: SourceStatus, touched: bool, status: str, event: str
) -> None:
    ward = Unit.objects.get(code="26929")
    record, ticket = known(source)
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward)
    if touched:
        accept_ticket(ticket.pk, actor=make_official(Role.LEADER, ward))
    ingest_page(source, [again(record, status=theirs, status_raw="?")], at=clock.now())
    ticket.refresh_from_db()
    assert (ticket.status, kinds(ticket)[-1]) == (status, event)
    assert (ticket.next_due_at is None) is (status in {"resolved", "withdrawn"})


def test_an_answer_given_by_somebody_in_the_source_is_seen_here(source: Source) -> None:
    record, ticket = known(source)
    changed = again(record, status=SourceStatus.RESOLVED, status_raw="4", answer="Quận đã xử lý.")
    ingest_page(source, [changed], at=clock.now())
    assert list(ticket.messages.values_list("kind", "body")) == [("reply", "Quận đã xử lý.")]


@pytest.mark.parametrize(
    ("sent_at", "why"),
    [
        (datetime.fromisoformat("2099-01-01T00:00:00+07:00"), "the future"),
        (datetime.fromisoformat("1970-01-01T07:00:00+07:00"), "a clock that was never set"),
    ],
)
def test_impossible_times_do_not_drive_the_clock(source: Source, sent_at: datetime, why: str) -> None:
    _, ticket = known(source, sent_at=sent_at)
    assert ticket.clock_from == ticket.received_at, why
    assert "clock_from_arrival" in ticket.remarks


def test_old_addresses_find_their_ward_and_unclear_ones_wait_in_triage_with_the_reason(source: Source) -> None:
    _, clear = known(source, place=Place(text="42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh"))
    assert clear.unit is not None
    assert clear.unit.code == "26929"
    record, unclear = known(source, place=Place(text="Phường 12"))
    assert (unclear.unit, bool(unclear.routing_reason)) == (None, True)
    better = again(record, place=Place(text="Phường 26, Quận Bình Thạnh"))
    ingest_page(source, [better], at=clock.now())
    unclear.refresh_from_db()
    assert unclear.unit == clear.unit
    assert kinds(unclear).count("routed") == 2


def test_history_from_before_is_taken_as_it_ended(source: Source) -> None:
    _, ticket = known(source, status=SourceStatus.RESOLVED, status_raw="4", answered_at=TUESDAY + timedelta(hours=2))
    assert (ticket.status, ticket.next_due_at) == ("resolved", None)
    assert set(ticket.clocks.values_list("state", flat=True)) <= {"met", "breached"}


def test_the_same_complaint_id_in_two_sources_is_two_complaints(source: Source) -> None:
    record, first = known(source)
    other = make_source("hotline", connector="hotline_1022")
    ingest_page(other, [record], at=clock.now())
    assert Ticket.objects.exclude(pk=first.pk).count() == 1


def test_make_ticket_uses_the_same_door() -> None:
    """The tests' own factory must not drift from real intake."""
    ticket = make_ticket()
    assert kinds(ticket) == ["received", "routed"]
    assert ticket.refs.count() == 1
