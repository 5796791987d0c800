"""What is in the files: the tickets one may see, typed, without formulas and without ways to reach a citizen."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime

import openpyxl
import pyarrow.parquet
import pytest
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.reports import names
from inbox.reports.cells import harmless, of_citizen, without_contacts
from inbox.reports.columns import ticket_columns
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Category, Status, Urgency
from inbox.units.models import Unit
from inbox.web import labels
from tests.factories import TUESDAY, make_ticket
from tests.reports.conftest import content, made

pytestmark = pytest.mark.django_db

#: What somebody types into a complaint, whether a cell of it must be disarmed, and why.
TYPED = [
    ("=1+1", True, "a formula"),
    ("+84 là mã vùng", True, "plus begins a formula"),
    ("-2+3", True, "so does minus"),
    ("@SUM(A1)", True, "and the sign of old Lotus functions"),
    ("＝1+1", True, "full width, which some spreadsheets narrow"),
    ("＋1", True, "full width"),
    ("－1", True, "full width"),
    ("＠A1", True, "full width"),
    ("\t=1+1", True, "behind a tab"),
    ("\ttab đầu dòng", True, "a tab alone is eaten by some importers"),
    ("\r=1+1", True, "behind a carriage return"),
    ("\n=1+1", True, "behind a line feed"),
    ("  =1+1", True, "behind blanks that an importer trims"),
    ("\u00a0=1+1", True, "behind a blank that does not break"),
    ("\ufeff=1+1", True, "behind a mark that nobody sees"),
    ("Rác = bẩn", False, "in the middle it is a sign like others"),
    ('Nói "=1+1"', False, "a quotation mark comes first"),
    ("a;=1+1,=2+2\nb", False, "separators stay within the quotation marks"),
    ("Đường 3/2", False, "an ordinary street"),
]
#: What of a text a file shows.
CONTACTS = [
    ("Gọi 0903 111 227 giúp", "Gọi […] giúp", "a mobile number with blanks"),
    ("+84903111227", "[…]", "with the country's code"),
    ("ĐT 090.311.1227.", "ĐT […].", "with dots"),
    ("(028) 3822-1234", "([…]", "a fixed line; what is left says nothing"),
    ("thư ha.le@example.com nhé", "thư […] nhé", "an e-mail address"),
    ("hẻm 42/7 Đinh Bộ Lĩnh, P.26", "hẻm 42/7 Đinh Bộ Lĩnh, P.26", "a house number is no phone"),
    ("hồ sơ 2026-000123-45", "hồ sơ 2026-000123-45", "nor is a file number"),
]


@pytest.mark.parametrize(("text", "disarmed", "why"), TYPED)
def test_what_a_spreadsheet_would_run_is_disarmed(text: str, disarmed: bool, why: str) -> None:
    assert harmless(text) == ("'" + text if disarmed else text), why


@pytest.mark.parametrize(("text", "shown", "why"), CONTACTS)
def test_ways_to_reach_a_citizen_are_left_out(text: str, shown: str, why: str) -> None:
    assert without_contacts(text) == shown, why


def test_csv_comes_back_from_a_parser_as_it_went_in(ward: Unit, portal: Source, leader: Official) -> None:
    typed = [text for text, _, _ in TYPED] + [text for text, _, _ in CONTACTS]
    for text in typed:
        ticket = make_ticket(ward, portal)
        Ticket.objects.filter(pk=ticket.pk).update(title=text, address=text)

    rows = list(csv.DictReader(io.StringIO(content(made(leader)).decode(), newline="")))

    assert [row["title"] for row in rows] == [of_citizen(text) for text in typed]
    assert [row["address"] for row in rows] == [row["title"] for row in rows]
    assert list(rows[0]) == [column.key for column in ticket_columns(TUESDAY)]


def is_late(ticket: Ticket) -> bool:
    """By today: the export is made now, whenever that is."""
    return ticket.next_due_at is not None and ticket.next_due_at < timezone.now()


def test_csv_has_local_times_codes_and_numbers(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = make_ticket(ward, portal, sent_at=TUESDAY, lat=10.81, lng=-106.5, late_risk=7, assignee=leader)

    (row,) = csv.DictReader(io.StringIO(content(made(leader)).decode()))

    assert row["code"] == ticket.code
    assert (row["status"], row["category"], row["unit_code"]) == ("new", "environment", "26929")
    assert row["sent_at"] == "2026-11-17 09:00:00", "local, as the head of the documentation says"
    assert (row["lat"], row["lng"]) == ("10.810000", "-106.500000"), "a number below zero stays one"
    assert (row["late_risk"], row["assignee"]) == ("7", leader.display_name)
    assert (row["accepted_at"], row["overdue"], row["deadline"]) == ("", str(is_late(ticket)).lower(), "running")
    due = timezone.localtime(ticket.clocks.get(kind="resolve").due_at)
    assert row["due_at"] == f"{due:%Y-%m-%d %H:%M:%S}"


def test_a_mark_for_excel_comes_only_when_asked_for(leader: Official) -> None:
    assert content(made(leader, with_mark=True)).startswith(b"\xef\xbb\xbfcode,")
    assert content(made(leader)).startswith(b"code,")


def test_nothing_of_the_citizen_is_in_any_file(ward: Unit, portal: Source, leader: Official) -> None:
    make_ticket(ward, portal, title="Gọi 0903111227", text="Tôi tên Lê Thị Thu Hà")
    for file_format in ("csv", "xlsx", "parquet"):
        inside = content(made(leader, file_format))
        if file_format == "xlsx":
            with zipfile.ZipFile(io.BytesIO(inside)) as book:
                inside = b"".join(book.read(name) for name in book.namelist())
        for secret in ("Thu Hà", "903111227", "ha@example.com"):
            assert secret.encode() not in inside, f"{secret} in {file_format}"


def test_xlsx_has_a_head_types_and_no_formula(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = make_ticket(ward, portal, sent_at=TUESDAY, lat=10.81, lng=106.7, late_risk=7)
    Ticket.objects.filter(pk=ticket.pk).update(title="=1+1", address="http://example.com")

    export = made(leader, "xlsx", status="new", created_after="2026-11-01T00:00:00+07:00")
    sheet = openpyxl.load_workbook(io.BytesIO(content(export))).active

    said = [sheet.cell(row, 1).value for row in range(1, 5)]
    assert said[0] == "Danh sách phản ánh, kiến nghị"
    assert said[1] == "Đơn vị: Phường Bình Thạnh. Kỳ: từ 01/11/2026."
    assert said[2] == "Điều kiện lọc: Trạng thái: Mới"
    assert said[3].startswith(f"Người lập: {leader.display_name}, lúc ")
    assert leader.display_name in sheet.oddFooter.left.text, "on every printed page"
    heads = [cell.value for cell in sheet[5]]
    assert heads == [column.head for column in ticket_columns(TUESDAY)]
    assert sheet.freeze_panes == "B6" and sheet.auto_filter.ref == "A5:V6"
    row = dict(zip([column.key for column in ticket_columns(TUESDAY)], sheet[6], strict=True))
    assert (row["title"].data_type, row["title"].value) == ("s", "=1+1"), "text, never a formula"
    assert row["address"].hyperlink is None
    assert row["sent_at"].value == datetime(2026, 11, 17, 9, 0), "a real date, local"
    assert (row["late_risk"].data_type, row["lat"].value) == ("n", 10.81)
    assert (row["status"].value, row["category"].value) == ("Mới", "Vệ sinh môi trường")


def test_parquet_is_typed_and_says_who_made_it(ward: Unit, portal: Source, leader: Official) -> None:
    ticket = make_ticket(ward, portal, sent_at=TUESDAY, lat=10.81, lng=106.7)

    table = pyarrow.parquet.read_table(io.BytesIO(content(made(leader, "parquet"))))

    (row,) = table.to_pylist()
    assert row["sent_at"] == TUESDAY and row["lat"] == 10.81 and row["overdue"] is is_late(ticket)
    assert row["status"] == "new" and row["accepted_at"] is None
    assert table.schema.metadata[b"made_by"].decode() == leader.display_name


def test_filters_narrow_as_in_the_inbox(ward: Unit, portal: Source, leader: Official) -> None:
    noise, _other = make_ticket(ward, portal, category="noise"), make_ticket(ward, portal)

    export = made(leader, category="noise")

    assert export.total == export.rows == 1
    assert noise.code.encode() in content(export)


def test_papers_and_pages_use_the_same_words() -> None:
    """Files are Vietnamese whoever reads them, so their words stand apart; they must not drift."""
    from django.utils.translation import override

    with override("vi"):
        for status in Status:
            assert names.STATUS[status] == str(labels.STATUS[status].words)
        for category in Category:
            assert names.CATEGORY[category] == str(labels.CATEGORY[category].words)
    assert set(names.URGENCY) == set(Urgency)
