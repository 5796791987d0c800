"""Imitation of the national public-service portal's complaint service (PAKN): JSON service calls behind a session.

Beyond SOURCES.md we assume: an empty or absent `madonvi` lists every unit the account may see; a withdrawn complaint
vanishes from lists and look-ups and refuses writes with "8"; an answer without text is malformed.
"""

from __future__ import annotations

import base64
import binascii
import html
import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request, Response

from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import CATEGORIES
from connectors.sandbox.complaints import Answer, Complaint, Draft, Stage
from connectors.sandbox.fault_data import Row, Shape
from connectors.sandbox.faults import Operation
from connectors.sandbox.systems.base import System, json_body, json_response, local_text, parse_time, whole_number

_STAMP = "%d/%m/%Y %H:%M:%S"
_DAY = "%d/%m/%Y"
_SESSION_LIFE = timedelta(minutes=30)
_NEEDS_TEXT = frozenset({"4", "5", "7"})


class NationalPortal(System):
    """`POST /mapi/login`, `POST /mapi/g` and `GET /mapi/tep/<name>`."""

    slug = "national-portal"
    mount = "/national-portal"
    label = "Cổng Dịch vụ công quốc gia"
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
        "4": "Đã trả lời",
        "5": "Từ chối",
        "6": "Đã chuyển đơn vị khác",
        "7": "Yêu cầu bổ sung",
    }
    closed = frozenset({"4", "5", "6"})
    shape = Shape(
        ids=("MAPAKN",),
        texts=("NOIDUNG", "TIEUDE"),
        dates={"NGAYGUI": _STAMP, "NGAYCAPNHAT": _STAMP},
        status="TRANGTHAI",
    )

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._sessions: dict[str, datetime] = {}
        self._sessions_lock = threading.Lock()

    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        return f"PAKN.{local_text(sent_at, '%Y%m%d')}.{870 + number:05d}", ""

    def due_at(self, draft: Draft) -> datetime | None:
        """Fifteen days, rounded up over weekends, for most complaints; none for those without a photo or address."""
        return draft.sent_at + timedelta(days=21) if draft.spot.street else None

    def operation(self, request: Request, path: str) -> Operation:
        if path == "/mapi/login":
            return Operation.LOGIN
        if path.startswith("/mapi/tep/"):
            return Operation.FILE
        return Operation.WRITE if json_body(request).get("service") == "CapNhatPAKN" else Operation.READ

    def handle(self, call: Call) -> Response:
        match (call.request.method, call.path):
            case ("POST", "/mapi/login"):
                return self._login(call)
            case ("POST", "/mapi/g"):
                return json_response(self._service(call))
            case ("GET", path) if path.startswith("/mapi/tep/"):
                if not self._session_lives(call, call.request.args.get("session", "")):
                    return Response("Phiên làm việc đã hết hạn", status=401, content_type="text/plain; charset=utf-8")
                return self.file(call, path.rpartition("/")[2])
        return Response("Not Found", status=404, content_type="text/plain")

    def _login(self, call: Call) -> Response:
        body = json_body(call.request)
        account = self.account(call)
        if (body.get("username"), body.get("password")) != (account.username, account.password):
            return json_response({"error_code": "1", "message": "Sai tên đăng nhập hoặc mật khẩu"})
        session = uuid.uuid4().hex
        with self._sessions_lock:
            self._sessions[session] = self.now() + _SESSION_LIFE
        return json_response({"error_code": "0", "session": session})

    def _session_lives(self, call: Call, session: object) -> bool:
        with self._sessions_lock:
            if call.take("session_expired"):
                self._sessions.clear()
            return self._sessions.get(str(session), self.now()) > self.now()

    def _service(self, call: Call) -> dict[str, Any]:
        body = json_body(call.request)
        if not self._session_lives(call, body.get("session")):
            return _error("-2", "Phiên làm việc đã hết hạn")
        match body.get("service"):
            case "LayDanhSachPAKN":
                return self._list(call, body)
            case "TraCuuPAKN":
                return self._look_up(call, body)
            case "CapNhatPAKN":
                return self._update(call, body)
        return _error("-5", "Dịch vụ chưa được cấp quyền")

    def _list(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        since, until = parse_time(body.get("tungay"), _STAMP), parse_time(body.get("denngay"), _STAMP)
        page = whole_number(body.get("trang"), least=1, most=1_000_000)
        size = whole_number(body.get("sobanghi"), least=1, most=100)
        if since is None or until is None or page is None or size is None:
            return _error("2", "Tham số không hợp lệ")
        unit = str(body.get("madonvi") or "")
        found = [c for c in self.visible() if since <= c.updated_at <= until and unit in ("", c.spot.code)]
        found.sort(key=lambda c: (c.updated_at, c.external_id))
        if call.take("empty_list"):
            found = []
        return {
            "error_code": "0",
            "tongso": len(found),
            "data": self.page(call, found, number=page, size=size, render=_record),
        }

    def _look_up(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        complaint = self.find(str(body.get("mapakn")))
        if complaint is None:
            return _error("4", "Không tìm thấy phản ánh")
        keys = [answer.key for answer in complaint.answers if answer.key]
        return {
            "error_code": "0",
            "data": self.spoiled(call, _record(complaint)) | {"MAGIAODICHCUOI": keys[-1] if keys else ""},
        }

    def _update(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        step, external_id, due_at = _step_of(body)
        with self.store.transaction():
            complaint = self.store.find(self.slug, external_id)
            code = self._objection(call, complaint, step, body)
            if code or complaint is None or step is None:
                self.note(external_id, step or _unreadable(body, self.now()), f"refused:{code}")
                return _error(code, "Không cập nhật được phản ánh")
            if any(answer.key == step.key for answer in complaint.answers):
                self.note(external_id, step, "repeated")
                return _confirmation(complaint) | {"trung": "1"}
            if complaint.handled_by_others and complaint.status in self.closed:
                self.note(external_id, step, "refused:9")
                return _error("9", "Phản ánh đã được trả lời")
            return _confirmation(self.apply(call, complaint, step, due_at=due_at))

    def _objection(self, call: Call, complaint: Complaint | None, step: Answer | None, body: dict[str, Any]) -> str:
        """The error code that stands against this write, "" when there is none."""
        if step is None or not _files_are_readable(body["data"].get("TEPDINHKEM")):
            return "2"
        if complaint is None:
            return "4"
        if complaint.withdrawn or call.take("refuse_id", external_id=complaint.external_id):
            return "8"
        return ""


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error_code": code, "message": message}


def _confirmation(complaint: Complaint) -> dict[str, Any]:
    return {
        "error_code": "0",
        "MAPAKN": complaint.external_id,
        "NGAYCAPNHAT": local_text(complaint.updated_at, _STAMP),
    }


def _step_of(body: dict[str, Any]) -> tuple[Answer | None, str, datetime | None]:
    """The write as a step (None when malformed), the id it is meant for, and the new deadline if it has one."""
    data = body.get("data")
    if not isinstance(data, dict):
        return None, "", None
    external_id = str(data.get("MAPAKN") or "")
    key, status, text = str(body.get("magiaodich") or ""), str(data.get("TRANGTHAI")), data.get("NOIDUNGTRALOI") or ""
    at = parse_time(data.get("NGAYXULY"), _STAMP)
    due_at = parse_time(data.get("HANXULY"), _DAY)
    malformed = (
        not key
        or status not in NationalPortal.statuses
        or status == "1"
        or not isinstance(text, str)
        or (status in _NEEDS_TEXT and not text.strip())
        or at is None
        or bool(data.get("HANXULY")) != (due_at is not None)
    )
    if malformed or at is None:
        return None, external_id, None
    files = data.get("TEPDINHKEM")
    names = tuple(str(f.get("TENTEP")) for f in files if isinstance(f, dict)) if isinstance(files, list) else ()
    author = str(data.get("NGUOIXULY") or "")
    return Answer(text, at, key, author, status, ours=True, files=names), external_id, due_at


def _unreadable(body: dict[str, Any], at: datetime) -> Answer:
    """A malformed write as far as it can be put on record."""
    raw = body.get("data")
    data: dict[str, Any] = raw if isinstance(raw, dict) else {}
    return Answer(
        text=str(data.get("NOIDUNGTRALOI") or ""),
        at=at,
        key=str(body.get("magiaodich") or ""),
        author=str(data.get("NGUOIXULY") or ""),
        status=str(data.get("TRANGTHAI") or ""),
        ours=True,
    )


def _files_are_readable(files: object) -> bool:
    if files in (None, ""):
        return True
    if not isinstance(files, list):
        return False
    try:
        for file in files:
            base64.b64decode(file["NOIDUNG"], validate=True)
    except (TypeError, KeyError, binascii.Error, ValueError):
        return False
    return True


def _record(complaint: Complaint) -> Row:
    spot, citizen = complaint.spot, complaint.citizen
    return {
        "MAPAKN": complaint.external_id,
        "TIEUDE": complaint.title,
        "NOIDUNG": _with_entities(complaint),
        "LINHVUC": CATEGORIES[complaint.category].national,
        "HOTEN": citizen.name,
        "SODIENTHOAI": citizen.phone,
        "EMAIL": citizen.email,
        "DIACHI": citizen.address,
        "NOIXAYRA": spot.text,
        "MATINH": "79",
        "MAXA": spot.old_code if spot.old_wording else spot.code,
        "NGAYGUI": local_text(complaint.sent_at, _STAMP),
        "NGAYCAPNHAT": local_text(complaint.updated_at, _STAMP),
        "HANXULY": local_text(complaint.due_at, _DAY),
        "TRANGTHAI": complaint.status,
        "ANDANH": "1" if citizen.anonymous else "0",
        "MADONVI": spot.code,
        "TEPDINHKEM": [{"TENTEP": name, "DUONGDAN": f"/mapi/tep/{name}"} for name in complaint.photos],
    }


def _with_entities(complaint: Complaint) -> str:
    """Text as the portal's editor saves it: always escaped, and in every third complaint accents as entities too."""
    escaped = html.escape(complaint.text)
    if complaint.number % 3:
        return escaped
    return "".join(f"&#{ord(letter)};" if ord(letter) > 127 else letter for letter in escaped)
