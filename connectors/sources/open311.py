"""Open311 GeoReport v2, in JSON or XML. The standard knows no update of a request: answers are entered by hand.

Servers differ in what they honour: paging, `updated_after`, more than 90 days at once; lists of one come bare, requests
without an id yet come with a token, errors come inside good answers. Nothing is announced, so each is told by the
answers. Code tables are in profiles/open311.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from connectors import profile
from connectors.errors import AuthError, BadPayload, ConfigError, Permanent, Transient, UnknownOutcome
from connectors.http import HttpClient, parse_json
from connectors.mapping import (
    VIETNAM,
    Reader,
    file_name,
    instant,
    path_part,
    raw_items,
    rows_of,
    title_from,
    with_revision,
)
from connectors.protocol import Capabilities, Connector, Setting, SourceConfig
from connectors.records import Attachment, InboundRecord, OpenItem, Page, Place, RawItem, Reporter, SourceStatus
from connectors.windows import Listing, Window, cursor_at, name_of, reached, walk, whole_number
from connectors.xml import parse_xml

PROFILE = profile.load("open311")
STATUSES, CATEGORIES = profile.statuses(PROFILE), profile.categories(PROFILE)
STANDARD_BEGAN = datetime(2010, 1, 1, tzinfo=VIETNAM)
LONGEST_SPAN = timedelta(days=90)  # the standard lets a server refuse or cut more
FORMATS = ("json", "xml")
#: Elements that hold several of one kind, also when there is only one.
XML_LISTS = {"service_requests": "request", "requests": "request", "services": "service", "errors": "error"}
MOST_TOKENS = 100  # looked up per page of a list
SHORTEST_SPAN = timedelta(hours=1)
OVERLAP = timedelta(days=1)  # requests are published when a person has looked at them
PAGE_SIZE = 100
KEY = "service_request_id"


class Open311(Connector):
    """One GeoReport v2 endpoint."""

    slug = "open311"
    label = "Open311 (GeoReport v2)"
    settings = (
        Setting("base_url", "address of the endpoint, such as https://host/open311/v2"),
        Setting("jurisdiction_id", "jurisdiction, where the server has several", required=False),
        Setting("api_key", "key, where the server wants one for reading", required=False, secret=True),
        Setting("format", "json or xml", required=False, default="json"),
    )

    def __init__(self, config: SourceConfig, http: HttpClient) -> None:
        """Raises ConfigError for a format that the standard does not know."""
        super().__init__(config, http)
        self._format = config.get("format", "json").lower()
        if self._format not in FORMATS:
            raise ConfigError("The setting format must be json or xml", code="format")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(update_stamps=False)  # many servers ignore updated_after

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """Changed requests and open ones first, under the old cursor; then new ones, which move it."""
        held = {} if full else dict(cursor)
        since = reached(held)
        if since is not None:
            yield from self._changed(since - OVERLAP, held, open_items)
        shown: set[str] = set()
        for window in _spans(STANDARD_BEGAN if since is None else since - OVERLAP, now):
            found = False
            for rows in self._sent_in(window, shown):
                found = True
                yield Page(raw_items(rows, KEY), held)
            if found:
                held = cursor_at(min(window.end, now))
                yield Page((), held)

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        row = Reader(item.payload, now=now)
        status, status_raw = row.status("status", STATUSES)
        category, category_raw = row.category(_category_field(row), CATEGORIES)
        lat, lng = row.coordinates("lat", "long")
        updated_at = row.date("updated_datetime")
        text = row.text("description") or row.text("service_name")
        record = InboundRecord(
            external_id=row.identifier(KEY),
            revision="",
            title=title_from(text),
            text=text,
            status=status,
            status_raw=status_raw,
            category=category,
            category_raw=category_raw,
            place=Place(
                text=row.joined("address", "zipcode"), lat=lat, lng=lng, unit_code=row.line("agency_responsible")
            ),
            reporter=Reporter(),
            sent_at=row.date("requested_datetime", required=True),
            updated_at=updated_at,
            due_at=row.date("expected_datetime", end_of_day=True, judge=False),
            answer=row.text("status_notes"),
            answered_at=updated_at if status is SourceStatus.RESOLVED else None,
            attachments=_media(row),
            remarks=row.remarks,
        )
        return with_revision(record, updated_at.isoformat() if updated_at else "")

    def check(self) -> str:
        """Read the newest request."""
        return f"The server answers; {len(self._listed(page=1, page_size=1))} requests on the first page"

    def download(self, url: str) -> bytes:
        """The content of an attachment of a record."""
        return self.http.get_bytes(url)

    def create(self, request: NewRequest) -> Created:
        """Hand a request on to this server. Not idempotent: raises UnknownOutcome when it may have been taken.

        Some servers only give a token at first: `id_of_token` says later what became of it.
        """
        fields = {name: value for name, value in asdict(request).items() if value not in (None, "")}
        fields |= {name: self.config.get(name) for name in ("jurisdiction_id", "api_key") if self.config.get(name)}
        answer = self.http.post_form(f"requests.{self._format}", {k: str(v) for k, v in fields.items()}, _document)
        try:
            rows = _rows(answer)
        except BadPayload as error:
            raise UnknownOutcome(error.detail, code=error.code) from None
        row = Reader(rows[0] if rows else {}, now=datetime.now(UTC))
        created = Created(row.line(KEY), row.line("token"))
        if not created.external_id and not created.token:
            raise UnknownOutcome("The server gave neither an id nor a token", code="unknown_answer")
        return created

    def id_of_token(self, token: str) -> str:
        """The id of the request behind a token, "" while there is none yet."""
        try:
            rows = _rows(self._get(f"tokens/{path_part(token)}"))
        except Permanent as error:
            if error.code != "http_404":
                raise
            return ""
        found = (row for row in rows if isinstance(row, Mapping) and str(row.get("token", token)) == token)
        return next((str(row[KEY]) for row in found if isinstance(row.get(KEY), str | int) and row[KEY]), "")

    def _changed(self, after: datetime, held: dict[str, Any], open_items: Iterable[OpenItem]) -> Iterator[Page]:
        """What was updated since; where the server does not honour that question, each open request by its id."""
        seen: set[str] = set()
        honoured = True
        for rows in walk(partial(self._list, updated_after=_utc(after)), key=KEY, page_size=PAGE_SIZE):
            items = raw_items(rows, KEY)
            seen.update(item.external_id for item in items)
            honoured = honoured and not any(_updated_before(row, after) for row in rows)
            yield Page(items, held)
        if seen and honoured:
            return
        if not seen and self._listed(page=1, page_size=1):
            return
        for open_item in open_items:
            if open_item.external_id not in seen:
                yield from self._asked_for(open_item, held)

    def _asked_for(self, item: OpenItem, held: dict[str, Any]) -> Iterator[Page]:
        """One request by id. One that is not shown says nothing: absence is not closing."""
        try:
            rows = _rows(self._get(f"requests/{path_part(item.external_id)}"))
        except Permanent as error:
            if error.code != "http_404":
                raise
            return
        yield Page(raw_items(rows, KEY), held)

    def _sent_in(self, window: Window, shown: set[str]) -> Iterator[list[Any]]:
        """The requests sent in a window that were not shown yet. Where the server cuts instead of paging, by halves."""
        sizes: list[int] = []
        pages = 0

        def fetch(number: int, size: int) -> Listing:
            listing = self._list(number, size, start_date=_utc(window.start), end_date=_utc(window.end))
            sizes.append(len(listing.rows))
            return listing

        for rows in walk(fetch, key=KEY, page_size=PAGE_SIZE):
            pages += 1
            if fresh := [row for row in rows if name_of(row, KEY) not in shown]:
                yield fresh
            shown.update(name_of(row, KEY) for row in rows)
        repeated = pages == 1 and len(sizes) > 1 and sizes[1] > 0
        if repeated and _looks_cut(sizes[0]) and window.end - window.start > SHORTEST_SPAN:
            middle = window.start + (window.end - window.start) / 2
            yield from self._sent_in(Window(window.start, middle), shown)
            yield from self._sent_in(Window(middle, window.end), shown)

    def _list(self, number: int, size: int, **params: str) -> Listing:
        rows = self._listed(page=number, page_size=size, **params)
        return Listing(self._with_ids(rows), total=0, last=False)

    def _with_ids(self, rows: list[Any]) -> list[Any]:
        """Rows that have only a token yet, with their ids where there are any by now."""
        looked_up = 0
        for at, row in enumerate(rows):
            if not isinstance(row, Mapping) or row.get(KEY) or not row.get("token") or looked_up >= MOST_TOKENS:
                continue
            looked_up += 1
            if external_id := self.id_of_token(str(row["token"])):
                rows[at] = {**row, KEY: external_id}
        return rows

    def _listed(self, **params: Any) -> list[Any]:
        """The list of requests. A server that does not know its own list is not at this address."""
        try:
            return _rows(self._get("requests", **params))
        except Permanent as error:
            if error.code in {"http_400", "http_404", "http_410"}:
                raise ConfigError("There is no such list at this address or jurisdiction", code="no_endpoint") from None
            raise

    def _get(self, path: str, **params: Any) -> Any:
        for name in ("jurisdiction_id", "api_key"):
            if value := self.config.get(name):
                params[name] = value
        return self.http.get_parsed(f"{path}.{self._format}", _document, params=params)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request to be handed on, in the fields of the standard. One of address or coordinates is needed."""

    service_code: str
    description: str
    address_string: str = ""
    lat: float | None = None
    long: float | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    media_url: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """What a server answered to a new request: its id, or a token as long as there is none."""

    external_id: str
    token: str


def _document(body: bytes, charset: str) -> Any:
    """An answer in whatever format it really is: some servers answer XML whatever was asked for."""
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return parse_json(body, charset)
    name, data = parse_xml(body, lists=XML_LISTS)
    return {name: data}


def _rows(answer: Any) -> list[Any]:
    """The rows of an answer in any of its shapes. Raises the error that a list of errors means."""
    if isinstance(answer, Mapping):
        wrapped = next((answer[name] for name in ("service_requests", "requests", "request") if name in answer), answer)
        if isinstance(wrapped, Mapping) and isinstance(wrapped.get("request"), list | Mapping):
            wrapped = wrapped["request"]  # XML that somebody turned into JSON
        if "error" in answer or "errors" in answer:
            _raise_for(answer.get("errors", answer.get("error")))
        answer = [] if wrapped is None else [wrapped] if isinstance(wrapped, Mapping) else wrapped
    rows = rows_of(answer)
    if rows and all(isinstance(row, Mapping) and "code" in row and KEY not in row for row in rows):
        _raise_for(rows)
    return rows


def _raise_for(errors: Any) -> NoReturn:
    """Errors inside a good answer, by the status that they name themselves."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    status = whole_number(first.get("code")) if isinstance(first, Mapping) else 0
    if status in {401, 403}:
        raise AuthError("The server refuses the key", code=f"http_{status}")
    if status in {400, 404, 410}:
        raise Permanent("The server does not know what was asked for", code=f"http_{status}")
    raise Transient("The server answered with a list of errors", code="open311_error")


def _spans(start: datetime, now: datetime) -> Iterator[Window]:
    """Windows no longer than a server must accept, up to a day ahead of our clock."""
    end = now + timedelta(days=1)
    while start < end:
        yield Window(start, min(start + LONGEST_SPAN, end))
        start += LONGEST_SPAN


def _looks_cut(rows: int) -> bool:
    """A round number of rows is more likely a limit of the server than chance."""
    return rows >= 50 and rows % 50 == 0


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _updated_before(row: object, after: datetime) -> bool:
    stamp = row.get("updated_datetime") if isinstance(row, Mapping) else None
    try:
        return isinstance(stamp, str) and instant(stamp) < after - timedelta(days=1)
    except ValueError:
        return False


def _category_field(row: Reader) -> str:
    """The field that says the category: the code where we know it, else the name, else the unknown code."""
    known = (name for name in ("service_code", "service_name") if row.line(name).casefold() in CATEGORIES)
    return next(known, "service_name" if row.line("service_name") else "service_code")


def _media(row: Reader) -> tuple[Attachment, ...]:
    address = row.line("media_url", limit=2000)
    return (Attachment(name=file_name(address), url=address),) if address else ()
