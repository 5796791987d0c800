"""Cổng Dịch vụ công quốc gia: complaints (PAKN) over the JSON services of the government's integration axis.

Errors come inside HTTP 200 as `error_code`, and a session may end between any two calls. Writes carry our key as
`magiaodich` and are idempotent. Endpoints and code tables are in profiles/national_portal.toml.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors import profile
from connectors.errors import AuthError, BadPayload, Conflict, Permanent, Transient, UnknownOutcome
from connectors.mapping import Reader, rows_of, vn_date, vn_stamp, with_revision
from connectors.protocol import Capabilities, Connector, Setting
from connectors.records import (
    Found,
    InboundRecord,
    OpenItem,
    OutboundAction,
    OutboundUpdate,
    Page,
    Place,
    RawItem,
    Receipt,
    Reporter,
)
from connectors.windows import FAR_FUTURE, Listing, Window, pull, whole_number

PROFILE = profile.load("national_portal")
PATHS, SERVICES, ERRORS = PROFILE["paths"], PROFILE["services"], PROFILE["errors"]
STATUSES, CATEGORIES, ACTIONS = profile.statuses(PROFILE), profile.categories(PROFILE), profile.actions(PROFILE)
PAGE_SIZE = 100  # the most the portal gives
SESSION_RENEWALS = 2  # per call; a portal that ends more sessions than that is left alone for a while


class NationalPortal(Connector):
    """The portal as one account of the administration sees it."""

    slug = "national_portal"
    label = "Cổng Dịch vụ công quốc gia"
    settings = (
        Setting("base_url", "address of the integration axis, without /mapi"),
        Setting("username", "account of the unit"),
        Setting("password", "its password", secret=True),
        Setting("unit_code", "only complaints of exactly this unit (madonvi)", required=False),
    )
    _session = ""  # of this run; another run logs in again

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(pushes=frozenset(ACTIONS), lookup=True, idempotent_push=True, files=True)

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """Everything whose NGAYCAPNHAT lies after the cursor; the open items are not needed here."""
        return pull({} if full else cursor, self._list, now=now, key="MAPAKN", page_size=PAGE_SIZE, stamp="NGAYCAPNHAT")

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        row = Reader(item.payload, now=now, unescape=True)
        status, status_raw = row.status("TRANGTHAI", STATUSES)
        category, category_raw = row.category("LINHVUC", CATEGORIES)
        updated_at = row.date("NGAYCAPNHAT", required=True)
        record = InboundRecord(
            external_id=row.identifier("MAPAKN"),
            revision="",
            title=row.title("TIEUDE", "NOIDUNG"),
            text=row.text("NOIDUNG"),
            status=status,
            status_raw=status_raw,
            category=category,
            category_raw=category_raw,
            place=Place(text=row.line("NOIXAYRA"), ward_code=row.line("MAXA"), unit_code=row.line("MADONVI")),
            reporter=Reporter(
                name=row.line("HOTEN"),
                phone=row.phone("SODIENTHOAI"),
                email=row.line("EMAIL"),
                address=row.line("DIACHI"),
                anonymous=row.flag("ANDANH"),
            ),
            sent_at=row.date("NGAYGUI", required=True),
            updated_at=updated_at,
            due_at=row.date("HANXULY", end_of_day=True, judge=False),
            answer=row.text("NOIDUNGTRALOI"),
            last_write_key=row.line("MAGIAODICHCUOI"),
            attachments=row.attachments("TEPDINHKEM", name="TENTEP", url="DUONGDAN"),
            remarks=row.remarks,
        )
        return with_revision(record, vn_stamp(updated_at))

    def push(self, update: OutboundUpdate) -> Receipt:
        """Write one update. A repeat of a key changes nothing and is confirmed as a duplicate."""
        if update.action not in ACTIONS:
            return super().push(update)
        data = {
            "MAPAKN": update.external_id,
            "TRANGTHAI": ACTIONS[update.action],
            "NOIDUNGTRALOI": update.text,
            "NGUOIXULY": update.author,
            "NGAYXULY": vn_stamp(update.at),
            "TEPDINHKEM": [
                {"TENTEP": file.name, "NOIDUNG": base64.b64encode(file.content).decode()} for file in update.files
            ],
        }
        if update.action is OutboundAction.EXTEND and update.due_at is not None:
            data["HANXULY"] = vn_date(update.due_at)
        answer = self._call("update", write=True, magiaodich=update.key, data=data)
        self._raise_for_write(answer)
        return Receipt(revision=str(answer.get("NGAYCAPNHAT") or ""), duplicate=str(answer.get("trung")) == "1")

    def lookup(self, update: OutboundUpdate, *, now: datetime) -> Found:
        """Ask for the complaint; our write is there when the last key is ours, else when status and answer are."""
        answer = self._call("find", mapakn=update.external_id)
        if _code(answer) == ERRORS["unknown_complaint"]:
            return Found(exists=False, applied=False)
        _raise_for_read(answer)
        row = answer.get("data")
        if not isinstance(row, Mapping):
            raise BadPayload("The portal found the complaint but sent none", code="missing_field", field="data")
        record = self._parsed(row, now)
        applied = row.get("MAGIAODICHCUOI") == update.key or _same_content(record, update)
        return Found(exists=True, applied=applied, record=record, revision=record.revision if record else "")

    def check(self) -> str:
        """Log in and count what changed in the last day."""
        now = datetime.now(tz=FAR_FUTURE.tzinfo)
        listing = self._list(Window(now - timedelta(days=1), FAR_FUTURE), 1, 1)
        return f"Logged in; {listing.total} complaints changed in the last 24 hours"

    def download(self, url: str) -> bytes:
        """The content of an attachment of a record. Raises AuthError when the session has just ended."""
        self._log_in_once()
        return self.http.get_bytes(url, params={"session": self._session})

    def _list(self, window: Window, number: int, size: int) -> Listing:
        answer = self._call(
            "list",
            madonvi=self.config.get("unit_code"),
            tungay=vn_stamp(window.start),
            denngay=vn_stamp(window.end),
            trang=number,
            sobanghi=size,
        )
        _raise_for_read(answer)
        rows, total = rows_of(answer, "data"), whole_number(answer.get("tongso"))
        return Listing(rows, total, last=len(rows) < size and number * size >= total)

    def _call(self, service: str, *, write: bool = False, **body: Any) -> dict[str, Any]:
        """One service call. A session that has ended is renewed and the call made again: nothing was done in it."""
        for _ in range(1 + SESSION_RENEWALS):
            self._log_in_once()
            answer = self._post(service, write, body)
            if _code(answer) != ERRORS["session_ended"]:
                break
            self._session = ""
        else:
            raise Transient("The portal ends every session at once", code="session_ended")
        if _code(answer) == ERRORS["not_granted"]:
            raise AuthError(f"The account may not use {SERVICES[service]}", code="not_granted")
        return answer

    def _post(self, service: str, write: bool, body: dict[str, Any]) -> dict[str, Any]:
        content = {"session": self._session, "service": SERVICES[service], **body}
        return _envelope(self.http.post_json(PATHS["call"], content, write=write), write)

    def _log_in_once(self) -> None:
        if self._session:
            return
        credentials = {"username": self.config.get("username"), "password": self.config.get("password")}
        answer = _envelope(self.http.post_json(PATHS["login"], credentials), write=False)
        if _code(answer) == ERRORS["wrong_password"]:
            raise AuthError("The portal refuses the user name or password", code="wrong_password")
        _raise_for_read(answer)
        session = answer.get("session")
        if not isinstance(session, str) or not session:
            raise BadPayload("The portal confirmed the login without a session", code="missing_field", field="session")
        self._session = session

    def _raise_for_write(self, answer: Mapping[str, Any]) -> None:
        code = _code(answer)
        if code == ERRORS["answered_by_another"]:
            raise Conflict("The complaint was answered by someone else", code="answered_by_another")
        for name in ("refused", "malformed", "unknown_complaint"):
            if code == ERRORS[name]:
                raise Permanent(f"The portal refused the update ({name})", code=name)
        if code != ERRORS["done"]:
            raise UnknownOutcome("The portal gave no clear answer to the update", code="unknown_answer")

    def _parsed(self, row: Mapping[str, Any], now: datetime) -> InboundRecord | None:
        try:
            return self.parse(RawItem(row), now=now)
        except BadPayload:
            return None


def _envelope(answer: object, write: bool) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    if write:
        raise UnknownOutcome("The portal's answer to a write is not an object", code="wrong_type")
    raise BadPayload("The portal's answer is not an object", code="wrong_type")


def _code(answer: Mapping[str, Any]) -> str:
    return str(answer.get("error_code", "")).strip()


def _raise_for_read(answer: Mapping[str, Any]) -> None:
    if _code(answer) != ERRORS["done"]:
        raise Transient(f"The portal answered with error {_code(answer)[:10]!r}", code="portal_error")


def _same_content(record: InboundRecord | None, update: OutboundUpdate) -> bool:
    if record is None or not update.text:
        return False
    return record.status_raw == ACTIONS.get(update.action) and record.answer == update.text.strip()
