"""Apps that can only export spreadsheets: files appear in a folder, here or of an SFTP account; answers are files too.

A file is taken once, by the hash of its content, and then lies in `taken/`; one that is no table lies in `refused/` and
in quarantine. Files that are still being written are left alone. What a column means is data: profiles/file_drop.toml,
or another profile of the same family.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time as clock_time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import IO, Any

from openpyxl.utils.datetime import from_excel

from connectors import profile, tables
from connectors.errors import BadPayload, ConfigError, ConnectorError, Permanent
from connectors.folders import Entry, Folder, Login, opened
from connectors.http import HttpClient
from connectors.mapping import Folded, Reader, clean, file_name, folded, title_from, vn_date, vn_stamp, with_revision
from connectors.protocol import Capabilities, Connector, Setting, SourceConfig
from connectors.records import (
    Attachment,
    InboundRecord,
    OpenItem,
    OutboundAction,
    OutboundUpdate,
    Page,
    Place,
    RawItem,
    Receipt,
    Reporter,
    SourceStatus,
)
from connectors.tables import Broken, Dialect, Row

TAKEN, REFUSED, OUTBOX = "taken", "refused", "outbox"
PAGE_ROWS = 500
SUFFIXES = (".csv", ".xlsx")
#: A file that changed less than this ago is looked at twice.
SETTLED = timedelta(seconds=10)
LOOK_AGAIN = 1.0  # seconds
#: A file that ends in the middle of a row is given this long to be finished.
STALLED = timedelta(minutes=2)
MOST_REMEMBERED = 2_000  # hashes of files
IN_MEMORY = 4_000_000  # bytes of a file that are not put on the disk
LONGEST_NAME = 120
MOST_HEADERS = 100  # remembered
_TIME_FIRST = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)[ ,]+(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})")
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


class FileDrop(Connector):
    """One folder."""

    slug = "file_drop"
    label = "Tệp bảng tính (CSV, Excel)"
    settings = (
        Setting("path", "folder on this machine, or sftp://host[:port]/folder"),
        Setting("username", "account of the SFTP server", required=False),
        Setting("password", "its password", required=False, secret=True),
        Setting("private_key", "or its private key, without a passphrase", required=False, secret=True),
        Setting("host_key", "fingerprint of the SFTP server's key, SHA256:…", required=False),
        Setting("date_order", "dmy, or mdy where 03/14/2026 is the fourteenth of March", required=False, default="dmy"),
    )
    profile_family = "file_drop"
    default_profile = "file_drop"

    def __init__(self, config: SourceConfig, http: HttpClient) -> None:
        """Raises ConfigError naming the setting that is wrong; nothing is opened yet."""
        super().__init__(config, http)
        self._profile = profile.load(config.profile or self.default_profile)
        self._titles = {name: [folded(one) for one in titles] for name, titles in self._profile["columns"].items()}
        self._headers: dict[tuple[str, ...], Mapping[str, str]] = {}  # the same for each row of a file
        self._statuses = Folded(profile.statuses(self._profile))
        self._categories = Folded(self._profile["categories"])
        self._actions = profile.actions(self._profile)
        self._day_first = config.get("date_order", "dmy") == "dmy"
        if config.get("date_order", "dmy") not in {"dmy", "mdy"}:
            raise ConfigError("The setting date_order must be dmy or mdy", code="date_order")
        path = config.get("path")
        if not path.startswith(("/", "sftp://")):
            raise ConfigError("The setting path must be an absolute folder or sftp://host/folder", code="bad_path")
        if path.startswith("sftp://") and not config.get("username"):
            raise ConfigError("The setting username is missing: an SFTP account needs it", code="missing_setting")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(pushes=frozenset(self._actions), idempotent_push=True, rereads=False)

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """The rows of every file not taken yet, oldest file first; from the beginning, those taken before as well.

        A complaint that stands in several files or rows comes once, as its last row says.
        """
        memory = _Memory.of({} if full else cursor)
        with self._opened() as folder, ExitStack() as open_files:
            drops, refusals = self._gathered(folder, memory, open_files, now=now)
            told = dict(cursor)
            last: dict[str, tuple[int, int]] = {}
            for number, drop in enumerate(drops):
                last |= self._last_rows(drop, number)
                yield Page((), told)  # a sign of life: large files take longer than anybody waits for one
            # While what was taken before is read again, the old cursor holds: cut short, all of it is read once more.
            advances = not (memory.is_blank and any(drop.inside for drop in drops))
            for number, drop in enumerate(drops):
                held: tuple[RawItem, ...] = ()
                for items in _in_pages(self._items(drop, number, last)):
                    if held:
                        yield Page(held, told)
                    held = items
                memory.take(drop.digest)
                told = memory.as_cursor() if advances else told
                if held:
                    yield Page(held, told)
                self._put_away(folder, drop, memory)  # asked for more: what came before is stored
            if refusals:
                yield Page(tuple(_notice(entry.name, error) for entry, error in refusals), told)
            for entry, _ in refusals:
                _moved(folder, entry, REFUSED, _short(entry.name), memory)
            if memory.as_cursor() != told:
                yield Page((), memory.as_cursor())

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        """One row. Every refusal names the file, the line and the column as it stands there."""
        whole = Reader(item.payload, now=now)
        place = f"{whole.line('file')}, line {whole.line('line')}" if whole.line("line") else whole.line("file")
        if problem := whole.line("problem"):
            raise BadPayload(f"{place}: {whole.line('detail') or problem}", code=problem, field=whole.line("column"))
        columns = whole.get("columns")
        if not isinstance(columns, Mapping):
            raise BadPayload(f"{place}: the row has no columns", code="wrong_type", field="columns")
        where = self._where(list(columns))
        try:
            return self._record(columns, where, whole, now)
        except BadPayload as error:
            field = where.get(error.field, error.field)
            detail = error.detail.replace(error.field, field, 1) if error.field else error.detail
            raise BadPayload(f"{place}: {detail}", code=error.code, field=field) from None

    def push(self, update: OutboundUpdate) -> Receipt:
        """Put the complaint's row with the answer into `outbox/`, as a file of the shape it came in.

        The name of the file comes from the key: a repeat puts the same file there again.
        """
        status = self._actions.get(update.action)
        if status is None:
            return super().push(update)
        with self._opened() as folder:
            dialect, header, row = self._row_of(folder, update)
            answer = {"status": status, "answered_at": vn_stamp(update.at), "answered_by": update.author}
            answer |= {"answer": update.text} if update.text else {}
            if update.action is OutboundAction.EXTEND and update.due_at is not None:
                answer["due_at"] = vn_date(update.due_at)
            header, row = self._answered(header, row, answer)
            stem = PurePosixPath(update.write_id.partition("~")[2] or update.write_id).stem or "phan-anh"
            folder.write(OUTBOX, f"{stem}-{update.key[:12]}.{dialect.kind}", tables.written(header, [row], dialect))
        return Receipt()

    def check(self) -> str:
        """Open the folder and count what waits in it."""
        with self._opened() as folder:
            waiting = [entry for entry in folder.files() if _is_table(entry.name)]
        return f"The folder is open; {len(waiting)} files wait in it"

    def download(self, url: str) -> bytes:
        """A picture by the address in a row. There is no host of this source: only public addresses are asked."""
        return self.http.get_bytes(url)

    # --- which files ---

    def _opened(self) -> Any:
        login = Login(*(self.config.get(name) for name in ("username", "password", "private_key", "host_key")))
        return opened(self.config.get("path"), login)

    def _gathered(
        self, folder: Folder, memory: _Memory, open_files: ExitStack, *, now: datetime
    ) -> tuple[list[_Drop], list[tuple[Entry, BadPayload]]]:
        """The files to read, oldest first, each copied and understood; and those that cannot be read, with why."""
        found = [(entry, "") for entry in _finished(folder, now) if not memory.has_seen(entry)]
        memory.forget_all_but({entry.name for entry in folder.files()})
        if memory.is_blank:
            found += [(entry, TAKEN) for entry in folder.files(TAKEN) if _is_table(entry.name)]
        drops: list[_Drop] = []
        refusals: list[tuple[Entry, BadPayload]] = []
        digests: set[str] = set()
        for entry, inside in sorted(found, key=lambda one: (one[0].modified, one[0].name)):
            content = open_files.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - entered
            is_young = not inside and now - entry.modified < STALLED
            try:
                folder.fetch(entry, content, limit=tables.LARGEST, inside=inside)
                digest = _digest(content)
                if digest in digests or (not inside and memory.knows(digest)):
                    self._put_away(folder, _Drop(entry, inside, digest, content), memory)
                    continue
                drop = self._understood(_Drop(entry, inside, digest, content))
                if is_young and tables.is_cut_short(content, drop.dialect, columns=len(drop.header)):
                    continue
            except BadPayload as error:
                if is_young and error.code != "too_large" and not tables.ends_with_a_line(content):
                    continue  # perhaps the rest of it is still on the way
                if not inside:
                    refusals.append((entry, error))
                continue
            except Permanent:
                continue  # gone again, or a name that nobody can use
            digests.add(digest)
            drops.append(drop)
        return drops, refusals

    def _understood(self, drop: _Drop) -> _Drop:
        """The same file with its dialect and header. Raises BadPayload when the columns that matter are not there."""
        dialect = tables.dialect_of(drop.content, is_header=lambda cells: len(self._where(_named(cells))))
        best: Mapping[str, str] = {}
        for number, row in enumerate(tables.rows(drop.content, dialect)):
            if number >= tables.MOST_HEAD:
                break
            if not isinstance(row, Row):
                continue
            where = self._where(_named(row.cells))
            if all(field in where for field in profile.SHEET_MUST):
                return replace(drop, dialect=dialect, header=tuple(_named(row.cells)), header_line=row.line)
            best = max(best, where, key=len)
        missing = next(field for field in profile.SHEET_MUST if field not in best)
        wanted = self._profile["columns"][missing][0]
        raise BadPayload(f"There is no column “{wanted}”", code="missing_column", field=wanted)

    def _where(self, header: Sequence[str]) -> Mapping[str, str]:
        """Which column holds what: field → title as written. Of several titles that fit, the profile's first counts."""
        key = tuple(header)
        if key not in self._headers:
            if len(self._headers) >= MOST_HEADERS:
                self._headers.clear()
            by_title = {folded(title): title for title in reversed(header)}
            titles = {
                field: next((by_title[one] for one in ones if one in by_title), None)
                for field, ones in self._titles.items()
            }
            self._headers[key] = {field: title for field, title in titles.items() if title is not None}
        return self._headers[key]

    def _put_away(self, folder: Folder, drop: _Drop, memory: _Memory) -> None:
        """Into `taken/`. Where the account may not move files, remember the file instead."""
        memory.take(drop.digest)
        if drop.is_new:
            _moved(folder, drop.entry, TAKEN, drop.kept_name, memory)

    # --- rows ---

    def _last_rows(self, drop: _Drop, number: int) -> dict[str, tuple[int, int]]:
        """For every id of a file the number of the file and the line where it stands last."""
        at = drop.header.index(self._where(drop.header)["external_id"])
        found = {}
        for row in drop.rows():
            if isinstance(row, Row) and at < len(row.cells) and (external_id := _id(row.cells[at])):
                found[external_id] = (number, row.line)
        return found

    def _items(self, drop: _Drop, number: int, last: Mapping[str, tuple[int, int]]) -> Iterator[RawItem]:
        """The rows of a file, without those that a later row replaces."""
        at = drop.header.index(self._where(drop.header)["external_id"])
        for row in drop.rows():
            payload: dict[str, Any] = {"file": drop.original_name, "kept": drop.kept_name, "line": row.line}
            if isinstance(row, Broken):
                yield RawItem(payload | {"problem": "broken_row", "text": row.text[:10_000]})
                continue
            external_id = _id(row.cells[at]) if at < len(row.cells) else ""
            if external_id and last[external_id] != (number, row.line):
                continue
            spare = [cell for cell in row.cells[len(drop.header) :] if cell not in ("", None)]
            columns = dict(zip(drop.header, row.cells, strict=False))
            payload["columns"] = columns
            if spare:
                payload |= {"problem": "broken_row", "detail": "the row has more cells than there are columns"}
                payload["spare"] = spare
            yield RawItem(payload, external_id[:100])

    def _record(
        self, columns: Mapping[str, Any], where: Mapping[str, str], whole: Reader, now: datetime
    ) -> InboundRecord:
        flat = {field: columns.get(title) for field, title in where.items()}
        for field in ("sent_at", "updated_at", "due_at", "answered_at"):
            flat[field] = self._date_text(flat.get(field))
        row = Reader(flat, now=now)
        status, status_raw = SourceStatus.NEW, row.line("status", limit=50)
        if status_raw:
            status, status_raw = row.status("status", self._statuses)
        category, category_raw = row.category("category", self._categories)
        lat, lng = row.coordinates("lat", "lng")
        text = row.text("text", required=True)
        has_time = bool(row.line("sent_time"))
        record = InboundRecord(
            external_id=row.identifier("external_id"),
            revision="",
            title=row.line("title") or title_from(text),
            text=text,
            status=status,
            status_raw=status_raw,
            category=category,
            category_raw=category_raw,
            place=Place(
                text=row.line("address"),
                ward_code=row.line("ward_code"),
                ward_name=row.line("ward_name"),
                district_name=row.line("district_name"),
                lat=lat,
                lng=lng,
            ),
            reporter=Reporter(
                name=row.line("reporter_name"),
                phone=row.phone("reporter_phone"),
                email=row.line("reporter_email"),
                address=row.line("reporter_address"),
            ),
            sent_at=row.date_and_time("sent_at", "sent_time") if has_time else row.date("sent_at", required=True),
            updated_at=row.date("updated_at"),
            due_at=row.date("due_at", end_of_day=True, judge=False),
            answer=row.text("answer"),
            answered_at=row.date("answered_at"),
            attachments=_links(row),
            remarks=row.remarks,
        )
        # The file is no part of the complaint: the same row in tomorrow's file is nothing new.
        return replace(with_revision(record), write_id=whole.line("kept", limit=200))

    def _date_text(self, value: Any) -> Any:
        """A date in any way a spreadsheet writes it, as one of the texts that `mapping.instant` reads."""
        if isinstance(value, int | float) and not isinstance(value, bool) and 20_000 < value < 80_000:
            found = from_excel(value)  # a date whose cell was not formatted as one
            return tables.date_text(found) if isinstance(found, datetime) else value
        if not isinstance(value, str):
            return value
        text = clean(value)
        if match := _TIME_FIRST.fullmatch(text):
            text = f"{match[2]} {match[1]}"
        if match := _DAY.match(text):
            day, month = (match[1], match[2]) if self._day_first else (match[2], match[1])
            return f"{day}/{month}/{match[3]}{text[match.end() :]}"
        return text

    # --- answers ---

    def _row_of(self, folder: Folder, update: OutboundUpdate) -> tuple[Dialect, list[str], list[Any]]:
        """Dialect, header and the row as it came; a plain table of our own where its file is no longer there."""
        plain = Dialect(tables.CSV, "utf-8-sig", ";"), [self._profile["results"]["external_id"]], [update.external_id]
        kept = [(entry, inside) for inside in (TAKEN, "") for entry in folder.files(inside)]
        names = {update.write_id, update.write_id.partition("~")[2]}
        found = next(((entry, inside) for entry, inside in kept if update.write_id and entry.name in names), None)
        if found is None:
            return plain
        entry, inside = found
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
            try:
                folder.fetch(entry, content, limit=tables.LARGEST, inside=inside)
                drop = self._understood(_Drop(entry, inside, "", content))
            except (BadPayload, Permanent):
                return plain
            at = drop.header.index(self._where(drop.header)["external_id"])
            cells: tuple[Any, ...] | None = None
            for row in drop.rows():
                if isinstance(row, Row) and at < len(row.cells) and _id(row.cells[at]) == update.external_id:
                    cells = row.cells
            if cells is None:
                return plain
            width = len(drop.header)
            return drop.dialect, list(drop.header), [*cells[:width], *[""] * (width - len(cells))]

    def _answered(self, header: list[str], row: list[Any], answer: Mapping[str, str]) -> tuple[list[str], list[Any]]:
        """The row with the answer in it; columns that the file does not have are added at its end."""
        where = self._where(header)
        for field, value in answer.items():
            title = where.get(field) or self._profile["results"].get(field) or field
            if title not in header:
                header, row = [*header, title], [*row, ""]
            row[header.index(title)] = value
        return header, row


@dataclass(frozen=True, slots=True)
class _Drop:
    """A file that was copied here. `inside` says where it lies: new in the folder, or taken before."""

    entry: Entry
    inside: str
    digest: str
    content: IO[bytes]
    dialect: Dialect = tables.PLAIN
    header: tuple[str, ...] = ()
    header_line: int = 0

    @property
    def is_new(self) -> bool:
        return not self.inside

    @property
    def kept_name(self) -> str:
        """Its name in `taken/`: two files of one name stay apart."""
        return f"{self.digest[:12]}~{_short(self.entry.name)}" if self.is_new else self.entry.name

    @property
    def original_name(self) -> str:
        return self.entry.name if self.is_new else self.entry.name.partition("~")[2] or self.entry.name

    def rows(self) -> Iterator[Row | Broken]:
        """Everything below the header."""
        return (row for row in tables.rows(self.content, self.dialect) if row.line > self.header_line)


class _Memory:
    """What the cursor remembers: hashes of files that were taken, and files that could not be moved away."""

    def __init__(self, taken: list[str], stayed: dict[str, list[Any]], *, is_blank: bool) -> None:
        self._taken = dict.fromkeys(taken)
        self._stayed = stayed
        self.is_blank = is_blank  # everything is read, whatever was taken before

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> _Memory:
        """What a cursor says; one that is none of ours means from the beginning."""
        taken, stayed = cursor.get("taken"), cursor.get("stayed")
        if not isinstance(taken, list) or not isinstance(stayed, dict):
            return cls([], {}, is_blank=True)
        return cls([str(one) for one in taken], dict(stayed), is_blank=False)

    def as_cursor(self) -> dict[str, Any]:
        """Plain data, bounded."""
        return {"taken": list(self._taken)[-MOST_REMEMBERED:], "stayed": dict(self._stayed)}

    def knows(self, digest: str) -> bool:
        return digest[:16] in self._taken

    def take(self, digest: str) -> None:
        self._taken.setdefault(digest[:16])

    def has_seen(self, entry: Entry) -> bool:
        return self._stayed.get(entry.name) == _stamp(entry)

    def forget_all_but(self, names: set[str]) -> None:
        """Files that are gone need not be remembered."""
        self._stayed = {name: stamp for name, stamp in self._stayed.items() if name in names}

    def stays(self, entry: Entry) -> None:
        self._stayed[entry.name] = _stamp(entry)


def _stamp(entry: Entry) -> list[Any]:
    return [entry.size, entry.modified.isoformat()]


def _moved(folder: Folder, entry: Entry, to: str, new_name: str, memory: _Memory) -> None:
    try:
        folder.move(entry.name, to, new_name)
    except ConnectorError:
        memory.stays(entry)


def _is_table(name: str) -> bool:
    """A name that promises a table. Programs that are still writing use others: hidden, .part, .tmp, Excel's ~$."""
    return name.lower().endswith(SUFFIXES) and not name.startswith((".", "~"))


def _finished(folder: Folder, now: datetime) -> list[Entry]:
    """The files that nobody is still writing, as far as can be seen from outside."""
    entries = [entry for entry in folder.files() if _is_table(entry.name)]
    fresh = [entry for entry in entries if now - entry.modified < SETTLED]
    if fresh:
        clock_time.sleep(LOOK_AGAIN)
        unchanged = set(folder.files())
        entries = [entry for entry in entries if entry in unchanged]
    return [entry for entry in entries if not folder.is_being_written(entry.name)]


def _digest(content: IO[bytes]) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while part := content.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _in_pages(items: Iterable[RawItem]) -> Iterator[tuple[RawItem, ...]]:
    page: list[RawItem] = []
    for item in items:
        page.append(item)
        if len(page) >= PAGE_ROWS:
            yield tuple(page)
            page = []
    if page:
        yield tuple(page)


def _notice(name: str, error: BadPayload) -> RawItem:
    """A file that is not read at all, for the quarantine."""
    return RawItem({"file": name, "problem": error.code, "detail": error.detail, "column": error.field})


def _named(cells: Sequence[Any]) -> list[str]:
    """Titles of columns, each its own: an empty one by its number, a repeated one with its number."""
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = " ".join(clean(str(cell)).split()) or f"({number})"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _id(cell: Any) -> str:
    """An id as `Reader.identifier` will read it: spreadsheets make numbers of ids that look like some."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if isinstance(cell, bool) else " ".join(clean(str(cell)).split())


def _short(name: str) -> str:
    """A name short enough to be kept, with its ending."""
    path = PurePosixPath(name)
    return name if len(name) <= LONGEST_NAME else path.stem[: LONGEST_NAME - len(path.suffix)] + path.suffix


def _links(row: Reader) -> tuple[Attachment, ...]:
    """Addresses in one cell, apart by spaces, commas or semicolons."""
    words = re.split(r"[\s,;]+", row.text("attachments")[:20_000])
    addresses = [word for word in words if word.lower().startswith(("http://", "https://")) and len(word) <= 2000]
    return tuple(Attachment(file_name(address), address) for address in addresses)
