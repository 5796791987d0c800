"""Imitation of the city's 1022 portal: ASP.NET style, token header, newest first, writes that are not idempotent.

Beyond SOURCES.md we assume: bad parameters are HTTP 400 and an unknown id in a write HTTP 404, both with `ThongBao`;
a refusal for good is HTTP 422; paths are not case-sensitive, as on the server this runs on in reality.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request, Response

from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import CATEGORIES
from connectors.sandbox.complaints import Answer, Complaint, Draft, Stage
from connectors.sandbox.fault_data import Row, Shape
from connectors.sandbox.faults import Operation
from connectors.sandbox.systems.base import System, json_body, json_response, local_text, parse_time, whole_number

_ISO = "%Y-%m-%dT%H:%M:%S"
_DAY = "%d/%m/%Y"
_STAMP = "%d/%m/%Y %H:%M:%S"
_LIST, _GET, _UPDATE = "/api/tphananh/getformobile", "/api/tphananh/getbyidformobile", "/api/tphananh/capnhatxuly"
_DOWNLOAD = "/api/tphananhkenhkhac/download"


class Hotline1022(System):
    """`/API/TPhanAnh/GetForMobile`, `GetByIDForMobile`, `CapNhatXuLy` and `/api/TPhanAnhKenhKhac/Download`."""

    slug = "hotline-1022"
    mount = "/hotline-1022"
    label = "Cổng thông tin 1022"
    stages = {
        Stage.WAITING: "CHO_TIEP_NHAN",
        Stage.ACCEPTED: "DA_TIEP_NHAN",
        Stage.IN_PROGRESS: "DANG_XU_LY",
        Stage.ANSWERED: "DA_XU_LY",
        Stage.REFUSED: "TRA_LAI",
        Stage.TRANSFERRED: "DA_CHUYEN",
    }
    statuses = {
        "CHO_TIEP_NHAN": "Chờ tiếp nhận",
        "DA_TIEP_NHAN": "Đã tiếp nhận",
        "DANG_XU_LY": "Đang xử lý",
        "CHO_BO_SUNG": "Chờ bổ sung",
        "DA_XU_LY": "Đã xử lý",
        "TRA_LAI": "Trả lại",
        "DA_CHUYEN": "Đã chuyển",
    }
    closed = frozenset({"DA_XU_LY", "TRA_LAI", "DA_CHUYEN"})
    shape = Shape(
        ids=("PhanAnhKenhKhacID",),
        texts=("NoiDungPhanAnh",),
        dates={"NgayNhan": _ISO, "NgayCapNhat": _ISO},
        status="MaTinhTrang",
    )
    keeps_withdrawn = True

    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        return str(880_100 + number), ""

    def due_at(self, draft: Draft) -> datetime | None:
        """The portal sets a deadline when somebody accepts, not before."""
        return None if draft.stage is Stage.WAITING else draft.sent_at + timedelta(days=10)

    def take_complaint(self, draft: Draft) -> Complaint:
        """Complaints that are not waiting any more have been given their accepted id."""
        complaint = super().take_complaint(draft)
        if draft.stage is Stage.WAITING:
            return complaint
        return self._accepted(complaint)

    def operation(self, request: Request, path: str) -> Operation:
        if path.lower() == _DOWNLOAD:
            return Operation.FILE
        return Operation.WRITE if path.lower() == _UPDATE else Operation.READ

    def handle(self, call: Call) -> Response:
        if call.request.headers.get("Token") != self.account(call).password or call.take("session_expired"):
            page = "<html><head><title>401 - Unauthorized</title></head><body><h1>Access is denied</h1></body></html>"
            return Response(page, status=401, content_type="text/html; charset=utf-8")
        match (call.request.method, call.path.lower()):
            case ("POST", path) if path == _LIST:
                return self._list(call)
            case ("GET", path) if path == _GET:
                return self._get(call)
            case ("POST", path) if path == _UPDATE:
                return self._update(call)
            case ("GET", path) if path == _DOWNLOAD:
                return self.file(call, call.request.args.get("pathFile", "").rpartition("/")[2])
        return json_response({"Message": "No HTTP resource was found that matches the request URI."}, 404)

    def _list(self, call: Call) -> Response:
        body = json_body(call.request)
        since, until = parse_time(body.get("FromDate"), _DAY), parse_time(body.get("ToDate"), _DAY)
        number = whole_number(body.get("PageIndex"), least=1, most=1_000_000)
        size = whole_number(body.get("PageSize"), least=1, most=50)
        if since is None or until is None or number is None or size is None:
            return json_response({"ClassResult": None, "ThongBao": "Tham số không hợp lệ"}, 400)
        found = [c for c in self.visible() if since <= c.updated_at < until + timedelta(days=1) and _matches(c, body)]
        found.sort(key=lambda c: (c.updated_at, c.number), reverse=True)
        if call.take("empty_list"):
            found = []
        paging = {"TotalCount": len(found), "PageIndex": number, "PageSize": size}
        rows = self.page(call, found, number=number, size=size, render=_record)
        return json_response({"ClassResult": rows, "PagingResult": paging})

    def _get(self, call: Call) -> Response:
        args = call.request.args
        complaint = (
            self.find(args["PhanAnhKenhKhacID"])
            if args.get("PhanAnhKenhKhacID")
            else self.store.find_by_second_id(self.slug, args.get("PhanAnhID", ""))
        )
        if complaint is None:
            return json_response({"ClassResult": None})
        history = [
            {
                "MaYeuCau": answer.key,
                "MaTinhTrang": answer.status,
                "NoiDung": answer.text,
                "ThoiGian": local_text(answer.at, _ISO),
            }
            for answer in complaint.answers
        ]
        return json_response({"ClassResult": self.spoiled(call, _record(complaint)) | {"LichSu": history}})

    def _update(self, call: Call) -> Response:
        body = json_body(call.request)
        external_id = str(body.get("PhanAnhKenhKhacID") or "")
        step = _step_of(body)
        with self.store.transaction():
            complaint = self.store.find(self.slug, external_id)
            status = self._objection(call, complaint, step)
            if complaint is None or step is None or status:
                self.note(external_id, step or _unreadable(body, self.now()), f"refused:{status}")
                return json_response({"ClassResult": None, "ThongBao": _OBJECTIONS[status]}, status)
            changed = self.apply(call, complaint, step, due_at=parse_time(body.get("HanXuLy"), _ISO, _STAMP, _DAY))
            if changed is not complaint:
                changed = self._accepted(changed)
        stamp = local_text(changed.updated_at, _ISO)
        result = {"PhanAnhKenhKhacID": int(external_id), "NgayCapNhat": stamp}
        return json_response({"ClassResult": result, "ThongBao": "OK"})

    def _objection(self, call: Call, complaint: Complaint | None, step: Answer | None) -> int:
        """The HTTP status that stands against this write, 0 when there is none."""
        if step is None:
            return 400
        if complaint is None:
            return 404
        if call.take("refuse_id", external_id=complaint.external_id):
            return 422
        settled_by_others = complaint.handled_by_others and complaint.status in self.closed
        return 409 if complaint.withdrawn or settled_by_others else 0

    def _accepted(self, complaint: Complaint) -> Complaint:
        """Give the id that accepted complaints have, once."""
        if complaint.second_id:
            return complaint
        accepted = replace(complaint, second_id=str(1_200_000 + complaint.number))
        self.store.save(accepted)
        return accepted


_OBJECTIONS = {
    400: "Dữ liệu không hợp lệ",
    404: "Không tìm thấy phản ánh",
    409: "Phản ánh đã được đơn vị khác xử lý hoặc người dân đã rút",
    422: "Phản ánh không cho phép cập nhật",
}


def _matches(complaint: Complaint, body: dict[str, Any]) -> bool:
    word = str(body.get("SearchKey") or "").lower()
    return (
        word in complaint.text.lower()
        and str(body.get("DonViNhanID") or complaint.spot.code) == complaint.spot.code
        and str(body.get("MaTinhTrang") or complaint.status) == complaint.status
        and str(body.get("MaNguonTiepNhan") or "1022") == "1022"
    )


def _step_of(body: dict[str, Any]) -> Answer | None:
    """The write as a step of handling, or None when it is malformed."""
    status, text = str(body.get("MaTinhTrang")), body.get("NoiDungXuLy") or ""
    at = parse_time(body.get("ThoiGianXuLy"), _STAMP)
    files = body.get("lstFileDinhKem") or []
    if status not in Hotline1022.statuses or status == "CHO_TIEP_NHAN" or not isinstance(text, str) or at is None:
        return None
    if status in ("DA_XU_LY", "TRA_LAI", "CHO_BO_SUNG") and not text.strip():
        return None
    try:
        for file in files:
            base64.b64decode(file["arrByte"], validate=True)
        names = tuple(str(file["FileName"]) for file in files)
    except (TypeError, KeyError, binascii.Error, ValueError):
        return None
    return Answer(
        text, at, str(body.get("MaYeuCau") or ""), str(body.get("NguoiXuLy") or ""), status, ours=True, files=names
    )


def _unreadable(body: dict[str, Any], at: datetime) -> Answer:
    """A malformed write as far as it can be put on record."""
    return Answer(
        text=str(body.get("NoiDungXuLy") or ""),
        at=at,
        key=str(body.get("MaYeuCau") or ""),
        author=str(body.get("NguoiXuLy") or ""),
        status=str(body.get("MaTinhTrang") or ""),
        ours=True,
    )


def _record(complaint: Complaint) -> Row:
    spot, citizen = complaint.spot, complaint.citizen
    category = CATEGORIES[complaint.category]
    answer = complaint.last_answer
    finished = answer is not None and complaint.status in Hotline1022.closed
    return {
        "PhanAnhID": int(complaint.second_id) if complaint.second_id else None,
        "PhanAnhKenhKhacID": int(complaint.external_id),
        "MaNguonTiepNhan": "1022",
        "MaKenhTiepNhan": complaint.channel,
        "NoiDungPhanAnh": complaint.text,
        "SoNha": spot.house,
        "Duong": spot.street,
        "PhuongID": spot.old_code if spot.old_wording else spot.code,
        "QuanID": spot.district_code if spot.old_wording else "",
        "TenPhuong": spot.old_name if spot.old_wording else spot.name,
        "TenQuan": spot.district if spot.old_wording else "",
        "NguoiBao_HoTen": citizen.name,
        "NguoiBao_DienThoai": citizen.phone,
        "NguoiBao_Email": citizen.email,
        "NguoiBao_SoNha": "",
        "NguoiBao_Duong": citizen.address,
        "TenLinhVuc": category.label,
        "LinhVucID": category.hotline,
        "LoaiPhanAnhID": 1,
        "NgayNhan": local_text(complaint.sent_at, "%Y-%m-%dT00:00:00"),
        "GioNhan": local_text(complaint.sent_at, "%H:%M:%S"),
        "HanXuLy": local_text(complaint.due_at, _ISO) or None,
        "NgayGioHoanTat": local_text(answer.at, _ISO) if answer and finished else None,
        "NgayCapNhat": local_text(complaint.updated_at, _ISO),
        "MaTinhTrang": complaint.status,
        "Lat": "0" if spot.lat is None else str(spot.lat),
        "Long": "0" if spot.lng is None else str(spot.lng),
        "lstFileDinhKem": [
            {
                "FileName": name,
                "FileExtension": f".{name.rpartition('.')[2]}",
                "FielUrl": f"/Uploads/PhanAnh/{local_text(complaint.sent_at, '%Y/%m')}/{name}",
            }
            for name in complaint.photos
        ],
        "NoiDungXuLy": answer.text if answer else "",
        "Active": not complaint.withdrawn,
    }
