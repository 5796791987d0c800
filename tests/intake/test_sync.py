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
from connectors.records import (
    Attachment,
    InboundRecord,
    OpenItem,
    OutboundAction,
    Page,
    Place,
    RawItem,
    Reporter,
    SourceStatus,
)
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
from inbox.outbox.models import Difference, OutboxMessage
from inbox.sla.models import SlaClock
from inbox.sources import leases
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.tickets.models import ExternalRef, Ticket, TicketEvent
from inbox.tickets.verification import verify
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


def test_how_an_unreadable_page_began_is_kept_without_contacts(source: Source, book: BookSource) -> None:
    """F7: encrypted, for those who manage sources."""
    sample = "<h1>Bảo trì</h1> gọi 0903 111 227 hoặc an@example.vn"
    book.fail_before_page = {0: BadPayload("a web page", code="html_instead_of_json", sample=sample)}
    run = SyncRun.objects.get(pk=sync_source(source).pk)
    assert (run.outcome, run.error_code) == ("failed", "html_instead_of_json")
    assert run.sample == "<h1>Bảo trì</h1> gọi ••• hoặc •••"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sample FROM inbox_syncrun WHERE id = %s", [run.pk])
        assert "trì" not in cursor.fetchone()[0]


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


def poisoned(record: InboundRecord) -> InboundRecord:
    """What the database refuses; SQLite enforces no length, but NOT NULL."""
    if connection.vendor != "sqlite":
        return replace(record, external_id="P" * 300)
    return replace(record, category=None)  # type: ignore[arg-type]


def test_a_record_the_database_refuses_does_not_take_its_page_along(source: Source, book: BookSource) -> None:
    """F10: one poison record among good ones."""
    book.book[0][1] = poisoned(book.book[0][1])
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


def statements_of(source: Source, records: list[InboundRecord]) -> int:
    with CaptureQueriesContext(connection) as captured:
        ingest_page(source, records, at=clock.now())
    return len(captured)


def test_a_page_costs_the_same_number_of_statements_whatever_its_size(source: Source) -> None:
    statements_of(source, [make_record()])  # warms what is cached per process
    few = statements_of(source, [make_record() for _ in range(5)])
    assert statements_of(source, [make_record() for _ in range(1000)]) == few
    assert few <= 20


def mixed_page(source: Source, each: int) -> list[InboundRecord]:
    """New, unchanged, re-worded, moved in status, answered elsewhere, with files, moved in place: `each` of all."""
    known = [make_record(place=Place(text="không rõ")) for _ in range(6 * each)]
    ingest_page(source, known, at=clock.now())
    later: list[dict[str, Any]] = [
        {"revision": "1"},
        {"text": "Viết lại."},
        {"status": SourceStatus.ACCEPTED, "status_raw": "2"},
        {"status": SourceStatus.RESOLVED, "status_raw": "4", "answer": "Xong."},
        {"attachments": (Attachment("a.jpg", "/a.jpg"),), "reporter": Reporter(name="Người khác")},
        {"place": Place(text="Phường 26, Quận Bình Thạnh"), "status": SourceStatus.WAITING_CITIZEN},
    ]
    changed = [again(record, **later[number % 6]) for number, record in enumerate(known)]
    return [*changed, *(make_record() for _ in range(each))]


def test_a_page_of_everything_costs_the_same_number_of_statements_whatever_its_size(source: Source) -> None:
    statements_of(source, mixed_page(source, 1))
    few = statements_of(source, mixed_page(source, 1))
    assert statements_of(source, mixed_page(source, 143)) == few
    assert few <= 50


def test_a_page_of_everything_leaves_what_single_records_would(source: Source) -> None:
    page = mixed_page(source, 2)
    done = ingest_page(source, page, at=clock.now())
    assert (len(done.created), len(done.updated), len(done.unchanged)) == (2, 10, 2)
    ids = [record.external_id for record in page]
    first = ExternalRef.objects.filter(source=source, external_id__in=ids)
    pages_history = {ref.external_id: kinds(ref.ticket) for ref in first.select_related("ticket")}
    assert pages_history[ids[5]] == ["received", "routed", "source_updated", "routed", "source_status_changed"]
    assert pages_history[ids[3]] == ["received", "routed", "source_status_changed"]
    assert verify().findings == []
    closed = SlaClock.objects.filter(ticket__refs__external_id=ids[3], ticket__refs__source=source)
    assert set(closed.values_list("state", flat=True)) <= {"met", "breached"}


def test_unchanged_records_cost_one_read_and_no_write(source: Source) -> None:
    records = [make_record() for _ in range(50)]
    ingest_page(source, records, at=clock.now())
    with CaptureQueriesContext(connection) as captured:
        assert len(ingest_page(source, records, at=clock.now()).unchanged) == 50
    assert len(captured) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL counts what a transaction writes")
def test_reading_a_thousand_unchanged_complaints_again_writes_a_handful_of_rows(
    source: Source, book: BookSource
) -> None:
    """The run and the lease, whatever the number of complaints: a few kilobytes of log, less than 100 bytes each."""

    def written() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
            return int(cursor.fetchone()[0])

    book.book = [[make_record() for _ in range(1000)]]
    sync_source(source)
    before = written()
    assert sync_source(source, full=True).unchanged == 1000
    assert written() - before <= 12


def test_poison_is_found_by_halving(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """F10: one in a thousand costs two tries for each halving, not a thousand."""
    records = [make_record() for _ in range(1000)]
    records[617] = poisoned(records[617])
    tries = 0
    real = sync.ingest_page

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal tries
        tries += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(sync, "ingest_page", counted)
    done, refused = sync.ingest_safely(source, records, at=clock.now())
    assert (len(done.created), list(refused)) == (999, [records[617].external_id])
    assert tries <= 1 + 2 * 10


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
    due = ticket.next_due_at
    for _ in range(2):
        ingest_page(source, [again(record, revision="2", text="v2")], at=clock.now())
    ticket.refresh_from_db()
    assert (ticket.text, ticket.next_due_at) == ("v3", due)
    assert kinds(ticket) == ["received", "routed", "source_updated", "source_came_late"], "said once, read twice"


#: How another complaint differs from the one that had its id before.
ANOTHER: dict[str, Any] = {
    "title": "Cây xanh gãy đổ chắn lối đi",
    "text": "Cành lớn rơi xuống vỉa hè sau cơn mưa.",
    "reporter": Reporter(name="Phạm Văn Lâm", phone="+84909000001"),
    "sent_at": TUESDAY + timedelta(days=40),
}


def test_an_id_given_to_another_complaint_never_overwrites_the_first(source: Source, book: BookSource) -> None:
    """F12: sender, time and text all differ."""
    record = book.book[0][0]
    sync_source(source)
    book.book = [[again(record, **ANOTHER)]]
    run = sync_source(source, full=True)
    assert (run.updated, run.rejected) == (0, 1)
    assert InboundPayload.objects.get(state="rejected").reason_code == "id_reused"
    ticket = Ticket.objects.get(refs__external_id=record.external_id)
    assert (ticket.text, kinds(ticket)) == (record.text, ["received", "routed"])


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (("sent_at",), "sent at the same time: somebody wrote it anew"),
        (("reporter",), "sent by the same citizen"),
        (("title", "text"), "says the same: the source mended dates and names"),
    ],
)
def test_an_edit_is_not_taken_for_another_complaint(source: Source, kept: tuple[str, ...], why: str) -> None:
    record, ticket = known(source)
    changed = again(record, **{name: value for name, value in ANOTHER.items() if name not in kept})
    assert ingest_page(source, [changed], at=clock.now()).updated == {record.external_id}, why


@pytest.mark.parametrize(
    ("chosen_here", "category", "why"),
    [
        ("", "trees", "nobody here had another opinion: the source may mend its own"),
        ("noise", "noise", "an official chose: both are kept"),
        ("trees", "trees", "an official was ahead of the source: nothing to say"),
    ],
)
def test_a_category_follows_its_source_until_somebody_here_chooses(
    source: Source, chosen_here: str, category: str, why: str
) -> None:
    record, ticket = known(source, category="other", category_raw="")
    if chosen_here:
        Ticket.objects.filter(pk=ticket.pk).update(category=chosen_here)
    ingest_page(source, [again(record, category="trees", category_raw="12")], at=clock.now())
    ticket.refresh_from_db()
    assert ticket.category == category, why
    told = TicketEvent.objects.filter(ticket=ticket, kind="source_updated").values_list("data", flat=True)
    both = [{"fields": [], "kept": {"category": {"ours": "noise", "theirs": "trees"}}}]
    assert list(told) == {"": [{"fields": ["category"]}], "noise": both, "trees": []}[chosen_here]
    silent = again(record, revision="3", category="other", category_raw="")
    ingest_page(source, [silent], at=clock.now())
    ticket.refresh_from_db()
    assert ticket.category == category, "a source that forgets its category says nothing"


def test_a_stamp_from_a_clock_that_runs_ahead_does_not_lock_the_next_change_out(source: Source) -> None:
    record, ticket = known(source, updated_at=clock.now() + timedelta(minutes=10))
    change = again(record, text="Bổ sung.", updated_at=clock.now() + timedelta(seconds=1))
    ingest_page(source, [change], at=clock.now() + timedelta(seconds=2))
    ticket.refresh_from_db()
    assert ticket.text == "Bổ sung."


def test_a_full_reading_mends_what_a_wrong_clock_left(source: Source, book: BookSource) -> None:
    record = book.book[0][0]
    book.book = [[replace(record, updated_at=TUESDAY + timedelta(days=1), sent_at=TUESDAY - timedelta(days=9000))]]
    sync_source(source)
    book.book = [[replace(record, revision="2")]]
    assert sync_source(source).updated == 0
    assert sync_source(source, full=True).updated == 1
    assert Ticket.objects.get(refs__external_id=record.external_id).sent_at == TUESDAY


def test_our_own_acts_come_back_without_an_event(source: Source) -> None:
    ward = Unit.objects.get(code="26929")
    record, ticket = known(source)
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward)
    leader = make_official(Role.LEADER, ward)
    accept_ticket(ticket.pk, actor=leader)
    resolve_ticket(ticket.pk, actor=leader, text="Đã xong.")
    OutboxMessage.objects.update(state="delivered", attempts_made=1)
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
    OutboxMessage.objects.update(state="unknown", attempts_made=1)
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


@pytest.mark.parametrize(
    ("state", "kept", "why"),
    [
        ("dead", True, "ours was refused because of it: both are for a person to compare"),
        ("pending", True, "ours has not arrived and may now overwrite theirs"),
        ("delivered", False, "ours was there; what they say now is only shown"),
        ("by_hand", False, "whoever enters it by hand may use other words"),
    ],
)
def test_an_answer_of_somebody_else_while_ours_has_not_arrived_is_a_difference(
    source: Source, state: str, kept: bool, why: str
) -> None:
    ward = Unit.objects.get(code="26929")
    record, ticket = known(source)
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward)
    leader = make_official(Role.LEADER, ward)
    accept_ticket(ticket.pk, actor=leader)
    resolve_ticket(ticket.pk, actor=leader, text="Đã xong.")
    OutboxMessage.objects.update(state=state, attempts_made=1)
    theirs = again(record, status=SourceStatus.RESOLVED, status_raw="4", answer="Đơn vị khác đã làm.")
    ingest_page(source, [theirs], at=clock.now())
    found = Difference.objects.filter(decision="open")
    assert found.exists() is kept, why
    if kept:
        assert (found.get().ours["answer"], found.get().theirs["answer"]) == ("Đã xong.", "Đơn vị khác đã làm.")
        later = replace(theirs, revision="9", updated_at=TUESDAY + timedelta(hours=9), text="Thêm một câu.")
        ingest_page(source, [later], at=clock.now())
        assert found.exists(), "reading it again settles nothing"
