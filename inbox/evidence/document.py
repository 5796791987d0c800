"""A record in the words and the order of a Vietnamese administrative document (Nghị định 30/2020/NĐ-CP, biên bản).

The document is Vietnamese whatever language its reader chose for the pages: it is an official paper. The PDF and the
page are set from the same `Document`. Pure: it turns facts into words and adds nothing to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

#: Everything on the paper is in the time of the city.
CITY_TIME = ZoneInfo("Asia/Ho_Chi_Minh")

_ACTS: Mapping[str, str] = {
    "accept": "Tiếp nhận phản ánh, kiến nghị",
    "reply": "Trả lời người dân (chưa kết thúc)",
    "ask_citizen": "Đề nghị người dân bổ sung thông tin",
    "resolve": "Trả lời người dân và kết thúc xử lý",
    "return": "Trả lại nguồn (không thuộc thẩm quyền)",
    "refuse": "Từ chối tiếp nhận, có hướng dẫn",
    "transfer": "Chuyển đơn vị có thẩm quyền",
}
_OUTCOMES: Mapping[str, str] = {
    "delivered": "Nguồn đã nhận",
    "absent": "Hỏi lại: nguồn chưa có",
    "retry": "Không gửi được",
    "unknown": "Gửi đi, mất xác nhận",
    "refused": "Nguồn từ chối",
    "paused": "Nguồn từ chối đăng nhập",
    "lease_lost": "Bỏ dở, gửi lại sau",
}
_UNITS: Mapping[str, str] = {
    "minutes": "phút",
    "hours": "giờ",
    "working_minutes": "phút làm việc",
    "working_hours": "giờ làm việc",
    "working_days": "ngày làm việc",
    "calendar_days": "ngày (tính cả ngày nghỉ)",
}
_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")
_CLOCKS = {"accept": "tiếp nhận", "resolve": "xử lý"}


@dataclass(frozen=True, slots=True)
class Document:
    """The paper, part by part. Rows of tables are as wide as their heads."""

    number: str
    version: int
    unit: str
    place_and_date: str
    subtitle: str
    complaint: str
    act: str
    milestones: list[tuple[str, str, str]]
    interruption: list[str]
    confirmation: str
    attempts: list[tuple[str, str, str, str]]
    hours: list[tuple[str, str, str]]
    event: str
    event_hash: str
    hash: str
    hash_in_groups: str
    address: str
    receivers: list[str]


def document_of(facts: Mapping[str, Any], *, digest: str, address: str) -> Document:
    """The paper for one version's facts. `digest` is the version's hash, `address` where anybody can check it."""
    unit = facts["unit"] or "Thành phố Hồ Chí Minh"
    made_at = _moment(facts["made_at"])
    return Document(
        number=facts["number"],
        version=facts["version"],
        unit=unit,
        place_and_date=f"{_place(unit)}, ngày {made_at:%d} tháng {made_at:%m} năm {made_at:%Y}",
        subtitle=f"phản ánh, kiến nghị {facts['ticket']}",
        complaint=(
            f"Phiếu {facts['ticket']}, mã tại nguồn {facts['external_id']}, nguồn tiếp nhận: "
            f"{facts['source']['label']}. Đơn vị xử lý: {unit}."
        ),
        act=_act(facts),
        milestones=_milestones(facts),
        interruption=_interruption(facts),
        confirmation=_confirmation(facts),
        attempts=[_attempt(attempt) for attempt in facts["attempts"]],
        hours=_hours(facts),
        event=f"việc số {facts['event']['sequence']} của phiếu {facts['ticket']}, mã băm",
        event_hash=_in_groups(facts["event"]["hash"]),
        hash=digest,
        hash_in_groups=_in_groups(digest),
        address=address,
        receivers=[
            f"Đơn vị vận hành {facts['source']['label']};",
            "Văn phòng UBND Thành phố;",
            f"Lưu: VT, hồ sơ {facts['ticket']}.",
        ],
    )


def _in_groups(digest: str) -> str:
    """A hash that an eye can compare."""
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


def written(stamp: str) -> str:
    """An instant with its seconds: "14:47:09, 18/11/2026"."""
    return f"{_moment(stamp):%H:%M:%S, %d/%m/%Y}"


def act_of(action: str) -> str:
    """What was done, in words."""
    return _ACTS.get(action, action)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).astimezone(CITY_TIME)


def _place(unit: str) -> str:
    """The place of issue: the name without its kind."""
    for kind in ("Phường ", "Xã ", "Đặc khu "):
        unit = unit.removeprefix(kind)
    return unit


def _act(facts: Mapping[str, Any]) -> str:
    position = f", {facts['position']}" if facts["position"] else ""
    return f"{act_of(facts['action'])}. Người thực hiện: {facts['by']}{position}."


def _milestones(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    deadline = facts["deadline"]
    rows = [("Thực hiện", written(facts["done_at"]), f"Sổ sự kiện của phiếu, việc số {facts['event']['sequence']}")]
    if deadline.get("ours"):
        rows.append((f"Hạn {_CLOCKS[deadline['clock']]}", written(deadline["ours"]), _policy(deadline)))
    if deadline.get("source"):
        rows.append(("Hạn của nguồn", written(deadline["source"]), "Do nguồn tiếp nhận ấn định"))
    arrived = facts["arrived_at"]
    how = "Nhập tay tại nguồn" if facts["reason"] == "entered_by_hand" else "Nhật ký gửi, xem Phụ lục"
    rows.append(("Đến nguồn", written(arrived) if arrived else "Chưa đến", how if arrived else _last_word(facts)))
    return rows


def _policy(deadline: Mapping[str, Any]) -> str:
    return f"{deadline['amount']} {_UNITS[deadline['unit']]} ({deadline['policy']}, bản {deadline['version']})"


def _last_word(facts: Mapping[str, Any]) -> str:
    """Why it has not arrived, as far as is known."""
    states = {"by_hand": "Chờ nhập tay tại nguồn", "dead": f"Nguồn không nhận ({facts['reason'] or 'không rõ'})"}
    return states.get(facts["state"], "Đang chờ gửi lại")


def _interruption(facts: Mapping[str, Any]) -> list[str]:
    sentences = [_outage(outage, facts["source"]["label"]) for outage in facts["outages"]]
    failed = sum(1 for attempt in facts["attempts"] if attempt["outcome"] not in {"delivered", "absent"})
    asked = sum(1 for attempt in facts["attempts"] if attempt["kind"] == "lookup")
    if facts["attempts"]:
        again = f", hỏi lại nguồn {asked:02d} lần" if asked else ""
        sent = len(facts["attempts"]) - asked
        sentences.append(f"Hệ thống đã gửi {sent:02d} lần{again}, trong đó {failed:02d} lần không thành công.")
    return sentences or ["Không ghi nhận gián đoạn; kết quả được nhập tay tại nguồn hoặc đang chờ gửi."]


def _outage(outage: Mapping[str, Any], label: str) -> str:
    end = f"đến {written(outage['ended'])}" if outage["ended"] else "và chưa kết thúc khi lập biên bản"
    before = (
        f" Lần kết nối thành công trước đó: {written(outage['last_success_before'])}."
        if outage["last_success_before"]
        else ""
    )
    probe = f" Kiểm tra riêng xác nhận lúc {written(outage['confirmed_at'])}." if outage["confirmed_at"] else ""
    return f"{label} gián đoạn từ {written(outage['began'])} {end} (mã lỗi: {outage['reason']}).{before}{probe}"


def _confirmation(facts: Mapping[str, Any]) -> str:
    done, due = _moment(facts["done_at"]), _moment(facts["deadline_at"])
    early = f"Việc nêu tại mục 2 được ghi nhận lúc {written(facts['done_at'])}, trước hạn {_length(due - done)}."
    if not facts["arrived_at"]:
        return f"{early} Đến {written(facts['made_at'])} kết quả chưa đến được nguồn."
    arrived = _moment(facts["arrived_at"])
    against = f"sau hạn {_length(arrived - due)}" if arrived > due else f"trước hạn {_length(due - arrived)}"
    return f"{early} Kết quả đến nguồn lúc {written(facts['arrived_at'])}, {against}."


def _length(span: timedelta) -> str:
    """Round the clock: "1 ngày 3 giờ 05 phút", or seconds below a minute."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [f"{days} ngày"] if days else []
    parts += [f"{hours} giờ"] if hours else []
    parts += [f"{minutes} phút"] if minutes else []
    return " ".join(parts) or f"{left} giây"


def _hours(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The time that counted, day by day, with the sum in the last row. Records made before this was kept have none."""
    days = facts.get("hours", [])
    rows = [(_day(day["date"]), ", ".join(map(_span, day["spans"])), _counted(day["seconds"])) for day in days]
    return [*rows, ("Cộng", "", _counted(sum(day["seconds"] for day in days)))] if rows else []


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{_WEEKDAYS[day.weekday()]} {day:%d/%m/%Y}"


def _span(span: Sequence[str]) -> str:
    """ "07:30–11:30"; the end of a day is 24:00."""
    begin, end = (_moment(stamp) for stamp in span)
    last = "24:00" if end.date() > begin.date() and (end.hour, end.minute) == (0, 0) else f"{end:%H:%M}"
    return f"{begin:%H:%M}–{last}"


def _counted(seconds: int) -> str:
    """Hours and minutes, as working time is counted: a day is not a unit here."""
    hours, rest = divmod(seconds, 3_600)
    parts = [f"{hours} giờ"] if hours else []
    parts += [f"{rest // 60} phút"] if rest >= 60 else []
    return " ".join(parts) or f"{seconds} giây"


def _attempt(attempt: Mapping[str, Any]) -> tuple[str, str, str, str]:
    kind = " (hỏi lại)" if attempt["kind"] == "lookup" else ""
    outcome = _OUTCOMES.get(attempt["outcome"], attempt["outcome"])
    return f"{attempt['number']}{kind}", written(attempt["finished_at"]), outcome, attempt["error"] or "–"
