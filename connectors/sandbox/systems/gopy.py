"""Imitation of the ward app "Góp ý": HTTP Basic, no update stamps, two ids for one complaint, a note as only key.

Beyond SOURCES.md we assume: unknown ids are 404, a complaint settled by others 409, a refusal or malformed write 400,
each with `msg`; a withdrawn complaint vanishes; `size` goes up to 100; files need no login, as links in messages do.
"""

from __future__ import annotations

import base64
import binascii
import math
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request, Response

from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import CATEGORIES
from connectors.sandbox.complaints import Answer, Complaint, Draft, Stage
from connectors.sandbox.fault_data import Row, Shape
from connectors.sandbox.faults import Operation
from connectors.sandbox.systems.base import System, json_body, json_response, local_text, parse_time, whole_number

_DAY = "%d/%m/%Y"
_FILES = "/files/"
_DETAIL = "/admin/xulythongtin/"
_WRITE = "/admin/xuluthongtin/"  # spelled like this in the real system


class Gopy(System):
    """`/admin/gopy`, `/admin/xulythongtin/<id>`, `/admin/xuluthongtin/<id>/…` and `/admin/file`."""

    slug = "gopy"
    mount = "/gopy"
    label = "Ứng dụng Góp ý (quận, phường)"
    stages = {
        Stage.WAITING: "CHUA_XU_LY",
        Stage.ACCEPTED: "DANG_XU_LY",
        Stage.IN_PROGRESS: "DANG_XU_LY",
        Stage.ANSWERED: "DA_XU_LY",
        Stage.REFUSED: "DA_XU_LY",
        Stage.TRANSFERRED: "CHUYEN_TIEP",
    }
    statuses = {
        "CHUA_XU_LY": "Chưa xử lý",
        "DANG_XU_LY": "Đang xử lý",
        "CHUYEN_TIEP": "Chuyển tiếp",
        "DA_XU_LY": "Đã xử lý",
    }
    closed = frozenset({"DA_XU_LY", "CHUYEN_TIEP"})
    shape = Shape(
        ids=("id", "xuLyThongTinId"),
        texts=("noiDung", "tieuDe"),
        dates={"ngayDienRa": _DAY},
        status="maTinhTrangXuLy",
    )

    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        # Overlaps with the hotline's ids on purpose: an id means nothing without its source.
        return str(880_100 + number), str(41_000 + 3 * number)

    def due_at(self, draft: Draft) -> datetime | None:
        """Three working days, counted as five days."""
        return draft.sent_at + timedelta(days=5)

    def operation(self, request: Request, path: str) -> Operation:
        if path.startswith(_FILES):
            return Operation.FILE
        return Operation.WRITE if request.method == "POST" else Operation.READ

    def handle(self, call: Call) -> Response:
        if call.path.startswith(_FILES):
            return self.file(call, call.path.removeprefix(_FILES))
        return self._turned_away(call) or self._route(call)

    def _turned_away(self, call: Call) -> Response | None:
        request = call.request
        if not request.headers.get("User-Agent", "").startswith("Mozilla/"):
            return Response("<h1>403 Forbidden</h1>", status=403, content_type="text/html")
        if "application/json" in request.headers.get("Accept", ""):
            return Response("<h1>406 Not Acceptable</h1>", status=406, content_type="text/html")
        account, given = self.account(call), request.authorization
        known = given is not None and (given.username, given.password) == (account.username, account.password)
        if not known or call.take("session_expired"):
            headers = {"WWW-Authenticate": 'Basic realm="gopy"'}
            return json_response({"msg": "Unauthorized"}, 401, headers=headers)
        return None

    def _route(self, call: Call) -> Response:
        match (call.request.method, call.path):
            case ("GET", "/admin/gopy"):
                return self._list(call)
            case ("GET", path) if path.startswith(_DETAIL):
                return self._detail(call, path.removeprefix(_DETAIL))
            case ("POST", path) if path.startswith(_WRITE) and path.endswith("/xuly"):
                return self._answer(call, path.split("/")[3])
            case ("POST", path) if path.startswith(_WRITE) and path.endswith("/chuyentiep"):
                return self._forward(call, path.split("/")[3])
            case ("POST", "/admin/file"):
                return self._upload(call)
        return json_response({"msg": "Không tìm thấy"}, 404)

    def _list(self, call: Call) -> Response:
        args = call.request.args
        since = parse_time(args.get("tungay"), _DAY) if args.get("tungay") else None
        until = parse_time(args.get("denngay"), _DAY) if args.get("denngay") else None
        number = whole_number(args.get("page", 1), least=1, most=1_000_000)
        size = whole_number(args.get("size", 15), least=1, most=100)
        bad_day = (bool(args.get("tungay")) and since is None) or (bool(args.get("denngay")) and until is None)
        if number is None or size is None or bad_day:
            return json_response({"msg": "Tham số không hợp lệ"}, 400)
        found = [
            c
            for c in self.visible()
            if (since is None or c.sent_at >= since) and (until is None or c.sent_at < until + timedelta(days=1))
        ]
        found.sort(key=lambda c: (c.sent_at, c.number), reverse=args.get("kieu", "desc") != "asc")
        if call.take("empty_list"):
            found = []
        rows = self.page(call, found, number=number, size=size, render=lambda c: self._item(call, c))
        total_pages = math.ceil(len(found) / size)
        return json_response({"data": rows, "totalPages": total_pages, "totalElements": len(found)})

    def _detail(self, call: Call, second_id: str) -> Response:
        complaint = self._by_write_id(second_id)
        if complaint is None:
            return json_response({"msg": "Không tìm thấy"}, 404)
        spot, citizen, answer = complaint.spot, complaint.citizen, complaint.last_answer
        place = {
            "phuongXaDienRa": spot.old_name if spot.old_wording else spot.name,
            "quanHuyenDienRa": spot.district if spot.old_wording else "",
            "phuongXaId": spot.old_code if spot.old_wording else spot.code,
        }
        return json_response(
            {
                "gopY": self.spoiled(call, self._item(call, complaint)) | place,
                "maTinhTrangXuLyCuaDonVi": complaint.status,
                "hanPhanHoi": local_text(complaint.due_at, _DAY),
                "ngayHetHan": int(complaint.due_at.timestamp() * 1000) if complaint.due_at else "",
                "ngayXuLy": local_text(answer.at, "%Y-%m-%d %H:%M:%S.0") if answer else "",
                "noiDungXuLy": answer.text if answer else "",
                "ghiChu": answer.key if answer else "",
                "lichSuXuLy": [
                    {"ghiChu": row.key, "noiDungXuLy": row.text, "maTinhTrang": row.status} for row in complaint.answers
                ],
                "thongTinLienHe": {
                    "tenDayDu": citizen.name,
                    "email": citizen.email,
                    "soDienThoai": citizen.phone,
                    "isAnDanh": citizen.anonymous,
                },
            }
        )

    def _answer(self, call: Call, second_id: str) -> Response:
        body = json_body(call.request)
        finished = body.get("chuyenTrangThai")
        text = body.get("noiDungXuLy")
        well_formed = isinstance(finished, bool) and isinstance(text, str) and bool(text.strip() or not finished)
        return self._write(call, second_id, body, text, "DA_XU_LY" if finished else "DANG_XU_LY", well_formed)

    def _forward(self, call: Call, second_id: str) -> Response:
        body = json_body(call.request)
        return self._write(call, second_id, body, body.get("moTa"), "CHUYEN_TIEP", bool(body.get("donViXuLyId")))

    def _write(
        self, call: Call, second_id: str, body: dict[str, Any], text: object, status: str, well_formed: bool
    ) -> Response:
        files = [*_links(body.get("hinhAnhs")), *_links(body.get("fileDinhKem"))]
        note = str(body.get("ghiChu") or "")
        step = Answer(str(text or ""), self.now(), note, "", status, ours=True, files=tuple(files))
        due_at = parse_time(body.get("hanPhanHoi"), _DAY)
        with self.store.transaction():
            complaint = self._by_write_id(second_id)
            well_formed = well_formed and bool(body.get("hanPhanHoi")) == (due_at is not None)
            code, message = self._objection(call, complaint, well_formed)
            if complaint is None or code:
                self.note(complaint.external_id if complaint else second_id, step, f"refused:{code}")
                return json_response({"msg": message}, code)
            self.apply(call, complaint, step, due_at=due_at)
        return json_response({"msg": "OK"})

    def _objection(self, call: Call, complaint: Complaint | None, well_formed: bool) -> tuple[int, str]:
        """HTTP status and message that stand against this write; 0 when nothing does."""
        if complaint is None:
            return 404, "Không tìm thấy"
        if not well_formed:
            return 400, "Dữ liệu không hợp lệ"
        if call.take("refuse_id", external_id=complaint.external_id):
            return 400, "Không được phép xử lý thông tin này"
        if complaint.handled_by_others and complaint.status in self.closed:
            return 409, "Thông tin đã được đơn vị khác xử lý"
        return 0, ""

    def _upload(self, call: Call) -> Response:
        body = json_body(call.request)
        name, content = body.get("ten"), body.get("base64Content")
        try:
            base64.b64decode(str(content), validate=True)
        except (binascii.Error, ValueError):
            content = None
        if not isinstance(name, str) or not name or not content:
            return json_response({"msg": "Tệp không hợp lệ"}, 400)
        stored = f"upload-{self.store.next_number('gopy-files')}.{name.rpartition('.')[2].lower() or 'bin'}"
        return json_response({"ten": name, "base64Content": f"{call.base_url}{self.mount}{_FILES}{stored}"})

    def _by_write_id(self, second_id: str) -> Complaint | None:
        complaint = self.store.find_by_second_id(self.slug, second_id)
        return complaint if complaint and not complaint.withdrawn else None

    def _item(self, call: Call, complaint: Complaint) -> Row:
        spot = complaint.spot
        lat, lng = _coordinates(complaint)
        item: Row = {
            "id": int(complaint.external_id),
            "xuLyThongTinId": int(complaint.second_id),
            "tieuDe": complaint.title,
            "noiDung": complaint.text,
            "noiDienRa": spot.text,
            "tenCoQuan": f"UBND {spot.name}",
            "tenChuDe": CATEGORIES[complaint.category].label,
            "linhVucId": CATEGORIES[complaint.category].gopy,
            "maTinhTrangXuLy": complaint.status,
            "tinhTrangXuLy": self.statuses.get(complaint.status, complaint.status),
            "ngayDienRa": local_text(complaint.sent_at, _DAY),
            "thoiGianDienRa": local_text(complaint.sent_at, "%H:%M"),
            "latitude": lat,
            "longitude": lng,
            "hinhAnh": [f"{call.base_url}{self.mount}{_FILES}{name}" for name in complaint.photos],
            "daXem": complaint.status != "CHUA_XU_LY",
            "xuatBan": False,
            "thongBaoThoiHan": self._time_left(complaint),
        }
        if complaint.number % 7 == 0:
            del item["maTinhTrangXuLy"]  # the real one leaves it out now and then; the label stays
        return item

    def _time_left(self, complaint: Complaint) -> str:
        if complaint.due_at is None or complaint.status in self.closed:
            return ""
        left = complaint.due_at - self.now()
        word = "Còn lại" if left >= timedelta(0) else "Đã quá hạn"
        minutes = int(abs(left).total_seconds()) // 60
        return f"{word}: {minutes // 1440} ngày {minutes % 1440 // 60} giờ {minutes % 60} phút"


def _coordinates(complaint: Complaint) -> tuple[Any, Any]:
    """Numbers mostly, text for every fifth complaint; unknown is 0, "0" or null in turn."""
    lat, lng = complaint.spot.lat, complaint.spot.lng
    if lat is None or lng is None:
        unknown: tuple[Any, ...] = (0, "0", None)
        return (unknown[complaint.number % 3],) * 2
    return (str(lat), str(lng)) if complaint.number % 5 == 0 else (lat, lng)


def _links(value: object) -> list[str]:
    return [str(link) for link in value] if isinstance(value, list) else []
