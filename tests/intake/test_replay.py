"""Trying payloads again, and explaining codes: what would happen first, then the same for real, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from connectors.records import SourceStatus
from inbox.accounts.vocabulary import Role
from inbox.actions.map_code import map_code
from inbox.core import clock
from inbox.core.errors import Busy, Invalid, NotAllowed
from inbox.core.fields import encrypt
from inbox.intake import replay, sync, tidy
from inbox.intake.sync import sync_source
from inbox.sources import leases
from inbox.sources.models import CodeMapping, InboundPayload, Source, SyncRun
from inbox.sources.vocabulary import CodeKind
from inbox.tickets.models import ExternalRef, Ticket, TicketEvent
from inbox.tickets.verification import verify
from tests.factories import make_official, make_record, make_source
from tests.intake.test_sync import ANOTHER, BookSource, again, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
STATUS, CATEGORY = CodeKind.STATUS, CodeKind.CATEGORY


@pytest.fixture
def source() -> Source:
    return make_source("portal", connector="national_portal")


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> BookSource:
    """Six complaints; two with a status and two with a category that nobody knows."""
    strange = {"status": SourceStatus.UNMAPPED, "status_raw": "77", "remarks": ("unknown_status",)}
    records = [
        *(make_record() for _ in range(2)),
        *(make_record(**strange) for _ in range(2)),
        *(make_record(category="other", category_raw="99", remarks=("unknown_category",)) for _ in range(2)),
    ]
    book = BookSource(records)
    monkeypatch.setattr(sync, "build_connector", lambda _: book)
    monkeypatch.setattr(replay, "build_connector", lambda _: book)
    return book


def test_codes_that_nobody_knows_are_listed_with_their_numbers(source: Source, book: BookSource) -> None:
    sync_source(source)
    assert Ticket.objects.count() == 6, "no complaint waits for a code"
    assert {(row["kind"], row["code"], row["tickets"]) for row in replay.unknown_codes(source)} == {
        ("status", "77", 2),
        ("category", "99", 2),
    }


def test_what_an_explained_code_would_do_is_what_it_does(source: Source, book: BookSource) -> None:
    sync_source(source)
    before = everything()
    plan = replay.plan_code(source, STATUS, "77", "accepted")
    assert (plan.looked_at, plan.updated, dict(plan.statuses)) == (2, 2, {("new", "accepted"): 2})
    assert everything() == before, "looking changes nothing"
    map_code("portal", "status", "77", "accepted", actor=make_official(Role.ADMIN))
    run = replay.reread_code(source, STATUS, "77")
    assert (run.outcome, run.expected, run.fetched, run.updated) == ("ok", 2, 2, 2)
    assert Ticket.objects.filter(status="accepted").count() == 2
    assert [row["code"] for row in replay.unknown_codes(source)] == ["99"]
    again = sync_source(source, full=True)
    assert (again.created, again.updated) == (0, 0), "the next reading says the same"


def test_an_explained_category_arrives_and_a_new_decision_ends_the_old_one(source: Source, book: BookSource) -> None:
    sync_source(source)
    admin = make_official(Role.ADMIN)
    map_code("portal", "category", "99", "noise", actor=admin)
    replay.reread_code(source, CATEGORY, "99")
    assert Ticket.objects.filter(category="noise").count() == 2
    map_code("portal", "category", "99", "trees", actor=admin)
    assert list(CodeMapping.objects.filter(code="99").order_by("pk").values_list("meaning", "mapped_by")) == [
        ("noise", admin.pk),
        ("trees", admin.pk),
    ]
    assert CodeMapping.objects.filter(ended_at__isnull=True).count() == 1
    sync_source(source, full=True)
    assert Ticket.objects.filter(category="trees").count() == 2


@pytest.mark.parametrize(
    ("role", "kind", "code", "meaning", "error", "why"),
    [
        (Role.SUPERVISOR, "status", "77", "accepted", NotAllowed, "not who manages sources"),
        (Role.ADMIN, "colour", "77", "accepted", Invalid, "no such kind"),
        (Role.ADMIN, "status", "", "accepted", Invalid, "no code"),
        (Role.ADMIN, "status", "77", "unmapped", Invalid, "that is what it is now"),
        (Role.ADMIN, "category", "77", "accepted", Invalid, "a status is no category"),
    ],
)
def test_who_may_decide_what(
    source: Source, role: Role, kind: str, code: str, meaning: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error):
        map_code("portal", kind, code, meaning, actor=make_official(role))
    assert not CodeMapping.objects.exists(), why


def test_a_quarantine_is_tried_as_a_whole_and_again_without_effect(source: Source, book: BookSource) -> None:
    last = book.book[0][-1].external_id
    book.bad = {record.external_id for record in book.book[0][1:]}
    sync_source(source)
    assert InboundPayload.objects.filter(state="rejected").count() == 5
    book.bad = {last}  # the rest has been mended
    admin, before = make_official(Role.ADMIN), everything()
    plan = replay.plan_replay("portal", actor=admin)
    assert (plan.looked_at, plan.created, dict(plan.refused)) == (5, 4, {"bad_date": 1})
    assert everything() == before
    run = replay.replay_quarantine(source)
    assert (run.trigger, run.expected, run.created, run.rejected) == ("replay", 5, 4, 1)
    assert set(ExternalRef.objects.values_list("external_id", flat=True)) == {
        record.external_id for record in book.book[0]
    } - {last}
    after = everything()
    replay.replay_quarantine(source)
    assert everything() == after, "a second replay writes nothing"
    assert TicketEvent.objects.filter(kind="received").count() == 5


def test_a_replay_waits_while_the_source_is_read(source: Source, book: BookSource) -> None:
    leases.acquire(source, owner="reader", at=clock.now())
    with pytest.raises(Busy):
        replay.replay_quarantine(source)
    assert not SyncRun.objects.exists()


def test_old_payloads_and_runs_go_and_what_waits_for_a_person_stays(source: Source, book: BookSource) -> None:
    book.bad = {book.book[0][0].external_id}
    sync_source(source)
    later = clock.now() + timedelta(days=400)
    assert tidy.tidy(clock.now()) == {"payloads": 0, "runs": 0}
    assert tidy.tidy(later) == {"payloads": 5, "runs": 1}
    assert list(InboundPayload.objects.values_list("state", flat=True)) == ["rejected"]
    assert Ticket.objects.count() == 5


def test_the_pages_say_what_would_happen_and_do_it(source: Source, book: BookSource) -> None:
    book.bad = {book.book[0][0].external_id}
    sync_source(source)
    book.bad = set()
    client, before = Client(headers={"Accept-Language": "vi"}), everything()
    client.force_login(make_official(Role.ADMIN))
    page = client.get("/sources/portal/").content.decode()
    assert "Mã của nguồn này" in page and "<code>77</code>" in page
    assert "1 phiếu mới" in client.get("/sources/portal/replay/").content.decode()
    code = client.get("/sources/portal/code/", {"kind": "status", "code": "77", "meaning": "accepted"})
    assert "Mới → Đã tiếp nhận: 2" in code.content.decode()
    assert everything() == before
    answer = client.post("/sources/portal/code/", {"kind": "status", "code": "77", "meaning": "accepted"})
    assert answer.headers["Location"] == "/sources/portal/"
    assert CodeMapping.objects.get().meaning == "accepted"
    assert client.post("/sources/portal/code/", {"kind": "status", "code": "77", "meaning": "x"}).status_code == 400
    outsider = Client()
    outsider.force_login(make_official(Role.SUPERVISOR))
    for address in ("/sources/portal/replay/", "/sources/portal/code/?kind=status&code=77"):
        assert outsider.get(address).status_code == 403


@pytest.mark.parametrize(
    ("decided", "tickets", "texts", "why"),
    [
        ("same", 6, {"Cành lớn rơi xuống vỉa hè sau cơn mưa."}, "the ticket takes it over"),
        ("another", 7, {"Cành lớn rơi xuống vỉa hè sau cơn mưa.", "Rác cũ."}, "both are there"),
    ],
)
def test_a_person_decides_about_an_id_that_was_used_again(
    source: Source, book: BookSource, decided: str, tickets: int, texts: set[str], why: str
) -> None:
    first = replace(book.book[0][0], text="Rác cũ.")
    book.book[0][0] = first
    sync_source(source)
    book.book = [[again(first, **ANOTHER)]]
    sync_source(source, full=True)
    payload = InboundPayload.objects.get(reason_code="id_reused")
    client = Client()
    client.force_login(make_official(Role.ADMIN))
    assert replay.replay_payload(payload.pk).accepted is False, "nobody has decided"
    client.post(f"/sources/portal/payloads/{payload.pk}/replay/", {"decided": decided})
    payload.refresh_from_db()
    assert (payload.state, Ticket.objects.count()) == ("replayed", tickets), why
    known = Ticket.objects.filter(refs__external_id__startswith=first.external_id, text__in=texts)
    assert set(known.values_list("text", flat=True)) == texts
    assert verify().findings == []
    with pytest.raises(Invalid):
        replay.settle_reused_id(payload.pk, same=True, actor=make_official(Role.ADMIN))
    book.book = [[again(first, **ANOTHER)]]
    assert sync_source(source, full=True).rejected == 0, "the next reading has nothing to ask"


def test_a_body_is_packed_and_older_bodies_are_still_read(source: Source, book: BookSource) -> None:
    body = {"noi_dung": "Rác chất đống đầu hẻm. " * 60, "lone": "\ud83d"}
    row = InboundPayload.objects.create(
        source=source, content_hash="1", body=body, received_at=clock.now(), state="accepted"
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM inbox_inboundpayload WHERE id = %s", [row.pk])
        stored = cursor.fetchone()[0]
        assert stored.startswith("z:") and len(stored) < 400
        cursor.execute("UPDATE inbox_inboundpayload SET body = %s WHERE id = %s", [encrypt('{"a": 1}'), row.pk])
    assert InboundPayload.objects.get(pk=row.pk).body == {"a": 1}
    row.save()
    assert InboundPayload.objects.get(pk=row.pk).body == body
