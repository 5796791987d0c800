"""Spreadsheets from strangers: CSV in any of the usual dialects, and XLSX. Rows with their line numbers come out.

A row that cannot be split into cells comes out as `Broken` and the rest goes on; a file that is no table at all raises
BadPayload. It knows no columns: what a header means is the caller's business.

Codes: bad_table, too_large.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import math
import unicodedata
import warnings
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, Any

import openpyxl
import xlsxwriter

from connectors.errors import BadPayload

CSV, XLSX = "csv", "xlsx"
LARGEST = 50_000_000  # bytes of a file as it lies there
LARGEST_UNPACKED = 200_000_000  # bytes of everything in an XLSX
MOST_PARTS = 2_000  # files inside an XLSX
MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
LONGEST_CELL = 8_000_000  # characters: a text of 5 MB is a fault we have seen
MOST_LINES_OF_A_ROW = 300
MOST_BROKEN = 1_000
MOST_SHEETS = 10  # looked at for the one with the table
MOST_HEAD = 20  # rows above and including the header
DELIMITERS = ";,\t|"
_CHUNK = 256 * 1024
_TONE_MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323")

csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row: texts, numbers, truth values, "" where nothing is. `line` is its first line in the file."""

    line: int
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that could not be split into cells."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written, so that an answer can be written the same way."""

    kind: str
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: int = 0  # of a workbook


PLAIN = Dialect(CSV)


def dialect_of(file: IO[bytes], *, is_header: Callable[[Sequence[Any]], int]) -> Dialect:
    """How this file is written. `is_header` says how many columns of a row it knows. Raises BadPayload."""
    file.seek(0)
    if file.read(4) == b"PK\x03\x04":
        return Dialect(XLSX, sheet=_best_sheet(file, is_header))
    encoding = _encoding_of(file)
    best = max(DELIMITERS, key=lambda one: _known(file, Dialect(CSV, encoding, one), is_header))
    return Dialect(CSV, encoding, best)


def rows(file: IO[bytes], dialect: Dialect) -> Iterator[Row | Broken]:
    """The rows, without those in which nothing is written. Raises BadPayload."""
    count = 0
    for row in _xlsx_rows(file, dialect.sheet) if dialect.kind == XLSX else _csv_rows(file, dialect):
        if isinstance(row, Row) and not any(cell not in ("", None) for cell in row.cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise BadPayload(f"The file has more than {MOST_ROWS} rows", code="too_large")
        yield row


def ends_with_a_line(file: IO[bytes]) -> bool:
    """Whether the last thing in a text file is the end of a line. A workbook never ends so."""
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - 4))
    return file.read().rstrip(b"\x00")[-1:] in {b"\n", b"\r"}


def is_cut_short(file: IO[bytes], dialect: Dialect, *, columns: int) -> bool:
    """Whether the last line of a CSV looks as if somebody were still writing it."""
    if dialect.kind == XLSX:
        return False  # its table of contents comes last: a half one cannot be opened
    if ends_with_a_line(file):
        return False
    last: Row | Broken | None = None
    for last in rows(file, dialect):  # noqa: B007 - only the last one counts
        pass
    return not isinstance(last, Row) or len(last.cells) < columns


def written(header: Sequence[str], body: Sequence[Sequence[Any]], dialect: Dialect) -> bytes:
    """A table in the same dialect. Nothing in it runs as a formula when a person opens it."""
    if dialect.kind == XLSX:
        return _written_xlsx(header, body)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in body)
    content = text.getvalue()
    if dialect.encoding == "cp1258":
        try:
            return with_loose_tones(content).encode("cp1258")
        except UnicodeEncodeError:
            return content.encode("utf-8-sig")  # a letter that this code page does not have: better readable than lost
    return content.encode(dialect.encoding)


def with_loose_tones(text: str) -> str:
    """Vietnamese letters as Windows-1258 has them: circumflex, breve and horn joined, the five tones apart."""
    joined = ""
    tones = ""
    for letter in unicodedata.normalize("NFD", text):
        if letter in _TONE_MARKS:
            tones += letter
        elif unicodedata.combining(letter) and joined:
            joined = joined[:-1] + unicodedata.normalize("NFC", joined[-1] + letter)
        else:
            joined, tones = joined + tones + letter, ""
    return joined + tones


# --- CSV -------------------------------------------------------------------------------------------------------------


def _encoding_of(file: IO[bytes]) -> str:
    """By its mark; else UTF-8 where it is; else Windows-1258 when next to nothing reads as UTF-8."""
    file.seek(0)
    head = file.read(4)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = readable = 0
    while part := file.read(_CHUNK):
        text = decoder.decode(part)
        if not text.isascii():
            bad = text.count("\ufffd")
            broken += bad
            readable += sum(1 for letter in text if letter > "\x7f") - bad
    return "cp1258" if broken > readable else "utf-8"


def _known(file: IO[bytes], dialect: Dialect, is_header: Callable[[Sequence[Any]], int]) -> int:
    """The most columns that any of the first rows would have, read this way."""
    best = 0
    for number, row in enumerate(_csv_rows(file, dialect)):
        if number >= MOST_HEAD:
            break
        if isinstance(row, Row):
            best = max(best, is_header(row.cells))
    return best


class _Lines:
    """Physical lines for the CSV reader, with a memory: what one row has eaten can be given back."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._given_back: deque[str] = deque()
        self.eaten: list[str] = []
        self.cut = False  # the row being read ran into the end, or into the most lines a row may have
        self.line = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.eaten) >= MOST_LINES_OF_A_ROW:
            self.cut = True
            raise StopIteration
        line = self._given_back.popleft() if self._given_back else self._text.readline(LONGEST_CELL)
        if not line:
            self.cut = True
            raise StopIteration
        self.eaten.append(line)
        self.line += 1
        return line

    def begin_row(self) -> int:
        """Forget what the row before has eaten; returns the line that comes next."""
        self.eaten, self.cut = [], False
        return self.line + 1

    def give_back_all_but_one(self) -> str:
        """The first line of the row; the others are read again as rows of their own."""
        first, *others = self.eaten
        self._given_back.extendleft(reversed(others))
        self.line -= len(others)
        return first


def _csv_rows(file: IO[bytes], dialect: Dialect) -> Iterator[Row | Broken]:
    """A quote that is never closed would swallow the rest of the file: then only its own line is lost."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=dialect.encoding, errors="replace", newline="")
    try:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=dialect.delimiter)
        broken = 0
        while True:
            start = lines.begin_row()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            if cells is None or (len(lines.eaten) > 1 and not _closes_its_quotes(lines, dialect)):
                broken += 1
                if broken > MOST_BROKEN:
                    raise BadPayload("The file is no table of rows and columns", code="bad_table")
                yield Broken(start, lines.give_back_all_but_one())
                reader = csv.reader(lines, delimiter=dialect.delimiter)
            elif cells:
                yield Row(start, tuple(cells[: MOST_COLUMNS + 1]))
    finally:
        text.detach()


def _closes_its_quotes(lines: _Lines, dialect: Dialect) -> bool:
    """Whether a row of several lines is one by the rules, and not two rows run together by a stray quote."""
    try:
        list(csv.reader(lines.eaten, delimiter=dialect.delimiter, strict=True))
    except csv.Error:
        return False
    return not lines.cut


def _harmless(cell: Any) -> str:
    """A cell that spreadsheet programs take for text; signed numbers and telephone numbers stay as they are."""
    text = "" if cell is None else str(cell)
    if text[:1] in {"=", "@", "\t", "\r", "\n", "＝"}:
        return f"'{text}"
    if text[:1] in {"+", "-"} and not text[1:].replace(" ", "").replace(".", "").isdecimal():
        return f"'{text}"
    return text


# --- XLSX ------------------------------------------------------------------------------------------------------------


def _best_sheet(file: IO[bytes], is_header: Callable[[Sequence[Any]], int]) -> int:
    """The sheet whose first rows have the most columns that we know: the first one is often a cover."""
    with _book(file) as book:
        known = [
            max((is_header(row.cells) for row in islice(_sheet_rows(book, number), MOST_HEAD)), default=0)
            for number in range(min(len(book.worksheets), MOST_SHEETS))
        ]
    return max(range(len(known)), key=known.__getitem__, default=0)


def _xlsx_rows(file: IO[bytes], sheet: int) -> Iterator[Row]:
    with _book(file) as book:
        yield from _sheet_rows(book, sheet)


@contextlib.contextmanager
def _book(file: IO[bytes]) -> Iterator[openpyxl.Workbook]:
    """The workbook as openpyxl opens it. Whatever it stumbles over, the file is bad and nothing else."""
    _check_size(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        raise BadPayload(f"The workbook cannot be read ({type(error).__name__})", code="bad_table") from None
    with contextlib.closing(book):
        yield book


def _sheet_rows(book: openpyxl.Workbook, number: int) -> Iterator[Row]:
    try:
        sheet = book.worksheets[number]
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        for line, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS), start=1):
            yield Row(line, _without_empty_end(cells))
    except Exception as error:
        raise BadPayload(f"The workbook cannot be read ({type(error).__name__})", code="bad_table") from None


def _check_size(file: IO[bytes]) -> None:
    """Before anything is unpacked: what the archive says it holds. A liar is cut off there by zipfile itself."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError):
        raise BadPayload("The workbook is cut short or no workbook", code="bad_table") from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise BadPayload("The workbook unpacks to more than anyone may send", code="too_large")
    file.seek(0)


def _without_empty_end(cells: Sequence[Any]) -> tuple[Any, ...]:
    width = next((at for at in range(len(cells), 0, -1) if cells[at - 1] not in ("", None)), 0)
    return tuple(_plain(cell) for cell in cells[:width])


def _plain(cell: Any) -> Any:
    """A cell as plain data: dates as texts in local time, as they stand there."""
    if isinstance(cell, datetime):
        return date_text(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else cell


def date_text(at: datetime) -> str:
    """An instant of a cell as text; at midnight it is a day."""
    return at.date().isoformat() if at.time() == time() else at.replace(microsecond=0).isoformat(" ")


def _written_xlsx(header: Sequence[str], body: Sequence[Sequence[Any]]) -> bytes:
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([header, *body]):
            for column, cell in enumerate(row):
                if isinstance(cell, bool | int) or (isinstance(cell, float) and math.isfinite(cell)):
                    sheet.write(number, column, cell)
                else:
                    sheet.write_string(number, column, str(cell)[:32_767])
    return content.getvalue()
