"""Spreadsheets dropped into a folder: every dialect, each file once, each bad row alone, answers as files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from connectors import registry, tables
from connectors.engine import Batch, Rejected, parse_one, read
from connectors.errors import AuthError, BadPayload, ConfigError, ConnectorError, Transient
from connectors.mapping import VIETNAM, folded
from connectors.protocol import Connector, SourceConfig
from connectors.records import InboundRecord, OutboundAction, OutboundUpdate, RawItem, SourceStatus
from connectors.sources import file_drop
from connectors.testing import ConnectorConformance
from tests.connectors.drops import (
    HEADER,
    SftpServer,
    client_key_text,
    complaint,
    csv_of,
    drop,
    local,
    running_sftp,
    xlsx_of,
)


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_drop, "LOOK_AGAIN", 0.05)


def source(config: SourceConfig) -> Connector:
    return registry.build(config, connector="file_drop")


def batches(connector: Connector, cursor: dict[str, Any] | None = None, *, full: bool = False) -> list[Batch]:
    return list(read(connector, cursor or {}, now=datetime.now(UTC), full=full))


def records(found: list[Batch]) -> dict[str, InboundRecord]:
    return {one.record.external_id: one.record for batch in found for one in batch.accepted}


def refusals(found: list[Batch]) -> list[tuple[str, str, str]]:
    return [(one.error.code, one.error.field, one.error.detail) for batch in found for one in batch.rejected]


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class TestFolder(ConnectorConformance):
    """The suite, over a folder with three files."""

    connector = "file_drop"

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path
        drop(tmp_path, "a.csv", csv_of([complaint(n) for n in range(12)]))
        drop(tmp_path, "b.csv", csv_of([complaint(n) for n in range(8, 20)], delimiter=","))
        drop(tmp_path, "c.xlsx", xlsx_of([complaint(n) for n in range(20, 40)]))

    def config(self, sandbox_url: str) -> SourceConfig:
        return local(self.path)

    def assert_arrived(self, update: OutboundUpdate) -> None:
        (path,) = [one for one in (self.path / "outbox").iterdir() if update.key[:12] in one.name]
        assert update.external_id in path.read_text("utf-8", "replace") or path.suffix == ".xlsx"


class TestSftp(ConnectorConformance):
    """The same over a real SFTP server."""

    connector = "file_drop"

    @pytest.fixture(autouse=True)
    def server(self, tmp_path: Path) -> Iterator[None]:
        (tmp_path / "thả").mkdir()
        drop(tmp_path / "thả", "a.csv", csv_of([complaint(n) for n in range(25)]))
        with running_sftp(tmp_path) as self.running:
            yield

    def config(self, sandbox_url: str) -> SourceConfig:
        return self.running.config(folder="/th%E1%BA%A3")

    def assert_arrived(self, update: OutboundUpdate) -> None:
        found = [one.name for one in (self.running.root / "thả" / "outbox").iterdir()]
        assert sum(update.key[:12] in name for name in found) == 1
        assert not any(name.endswith(".part") for name in found)


# --- Dialects ---------------------------------------------------------------------------------------------------------

ROWS = [complaint(1), complaint(2, **{"Nội dung phản ánh": 'Ông Ba nói: "hỏng; tối, ướt"\nđã ba đêm'})]
SHUFFLED = ("SĐT", "NGAY GUI", "nội_dung  phản-ánh", "Ma phan anh", "Cột lạ", "trang thai", "LĨNH VỰC")
DIALECTS: list[tuple[str, str, bytes]] = [
    ("UTF-8, semicolons", "x.csv", csv_of(ROWS).encode()),
    ("UTF-8 with a mark, commas", "x.CSV", csv_of(ROWS, delimiter=",").encode("utf-8-sig")),
    ("Windows-1258", "x.csv", tables.with_loose_tones(csv_of(ROWS)).encode("cp1258")),
    ("UTF-16 as Excel's Unicode text", "x.csv", csv_of(ROWS, delimiter="\t").encode("utf-16")),
    ("a heading above the header", "x.csv", ("BÁO CÁO PHẢN ÁNH\r\nTháng 11/2026;;\r\n" + csv_of(ROWS)).encode()),
    ("a workbook", "x.xlsx", xlsx_of(ROWS)),
    ("decomposed letters", "x.csv", unicodedata.normalize("NFD", csv_of(ROWS)).encode()),
]


@pytest.mark.parametrize(("name", "content"), [case[1:] for case in DIALECTS], ids=[case[0] for case in DIALECTS])
def test_a_table_is_read_however_it_was_saved(tmp_path: Path, name: str, content: bytes) -> None:
    drop(tmp_path, name, content)
    found = batches(source(local(tmp_path)))
    assert refusals(found) == []
    got = records(found)
    assert set(got) == {"PA-0001", "PA-0002"}
    assert got["PA-0001"].text == "Đèn đường số 1 hỏng, tối om; xin sửa"
    assert got["PA-0002"].text == 'Ông Ba nói: "hỏng; tối, ướt"\nđã ba đêm'
    assert got["PA-0001"].sent_at == datetime(2026, 11, 2, 18, 22, 5, tzinfo=VIETNAM)
    assert (got["PA-0001"].status, got["PA-0001"].category) == (SourceStatus.NEW, "lighting")
    assert (got["PA-0001"].reporter.phone, got["PA-0001"].place.ward_name) == ("+84903111227", "Phường Bình Thạnh")


def test_columns_come_in_any_order_and_spelling(tmp_path: Path) -> None:
    row = dict(zip(SHUFFLED, ["0903 111 227", "19/11/2026", "Ngập", "X1", "?", "ĐANG XỬ LÝ", "ngap nuoc"], strict=True))
    drop(tmp_path, "x.csv", csv_of([row], header=SHUFFLED))
    (record,) = records(batches(source(local(tmp_path)))).values()
    assert (record.external_id, record.text, record.title) == ("X1", "Ngập", "Ngập")
    assert (record.status, record.status_raw, record.category) == (SourceStatus.IN_PROGRESS, "ĐANG XỬ LÝ", "flooding")


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (datetime(2026, 11, 19, 18, 22, 5), "2026-11-19 18:22:05"),  # an Excel date
        (46345.765, "2026-11-19 18:21:36"),  # an Excel date whose cell is not formatted as one
        (46345, "2026-11-19 00:00:00"),
        ("19/11/2026", "2026-11-19 00:00:00"),
        ("19-11-2026 18:22", "2026-11-19 18:22:00"),
        ("18:22:05 19/11/2026", "2026-11-19 18:22:05"),  # the clock first, as many reports here have it
        ("2026-11-19T18:22:05+07:00", "2026-11-19 18:22:05"),
    ],
)
def test_dates_in_a_workbook(tmp_path: Path, cell: Any, wanted: str) -> None:
    drop(tmp_path, "x.xlsx", xlsx_of([complaint(1, **{"Ngày gửi": cell})]))
    (record,) = records(batches(source(local(tmp_path)))).values()
    assert record.sent_at == datetime.fromisoformat(wanted).replace(tzinfo=VIETNAM)


def test_a_cover_sheet_is_passed_over(tmp_path: Path) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet("Bìa").write(0, 0, "BÁO CÁO PHẢN ÁNH")
        sheet = book.add_worksheet("Dữ liệu")
        for number, line in enumerate([HEADER, [complaint(1)[title] for title in HEADER]], start=3):
            sheet.write_row(number, 1, line)  # and the table does not begin in the corner
    drop(tmp_path, "x.xlsx", content.getvalue())
    connector = source(local(tmp_path))
    found = records(batches(connector))
    assert found["PA-0001"].text == "Đèn đường số 1 hỏng, tối om; xin sửa"
    connector.push(answer(found["PA-0001"]))
    (path,) = (tmp_path / "outbox").iterdir()
    assert "PA-0001" in [cell for row in openpyxl.load_workbook(path).worksheets[0].values for cell in row]


def test_numbers_that_excel_made_of_ids_and_phones(tmp_path: Path) -> None:
    drop(tmp_path, "x.xlsx", xlsx_of([complaint(1, **{"Mã phản ánh": 101000729509, "SĐT": 903111227})]))
    (record,) = records(batches(source(local(tmp_path)))).values()
    assert (record.external_id, record.reporter.phone) == ("101000729509", "+84903111227")


def test_american_dates_are_a_setting(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", csv_of([complaint(1, **{"Ngày gửi": "3/4/2026 1:20"})]))
    (american,) = records(batches(source(local(tmp_path, date_order="mdy")))).values()
    (usual,) = records(batches(source(local(tmp_path)))).values()
    assert (american.sent_at.month, usual.sent_at.month) == (3, 4)


def test_a_day_as_a_deadline_lasts_to_its_end(tmp_path: Path) -> None:
    rows = [complaint(1, **{"Hạn xử lý": datetime(2026, 12, 1)})]
    drop(tmp_path, "x.xlsx", xlsx_of(rows, header=(*HEADER, "Hạn xử lý")))
    (record,) = records(batches(source(local(tmp_path)))).values()
    assert record.due_at == datetime(2026, 12, 1, 23, 59, 59, tzinfo=VIETNAM)


# --- Once, whole, in order --------------------------------------------------------------------------------------------


def test_a_file_is_taken_once_by_its_content(tmp_path: Path) -> None:
    content = csv_of(ROWS)
    drop(tmp_path, "x.csv", content)
    first = batches(source(local(tmp_path)))
    assert names(tmp_path) == {f"taken/{first_hash(content)}~x.csv"}
    drop(tmp_path, "copy of x.csv", content)
    again = batches(source(local(tmp_path)), first[-1].cursor)
    assert records(again) == {}
    assert len(names(tmp_path)) == 2, "the copy is out of the way too"
    drop(tmp_path, "x.csv", csv_of([complaint(1, **{"Trạng thái": "Đã xử lý"})]))
    third = batches(source(local(tmp_path)), first[-1].cursor)
    assert records(third)["PA-0001"].status is SourceStatus.RESOLVED


def first_hash(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def test_where_files_may_not_be_moved_they_are_remembered(tmp_path: Path) -> None:
    with running_sftp(tmp_path) as running:
        running.may_write = False
        drop(tmp_path, "x.csv", csv_of(ROWS))
        first = batches(source(running.config()))
        assert set(records(first)) == {"PA-0001", "PA-0002"}
        again = batches(source(running.config()), first[-1].cursor)
    assert records(again) == {}
    assert names(tmp_path) == {"x.csv"}


def test_the_same_row_tomorrow_is_nothing_new(tmp_path: Path) -> None:
    """Apps export everything again every day."""
    drop(tmp_path, "monday.csv", csv_of(ROWS))
    first = batches(source(local(tmp_path)))
    drop(tmp_path, "tuesday.csv", csv_of([*ROWS, complaint(3)]))
    second = records(batches(source(local(tmp_path)), first[-1].cursor))
    assert second["PA-0001"].revision == records(first)["PA-0001"].revision


def test_of_several_versions_the_last_one_counts_and_a_full_read_agrees(tmp_path: Path) -> None:
    drop(tmp_path, "1.csv", csv_of([complaint(1), complaint(2)]))
    drop(tmp_path, "2.csv", csv_of([complaint(1, **{"Trạng thái": "Đang xử lý"})]))
    repeated = [complaint(1, **{"Trạng thái": "Đã trả lời"}), complaint(1, **{"Trạng thái": "Trả lại"})]
    drop(tmp_path, "3.csv", csv_of(repeated))
    found = batches(source(local(tmp_path)))
    assert [one.record.status for batch in found for one in batch.accepted if one.record.external_id == "PA-0001"] == [
        SourceStatus.RETURNED
    ]
    everything = batches(source(local(tmp_path)), found[-1].cursor, full=True)
    assert {k: r.revision for k, r in records(everything).items()} == {k: r.revision for k, r in records(found).items()}


@pytest.mark.parametrize("survived", [1, 2, 3])
def test_a_crash_while_old_files_are_read_again_skips_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    monkeypatch.setattr(file_drop, "PAGE_ROWS", 2)
    for number in range(3):
        drop(tmp_path, f"{number}.csv", csv_of([complaint(10 * number + n) for n in range(3)]))
    done = batches(source(local(tmp_path)))
    drop(tmp_path, "new.csv", csv_of([complaint(99)]))
    run = read(source(local(tmp_path)), {}, now=datetime.now(UTC))
    stored = [next(run) for _ in range(survived)]
    run.close()  # type: ignore[attr-defined]
    again = batches(source(local(tmp_path)), stored[-1].cursor)
    assert records(stored).keys() | records(again).keys() == {*records(done), "PA-0099"}


UNFINISHED: list[tuple[str, str, str | bytes]] = [
    ("under another name", "x.csv.part", csv_of(ROWS)),
    ("hidden", ".x.csv", csv_of(ROWS)),
    ("Excel has it open", "~$x.xlsx", xlsx_of(ROWS)),
    ("in the middle of a row", "x.csv", csv_of(ROWS)[:-60]),
    ("in the middle of the header", "x.csv", csv_of(ROWS)[:40]),
    ("a workbook without its end", "x.xlsx", xlsx_of(ROWS)[:-40]),
    ("nothing yet", "x.csv", b""),
]


@pytest.mark.parametrize(("name", "content"), [case[1:] for case in UNFINISHED], ids=[case[0] for case in UNFINISHED])
def test_half_a_file_is_left_alone(tmp_path: Path, name: str, content: str | bytes) -> None:
    drop(tmp_path, name, content, age=timedelta(seconds=20))
    found = batches(source(local(tmp_path)))
    assert (records(found), refusals(found), names(tmp_path)) == ({}, [], {name})


def test_a_file_that_somebody_writes_is_left_until_it_is_closed(tmp_path: Path) -> None:
    path = drop(tmp_path, "x.csv", b"")
    with path.open("w", encoding="utf-8", newline="") as writing:
        writing.write(csv_of(ROWS))
        writing.flush()
        assert records(batches(source(local(tmp_path)))) == {}
    assert set(records(batches(source(local(tmp_path))))) == {"PA-0001", "PA-0002"}


def test_a_file_that_grows_between_two_looks_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop(tmp_path, "x.csv", csv_of(ROWS), age=timedelta(0))

    def meanwhile(_: float) -> None:
        path.write_text(path.read_text("utf-8") + csv_of([complaint(3)], header=HEADER).split("\r\n")[1], "utf-8")

    monkeypatch.setattr(file_drop.clock_time, "sleep", meanwhile)
    assert records(batches(source(local(tmp_path)))) == {}
    monkeypatch.undo()
    monkeypatch.setattr(file_drop, "LOOK_AGAIN", 0.01)
    assert set(records(batches(source(local(tmp_path))))) == {"PA-0001", "PA-0002", "PA-0003"}


def test_a_finished_file_without_a_last_line_end_is_taken_at_once(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", csv_of(ROWS).rstrip(), age=timedelta(seconds=1))
    assert set(records(batches(source(local(tmp_path))))) == {"PA-0001", "PA-0002"}


def test_a_half_file_that_nobody_finishes_is_read_in_the_end(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", csv_of(ROWS)[:-60], age=timedelta(minutes=3))
    found = batches(source(local(tmp_path)))
    assert set(records(found)) == {"PA-0001"}
    assert refusals(found), "what was lost with the end is visible"


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = drop(tmp_path, "secret.csv", csv_of(ROWS))
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "x.csv").symlink_to(secret)
    assert records(batches(source(local(tmp_path / "drop")))) == {}


# --- What is bad is kept apart ----------------------------------------------------------------------------------------

BAD_ROWS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no id", {"Mã phản ánh": ""}, "missing_field", "Mã phản ánh"),
    ("no text", {"Nội dung phản ánh": "  "}, "missing_field", "Nội dung phản ánh"),
    ("no such day", {"Ngày gửi": "31/02/2026"}, "bad_date", "Ngày gửi"),
    ("an id of a page's length", {"Mã phản ánh": "x" * 300}, "too_long", "Mã phản ánh"),
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("change", "code", "field"), [case[1:] for case in BAD_ROWS], ids=[c[0] for c in BAD_ROWS])
def test_a_bad_row_is_refused_with_its_line_and_the_rest_goes_in(
    tmp_path: Path, kind: str, change: dict[str, Any], code: str, field: str
) -> None:
    rows = [complaint(1), complaint(2, **change), complaint(3)]
    drop(tmp_path, f"x.{kind}", csv_of(rows) if kind == "csv" else xlsx_of(rows))
    found = batches(source(local(tmp_path)))
    assert set(records(found)) == {"PA-0001", "PA-0003"}
    ((got, where, detail),) = refusals(found)
    assert (got, where) == (code, field)
    assert f"x.{kind}, line 3" in detail


def test_a_quote_that_is_never_closed_costs_one_line(tmp_path: Path) -> None:
    lines = csv_of([complaint(n) for n in range(1, 700)]).split("\r\n")
    lines[5] = 'PA-X;"Ông Ba nói: hỏng;' + lines[5][10:].replace('"', "")
    drop(tmp_path, "x.csv", "\r\n".join(lines))
    found = batches(source(local(tmp_path)))
    assert len(records(found)) == 698
    ((code, _, detail),) = refusals(found)
    assert (code, "line 6" in detail) == ("broken_row", True)


def test_a_row_with_a_cell_too_many_is_not_guessed_at(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", csv_of([complaint(1)]) + ";".join(["PA-0002", *"abcdefgh", "thừa"]) + "\r\n")
    found = batches(source(local(tmp_path)))
    assert [code for code, _, _ in refusals(found)] == ["broken_row"]
    assert set(records(found)) == {"PA-0001"}


def bomb() -> bytes:
    """A workbook of a few hundred kilobytes that would unpack to 300 megabytes."""
    good, packed = io.BytesIO(xlsx_of(ROWS)), io.BytesIO()
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != "xl/sharedStrings.xml":
                new.writestr(part.filename, old.read(part))
        with new.open("xl/sharedStrings.xml", "w") as inside:
            for _ in range(300):
                inside.write(b"\0" * 1_000_000)
    return packed.getvalue()


def with_entities() -> bytes:
    """A workbook whose strings are a billion laughs."""
    good, packed = io.BytesIO(xlsx_of(ROWS)), io.BytesIO()
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(packed, "w") as new:
        for part in old.infolist():
            text = old.read(part).decode()
            if part.filename == "xl/sharedStrings.xml":
                text = f"<!DOCTYPE sst [{laughs}]><sst><si><t>&a11;</t></si></sst>"
            new.writestr(part.filename, text)
    return packed.getvalue()


BAD_FILES: list[tuple[str, str, bytes, str]] = [
    ("a zip bomb", "x.xlsx", bomb(), "too_large"),
    ("a billion laughs", "x.xlsx", with_entities(), "bad_table"),
    ("a picture", "x.xlsx", b"\x89PNG\r\n\x1a\n" + b"x" * 500, "missing_column"),
    ("an archive", "x.xlsx", b"PK\x03\x04" + b"\0" * 500, "bad_table"),
    ("another table", "x.csv", b"a;b;c\r\n1;2;3\r\n", "missing_column"),
    ("noise", "x.csv", bytes(range(256)) * 50, "missing_column"),
]


@pytest.mark.parametrize(
    ("name", "content", "code"), [case[1:] for case in BAD_FILES], ids=[case[0] for case in BAD_FILES]
)
def test_a_file_that_is_no_table_is_refused_and_holds_nobody_up(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    drop(tmp_path, name, content)
    drop(tmp_path, "good.csv", csv_of(ROWS))
    found = batches(source(local(tmp_path)))
    assert set(records(found)) == {"PA-0001", "PA-0002"}
    ((got, _, detail),) = refusals(found)
    assert (got, name in detail) == (code, True)
    assert f"refused/{name}" in names(tmp_path)
    again = batches(source(local(tmp_path)), found[-1].cursor)
    assert refusals(again) == []


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LARGEST", 1000)
    drop(tmp_path, "x.csv", csv_of([complaint(n) for n in range(100)]))
    assert [code for code, _, _ in refusals(batches(source(local(tmp_path))))] == ["too_large"]


def test_a_refused_file_is_in_quarantine_before_it_is_moved(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", "a;b\r\n1;2\r\n")
    run = read(source(local(tmp_path)), {}, now=datetime.now(UTC))
    assert next(run).rejected
    assert names(tmp_path) == {"x.csv"}
    run.close()  # type: ignore[attr-defined]


ANYTHING = st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))


@given(body=ANYTHING, kind=st.sampled_from(["csv", "xlsx"]), with_header=st.booleans())
def test_no_file_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, kind: str, with_header: bool
) -> None:
    """Whatever lies there: rows, refused rows or a refused file."""
    folder = tmp_path_factory.mktemp("drop")
    head = (";".join(HEADER) + "\r\n").encode() if with_header else b""
    drop(folder, f"x.{kind}", head + body)
    assert {code for code, _, _ in refusals(batches(source(local(folder))))} <= {
        "missing_field", "bad_date", "too_long", "broken_row", "missing_column", "bad_table",
    }  # fmt: skip


@given(
    texts=st.lists(st.text(max_size=40).filter(lambda text: text.strip()), min_size=1, max_size=12),
    delimiter=st.sampled_from(";,\t|"),
    quoted=st.booleans(),
)
def test_every_row_comes_out_once(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], delimiter: str, quoted: bool
) -> None:
    """Whatever citizens write, quotes, delimiters and line ends included: as many rows out as in."""
    folder = tmp_path_factory.mktemp("drop")
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerow(HEADER)
    for number, text in enumerate(texts):
        writer.writerow(complaint(number, **{"Nội dung phản ánh": text})[title] for title in HEADER)
    drop(folder, "x.csv", content.getvalue().encode("utf-8", "replace"))
    found = batches(source(local(folder)))
    refused = {one.raw.external_id for batch in found for one in batch.rejected}
    assert records(found).keys() | refused == {f"PA-{number:04d}" for number in range(len(texts))}


CELL = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.integers(), max_size=2)
)


@given(cells=st.dictionaries(st.sampled_from(HEADER) | st.text(max_size=10), CELL, max_size=9))
def test_no_row_breaks_the_parser(cells: dict[str, Any]) -> None:
    payload = {"file": "x.csv", "line": 2, "columns": complaint(1) | cells}
    result = parse_one(source(SourceConfig("d", {"path": "/x"})), RawItem(payload), now=datetime.now(UTC))
    assert not isinstance(result, Rejected) or result.error.code in {
        "missing_field",
        "wrong_type",
        "bad_date",
        "too_long",
    }


# --- Answers ----------------------------------------------------------------------------------------------------------


def answer(record: InboundRecord, text: str = "Đã sửa đèn; cảm ơn ông/bà") -> OutboundUpdate:
    return OutboundUpdate(
        key="0123456789abcdef" * 2,
        action=OutboundAction.RESOLVE,
        external_id=record.external_id,
        write_id=record.write_id,
        text=text,
        author="UBND phường Bình Thạnh",
        at=datetime(2026, 11, 20, 2, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("encoding", "delimiter", "name"),
    [("utf-8", ";", "x.csv"), ("utf-8-sig", ",", "x.csv"), ("cp1258", ";", "x.csv"), ("", "", "x.xlsx")],
)
def test_an_answer_has_the_shape_of_the_file(tmp_path: Path, encoding: str, delimiter: str, name: str) -> None:
    header = (*HEADER, "Nội dung trả lời")
    if encoding:
        text = csv_of(ROWS, delimiter=delimiter, header=header)
        content = tables.with_loose_tones(text).encode(encoding) if encoding == "cp1258" else text.encode(encoding)
    else:
        content = xlsx_of(ROWS, header=header)
    drop(tmp_path, name, content)
    connector = source(local(tmp_path))
    connector.push(answer(records(batches(connector))["PA-0001"]))
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name == f"x-0123456789ab{Path(name).suffix}"
    if encoding:
        got = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding)), delimiter=delimiter))
    else:
        sheet = openpyxl.load_workbook(path).worksheets[0]
        got = [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
    got = [[unicodedata.normalize("NFC", cell) for cell in row] for row in got]
    assert got[0] == [*header, "Ngày trả lời", "Người trả lời"]
    row = dict(zip(*got, strict=True))
    assert row["Mã phản ánh"] == "PA-0001"
    assert (row["Trạng thái"], row["Nội dung trả lời"]) == ("Đã xử lý", "Đã sửa đèn; cảm ơn ông/bà")
    assert row["Ngày trả lời"] == "20/11/2026 09:00:00"
    assert row["Nội dung phản ánh"] == ROWS[0]["Nội dung phản ánh"]


def test_an_answer_twice_is_one_file(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", csv_of(ROWS))
    connector = source(local(tmp_path))
    record = records(batches(connector))["PA-0001"]
    for _ in range(2):
        connector.push(answer(record))
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_an_answer_to_a_file_that_is_gone_is_still_written(tmp_path: Path) -> None:
    drop(tmp_path, "x.csv", csv_of(ROWS))
    connector = source(local(tmp_path))
    record = records(batches(connector))["PA-0001"]
    next((tmp_path / "taken").iterdir()).unlink()
    connector.push(answer(record))
    (path,) = (tmp_path / "outbox").iterdir()
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Mã phản ánh", "Trạng thái", "Ngày trả lời", "Người trả lời", "Nội dung trả lời"]


def test_nothing_in_an_answer_runs_in_a_spreadsheet_program(tmp_path: Path) -> None:
    rows = [complaint(1, **{"Nội dung phản ánh": "=cmd|' /C calc'!A1", "Họ tên": "@SUM(A1)", "SĐT": "+84903111227"})]
    drop(tmp_path, "x.csv", csv_of(rows))
    connector = source(local(tmp_path))
    connector.push(answer(records(batches(connector))["PA-0001"], text="-2+3+cmd"))
    (path,) = (tmp_path / "outbox").iterdir()
    cells = list(csv.reader(io.StringIO(path.read_text("utf-8")), delimiter=";"))[1]
    assert [cell for cell in cells if cell[:1] in "=+-@"] == ["+84903111227"]


# --- SFTP -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpServer]:
    with running_sftp(tmp_path) as running:
        yield running


def test_a_key_of_ours_opens_the_account(sftp: SftpServer) -> None:
    config = sftp.config(password="")
    for text in (client_key_text(), " ".join(client_key_text().split("\n"))):  # also out of a field of one line
        keyed = SourceConfig("file_drop", config.settings, secrets={"private_key": text})
        assert "0 files" in source(keyed).check()
    assert sftp.logins == [], "no password was tried"


def test_a_server_that_shows_another_key_gets_no_password(sftp: SftpServer) -> None:
    for host_key, code in (("", "no_host_key"), ("SHA256:" + "A" * 43, "host_key_changed")):
        with pytest.raises(ConfigError) as caught:
            source(sftp.config(host_key=host_key)).check()
        assert caught.value.code == code
        assert sftp.fingerprint in caught.value.detail, "so that it can be compared with what the owner says"
    assert sftp.logins == []


SFTP_TROUBLE: list[tuple[dict[str, Any], type[ConnectorError], str]] = [
    ({"password": "wrong"}, AuthError, "wrong_password"),
    ({"folder": "/nowhere"}, ConfigError, "no_folder"),
]


@pytest.mark.parametrize(("changes", "error", "code"), SFTP_TROUBLE)
def test_sftp_trouble_says_what_to_do_next(
    sftp: SftpServer, changes: dict[str, Any], error: type[ConnectorError], code: str
) -> None:
    with pytest.raises(error) as caught:
        source(sftp.config(**changes)).check()
    assert caught.value.code == code


def test_a_server_that_is_not_there_is_tried_again_later() -> None:
    gone = SourceConfig(
        "file_drop", {"path": "sftp://127.0.0.1:1/", "username": "a", "host_key": "x"}, secrets={"password": "p"}
    )
    with pytest.raises(Transient) as caught:
        source(gone).check()
    assert caught.value.code == "refused"


def test_an_answer_into_a_folder_that_may_not_be_written_waits_for_a_person(sftp: SftpServer) -> None:
    drop(sftp.root, "x.csv", csv_of(ROWS))
    record = records(batches(source(sftp.config())))["PA-0001"]
    sftp.may_write = False
    with pytest.raises(ConfigError) as caught:
        source(sftp.config()).push(answer(record))
    assert caught.value.code == "folder_denied"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"path": "relative/folder"}, "bad_path"),
        ({"path": "http://host/x"}, "bad_path"),
        ({"path": "sftp://host/x"}, "missing_setting"),  # no account
        ({"path": "/x", "date_order": "ymd"}, "date_order"),
    ],
)
def test_a_wrong_setting_is_refused_when_it_is_set(settings: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        source(SourceConfig("file_drop", settings))
    assert caught.value.code == code


def test_a_folder_that_does_not_exist_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        source(local(tmp_path / "nowhere")).check()
    assert caught.value.code == "no_folder"


def test_titles_are_compared_folded() -> None:
    assert folded("  NỘI-DUNG_phản  Ánh: ") == folded("noi dung phan anh") == "noi dung phan anh"
    assert json.dumps(folded("Đ")) == '"d"'


def test_a_table_bomb_is_refused_by_its_own_words() -> None:
    with pytest.raises(BadPayload):
        list(tables.rows(io.BytesIO(bomb()), tables.Dialect(tables.XLSX)))


# --- Real files -------------------------------------------------------------------------------------------------------

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "requests"
#: file, settings, rows: 62,165 and 4,969 requests as two cities publish them.
REAL = [("boston311_2013_2023.csv.gz", {}, 62_165), ("nyc311_animals_2025.csv.gz", {"date_order": "mdy"}, 4_969)]


@pytest.mark.shared
@pytest.mark.parametrize(("file", "settings", "rows"), REAL, ids=["Boston", "New York"])
def test_real_exports_are_understood_to_the_last_row(
    tmp_path: Path, file: str, settings: dict[str, str], rows: int
) -> None:
    if not (SHARED / file).exists():
        pytest.skip("the real request files do not ship with the program")
    text = gzip.decompress((SHARED / file).read_bytes()).decode().splitlines(keepends=True)
    step = max(1, rows // 2_000)  # every so-manieth row: all of them are a matter of a benchmark
    sample = [text[0], *text[1::step]]
    drop(tmp_path, "export.csv", "".join(sample))
    found = batches(source(local(tmp_path, **settings)))
    assert refusals(found) == []
    assert len(records(found)) == len(sample) - 1
