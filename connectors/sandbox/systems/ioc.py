"""Imitation of a provincial operations centre's complaint feed: one read-only list behind a bearer token.

Beyond SOURCES.md we assume: `TuNgay`/`DenNgay` filter on NgayPhanAnh, both ends inclusive and both optional; oldest
first; `SoLuong` up to 100; bad parameters come as `MaTraLoi` "01" inside HTTP 200; a withdrawn complaint vanishes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from werkzeug import Request, Response

from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import CATEGORIES
from connectors.sandbox.complaints import Complaint, Draft, Stage
from connectors.sandbox.fault_data import Row, Shape
from connectors.sandbox.faults import Operation
from connectors.sandbox.systems.base import System, json_response, local_text, parse_time, whole_number

_ISO = "%Y-%m-%dT%H:%M:%S"


class Ioc(System):
    """`GET /pakn/api/IocApi/danh-sach-pakn`."""

    slug = "ioc"
    mount = "/ioc"
    label = "Trung tâm điều hành (IOC)"
    stages = {
        Stage.WAITING: "1",
        Stage.ACCEPTED: "2",
        Stage.IN_PROGRESS: "3",
        Stage.ANSWERED: "4",
        Stage.REFUSED: "5",
        Stage.TRANSFERRED: "6",
    }
    statuses = {
        "1": "Chờ tiếp nhận",
        "2": "Đã tiếp nhận",
        "3": "Đang xử lý",
        "4": "Đã xử lý",
        "5": "Từ chối",
        "6": "Đã chuyển",
    }
    closed = frozenset({"4", "5", "6"})
    shape = Shape(
        ids=("Id",),
        texts=("NoiDung", "TieuDe"),
        dates={"NgayPhanAnh": _ISO, "NgayNhan": _ISO, "HanXuLy": _ISO},
        status="TrangThai",
    )

    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        return str(5_000 + number), f"IOC-{local_text(sent_at, '%y%m')}-{number:04d}"

    def due_at(self, draft: Draft) -> datetime | None:
        """A week."""
        return draft.sent_at + timedelta(days=7)

    def operation(self, request: Request, path: str) -> Operation:
        return Operation.READ

    def handle(self, call: Call) -> Response:
        wanted = f"Bearer {self.account(call).password}"
        if call.request.headers.get("Authorization") != wanted or call.take("session_expired"):
            return json_response({"MaTraLoi": "401", "NoiDungThongDiep": "Unauthorized"}, 401)
        if (call.request.method, call.path) != ("GET", "/pakn/api/IocApi/danh-sach-pakn"):
            return json_response({"MaTraLoi": "404", "NoiDungThongDiep": "Not Found"}, 404)
        return self._list(call)

    def _list(self, call: Call) -> Response:
        args = call.request.args
        since = parse_time(args.get("TuNgay") or "1970-01-01T00:00:00", _ISO)
        until = parse_time(args.get("DenNgay") or "2999-12-31T00:00:00", _ISO)
        number = whole_number(args.get("Trang", 1), least=1, most=1_000_000)
        size = whole_number(args.get("SoLuong", 20), least=1, most=100)
        if since is None or until is None or number is None or size is None:
            return json_response(_envelope([], "01", "Tham số không hợp lệ"))
        found = [c for c in self.visible() if since <= c.sent_at <= until]
        found.sort(key=lambda c: (c.sent_at, c.number))
        if call.take("empty_list"):
            found = []
        rows = self.page(call, found, number=number, size=size, render=lambda c: self._item(c, total=len(found)))
        return json_response(_envelope(rows, "00", "Thành công"))

    def _item(self, complaint: Complaint, *, total: int) -> Row:
        spot, citizen = complaint.spot, complaint.citizen
        due_at = complaint.due_at
        return {
            "Id": int(complaint.external_id),
            "SoPAKN": complaint.second_id,
            "TieuDe": complaint.title,
            "NoiDung": complaint.text,
            "LinhVucPAKN_Ten": CATEGORIES[complaint.category].label,
            "TenNguoiPhanAnh": "" if citizen.anonymous else citizen.name,
            "Email": "" if citizen.anonymous else citizen.email,
            "SoDienThoai": "" if citizen.anonymous else citizen.phone,
            "DiaChi": spot.old_name if spot.old_wording else spot.name,
            "DiaChiChiTiet": spot.text,
            "TrangThai": int(complaint.status),
            "TrangThai_Text": self.statuses.get(complaint.status, ""),
            "NgayPhanAnh": local_text(complaint.sent_at, _ISO),
            "NgayNhan": local_text(complaint.sent_at + timedelta(minutes=12), _ISO),
            "HanXuLy": local_text(due_at, _ISO) or None,
            "SoNgayToiHan": (due_at - self.now()).days if due_at else None,
            "DonViXuLy": f"UBND {spot.name}",
            "TotalItems": total,
        }


def _envelope(rows: list[Row], code: str, message: str) -> Row:
    return {"DanhSachKetQua": rows, "MaTraLoi": code, "NoiDungThongDiep": message}
