"""Apps that districts and wards made for themselves: one connector, many profiles.

Everything that differs between apps (addresses, log-in, field paths, code tables, what can be written) is data in
profiles/<name>.toml; this file only knows how to follow a profile. A new app is a new profile, not a new branch here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import jmespath

from connectors import profile
from connectors.errors import BadPayload, ConfigError, Conflict, Permanent, Transient, UnknownOutcome
from connectors.http import DEFAULT_USER_AGENT, HttpClient
from connectors.mapping import VIETNAM, Reader, path_part, rows_of, vn_date, with_revision
from connectors.protocol import Capabilities, Connector, Setting, SourceConfig
from connectors.records import (
    FileToSend,
    Found,
    InboundRecord,
    OpenItem,
    OutboundUpdate,
    Page,
    Place,
    RawItem,
    Receipt,
    Reporter,
)
from connectors.windows import FAR_FUTURE, Listing, Window, pull, whole_number

CONFLICT_ON_409: Mapping[int, type[Conflict]] = {409: Conflict}
_OUR_KEY = re.compile(r"\b[0-9a-f]{32}\b")
_CREDENTIALS = {"basic": ("username", "password"), "bearer": ("token",)}


class DistrictApp(Connector):
    """One app, as its profile describes it."""

    slug = "district_app"
    label = "Ứng dụng phản ánh của quận, phường"
    settings = (
        Setting("base_url", "address of the app's server, up to where the profile's paths begin"),
        Setting("username", "account, where the profile logs in with one", required=False),
        Setting("password", "its password", required=False, secret=True),
        Setting("token", "token, where the profile uses one", required=False, secret=True),
    )
    profile_family = "district_app"

    def __init__(self, config: SourceConfig, http: HttpClient) -> None:
        """Raises ConfigError naming the credential that the profile needs and the configuration lacks."""
        super().__init__(config, http)
        self._profile = profile.load(config.profile)
        self._fields = {name: jmespath.compile(path) for name, path in self._profile["fields"].items()}
        self._statuses = profile.statuses(self._profile)
        self._categories = profile.categories(self._profile)
        self._actions = profile.actions(self._profile)
        for name in _CREDENTIALS[self._profile["auth"]]:
            if not config.get(name):
                raise ConfigError(f"The setting {name} is missing: {config.profile} needs it", code="missing_setting")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            pushes=frozenset(self._actions),
            lookup="detail" in self._profile,
            update_stamps=False,
            files="upload" in self._profile,
        )

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """Complaints sent since shortly before the cursor, then the open ones that were not among them."""
        start = {} if full else dict(cursor)
        overlap = timedelta(days=self._profile["overlap_days"])
        key, size = self._profile["list"]["key"], self._profile["list"]["page_size"]
        seen: set[str] = set()
        for page in pull(start, self._list, now=now, key=key, page_size=size, overlap=overlap, wrap=self._with_details):
            seen.update(item.external_id for item in page.items)
            start = page.cursor
            yield page
        if "detail" not in self._profile:
            return
        for open_item in open_items:
            if open_item.write_id and open_item.external_id not in seen:
                yield from self._asked_for(open_item, start)

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        row = Reader(self._flat(item.payload), now=now)
        status, status_raw = row.status("status", self._statuses)
        category, category_raw = row.category("category", self._categories)
        lat, lng = row.coordinates("lat", "lng")
        our_key = _OUR_KEY.search(row.text("note"))
        return with_revision(
            InboundRecord(
                external_id=row.identifier("external_id"),
                revision="",
                title=row.title("title", "text"),
                text=row.text("text"),
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
                    unit_code=row.line("unit"),
                ),
                reporter=Reporter(
                    name=row.line("reporter_name"),
                    phone=row.phone("reporter_phone"),
                    email=row.line("reporter_email"),
                    anonymous=row.flag("reporter_anonymous"),
                ),
                sent_at=row.date_and_time("sent_date", "sent_time"),
                due_at=row.date("due_at", end_of_day=True, judge=False),
                answer=row.text("answer"),
                answered_at=row.date("answered_at"),
                write_id=row.line("write_id"),
                last_write_key=our_key.group() if our_key else "",
                attachments=row.links("attachments"),
                remarks=row.remarks,
            )
        )

    def push(self, update: OutboundUpdate) -> Receipt:
        """Write one update with our key in the app's note. Not idempotent: look up before sending again."""
        kind = self._actions.get(update.action)
        if kind is None:
            return super().push(update)
        if not update.write_id:
            raise Permanent("The app's own id for writing is not known", code="no_write_id")
        writes = self._profile["writes"]
        pictures = [self._uploaded(file) for file in update.files if file.media_type.startswith("image/")]
        documents = [self._uploaded(file) for file in update.files if not file.media_type.startswith("image/")]
        values = {
            "{text}": update.text,
            "{key}": update.key,
            "{due_date}": vn_date(update.due_at) if update.due_at else "",
            "{pictures}": pictures,
            "{documents}": documents,
        }
        path = writes["path"].format(write_id=path_part(update.write_id))
        body = _filled(writes[kind]["body"], values)
        answer = self.http.post_json(path, body, write=True, headers=self._headers(), errors=CONFLICT_ON_409)
        if jmespath.search(writes["confirmed"], answer) is not True:
            raise UnknownOutcome("The app gave no clear answer to the update", code="unknown_answer")
        return Receipt()

    def lookup(self, update: OutboundUpdate, *, now: datetime) -> Found:
        """Ask for the complaint; our write is there when a note holds our key, or a step our state and text."""
        if "detail" not in self._profile or not update.write_id:
            return super().lookup(update, now=now)
        detail = self._detail(update.write_id)
        if detail is None:
            return Found(exists=False, applied=False)
        try:
            payload = self._payload(update.external_id, update.write_id, detail)
            record = self.parse(RawItem(payload, update.external_id), now=now)
        except BadPayload:
            record = None
        return Found(
            exists=True,
            applied=self._has(detail, update),
            record=record,
            revision=record.revision if record else "",
        )

    def check(self) -> str:
        """Log in with the smallest list."""
        now = datetime.now(tz=VIETNAM)
        listing = self._list(Window(now - timedelta(days=1), FAR_FUTURE), 1, 1)
        return f"Logged in; {listing.total} complaints sent since yesterday"

    def download(self, url: str) -> bytes:
        """The content of an attachment of a record."""
        return self.http.get_bytes(url, headers=self._headers())

    def _list(self, window: Window, number: int, size: int) -> Listing:
        listing = self._profile["list"]
        values = {
            "{from}": window.start.astimezone(VIETNAM).strftime(listing["date_format"]),
            "{to}": window.end.astimezone(VIETNAM).strftime(listing["date_format"]),
            "{page}": number,
            "{size}": size,
        }
        params = _filled(listing["params"], values)
        answer = self.http.get_json(listing["path"], params=params, headers=self._headers())
        if "confirmed" in listing and jmespath.search(listing["confirmed"], answer) is not True:
            raise Transient("The app answered with an error inside a good answer", code="app_error")
        rows = rows_of(jmespath.search(listing["rows"], answer))
        total = whole_number(jmespath.search(listing["total"], answer))
        return Listing(rows, total, last=len(rows) < size and number * size >= total)

    def _with_details(self, rows: list[Any]) -> tuple[RawItem, ...]:
        return tuple(self._with_detail(row) for row in rows)

    def _with_detail(self, row: object) -> RawItem:
        """The row of the list together with the answer of the detail call, which alone has contact and answer."""
        listing = self._profile["list"]
        if not isinstance(row, Mapping):
            return RawItem({"item": row})
        external_id, write_id = _word(row.get(listing["key"])), _word(row.get(listing["write_key"]))
        if "detail" not in self._profile or not write_id:
            return RawItem({"item": row}, external_id)
        return RawItem({"item": row, "detail": self._detail(write_id)}, external_id)

    def _asked_for(self, item: OpenItem, cursor: dict[str, Any]) -> Iterator[Page]:
        """One open complaint by id. One that the app no longer shows says nothing: absence is not closing."""
        detail = self._detail(item.write_id)
        if detail is not None:
            payload = self._payload(item.external_id, item.write_id, detail)
            yield Page((RawItem(payload, item.external_id),), cursor)

    def _detail(self, write_id: str) -> Any:
        path = self._profile["detail"]["path"].format(write_id=path_part(write_id))
        try:
            return self.http.get_json(path, headers=self._headers())
        except Permanent as error:
            if error.code == "http_404":
                return None
            raise

    def _payload(self, external_id: str, write_id: str, detail: Any) -> dict[str, Any]:
        listing = self._profile["list"]
        return {"item": {listing["key"]: external_id, listing["write_key"]: write_id}, "detail": detail}

    def _flat(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {name: path.search(payload) for name, path in self._fields.items()}

    def _has(self, detail: Any, update: OutboundUpdate) -> bool:
        paths = self._profile["detail"]
        keys = jmespath.search(paths["keys"], detail) or []
        if any(isinstance(key, str) and update.key in key for key in keys):
            return True
        kind = self._actions.get(update.action)
        if kind is None or not update.text:
            return False
        ours = {"text": update.text, "status": self._profile["writes"][kind]["status"]}
        return ours in (jmespath.search(paths["steps"], detail) or [])

    def _uploaded(self, file: FileToSend) -> str:
        """Send a file ahead of the answer; the app returns its address. A file sent twice is harmless."""
        upload = self._profile["upload"]
        content = base64.b64encode(file.content).decode()
        body = _filled(upload["body"], {"{name}": file.name, "{content}": content})
        url = jmespath.search(upload["url"], self.http.post_json(upload["path"], body, headers=self._headers()))
        if not isinstance(url, str) or not url:
            raise Transient("The app took a file without saying where it is", code="upload_failed")
        return url

    def _headers(self) -> dict[str, str]:
        credentials = [self.config.get(name) for name in _CREDENTIALS[self._profile["auth"]]]
        if self._profile["auth"] == "basic":
            authorization = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
        else:
            authorization = f"Bearer {credentials[0]}"
        return {"Authorization": authorization, "User-Agent": self._profile["user_agent"] or DEFAULT_USER_AGENT}


def _filled(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The template with each value that is a placeholder replaced by what it stands for, keeping its type."""
    return {name: values.get(value, value) if isinstance(value, str) else value for name, value in template.items()}


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
