"""Reading untrusted payloads: every value is named, typed and cleaned here before anything else sees it.

Two ways out only: a value fit to be stored, or `BadPayload` naming the field. What cleaning changed is said in remarks.
It must not know any source: field names and code tables come from the caller.

Codes of BadPayload: missing_field, wrong_type, bad_date, bad_number, too_long.
Remarks: text_cut, future_date, old_date, unknown_status, unknown_category, bad_coordinates.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar, overload
from zoneinfo import ZoneInfo

import phonenumbers

from connectors.errors import BadPayload
from connectors.records import Attachment, InboundRecord, Place, RawItem, Reporter, SourceStatus

T = TypeVar("T")

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
CATEGORIES = frozenset(
    {
        "procedures", "infrastructure", "flooding", "lighting", "noise", "urban_order", "construction", "environment",
        "security", "traffic", "bus", "electricity", "water", "telecom", "trees", "food_safety", "fire_safety",
        "health", "conduct", "other",
    }
)  # fmt: skip

MAX_TEXT = 100_000
CUT_NOTE = "\n\n[Nội dung quá dài, đã cắt bớt tại đây]"
MAX_LINE = 300
MAX_ID = 100
TITLE_LENGTH = 90
NO_TEXT = "(không có nội dung)"
EARLIEST_PLAUSIBLE = datetime(2000, 1, 1, tzinfo=VIETNAM)
CLOCK_TOLERANCE = timedelta(minutes=10)

_VN_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_EPOCH_MILLISECONDS = re.compile(r"-?\d{9,15}")
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE: dict[int, None] = {
    code: None
    for block in (range(0x20000), range(0xE0000, 0xE1000))
    for code in block
    if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs"} and chr(code) not in "\n\t"
} | {0xFFFE: None, 0xFFFF: None}  # control, format (RTL marks, zero width) and lone surrogates: nobody should see them


# --- text ------------------------------------------------------------------------------------------------------------


def clean(text: str, *, unescape: bool = False) -> str:
    """NFC text without control and format characters; line ends become newlines. `unescape` resolves HTML entities."""
    if unescape:
        text = html.unescape(text)
    text = _LINE_BREAKS.sub("\n", text).translate(_INVISIBLE)
    return unicodedata.normalize("NFC", text).strip()


def folded(text: str) -> str:
    """A key by which labels are compared: no marks, đ as d, any case, any spacing and punctuation alike."""
    marks = unicodedata.normalize("NFD", clean(text)).replace("đ", "d").replace("Đ", "d")
    plain = "".join(letter for letter in marks if not unicodedata.combining(letter)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


class Folded(dict[str, T]):
    """A table whose keys are found in any spelling."""

    def __init__(self, table: Mapping[str, T]) -> None:
        super().__init__({folded(key): value for key, value in table.items()})

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(folded(key), default)


def title_from(text: str) -> str:
    """The first words of a text as a title of one line, never empty."""
    return _shortened(" ".join(text[: 4 * TITLE_LENGTH].split()), TITLE_LENGTH) or NO_TEXT


def _shortened(line: str, length: int) -> str:
    if len(line) <= length:
        return line
    head = line[: length - 1]
    at_word = head.rsplit(" ", 1)[0] if " " in head[length // 2 :] else head
    return at_word.rstrip(" ,;:.") + "…"


# --- times -----------------------------------------------------------------------------------------------------------


def instant(value: str | int, *, end_of_day: bool = False) -> datetime:
    """An aware instant from any of the formats the sources use; raises ValueError for anything else.

    `dd/MM/yyyy[ HH:mm[:ss]]`, `yyyy-MM-dd[ T]HH:mm:ss[.f][offset]` and epoch milliseconds. Without an offset it is
    Vietnamese time. A date alone is its first instant, or its last second with `end_of_day` (for deadlines).
    """
    text = str(value).strip()
    try:
        if _EPOCH_MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC).astimezone(VIETNAM)
        if match := _VN_DATE.fullmatch(text):
            day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
            found, only_date = datetime(year, month, day, hour, minute, second), match[4] is None
        elif match := _ISO_DATE.fullmatch(text):
            found, only_date = datetime.fromisoformat(text.replace(" +", "+").replace(" Z", "Z")), match[1] is None
        else:
            raise ValueError("not a date in a known format")
        if only_date and end_of_day:
            found = datetime.combine(found, time(23, 59, 59))
        aware = found if found.tzinfo else found.replace(tzinfo=VIETNAM)
        return aware.astimezone(UTC).astimezone(VIETNAM)
    except (OverflowError, OSError) as error:
        raise ValueError("out of the calendar") from error


def vn_stamp(at: datetime) -> str:
    """`dd/MM/yyyy HH:mm:ss` in Vietnamese time, as the sources want it."""
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def vn_date(at: datetime) -> str:
    """`dd/MM/yyyy` in Vietnamese time."""
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y")


# --- codes, phones, coordinates --------------------------------------------------------------------------------------


def phone(text: str) -> str:
    """E.164 where the text is a valid number as dialled in Vietnam, else the text as received."""
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException:
        return text
    if not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def coordinate(value: object, limit: float) -> float | None:
    """A degree within ±`limit`, or None for everything that means "unknown": 0, "", null, NaN, out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        degrees = float(value.strip().replace(",", ".")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None
    return degrees if math.isfinite(degrees) and degrees != 0 and abs(degrees) <= limit else None


def content_revision(record: InboundRecord, stamp: str = "") -> str:
    """A revision that changes exactly when something we read changed, also where the source forgets its stamp.

    `stamp` is the source's own mark of the version and stands in front, readable. Our own write key is left out: some
    sources show it in a look-up only. So are remarks, which depend on the clock.
    """
    content = _fields_of(record) | {"revision": "", "last_write_key": "", "remarks": ()}
    content["place"], content["reporter"] = _fields_of(record.place), _fields_of(record.reporter)
    content["attachments"] = [_fields_of(one) for one in record.attachments]
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, default=_plain)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:32]
    return f"{stamp}#{digest}" if stamp else digest


def _fields_of(one: InboundRecord | Place | Reporter | Attachment) -> dict[str, Any]:
    """By name. `dataclasses.asdict` says the same and copies each value: a third of the time of reading a complaint."""
    return {name: getattr(one, name) for name in one.__slots__}


def with_revision(record: InboundRecord, stamp: str = "") -> InboundRecord:
    """The same record carrying its `content_revision`."""
    return replace(record, revision=content_revision(record, stamp))


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


# --- payloads --------------------------------------------------------------------------------------------------------


def raw_items(rows: Iterable[object], *id_fields: str) -> tuple[RawItem, ...]:
    """Wrap the rows of a page. A row that is no object is kept too, so that it is quarantined and not lost."""
    return tuple(_raw_item(row, id_fields) for row in rows)


def _raw_item(row: object, id_fields: tuple[str, ...]) -> RawItem:
    if not isinstance(row, Mapping):
        return RawItem({"not_an_object": row})
    guess = next((row[name] for name in id_fields if isinstance(row.get(name), str | int)), "")
    return RawItem(row, clean(str(guess))[:MAX_ID])


def rows_of(answer: object, *path: str) -> list[Any]:
    """The list of rows in a page's envelope. Raises BadPayload: without it the whole page is unreadable."""
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(answer, list):
        raise BadPayload(f"The page has no list {'.'.join(path) or 'of rows'}", code="wrong_type", field=".".join(path))
    return answer


class Reader:
    """Typed access to one untrusted mapping. Paths are dotted (`thongTinLienHe.email`).

    A field that is absent, null or blank is missing: an empty value or None, or BadPayload when it is `required`.
    """

    def __init__(self, payload: object, *, now: datetime, unescape: bool = False) -> None:
        """`now` judges dates; `unescape` says that the source writes HTML entities in its texts."""
        if not isinstance(payload, Mapping):
            raise BadPayload("The payload is not an object", code="wrong_type")
        self._payload: Mapping[str, Any] = payload
        self._now = now
        self._unescape = unescape
        self._remarks: list[str] = []

    @property
    def remarks(self) -> tuple[str, ...]:
        """What cleaning did so far, each once, in order."""
        return tuple(dict.fromkeys(self._remarks))

    def remark(self, slug: str) -> None:
        """Note something for the people who look at the record."""
        self._remarks.append(slug)

    def get(self, path: str) -> Any:
        """The raw value at a path, or None."""
        value: Any = self._payload
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def identifier(self, path: str) -> str:
        """The stable key: required, short, one line."""
        value = self.line(path, required=True, limit=MAX_ID + 1)
        if len(value) > MAX_ID:
            raise BadPayload(f"{path} is longer than {MAX_ID} characters", code="too_long", field=path)
        return value

    def line(self, path: str, *, required: bool = False, limit: int = MAX_LINE) -> str:
        """One line of text, shortened with an ellipsis."""
        found = clean(self._words(path, required=required)[: 20 * limit], unescape=self._unescape)
        joined = " ".join(found.split())
        if required and not joined:
            raise _missing(path)
        if len(joined) > limit:
            self.remark("text_cut")
        return _shortened(joined, limit)

    def text(self, path: str, *, required: bool = False) -> str:
        """Text of several lines, cut with a visible note where it is longer than anyone may store."""
        found = clean(self._words(path, required=required), unescape=self._unescape)
        if required and not found:
            raise _missing(path)
        if len(found) <= MAX_TEXT:
            return found
        self.remark("text_cut")
        return found[: MAX_TEXT - len(CUT_NOTE)] + CUT_NOTE

    def joined(self, *paths: str) -> str:
        """Several fields as one line, such as house number and street."""
        return " ".join(part for part in map(self.line, paths) if part)

    def title(self, path: str, text_path: str) -> str:
        """The title, or the first words of the text where the source gives none. Never empty."""
        return self.line(path) or title_from(clean(self._words(text_path)[:2000], unescape=self._unescape))

    def flag(self, path: str, *, default: bool = False) -> bool:
        """A yes or no, as JSON or as "0"/"1"/"true"/"false"."""
        value = self.get(path)
        if value is None or value == "":
            return default
        known = {"1": True, "true": True, "0": False, "false": False}.get((_scalar(value) or "").lower())
        if known is None:
            raise _wrong_type(path, "a yes or no")
        return known

    @overload
    def date(self, path: str, *, required: bool, end_of_day: bool = ..., judge: bool = ...) -> datetime: ...
    @overload
    def date(self, path: str, *, end_of_day: bool = ..., judge: bool = ...) -> datetime | None: ...
    def date(
        self, path: str, *, required: bool = False, end_of_day: bool = False, judge: bool = True
    ) -> datetime | None:
        """An aware instant. `judge` adds remarks for the implausible; deadlines lie in the future by nature."""
        value = self._words(path, required=required).strip()
        if not value:
            if required:
                raise _missing(path)
            return None
        try:
            found = instant(value, end_of_day=end_of_day)
        except ValueError:
            raise BadPayload(f"{path} is not a date we can read", code="bad_date", field=path) from None
        if judge:
            self._judge(found)
        return found

    def date_and_time(self, date_path: str, time_path: str) -> datetime:
        """A required instant whose date and clock time stand in two fields; the time may be missing (then 00:00)."""
        day = self.date(date_path, required=True, judge=False)
        clock = self._words(time_path).strip()
        if clock:
            match = _CLOCK.fullmatch(clock)
            try:
                if match is None:
                    raise ValueError("not a time of day")
                hour, minute, second = (int(part or 0) for part in match.groups())
                day = day.replace(hour=hour, minute=minute, second=second)
            except ValueError:
                raise BadPayload(f"{time_path} is not a time of day", code="bad_date", field=time_path) from None
        self._judge(day)
        return day

    def coordinates(self, lat_path: str, lng_path: str) -> tuple[float | None, float | None]:
        """Latitude and longitude, or two times None when either is unknown."""
        raw = self.get(lat_path), self.get(lng_path)
        lat, lng = coordinate(raw[0], 90), coordinate(raw[1], 180)
        if lat is not None and lng is not None:
            return lat, lng
        if any(value is not None and _scalar(value) not in {"", "0"} for value in raw):
            self.remark("bad_coordinates")
        return None, None

    def phone(self, path: str) -> str:
        """A telephone number, E.164 where it is one."""
        return phone(self.line(path, limit=50))

    def status(self, path: str, table: Mapping[str, SourceStatus]) -> tuple[SourceStatus, str]:
        """Our status and the source's own code. An unknown code keeps the complaint: UNMAPPED, with a remark."""
        raw = self.line(path, limit=50)
        found = table.get(raw) or table.get(raw.casefold())
        if found is None:
            self.remark("unknown_status")
        return found or SourceStatus.UNMAPPED, raw

    def category(self, path: str, table: Mapping[str, str]) -> tuple[str, str]:
        """Our category and the source's own code or label. Unknown is "other", with a remark; absent is "other"."""
        raw = self.line(path, limit=100)
        found = table.get(raw) or table.get(raw.casefold())
        if raw and found is None:
            self.remark("unknown_category")
        return found or "other", raw

    def children(self, path: str) -> list[Mapping[str, Any]]:
        """A list of objects, empty when missing; null entries are passed over."""
        value = self.get(path)
        if value is None or value == "":
            return []
        if not isinstance(value, list):
            raise _wrong_type(path, "a list")
        entries = [entry for entry in value if entry is not None]
        if not all(isinstance(entry, Mapping) for entry in entries):
            raise _wrong_type(path, "a list of objects")
        return entries

    def attachments(self, path: str, *, name: str, url: str) -> tuple[Attachment, ...]:
        """Files by reference; entries without an address are passed over."""
        found = []
        for entry in self.children(path):
            child = Reader(entry, now=self._now)
            if address := child.line(url, limit=2000):
                found.append(Attachment(name=child.line(name) or file_name(address), url=address))
        return tuple(found)

    def links(self, path: str) -> tuple[Attachment, ...]:
        """Files given as a list of bare addresses."""
        value = self.get(path)
        if value is None or value == "":
            return ()
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise _wrong_type(path, "a list of addresses")
        addresses = [clean(entry) for entry in value if len(entry) <= 2000]
        return tuple(Attachment(name=file_name(address), url=address) for address in addresses if address)

    def _words(self, path: str, *, required: bool = False) -> str:
        value = self.get(path)
        if value is None:
            if required:
                raise _missing(path)
            return ""
        if isinstance(value, str):
            return value
        scalar = _scalar(value)
        if scalar is None or isinstance(value, bool):
            raise _wrong_type(path, "text")
        return scalar

    def _judge(self, at: datetime) -> None:
        if at > self._now + CLOCK_TOLERANCE:
            self.remark("future_date")
        if at < EARLIEST_PLAUSIBLE:
            self.remark("old_date")


def file_name(address: str) -> str:
    """The last part of an address, for files that come without a name."""
    return _shortened(address.split("?")[0].rstrip("/").rsplit("/", 1)[-1], MAX_LINE)


def _scalar(value: object) -> str | None:
    """A short text for a single value, None for anything that is not one or too long to be meant."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float) and abs(value) < 10**19:
        return str(int(value)) if int(value) == value else str(value)
    return None


def path_part(text: str) -> str:
    """An id as it may stand in the path of an address: what came from a source must not choose another path."""
    return re.sub(r"[^\w.-]", "", text).lstrip(".")


def _missing(path: str) -> BadPayload:
    return BadPayload(f"{path} is missing", code="missing_field", field=path)


def _wrong_type(path: str, wanted: str) -> BadPayload:
    return BadPayload(f"{path} is not {wanted}", code="wrong_type", field=path)
