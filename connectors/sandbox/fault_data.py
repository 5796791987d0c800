"""Faults that spoil the rows of an answer: doubled, shuffled, mistyped, mis-dated or mis-spelt.

They act on what is served and never on what the system believes: every function copies before it changes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.call import Call
from connectors.sandbox.faults import Fault

Row = dict[str, Any]

#: Instead of a strftime pattern: ISO 8601 with its zone.
ISO_WITH_ZONE = "iso"

_EPOCH = datetime(1970, 1, 1)
_FAR_FUTURE = timedelta(days=3653)
_EMOJI = "🙏🏻 Đường ngập 🌊🚗💦 mong sớm xử lý 👨‍👩‍👧‍👦 "
_RTL = "\u202egnp.hna\u202c \u200fkiểm tra\u2066 "
_CONTROLS = "\x00\x08\x1b[31m\u2028\ufeff\x7f \ud83d "
_HTML = "<script>alert('motmoi')</script><img src=x onerror=alert(1)> <b>Kính gửi</b>&nbsp;{{ 7*7 }} "


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields of a system's record are which. `ids` are left alone by faults that pick fields by chance."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    dates: Mapping[str, str] = field(default_factory=dict)  # field → strptime pattern or ISO_WITH_ZONE
    status: str = ""


def spoil_rows(rows: list[Row], call: Call, shape: Shape) -> list[Row]:
    """The rows of a page with every data fault that fires. An empty page uses up no fault."""
    if not rows:
        return rows
    spoiled = [dict(row) for row in rows]
    if call.take("duplicate_rows"):
        spoiled = [*spoiled, *(dict(row) for row in spoiled[: max(1, len(spoiled) // 2)])]
    if call.take("out_of_order"):
        _shuffle(spoiled, call)
    for kind, spoil in _ROW_FAULTS.items():
        if fault := call.take(kind):
            spoil(_victims(spoiled, fault, shape), fault, shape, call)
    return spoiled


def spoil_row(row: Row, call: Call, shape: Shape) -> Row:
    """One record with every data fault that makes sense for a single one."""
    spoiled = dict(row)
    for kind, spoil in _ROW_FAULTS.items():
        if fault := call.take(kind):
            spoil(_victims([spoiled], fault, shape), fault, shape, call)
    return spoiled


def _victims(rows: list[Row], fault: Fault, shape: Shape) -> list[Row]:
    """The rows a fault acts on: the one it names, else all."""
    wanted = str(fault.options.get("external_id", ""))
    return [row for row in rows if not wanted or str(row.get(shape.ids[0])) == wanted]


def _shuffle(rows: list[Row], call: Call) -> None:
    before = list(rows)
    call.draw().shuffle(rows)
    if rows == before:
        rows.reverse()


def _change_silently(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    for row in rows:
        row[shape.texts[0]] = f"{row.get(shape.texts[0])} (bổ sung lần {call.draw().randint(2, 10**6)})"


def _redate(change: Callable[[datetime], datetime]) -> Callable[[list[Row], Fault, Shape, Call], None]:
    def spoil(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
        for row in rows:
            for name, pattern in shape.dates.items():
                row[name] = _shifted(row.get(name), pattern, change)

    return spoil


def _skew(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    shift = timedelta(minutes=int(fault.options["shift_minutes"]))
    _redate(lambda at: at + shift)(rows, fault, shape, call)


def _shifted(value: Any, pattern: str, change: Callable[[datetime], datetime]) -> Any:
    if not isinstance(value, str) or not value:
        return value
    if pattern == ISO_WITH_ZONE:
        return change(datetime.fromisoformat(value)).isoformat()
    return change(datetime.strptime(value, pattern)).strftime(pattern)


def _picked_fields(row: Row, fault: Fault, shape: Shape, call: Call) -> list[str]:
    """The fields the fault names, else two by chance; never an id."""
    named = [str(name) for name in fault.options["fields"] if name in row]
    if fault.options["fields"]:
        return named
    free = [name for name in row if name not in shape.ids]
    return call.draw().sample(free, k=min(2, len(free)))


def _drop_fields(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    for row in rows:
        for name in _picked_fields(row, fault, shape, call):
            del row[name]


def _null_fields(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    for row in rows:
        for name in _picked_fields(row, fault, shape, call):
            row[name] = None


def _mistype_fields(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    for row in rows:
        for name in _picked_fields(row, fault, shape, call):
            row[name] = _of_another_type(row[name])


def _of_another_type(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return {"value": value}
    if isinstance(value, int | float):
        return [value]
    return 42


def _add_fields(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    for row in rows:
        row.update({"TruongMoi": {"phienBan": [1, {"sau": None}]}, "__v": 7, "": "tên trường rỗng"})


def _unknown_status(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    for row in rows:
        row[shape.status] = 77 if isinstance(row.get(shape.status), int) else "TRANG_THAI_MOI"


def _bloat(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
    sentence = "Kính mong cơ quan chức năng xem xét. "
    for row in rows[:1]:
        row[shape.texts[0]] = sentence * (int(fault.options["megabytes"] * 1_000_000) // len(sentence.encode()) + 1)


def _retext(change: Callable[[str], str]) -> Callable[[list[Row], Fault, Shape, Call], None]:
    def spoil(rows: list[Row], fault: Fault, shape: Shape, call: Call) -> None:
        for row in rows:
            for name in shape.texts:
                if isinstance(row.get(name), str):
                    row[name] = change(row[name])

    return spoil


_ROW_FAULTS: Mapping[str, Callable[[list[Row], Fault, Shape, Call], None]] = {
    "silent_change": _change_silently,
    "clock_skew": _skew,
    "future_dates": _redate(lambda at: at + _FAR_FUTURE),
    "epoch_dates": _redate(lambda at: _EPOCH.replace(tzinfo=at.tzinfo)),
    "unknown_status": _unknown_status,
    "emoji": _retext(lambda text: _EMOJI + text),
    "rtl_marks": _retext(lambda text: _RTL + text),
    "control_characters": _retext(lambda text: _CONTROLS + text),
    "html_text": _retext(lambda text: _HTML + text),
    "nfd_text": _retext(lambda text: unicodedata.normalize("NFD", text)),
    "huge_text": _bloat,
    "missing_fields": _drop_fields,
    "extra_fields": _add_fields,
    "nulls": _null_fields,
    "wrong_types": _mistype_fields,
}
