"""Which faults are switched on for which source, and whether one fires on a given call.

Only bookkeeping: `fault_wire` breaks connections and answers, `fault_data` spoils rows, the systems themselves play
the faults of their own logic. Faults live in memory; a restart of the sandbox clears them.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Operation(StrEnum):
    """What a request asks a source for. A fault can be limited to one of them by its `on`."""

    LOGIN = "login"
    READ = "read"
    WRITE = "write"
    FILE = "file"


class Group(StrEnum):
    """Where a kind of fault acts: decides which operations it touches when its `on` is not given."""

    TRANSPORT = "transport"
    ACCESS = "access"
    DATA = "data"
    FILE = "file"
    WRITE = "write"


_TOUCHES = {
    Group.TRANSPORT: frozenset(Operation),
    Group.ACCESS: frozenset(Operation),
    Group.DATA: frozenset({Operation.READ}),
    Group.FILE: frozenset({Operation.FILE}),
    Group.WRITE: frozenset({Operation.WRITE}),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: what the control page calls it, and the options it takes with their defaults."""

    group: Group
    label: str
    options: Mapping[str, Any] = field(default_factory=dict)


_OUTAGE_MODES = ("reset", "http_503", "hang")

KINDS: Mapping[str, Kind] = {
    "outage": Kind(Group.TRANSPORT, "Ngừng hoạt động hoàn toàn", {"mode": "reset"}),
    "refused": Kind(Group.TRANSPORT, "Từ chối kết nối (ở cửa riêng của nguồn)"),
    "latency": Kind(Group.TRANSPORT, "Trả lời chậm", {"seconds": 3.0}),
    "hang": Kind(Group.TRANSPORT, "Treo, không trả lời", {"seconds": 120.0, "after_headers": False}),
    "slow_drip": Kind(Group.TRANSPORT, "Nhỏ giọt từng byte", {"seconds": 1.0}),
    "http_500": Kind(Group.TRANSPORT, "Lỗi 500"),
    "http_502_html": Kind(Group.TRANSPORT, "Lỗi 502, trang HTML"),
    "http_503": Kind(Group.TRANSPORT, "Lỗi 503 kèm Retry-After", {"retry_after": 30, "http_date": False}),
    "http_429": Kind(Group.TRANSPORT, "Lỗi 429 kèm Retry-After", {"retry_after": 30, "http_date": False}),
    "html_200": Kind(Group.TRANSPORT, "Trang HTML với mã 200"),
    "reset": Kind(Group.TRANSPORT, "Ngắt kết nối giữa chừng"),
    "truncated_json": Kind(Group.TRANSPORT, "JSON bị cụt", {"announce_full_length": False}),
    "gzip_garbage": Kind(Group.TRANSPORT, "Nén gzip hỏng"),
    "wrong_content_type": Kind(Group.TRANSPORT, "Sai Content-Type", {"content_type": "image/png"}),
    "session_expired": Kind(Group.ACCESS, "Hết phiên đăng nhập / token"),
    "password_changed": Kind(Group.ACCESS, "Đã đổi mật khẩu", {"password": ""}),
    "duplicate_rows": Kind(Group.DATA, "Dòng lặp trong một trang"),
    "duplicate_across_pages": Kind(Group.DATA, "Dòng lặp giữa hai trang"),
    "shifting_rows": Kind(Group.DATA, "Dòng trôi giữa các trang", {"by": 1}),
    "out_of_order": Kind(Group.DATA, "Sai thứ tự"),
    "empty_list": Kind(Group.DATA, "Danh sách rỗng dù có dữ liệu"),
    "silent_change": Kind(Group.DATA, "Đổi nội dung, không đổi ngày cập nhật", {"external_id": ""}),
    "clock_skew": Kind(Group.DATA, "Đồng hồ lệch", {"shift_minutes": 10}),
    "future_dates": Kind(Group.DATA, "Ngày trong tương lai"),
    "epoch_dates": Kind(Group.DATA, "Ngày 01/01/1970"),
    "missing_fields": Kind(Group.DATA, "Thiếu trường", {"fields": []}),
    "extra_fields": Kind(Group.DATA, "Thừa trường"),
    "nulls": Kind(Group.DATA, "Giá trị null", {"fields": []}),
    "wrong_types": Kind(Group.DATA, "Sai kiểu dữ liệu", {"fields": []}),
    "unknown_status": Kind(Group.DATA, "Mã trạng thái lạ"),
    "huge_text": Kind(Group.DATA, "Nội dung 5 MB", {"megabytes": 5.0}),
    "nfd_text": Kind(Group.DATA, "Chữ Unicode tổ hợp (NFD)"),
    "cp1258_text": Kind(Group.DATA, "Bảng mã Windows-1258", {"declared": True}),
    "emoji": Kind(Group.DATA, "Biểu tượng cảm xúc"),
    "rtl_marks": Kind(Group.DATA, "Dấu đảo chiều chữ (RTL)"),
    "control_characters": Kind(Group.DATA, "Ký tự điều khiển"),
    "html_text": Kind(Group.DATA, "HTML và script trong nội dung"),
    "attachment_404": Kind(Group.FILE, "Tệp không còn (404)"),
    "attachment_huge": Kind(Group.FILE, "Tệp 30 MB", {"megabytes": 30}),
    "attachment_wrong_type": Kind(Group.FILE, "Tệp giả ảnh"),
    "attachment_zip_bomb": Kind(Group.FILE, "Bom nén", {"megabytes": 300}),
    "attachment_redirect_private": Kind(
        Group.FILE, "Chuyển hướng vào mạng nội bộ", {"location": "http://169.254.169.254/latest/meta-data/"}
    ),
    "answer_lost": Kind(Group.WRITE, "Ghi xong nhưng mất câu trả lời"),
    "late_write": Kind(Group.WRITE, "Ghi có hiệu lực muộn", {"seconds": 5.0}),
    "write_dropped": Kind(Group.WRITE, "Báo thành công nhưng không ghi"),
    "token_first": Kind(Group.WRITE, "Chỉ trả mã tạm (token) khi tạo yêu cầu Open311"),
    "refuse_id": Kind(Group.WRITE, "Từ chối một mã phản ánh", {"external_id": ""}),
}


class WrongFault(ValueError):
    """A fault was asked for that does not exist or has an option it cannot have. The message says which."""


@dataclass(slots=True)
class Fault:
    """One fault that is switched on. `times` and `after` count down as calls come in."""

    number: int
    kind: str
    options: dict[str, Any]
    times: int | None = None  # how often it still fires; None = until it is cleared or `until`
    after: int = 0  # how many calls it still lets pass
    until: datetime | None = None
    probability: float = 1.0
    on: frozenset[Operation] = frozenset(Operation)

    def as_json(self) -> dict[str, Any]:
        """For the control API: what is left of it."""
        return {
            "id": self.number,
            "kind": self.kind,
            "times": self.times,
            "after": self.after,
            "until": self.until.isoformat() if self.until else None,
            "probability": self.probability,
            "on": sorted(self.on),
            **self.options,
        }


class FaultBoard:
    """The faults of all sources. Thread-safe; its randomness depends on the seed alone."""

    def __init__(self, *, seed: str, now: Callable[[], datetime]) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._random = random.Random(f"{seed}:faults")
        self._active: dict[str, list[Fault]] = {}
        self._last_number = 0

    def switch_on(self, source: str, wanted: Mapping[str, Any]) -> Fault:
        """Add a fault as described in README.md. Raises WrongFault."""
        with self._lock:
            fault = self._build(wanted)
            self._active.setdefault(source, []).append(fault)
            return fault

    def clear(self, source: str, kind: str = "") -> None:
        """Switch off all faults of a source, or those of one kind."""
        with self._lock:
            self._active[source] = [f for f in self._active.get(source, []) if kind and f.kind != kind]

    def active(self, source: str) -> list[Fault]:
        """The faults that can still fire."""
        with self._lock:
            return list(self._living(source))

    def is_on(self, source: str, kind: str) -> bool:
        """Whether such a fault is switched on; looking does not use it up."""
        with self._lock:
            return any(fault.kind == kind for fault in self._living(source))

    def take(self, source: str, kind: str, operation: Operation, *, external_id: str = "") -> Fault | None:
        """The fault of this kind if one fires on this call, counting it; None otherwise.

        `external_id` is compared with the fault's own option where both are given.
        """
        with self._lock:
            for fault in self._living(source):
                if (
                    fault.kind == kind
                    and operation in fault.on
                    and _concerns(fault, external_id)
                    and self._fires(fault)
                ):
                    return fault
            return None

    def draw(self) -> random.Random:
        """A fresh generator for one fault's own choices, taken from the board's seeded stream."""
        with self._lock:
            return random.Random(self._random.random())

    def _living(self, source: str) -> list[Fault]:
        now = self._now()
        living = [f for f in self._active.get(source, []) if f.times != 0 and (f.until is None or now < f.until)]
        self._active[source] = living
        return living

    def _fires(self, fault: Fault) -> bool:
        if fault.after > 0:
            fault.after -= 1
            return False
        if fault.probability < 1.0 and self._random.random() >= fault.probability:
            return False
        if fault.times is not None:
            fault.times -= 1
        return True

    def _build(self, wanted: Mapping[str, Any]) -> Fault:
        name = wanted.get("kind")
        kind = KINDS.get(name) if isinstance(name, str) else None
        if kind is None or not isinstance(name, str):
            raise WrongFault(f"unknown kind {name!r}; known: {', '.join(KINDS)}")
        common = {"kind", "times", "minutes", "probability", "after", "on"}
        unknown = set(wanted) - common - set(kind.options)
        if unknown:
            raise WrongFault(f"{name} has no option {', '.join(sorted(unknown))}")
        options = {
            option: _same_type(wanted.get(option, default), default, option) for option, default in kind.options.items()
        }
        if options.get("mode", "reset") not in _OUTAGE_MODES:
            raise WrongFault(f"mode must be one of {', '.join(_OUTAGE_MODES)}")
        minutes = _positive(wanted, "minutes")
        probability = _positive(wanted, "probability")
        self._last_number += 1
        return Fault(
            number=self._last_number,
            kind=name,
            options=options,
            times=_whole(wanted, "times"),
            after=_whole(wanted, "after") or 0,
            until=self._now() + timedelta(minutes=minutes) if minutes is not None else None,
            probability=1.0 if probability is None else min(probability, 1.0),
            on=_operations(wanted.get("on"), kind),
        )


def _concerns(fault: Fault, external_id: str) -> bool:
    wanted = str(fault.options.get("external_id", ""))
    return not wanted or not external_id or wanted == external_id


def _same_type(value: Any, default: Any, name: str) -> Any:
    if isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, str) and isinstance(value, int):
        return str(value)
    if type(value) is not type(default):
        raise WrongFault(f"{name} must look like {default!r}")
    return value


def _positive(wanted: Mapping[str, Any], name: str) -> float | None:
    value = wanted.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise WrongFault(f"{name} must be a number above 0")
    return float(value)


def _whole(wanted: Mapping[str, Any], name: str) -> int | None:
    value = wanted.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongFault(f"{name} must be a whole number")
    return value


def _operations(wanted: Any, kind: Kind) -> frozenset[Operation]:
    if wanted in (None, "", "any"):
        return _TOUCHES[kind.group]
    names = [wanted] if isinstance(wanted, str) else wanted
    try:
        return frozenset(Operation(name) for name in names)
    except (TypeError, ValueError):
        raise WrongFault(f"on must be 'any' or some of {', '.join(Operation)}") from None
