"""Cổng thông tin 1022: complaints by phone, web and app, over an ASP.NET style API with a token header.

Lists come newest first and filtered by whole days, so every window is read to its end. Writes are **not** idempotent:
the caller looks up before sending again. Endpoints and code tables are in profiles/hotline_1022.toml.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from connectors import profile
from connectors.errors import BadPayload, Conflict, UnknownOutcome
from connectors.mapping import VIETNAM, Reader, rows_of, vn_date, vn_stamp, with_revision
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
    SourceStatus,
)
from connectors.windows import FAR_FUTURE, Listing, Window, pull, whole_number

PROFILE = profile.load("hotline_1022")
PATHS = PROFILE["paths"]
STATUSES, CATEGORIES, ACTIONS = profile.statuses(PROFILE), profile.categories(PROFILE), profile.actions(PROFILE)
KEY = "PhanAnhKenhKhacID"
PAGE_SIZE = 50  # the most the portal gives
CONFLICT_ON_409: Mapping[int, type[Conflict]] = {409: Conflict}


class Hotline1022(Connector):
    """The 1022 portal as one API token sees it."""

    slug = "hotline_1022"
    label = "Cổng thông tin 1022"
    settings = (
        Setting("base_url", "address of the portal, without /API"),
        Setting("token", "API token of the unit", secret=True),
        Setting("unit_code", "only complaints given to this unit (DonViNhanID)", required=False),
    )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(pushes=frozenset(ACTIONS), lookup=True, files=True)

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """Everything whose NgayCapNhat lies on a day since the cursor; the open items are not needed here."""
        return pull({} if full else cursor, self._list, now=now, key=KEY, page_size=PAGE_SIZE, stamp="NgayCapNhat")

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        row = Reader(item.payload, now=now)
        status, status_raw = row.status("MaTinhTrang", STATUSES)
        category, category_raw = row.category("TenLinhVuc", CATEGORIES)
        lat, lng = row.coordinates("Lat", "Long")
        updated_at = row.date("NgayCapNhat", required=True)
        record = InboundRecord(
            external_id=row.identifier("PhanAnhKenhKhacID"),
            revision="",
            title=row.title("TieuDe", "NoiDungPhanAnh"),
            text=row.text("NoiDungPhanAnh"),
            status=status if row.flag("Active", default=True) else SourceStatus.WITHDRAWN,
            status_raw=status_raw,
            category=category,
            category_raw=category_raw,
            place=Place(
                text=row.joined("SoNha", "Duong"),
                ward_code=row.line("PhuongID"),
                ward_name=row.line("TenPhuong"),
                district_name=row.line("TenQuan"),
                lat=lat,
                lng=lng,
                unit_code=row.line("DonViNhanID"),
            ),
            reporter=Reporter(
                name=row.line("NguoiBao_HoTen"),
                phone=row.phone("NguoiBao_DienThoai"),
                email=row.line("NguoiBao_Email"),
                address=row.joined("NguoiBao_SoNha", "NguoiBao_Duong"),
            ),
            sent_at=row.date_and_time("NgayNhan", "GioNhan"),
            updated_at=updated_at,
            due_at=row.date("HanXuLy", end_of_day=True, judge=False),
            answer=row.text("NoiDungXuLy"),
            answered_at=row.date("NgayGioHoanTat"),
            last_write_key=_last_key(row, now),
            attachments=row.attachments("lstFileDinhKem", name="FileName", url="FielUrl"),
            remarks=row.remarks,
        )
        return with_revision(record, vn_stamp(updated_at))

    def push(self, update: OutboundUpdate) -> Receipt:
        """Write one update. A repeat would be shown to the citizen twice: look up before sending again."""
        if update.action not in ACTIONS:
            return super().push(update)
        body = {
            "PhanAnhKenhKhacID": _as_sent(update.external_id),
            "MaTinhTrang": ACTIONS[update.action],
            "NoiDungXuLy": update.text,
            "NguoiXuLy": update.author,
            "ThoiGianXuLy": vn_stamp(update.at),
            "MaYeuCau": update.key,
            "lstFileDinhKem": [
                {
                    "FileName": file.name,
                    "FileExtension": PurePosixPath(file.name).suffix,
                    "arrByte": base64.b64encode(file.content).decode(),
                }
                for file in update.files
            ],
        }
        if update.action is OutboundAction.EXTEND and update.due_at is not None:
            body["HanXuLy"] = update.due_at.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S")
        answer = self.http.post_json(PATHS["update"], body, write=True, headers=self._headers(), errors=CONFLICT_ON_409)
        result = answer.get("ClassResult") if isinstance(answer, Mapping) else None
        if not isinstance(result, Mapping) or answer.get("ThongBao") != "OK":
            raise UnknownOutcome("The portal gave no clear answer to the update", code="unknown_answer")
        stamped = Reader(result, now=update.at).date("NgayCapNhat", judge=False)
        return Receipt(revision=vn_stamp(stamped) if stamped else "")

    def lookup(self, update: OutboundUpdate, *, now: datetime) -> Found:
        """Ask for the complaint; our write is there when its history holds our key, or the same state and text."""
        params = {"PortalID": 0, "PhanAnhKenhKhacID": update.external_id}
        answer = self.http.get_json(PATHS["find"], params=params, headers=self._headers())
        if not isinstance(answer, Mapping) or "ClassResult" not in answer:
            raise BadPayload("The portal's answer is not a record", code="missing_field", field="ClassResult")
        row = answer["ClassResult"]
        if row is None:
            return Found(exists=False, applied=False)
        if not isinstance(row, Mapping):
            raise BadPayload("The portal's record is not an object", code="wrong_type", field="ClassResult")
        history = Reader(row, now=now).children("LichSu")
        try:
            record = self.parse(RawItem(row), now=now)
        except BadPayload:
            record = None
        return Found(
            exists=True,
            applied=any(_is_ours(step, update, now) for step in history),
            record=record,
            revision=record.revision if record else "",
        )

    def check(self) -> str:
        """Use the token for a list of one row."""
        now = datetime.now(tz=VIETNAM)
        listing = self._list(Window(now, FAR_FUTURE), 1, 1)
        return f"Token accepted; {listing.total} complaints changed today"

    def download(self, url: str) -> bytes:
        """The content of an attachment of a record."""
        return self.http.get_bytes(PATHS["download"], params={"pathFile": url}, headers=self._headers())

    def _list(self, window: Window, number: int, size: int) -> Listing:
        body = {
            "FromDate": vn_date(window.start),
            "ToDate": vn_date(window.end),
            "SearchKey": "",
            "MaNguonTiepNhan": "1022",
            "DonViNhanID": self.config.get("unit_code"),
            "MaTinhTrang": "",
            "OrderBy": "NgayCapNhat DESC",
            "PageIndex": number,
            "PageSize": size,
            "PortalId": 0,
        }
        answer = self.http.post_json(PATHS["list"], body, headers=self._headers())
        rows = rows_of(answer, "ClassResult")
        paging = answer.get("PagingResult")
        total = whole_number(paging.get("TotalCount")) if isinstance(paging, Mapping) else 0
        return Listing(rows, total, last=len(rows) < size and number * size >= total)

    def _headers(self) -> dict[str, str]:
        return {"Token": self.config.get("token")}


def _as_sent(external_id: str) -> int | str:
    """The portal's ids are numbers; an id that is not one goes as it came."""
    return int(external_id) if external_id.isdecimal() and len(external_id) < 19 else external_id


def _last_key(row: Reader, now: datetime) -> str:
    history = row.children("LichSu")
    return Reader(history[-1], now=now).line("MaYeuCau") if history else ""


def _is_ours(step: Mapping[str, Any], update: OutboundUpdate, now: datetime) -> bool:
    """By our key. Without any key in the step: the same state and the same text."""
    entry = Reader(step, now=now)
    if key := entry.line("MaYeuCau"):
        return key == update.key
    same_state = entry.line("MaTinhTrang") == ACTIONS.get(update.action)
    return same_state and bool(update.text) and entry.text("NoiDung") == update.text.strip()
