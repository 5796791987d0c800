"""The head of a file in words: of which units, of which time, narrowed by what. Reads names, decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from inbox.accounts.models import Official
from inbox.accounts.scope import Reach
from inbox.core import clock
from inbox.reports import names
from inbox.reports.about import About
from inbox.reports.models import Export
from inbox.sources.models import Source
from inbox.units.models import Unit

_VIEWS: Mapping[str, str] = {
    "open": "đang xử lý",
    "mine": "việc của tôi",
    "unassigned": "chưa phân công",
    "due_soon": "sắp đến hạn",
    "at_risk": "có nguy cơ trễ",
    "overdue": "quá hạn",
    "waiting": "đang chờ",
    "resolved": "xử lý xong trong 7 ngày",
    "no_unit": "chưa rõ đơn vị",
}
_SLA: Mapping[str, str] = {
    "ok": "còn hạn",
    "due_soon": "sắp quá hạn",
    "overdue": "quá hạn",
    "paused": "tạm dừng",
    "none": "không tính hạn",
}
_PERIOD = ("created_after", "created_before")


def about_of(export: Export, *, official: Official, reach: Reach) -> About:
    """The head of a list of tickets."""
    return About(
        title="Danh sách phản ánh, kiến nghị",
        units=_units(export.parameters, reach),
        period=_period(export.parameters),
        made_by=official.display_name,
        made_at=timezone.localtime(clock.now()),
        narrowed=tuple(_narrowed(export.parameters)),
    )


def _units(parameters: Mapping[str, Sequence[str]], reach: Reach) -> str:
    code = (parameters.get("unit") or [""])[0]
    if code == "none":
        return "chưa rõ đơn vị"
    units = Unit.objects.filter(code=code) if code else Unit.objects.filter(pk__in=reach.units)
    if not code and reach.everything:
        return "Thành phố Hồ Chí Minh"
    return ", ".join(units.values_list("name", flat=True)) or "không có"


def _period(parameters: Mapping[str, Sequence[str]]) -> str:
    """By when tickets were received: the filters of the list say no other time."""
    after, before = ((parameters.get(name) or [""])[0] for name in _PERIOD)
    if not after and not before:
        return "toàn bộ thời gian"
    parts = [f"từ {_moment(after)}"] if after else []
    return " ".join([*parts, f"đến trước {_moment(before)}"] if before else parts)


def _narrowed(parameters: Mapping[str, Sequence[str]]) -> list[str]:
    found = []
    for name, values in parameters.items():
        if name in {*_PERIOD, "unit"} or (name == "view" and values[0] == "all"):
            continue
        head, words = _WORDS.get(name, (name, {}))
        found.append(f"{head}: {', '.join(_value(name, value, words) for value in values)}")
    return found


def _value(name: str, value: str, words: Mapping[str, str]) -> str:
    if name == "source":
        return Source.objects.filter(slug=value).values_list("label", flat=True).first() or value
    return _moment(value) if name in _MOMENTS else words.get(value, value)


def _moment(stamp: str) -> str:
    at = datetime.fromisoformat(stamp)
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{local:%d/%m/%Y}" if (local.hour, local.minute) == (0, 0) else f"{local:%H:%M %d/%m/%Y}"


_MOMENTS = ("due_after", "due_before", "updated_after")
_WORDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "view": ("Danh mục", _VIEWS),
    "source": ("Nguồn tiếp nhận", {}),
    "status": ("Trạng thái", names.STATUS),
    "category": ("Lĩnh vực", names.CATEGORY),
    "assignee": ("Người xử lý", {"me": "tôi", "none": "chưa phân công"}),
    "sla": ("Thời hạn", _SLA),
    "overdue": ("Quá hạn", {"true": "có", "1": "có", "false": "không", "0": "không"}),
    "q": ("Từ khóa", {}),
    "due_after": ("Hạn từ", {}),
    "due_before": ("Hạn trước", {}),
    "updated_after": ("Thay đổi từ", {}),
}
