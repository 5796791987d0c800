"""A record on paper, as a page and as a spreadsheet: every letter is there, and nobody's words are more than words."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import prefetch_related_objects
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.core import clock
from inbox.evidence.collect import collect
from inbox.evidence.document import document_of
from inbox.evidence.models import EvidenceRecord
from inbox.evidence.pdf import pdf_of, qr_of
from inbox.evidence.spreadsheet import spreadsheet_of
from inbox.sla.models import SlaClock
from inbox.sla.queries import Calendars
from inbox.sources.models import Outage, Source
from tests.evidence.conftest import Answer, tried

pytestmark = pytest.mark.django_db
DONE = datetime.fromisoformat("2026-11-17T09:00:00+07:00")
HOUR = timedelta(hours=1)
MARKUP = "=HYPERLINK(\"http://x\") #import <b>x</b> $y$ *z* \\ & 'ắ'"


@pytest.fixture
def record(answer: Answer, portal: Source, leader: Official) -> EvidenceRecord:
    """Done at 9:00, tried while the source was away, arrived two hours later."""
    Outage.objects.create(
        source=portal, began=DONE - HOUR, last_success_before=DONE - HOUR, ended=DONE + HOUR, reason_code="http_503"
    )
    message = answer(at=DONE)
    tried(message, "retry", at=DONE + timedelta(minutes=1), error="http_503")
    tried(message, "delivered", at=DONE + 2 * HOUR)
    collect(at=DONE + 3 * HOUR)
    found: EvidenceRecord = EvidenceRecord.objects.get()
    return found


def browser(official: Official) -> Client:
    client = Client(headers={"Accept-Language": "vi"})
    client.force_login(official)
    return client


def facts(**changes: Any) -> dict[str, Any]:
    latest: dict[str, Any] = EvidenceRecord.objects.get().latest.facts
    return latest | changes


# --- Words ------------------------------------------------------------------------------------------------------------


def test_the_paper_says_the_facts_in_order(record: EvidenceRecord) -> None:
    paper = document_of(facts(), digest="ab" * 32, address="https://x.example/")
    assert paper.place_and_date == "Bình Thạnh, ngày 17 tháng 11 năm 2026"
    assert [name for name, _, _ in paper.milestones] == ["Thực hiện", "Hạn xử lý", "Đến nguồn"]
    assert paper.milestones[0][1] == "09:00:00, 17/11/2026"
    assert "15 ngày làm việc" in paper.milestones[1][2]
    assert "gián đoạn từ 08:00:00, 17/11/2026 đến 10:00:00, 17/11/2026" in paper.interruption[0]
    assert paper.interruption[-1] == "Hệ thống đã gửi 02 lần, trong đó 01 lần không thành công."
    assert "trước hạn" in paper.confirmation and "Kết quả đến nguồn lúc 11:00:00, 17/11/2026" in paper.confirmation
    assert paper.hash_in_groups == " ".join(["abababab"] * 8)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arrived_at": None, "state": "pending"}, "Đang chờ gửi lại"),
        ({"arrived_at": None, "state": "by_hand"}, "Chờ nhập tay tại nguồn"),
        ({"arrived_at": None, "state": "dead", "reason": "not_found"}, "Nguồn không nhận (not_found)"),
        ({"reason": "entered_by_hand"}, "Nhập tay tại nguồn"),
    ],
)
def test_the_paper_says_why_it_has_not_arrived(record: EvidenceRecord, changes: dict[str, Any], says: str) -> None:
    paper = document_of(facts(**changes), digest="0" * 64, address="https://x.example/")
    assert paper.milestones[-1][2] == says
    assert ("chưa đến được nguồn" in paper.confirmation) is ("arrived_at" in changes)


# --- PDF --------------------------------------------------------------------------------------------------------------


LETTERS = "ĂÂĐÊÔƠƯăâđêôơư ẮẰẲẴẶấầẩẫậ ẾỀỂỄỆếềểễệ ỐỒỔỖỘớờởỡợ ỨỪỬỮỰứừửữự ỲỶỸỴỳỷỹỵ ĨỊĩị"


def test_the_annex_counts_the_time_until_the_act_day_by_day(answer: Answer) -> None:
    """Over a night and two lunch breaks; the sum is what the clock itself counts."""
    message = answer(at=DONE, sent_at=DONE - timedelta(hours=26))
    tried(message, "retry", at=DONE)
    collect(at=DONE + HOUR)
    days = EvidenceRecord.objects.get().latest.facts["hours"]
    clock_row = SlaClock.objects.get(ticket=message.ticket, kind="resolve")
    counted = Calendars().working(clock_row.calendar_id).between(clock_row.started_at, DONE)
    assert len(days) == 2 and sum(day["seconds"] for day in days) == counted.total_seconds()
    paper = document_of(EvidenceRecord.objects.get().latest.facts, digest="0" * 64, address="https://x.example/")
    assert [row[0] for row in paper.hours] == ["Thứ Hai 16/11/2026", "Thứ Ba 17/11/2026", "Cộng"]
    assert all("–" in spans for _, spans, _ in paper.hours[:-1]) and "giờ" in paper.hours[-1][2]
    collect(at=DONE + 2 * HOUR)
    tried(message, "delivered", at=DONE + 3 * HOUR)
    collect(at=DONE + 4 * HOUR)
    assert EvidenceRecord.objects.get().latest.facts["hours"] == days, "a later version says the same"
    old = dict(EvidenceRecord.objects.get().latest.facts)
    del old["hours"]
    assert document_of(old, digest="0" * 64, address="https://x.example/").hours == [], "records made before"


def test_the_pdf_is_tagged_and_its_fonts_have_every_vietnamese_letter(record: EvidenceRecord) -> None:
    """PDF/UA refuses a letter that its font cannot show, so the claim in the file is the proof."""
    paper = document_of(facts(by=LETTERS, unit=LETTERS), digest="0" * 64, address="https://x.example/")
    made_at = clock.now()
    pdf = pdf_of(paper, made_at=made_at)
    assert pdf.startswith(b"%PDF-1.7")
    assert b"/StructTreeRoot" in pdf and b"pdfuaid:part" in pdf
    assert pdf == pdf_of(paper, made_at=made_at), "the same version is the same file"


def test_a_letter_without_a_font_does_not_cost_the_record(record: EvidenceRecord) -> None:
    pdf = pdf_of(document_of(facts(by="Hùng 🙂"), digest="0" * 64, address="https://x.example/"), made_at=clock.now())
    assert b"/StructTreeRoot" in pdf and b"pdfuaid:part" not in pdf


def test_words_are_never_markup(record: EvidenceRecord) -> None:
    paper = document_of(facts(by=MARKUP, external_id=MARKUP), digest="0" * 64, address="https://x.example/")
    assert b"pdfuaid:part" in pdf_of(paper, made_at=clock.now())


def test_the_command_writes_the_file(record: EvidenceRecord, tmp_path: Path) -> None:
    out = tmp_path / "record.pdf"
    call_command("export_evidence", record.number.lower(), "--out", str(out))
    assert out.read_bytes().startswith(b"%PDF")
    with pytest.raises(CommandError) as refused:
        call_command("export_evidence", "BB-2026-999999", "--out", str(out))
    assert refused.value.returncode == 2


# --- Page -------------------------------------------------------------------------------------------------------------


def test_the_page_is_the_twin_of_the_pdf(record: EvidenceRecord, leader: Official) -> None:
    latest = record.latest
    address = f"http://127.0.0.1:8000/verify/{record.number}/{latest.hash}/"
    paper = document_of(latest.facts, digest=latest.hash, address=address)
    text = html.unescape(browser(leader).get(f"/evidence/{record.number}/").content.decode())
    for words in (paper.complaint, paper.act, paper.confirmation, *paper.interruption, paper.hash_in_groups, address):
        assert words in text, words
    assert qr_of(address) in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text and 'lang="vi"' in text


def test_the_ticket_leads_to_its_record(record: EvidenceRecord, leader: Official) -> None:
    text = browser(leader).get(f"/tickets/{record.ticket.code}/").content.decode()
    assert f"/evidence/{record.number}/" in text


def test_the_list_narrows_by_source_and_month(record: EvidenceRecord, leader: Official) -> None:
    client = browser(leader)
    for query, found in {
        "": True,
        "?source=portal&month=2026-11": True,
        "?month=2026-10": False,
        "?source=other": False,
        "?source=&month=": True,
    }.items():
        page = client.get(f"/evidence/{query}").content.decode()
        assert (f"/evidence/{record.number}/" in page) is found, query
    assert "Không có biên bản nào khớp" in client.get("/evidence/?month=2026-10").content.decode()
    for wrong in ("?month=soon", "?month=9999-12-01", "?after=x"):
        assert client.get(f"/evidence/{wrong}").status_code == 400, wrong


def test_a_list_without_records_says_when_there_will_be_one(leader: Official) -> None:
    assert "Chưa cần biên bản nào" in browser(leader).get("/evidence/").content.decode()


@pytest.mark.parametrize("address", ["/evidence/", "/evidence/list.xlsx", "/evidence/{number}/"])
def test_a_page_costs_the_same_whatever_its_length(
    record: EvidenceRecord, answer: Answer, leader: Official, address: str
) -> None:
    client = browser(leader)
    address = address.format(number=record.number)

    def statements() -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = statements()
    for _ in range(5):
        tried(answer(at=DONE), "retry", at=DONE)
    assert collect(at=DONE + HOUR).created == 5
    assert statements() == few <= 9


# --- Spreadsheet ------------------------------------------------------------------------------------------------------


def sheet_of(file: bytes) -> tuple[str, str]:
    """The sheet's XML, and all its texts."""
    with zipfile.ZipFile(io.BytesIO(file)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/sharedStrings.xml").decode()


def test_the_spreadsheet_has_a_frozen_head_and_no_formulas(record: EvidenceRecord, leader: Official) -> None:
    leader.full_name = MARKUP
    leader.save()
    Source.objects.update(label='=cmd|"/c calc"!A1')
    answer = browser(leader).get("/evidence/list.xlsx?source=portal&month=2026-11")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bien-ban-portal-2026-11.xlsx"'
    sheet, texts = sheet_of(answer.content)
    assert 'state="frozen"' in sheet and "<f>" not in sheet and "hyperlink" not in sheet
    assert record.number in texts and "Số biên bản" in texts


def test_what_looks_like_a_formula_stays_text(record: EvidenceRecord) -> None:
    prefetch_related_objects([record], "versions")
    record.latest.facts |= {"by": MARKUP, "external_id": "+1", "unit": "@x", "source": {"slug": "p", "label": "-1"}}
    sheet, texts = sheet_of(spreadsheet_of([record], made_by=MARKUP, made_at=clock.now()))
    assert "<f>" not in sheet and "hyperlink" not in sheet
    assert "=HYPERLINK(" in texts and ">+1<" in texts and ">@x<" in texts


# --- A check for anybody ----------------------------------------------------------------------------------------------


def test_a_paper_that_was_amended_is_still_genuine_and_says_so(answer: Answer, leader: Official) -> None:
    cache.clear()
    message = answer(at=DONE)
    tried(message, "retry", at=DONE)
    collect(at=DONE + HOUR)
    old = EvidenceRecord.objects.get().latest
    tried(message, "delivered", at=DONE + 2 * HOUR)
    collect(at=DONE + 3 * HOUR)
    new = EvidenceRecord.objects.get().latest
    check = Client(headers={"Accept-Language": "vi"})
    assert "Có bản mới hơn" in check.get(f"/verify/BB-2026-000001/{old.hash}/").content.decode()
    typed = {"number": " bb-2026-000001", "hash": re.sub("(.{8})", r"\1 ", new.hash.upper())}
    assert "Không có bản nào mới hơn" in check.get("/verify/", typed).content.decode(), "as it is printed, in groups"
