"""Reports: the same numbers as the figures, on paper, on the page and in the spreadsheet; for whom they are."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.dashboards import figures, rollups
from inbox.dashboards.metrics import METRICS, Span, UnitOf
from inbox.dashboards.periods import Grain, Period
from inbox.reports import compose, paper_pdf
from inbox.reports.paper import NOTHING, Cell, Form, Paper
from inbox.reports.paper_xlsx import spreadsheet_of
from inbox.reports.spans import last_whole, span_of
from inbox.sources.models import Source
from inbox.units.models import Unit
from tests.factories import make_official, make_tickets

pytestmark = pytest.mark.django_db

#: Wednesday 04/11/2026, 09:00 in Ho Chi Minh City: October is over.
NOVEMBER = datetime(2026, 11, 4, 2, 0, tzinfo=UTC)
MONDAY = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)


@pytest.fixture
def october(ward: Unit, other_ward: Unit, portal: Source, leader: Official) -> None:
    """Twelve tickets of the ward, ten of them resolved, the last two of those late; one of another ward."""
    tickets = make_tickets(12, unit=ward, source=portal, at=MONDAY, sent_at=MONDAY, category="noise")
    for number, ticket in enumerate(tickets[:10]):
        done = MONDAY + (timedelta(hours=1 + number) if number < 8 else timedelta(days=16))
        accept_ticket(ticket.pk, actor=leader, at=MONDAY + timedelta(minutes=30))
        if number >= 8:
            ticket.clocks.filter(kind="resolve").update(due_at=MONDAY + timedelta(days=3))
        resolve_ticket(ticket.pk, actor=leader, text="Đã xong.", at=done)
    make_tickets(1, unit=other_ward, source=portal, at=MONDAY, sent_at=MONDAY)
    rollups.rebuild(NOVEMBER)


def cells(paper: Paper, table: str, row: str) -> list[Cell]:
    (found,) = [one for one in paper.tables if one.title.startswith(table)]
    return next(list(cells[1:]) for cells in found.rows if cells[0].value == row)


def ward_paper(leader: Official) -> Paper:
    return compose.ward_report(leader, unit="26929", span=span_of("2026-10", NOVEMBER), at=NOVEMBER)


# --- Numbers ---------------------------------------------------------------------------------------------------------


def test_every_number_of_a_report_is_that_of_the_figures(october: None, leader: Official) -> None:
    scope = figures.scope_of(leader, unit="26929")
    october_days = Period(date(2026, 10, 1), date(2026, 10, 31))
    tables = {table.title: table for table in ward_paper(leader).tables}
    checked = 0
    for title in ("Kết quả chung", "Điều kiện khách quan và áp lực công việc", "Hiện trạng lúc 09:00 ngày 04/11/2026"):
        said = {cells[0].value: cells[2] for cells in tables[title].rows}
        for metric in METRICS.values():
            cell = said.get(compose.label_of(metric))
            if cell is None:
                continue
            value = figures.figure(metric, scope, october_days, at=NOVEMBER)
            in_hours = value is not None and metric.unit is UnitOf.WORKING_MINUTES
            assert cell.value == (value / 60 if in_hours and value is not None else value), metric.name
            checked += 1
    assert checked == len(METRICS) - 1, "all figures but satisfaction, for which there are no data"


def test_the_month_of_a_ward_by_hand(october: None, leader: Official) -> None:
    paper = ward_paper(leader)
    received, resolved, rate, late, _median = cells(paper, "Theo lĩnh vực", "Tiếng ồn")
    assert (received.words, resolved.words, rate.words, late.words) == ("12", "10", "80,0 %", "2")
    assert cells(paper, "Theo lĩnh vực", "Cộng") == cells(paper, "Theo lĩnh vực", "Tiếng ồn")
    assert cells(paper, "Theo nguồn tiếp nhận", "Cổng DVCQG")[0].words == "12"
    weeks = next(table for table in paper.tables if table.title == "Diễn biến theo tuần")
    assert sum(int(cells[1].value or 0) for cells in weeks.rows) == 12
    assert paper.summary[0] == "Trong kỳ tiếp nhận 12 phiếu, đã xử lý 10 phiếu; 80,0 % xử lý đúng hạn."


def test_the_ranking_ranks_who_has_enough_and_lists_the_others(
    october: None, supervisor: Official, ward: Unit, other_ward: Unit
) -> None:
    paper = compose.city_ranking(supervisor, span=span_of("2026-10", NOVEMBER), at=NOVEMBER)
    ranked, apart = paper.tables
    assert [(row[0].value, row[1].value) for row in ranked.rows] == [(1, ward.name)]
    assert [row[1].value for row in apart.rows] == [other_ward.name]
    assert [row[0].words for row in apart.rows] == [""], "no place"


def test_a_page_of_figures_has_the_filters_of_the_screen(october: None, supervisor: Official, portal: Source) -> None:
    days = Period(date(2026, 10, 5), date(2026, 10, 18))
    for unit, source in (("", ""), ("26929", ""), ("", portal.slug), ("26929", portal.slug)):
        paper = compose.figures_page(supervisor, unit=unit, source=source, person=None, period=days, at=NOVEMBER)
        scope = figures.scope_of(supervisor, unit=unit, source=source)
        for name in ("new", "resolved", "resolve_on_time"):
            expected = figures.figure(METRICS[name], scope, days, at=NOVEMBER)
            said = cells(paper, "Kết quả trong kỳ", compose.label_of(METRICS[name]))
            assert said[1].value == expected, f"{name} of {unit or 'city'} {source}"


def test_page_paper_and_spreadsheet_say_the_same(october: None, leader: Official, tmp_path: Path) -> None:
    paper = ward_paper(leader)
    words = [cell.words for table in paper.tables for row in table.rows for cell in row if cell.is_number]

    client = Client()
    client.force_login(leader)
    page = client.get("/reports/ward/?span=2026-10").content.decode()
    shown = re.findall(r'<td class="num">([^<]*)</td>', page)
    book = openpyxl.load_workbook(io.BytesIO(spreadsheet_of(paper)))

    assert len(shown) == len(words)
    for number, table in enumerate(paper.tables):
        sheet = book.worksheets[number]
        assert [cell.value for cell in sheet[5]] == list(table.heads)
        for row, made in zip(table.rows, sheet.iter_rows(min_row=6), strict=True):
            for cell, written in zip(row, made, strict=True):
                if cell.form is Form.PERCENT and cell.value is not None:
                    assert written.value == pytest.approx(float(cell.value) / 100) and "%" in written.number_format
                elif cell.is_number:
                    assert written.value == cell.value, "a number or nothing, never words"
        assert sheet.freeze_panes == "B6" and sheet.auto_filter.ref
        assert paper.signature in (sheet["A4"].value, sheet.oddFooter.left.text)
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext: the text of the PDF was not read")
    file = tmp_path / "paper.pdf"
    file.write_bytes(paper_pdf.pdf_of(paper, made_at=NOVEMBER))
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True).stdout
    for expected in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "BÁO CÁO", "PHƯỜNG BÌNH THẠNH", "80,0 %", paper.signature):
        assert expected in text


def test_the_pdf_is_accessible(october: None, leader: Official) -> None:
    """PDF/UA-1: the compiler refuses what does not keep it."""
    pdf = paper_pdf.pdf_of(ward_paper(leader), made_at=NOVEMBER)
    assert pdf.startswith(b"%PDF-") and b"pdfuaid" in pdf


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(1234567, Form.COUNT), "1.234.567"),
        (Cell(0, Form.COUNT), "0"),
        (Cell(None, Form.COUNT), NOTHING),
        (Cell(92.5, Form.PERCENT), "92,5 %"),
        (Cell(100.0, Form.PERCENT), "100,0 %"),
        (Cell(1234.5, Form.DECIMAL), "1.234,5"),
        (Cell("=1+1"), "=1+1"),
    ],
)
def test_numbers_are_written_the_vietnamese_way(cell: Cell, words: str) -> None:
    assert cell.words == words


def test_a_month_without_tickets_is_still_a_report(leader: Official) -> None:
    paper = compose.ward_report(leader, unit="26929", span=span_of("2026-09", NOVEMBER), at=NOVEMBER)
    assert cells(paper, "Kết quả chung", compose.label_of(METRICS["resolve_on_time"]))[1].words == NOTHING
    assert paper_pdf.pdf_of(paper, made_at=NOVEMBER).startswith(b"%PDF-")
    assert all(metric.span in Span for metric in METRICS.values())


# --- Spans -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "first", "last", "words"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31), "tháng 10 năm 2026"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "tháng 02 năm 2024"),
        ("2026-W44", date(2026, 10, 26), date(2026, 11, 1), "tuần 44 năm 2026"),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4), "tuần 01 năm 2026"),
    ],
)
def test_spans(code: str, first: date, last: date, words: str) -> None:
    span = span_of(code, NOVEMBER)
    assert (span.period.first, span.period.last, span.words, span.code) == (first, last, words, code)


@pytest.mark.parametrize("code", ["2026-13", "2026-W60", "2026", "x", "2026-12", "1999-01", "2026-W49", "9999-99"])
def test_what_is_no_span_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        span_of(code, NOVEMBER)


def test_the_last_whole_span_is_local() -> None:
    """On the first of a month at 06:00 in Ho Chi Minh City it is still the month before in London."""
    first = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    assert last_whole(first, Grain.MONTH).code == "2026-10"
    assert last_whole(first - timedelta(hours=7), Grain.MONTH).code == "2026-09"


# --- For whom --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OFFICER, Role.TRIAGE, Role.ADMIN])
def test_reports_are_for_who_may_export(ward: Unit, role: Role) -> None:
    client = Client()
    client.force_login(make_official(role, ward if role is Role.OFFICER else None))
    for address in ("/reports/", "/reports/ward/?unit=26929", "/reports/ranking.pdf", "/reports/figures.xlsx"):
        assert client.get(address).status_code in {403, 404}, address


def test_a_leader_gets_their_ward_only(leader: Official, other_ward: Unit) -> None:
    client = Client()
    client.force_login(leader)
    for suffix in ("/", ".pdf", ".xlsx"):
        assert client.get(f"/reports/ward{suffix}?unit={other_ward.code}").status_code == 404
        assert client.get(f"/reports/figures{suffix}?unit={other_ward.code}").status_code == 404
        assert client.get(f"/reports/ranking{suffix}").status_code == 403
        assert client.get(f"/reports/ward{suffix}").status_code == 200, "one's only ward needs no choosing"


def test_where_one_is_only_an_officer_there_is_no_report(leader: Official, other_ward: Unit) -> None:
    leader.memberships.create(role=Role.OFFICER.value, unit=other_ward)
    with pytest.raises((NotFound, NotAllowed)):
        compose.ward_report(
            Official.objects.get(pk=leader.pk), unit=other_ward.code, span=span_of("2026-10", NOVEMBER), at=NOVEMBER
        )


@pytest.mark.parametrize(
    "query", ["span=x", "span=2026-W99", "from=x&to=y", "from=2026-02-01&to=2026-01-01", "person=x"]
)
def test_an_address_that_makes_no_sense_is_refused(supervisor: Official, query: str) -> None:
    client = Client()
    client.force_login(supervisor)
    report = "ranking" if query.startswith("span") else "figures"
    assert client.get(f"/reports/{report}/?{query}").status_code == 400


def test_files_are_named_after_what_they_hold(supervisor: Official) -> None:
    client = Client()
    client.force_login(supervisor)
    answer = client.get('/reports/ward.xlsx?unit=26929&span=2026-01&source="%0d%0aX:y')
    assert answer["Content-Disposition"] == 'attachment; filename="bao-cao-ward-26929-Xy-2026-01.xlsx"'


def test_a_report_costs_no_more_with_more_wards(
    october: None, supervisor: Official, django_assert_max_num_queries: Callable[..., object]
) -> None:
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        compose.city_ranking(supervisor, span=span_of("2026-10", NOVEMBER), at=clock.now())


def test_every_page_of_figures_has_its_files(october: None, supervisor: Official, leader: Official) -> None:
    """The buttons carry the filters of the page, and lead to files."""
    client = Client()
    client.force_login(supervisor)
    page = client.get("/dashboard/?period=own&since=2026-10-05&until=2026-10-18&source=portal").content.decode()
    query = "?source=portal&amp;from=2026-10-05&amp;to=2026-10-18"
    for suffix in ("pdf", "xlsx"):
        assert f"/reports/figures.{suffix}{query}" in page
        assert client.get(f"/reports/figures.{suffix}{query.replace('&amp;', '&')}").status_code == 200
    client.force_login(leader)
    assert "/reports/figures.pdf?unit=26929" in client.get("/dashboard/units/26929/").content.decode()
    assert client.get("/reports/figures/").content.decode().count("PHƯỜNG BÌNH THẠNH") == 1, "one's own ward"


def test_officers_take_nothing_out(october: None, ward: Unit) -> None:
    client = Client()
    client.force_login(make_official(Role.OFFICER, ward))
    assert "/reports/figures" not in client.get("/dashboard/").content.decode()
    assert client.get("/reports/figures.pdf").status_code == 403
