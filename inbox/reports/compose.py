"""Writing reports out of figures. Every number comes from `dashboards.figures`; here nothing is counted or reckoned.

The months of a ward and the ranking of the city are papers with a place for a signature; a page of figures is the same
figures as on the screen, with the same filters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, override

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.core.errors import NotAllowed
from inbox.dashboards import figures
from inbox.dashboards.metrics import METRICS, Metric, Span, Sums, UnitOf, Value
from inbox.dashboards.periods import Grain, Period
from inbox.reports import names
from inbox.reports.paper import Cell, Paper, Table, count, decimal, percent
from inbox.reports.spans import ReportSpan
from inbox.sources.models import Source
from inbox.units.models import Unit

#: A ward with fewer judged tickets is listed and not ranked: one late ticket would decide its place.
FEWEST_RANKED = 10
CITY = "Thành phố Hồ Chí Minh"
_WEEKS = "Tuần đầu và tuần cuối có thể không trọn."

_UNITS = {
    UnitOf.TICKETS: "phiếu",
    UnitOf.PERCENT: "%",
    UnitOf.WORKING_MINUTES: "giờ làm việc",
    UnitOf.MINUTES: "phút",
    UnitOf.HOURS: "giờ",
    UnitOf.RECORDS: "biên bản",
}
_NOW = ("open", "overdue", "due_soon", "waiting", "unassigned", "source_away")
_RESULTS = (
    *("new", "resolved", "ended", "accept_on_time", "resolve_on_time", "on_time_without_others", "source_on_time"),
    *("became_late", "reopened", "first_time_right", "handling_median", "handling_p90", "returned", "transferred"),
)
_CONDITIONS = ("late_elsewhere", "outage_hours", "evidence", "delivery_lag", "paused_hours", "outside_hours")
#: The columns of a table by field, source, week or ward.
_SPLIT = ("new", "resolved", "resolve_on_time", "became_late", "handling_median")
_RANKED = (
    *("new", "resolved", "on_time_without_others", "resolve_on_time", "late_elsewhere", "became_late"),
    *("reopened", "handling_median"),
)


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a report, and when."""

    official: Official
    at: datetime

    @property
    def local(self) -> datetime:
        return timezone.localtime(self.at)

    @property
    def signature(self) -> str:
        return f"Người lập: {self.official.display_name}, lúc {self.local:%H:%M ngày %d/%m/%Y}"

    def place_and_date(self, place: str) -> str:
        return f"{place}, ngày {self.local:%d} tháng {self.local:%m} năm {self.local:%Y}"


def ward_report(official: Official, *, unit: str, span: ReportSpan, at: datetime) -> Paper:
    """How one ward stood in a month or week. Raises NotFound, NotAllowed."""
    scope = figures.scope_of(official, unit=unit)
    if scope.unit is None or not may(official, Permission.EXPORT, unit_id=scope.unit.pk):
        raise NotAllowed(f"{Permission.EXPORT} is not granted")
    maker, period = Maker(official, at), span.period
    results = _results(scope, span, at=at)
    return Paper(
        agency=scope.unit.name,
        place_and_date=maker.place_and_date(scope.unit.short_name),
        title="BÁO CÁO",
        subtitle=f"Tình hình tiếp nhận, xử lý phản ánh, kiến nghị {span.words}",
        period=f"Kỳ báo cáo {span.days_in_words}.",
        summary=_summary(scope, period, at=at),
        tables=[
            results,
            _split(scope, period, by="category", title="Theo lĩnh vực", head="Lĩnh vực"),
            _split(scope, period, by="source", title="Theo nguồn tiếp nhận", head="Nguồn tiếp nhận"),
            _by_week(scope, period),
            _one_column(
                scope,
                period,
                _CONDITIONS,
                at=at,
                title="Điều kiện khách quan và áp lực công việc",
                note="Gián đoạn của nguồn tiếp nhận và thời gian phiếu nằm ở đơn vị khác không do đơn vị gây ra.",
            ),
            _one_column(scope, period, _NOW, at=at, title=f"Hiện trạng lúc {maker.local:%H:%M ngày %d/%m/%Y}"),
        ],
        signature=maker.signature,
        receivers=["Văn phòng UBND Thành phố;", f"Lưu: VT, {scope.unit.short_name}."],
    )


def city_ranking(official: Official, *, span: ReportSpan, at: datetime) -> Paper:
    """How all wards stood, side by side. For those who see the whole city. Raises NotAllowed."""
    scope = figures.scope_of(official)
    if not scope.is_city or not may(official, Permission.EXPORT):
        raise NotAllowed(f"{Permission.EXPORT} is not granted for the city")
    maker, period = Maker(official, at), span.period
    return Paper(
        agency=CITY,
        place_and_date=maker.place_and_date(CITY),
        title="BÁO CÁO XẾP HẠNG",
        subtitle=f"Kết quả xử lý phản ánh, kiến nghị của các phường, xã, đặc khu {span.words}",
        period=f"Kỳ báo cáo {span.days_in_words}.",
        summary=[
            *_summary(scope, period, at=at),
            "Xếp hạng theo tỷ lệ đúng hạn sau khi trừ phần chậm do nguồn gián đoạn hoặc do đơn vị khác giữ phiếu; "
            f"đơn vị có dưới {FEWEST_RANKED} phiếu được tính hạn thì không xếp hạng. Bằng nhau thì cùng hạng.",
        ],
        tables=_ranking(scope, period, at=at),
        signature=maker.signature,
        receivers=["Chủ tịch, các Phó Chủ tịch UBND Thành phố;", "UBND các phường, xã, đặc khu;", "Lưu: VT."],
    )


def figures_page(
    official: Official, *, unit: str, source: str, person: int | None, period: Period, at: datetime
) -> Paper:
    """A page of figures with the filters of the screen. Raises NotFound, NotAllowed."""
    scope = figures.scope_of(official, unit=unit, source=source, person=person)
    shown = scope.units if scope.units is not None else {None}
    if not all(may(official, Permission.EXPORT, unit_id=one) for one in shown):
        raise NotAllowed(f"{Permission.EXPORT} is not granted")
    maker = Maker(official, at)
    units = {one for one in scope.units or () if one is not None}
    whose = ", ".join(Unit.objects.filter(pk__in=units).values_list("name", flat=True))
    tables = [
        _one_column(scope, period, _NOW, at=at, title=f"Hiện trạng lúc {maker.local:%H:%M ngày %d/%m/%Y}"),
        _one_column(scope, period, (*_RESULTS, *_CONDITIONS), at=at, title="Kết quả trong kỳ", compared=True),
        _by_week(scope, period),
        _split(scope, period, by="category", title="Theo lĩnh vực", head="Lĩnh vực"),
    ]
    if scope.source is None:
        tables.append(_split(scope, period, by="source", title="Theo nguồn tiếp nhận", head="Nguồn tiếp nhận"))
    if scope.unit is None and scope.person is None:
        tables.append(_split(scope, period, by="unit", title="Theo đơn vị", head="Đơn vị"))
    narrowed = [
        whose,
        f"nguồn {scope.source.label}" if scope.source else "",
        scope.person.display_name if scope.person else "",
    ]
    return Paper(
        agency=scope.unit.name if scope.unit else whose or CITY,
        place_and_date=maker.place_and_date(scope.unit.short_name if scope.unit else CITY),
        title="SỐ LIỆU",
        subtitle="Tiếp nhận, xử lý phản ánh, kiến nghị" + "".join(f", {part}" for part in narrowed if part),
        period=f"Kỳ từ {period.first:%d/%m/%Y} đến {period.last:%d/%m/%Y}.",
        summary=[],
        tables=tables,
        signature=maker.signature,
        is_signed=False,
    )


def key_lines(scope: figures.Scope, span: ReportSpan) -> list[str]:
    """The four figures that a letter about a report names."""
    sums = figures.total(scope.narrowing, span.period)
    shown = ("new", "resolved", "resolve_on_time", "became_late")
    return [f"{label_of(METRICS[name])}: {_cell(METRICS[name], METRICS[name].value(sums)).words}" for name in shown]


# --- Parts ------------------------------------------------------------------------------------------------------------


def label_of(metric: Metric) -> str:
    """The name of a figure, as on the pages in Vietnamese."""
    with override("vi"):
        return gettext(metric.label)


def _cell(metric: Metric, value: Value) -> Cell:
    """A figure as a cell. Working time is written in hours; that is all that is done to a figure."""
    if metric.unit is UnitOf.PERCENT:
        return percent(value)
    if metric.unit is UnitOf.WORKING_MINUTES:
        return decimal(None if value is None else value / 60)
    return count(value) if metric.unit in {UnitOf.TICKETS, UnitOf.RECORDS} else decimal(value)


def _head(metric: Metric) -> str:
    return f"{label_of(metric)} ({_UNITS[metric.unit]})"


def _figures(scope: figures.Scope, period: Period, named: Sequence[str], *, at: datetime) -> dict[str, Value]:
    """Several figures of one period: sums are read once."""
    sums = figures.total(scope.narrowing, period)
    now = figures.standing(scope.narrowing, at=at).get((), {}) if set(named) & set(_NOW) else {}

    def value(name: str) -> Value:
        metric = METRICS[name]
        if metric.span is Span.NOW:
            return now.get(name, 0)
        return metric.value(sums) if metric.of else figures.figure(metric, scope, period, at=at)

    return {name: value(name) for name in named}


def _results(scope: figures.Scope, span: ReportSpan, *, at: datetime) -> Table:
    spans = (span.period, span.before.period, span.year_before)
    columns = [_figures(scope, period, _RESULTS, at=at) for period in spans]
    rows = []
    for name in _RESULTS:
        metric = METRICS[name]
        target = _cell(metric, metric.target) if metric.target is not None else Cell("")
        values = (_cell(metric, column[name]) for column in columns)
        rows.append((Cell(label_of(metric)), Cell(_UNITS[metric.unit]), *values, target))
    heads = ("Chỉ tiêu", "Đơn vị tính", "Kỳ này", "Kỳ trước", "Cùng kỳ năm trước", "Mục tiêu")
    return Table("Kết quả chung", heads, rows, (40, 14, 11, 11, 12, 10))


def _one_column(
    scope: figures.Scope,
    period: Period,
    named: Sequence[str],
    *,
    at: datetime,
    title: str,
    note: str = "",
    compared: bool = False,
) -> Table:
    columns = [_figures(scope, one, named, at=at) for one in ((period, period.before) if compared else (period,))]
    rows = [
        (
            Cell(label_of(METRICS[name])),
            Cell(_UNITS[METRICS[name].unit]),
            *(_cell(METRICS[name], column[name]) for column in columns),
        )
        for name in named
    ]
    heads = ("Chỉ tiêu", "Đơn vị tính", "Số liệu" if not compared else "Kỳ này", *(["Kỳ trước"] if compared else []))
    return Table(title, heads, rows, (50, 16, 12, 12)[: len(heads)], note)


def _split(scope: figures.Scope, period: Period, *, by: str, title: str, head: str) -> Table:
    found = figures.sums(scope.narrowing, period, by=(by,))
    named = _namer(by)
    parts = [(named(key[0]), sums) for key, sums in found.items()]
    parts.sort(key=lambda part: (-(part[1].get("received", 0)), part[0]))
    rows = [_row(words, sums, _SPLIT) for words, sums in parts if any(sums.values())]
    if rows:
        rows.append(_row("Cộng", figures.added(sums for _, sums in parts), _SPLIT))
    return Table(title, (head, *(_head(METRICS[name]) for name in _SPLIT)), rows, (34, 12, 12, 13, 13, 16))


def _by_week(scope: figures.Scope, period: Period) -> Table:
    found = figures.sums(scope.narrowing, period, grain=Grain.WEEK)
    rows = [_row(f"Từ {day:%d/%m/%Y}", found.get((day,), {}), _SPLIT) for day in period.starts(Grain.WEEK)]
    heads = ("Tuần", *(_head(METRICS[name]) for name in _SPLIT))
    return Table(
        "Diễn biến theo tuần", heads, rows, (34, 12, 12, 13, 13, 16), "Tuần đầu và tuần cuối có thể không trọn."
    )


def _row(words: str, sums: Sums, named: Sequence[str]) -> tuple[Cell, ...]:
    return (Cell(words), *(_cell(METRICS[name], METRICS[name].value(sums)) for name in named))


def _namer(by: str) -> Callable[[Any], str]:
    if by == "category":
        return lambda code: names.CATEGORY.get(code, code)
    table: Any = Source if by == "source" else Unit
    known = dict(table.objects.values_list("pk", "label" if by == "source" else "name"))
    return lambda key: known.get(key, "Chưa rõ đơn vị")


def _ranking(scope: figures.Scope, period: Period, *, at: datetime) -> list[Table]:
    found = figures.sums(scope.narrowing, period, by=("unit",))
    standing = figures.standing(scope.narrowing, at=at, by=("unit",))
    named = _namer("unit")
    ranked: list[tuple[float, str, Any, Sums]] = []
    apart: list[tuple[str, Any, Sums]] = []
    for (unit,), sums in found.items():
        share = METRICS["on_time_without_others"].value(sums)
        if unit is None or share is None or sums.get("resolve_judged", 0) < FEWEST_RANKED:
            if any(sums.values()):
                apart.append((named(unit), unit, sums))
        else:
            ranked.append((share, named(unit), unit, sums))
    ranked.sort(key=lambda one: (-one[0], one[1]))
    places = {share: sum(other[0] > share for other in ranked) + 1 for share in {one[0] for one in ranked}}

    def cells(place: Cell, words: str, unit: Any, sums: Sums) -> tuple[Cell, ...]:
        overdue = count(standing.get((unit,), {}).get("overdue", 0))
        return (place, *_row(words, sums, _RANKED), overdue)

    heads = ("Hạng", "Đơn vị", *(_head(METRICS[name]) for name in _RANKED), f"{label_of(METRICS['overdue'])} (phiếu)")
    widths = (7, 30, 10, 10, 13, 12, 12, 12, 10, 14, 10)
    rows = [cells(count(places[share]), words, unit, sums) for share, words, unit, sums in ranked]
    others = [cells(Cell(""), words, unit, sums) for words, unit, sums in sorted(apart, key=lambda one: one[0])]
    return [
        Table("Xếp hạng", heads, rows, widths),
        *([Table("Không xếp hạng", heads, others, widths)] if others else []),
    ]


def _summary(scope: figures.Scope, period: Period, *, at: datetime) -> list[str]:
    """What the tables say, in sentences: for those who read no table."""
    found = _figures(scope, period, (*_RESULTS, *_CONDITIONS), at=at)
    said = {name: _cell(METRICS[name], value).words for name, value in found.items()}
    sentences = [
        f"Trong kỳ tiếp nhận {said['new']} phiếu, đã xử lý {said['resolved']} phiếu"
        + (f"; {said['resolve_on_time']} xử lý đúng hạn." if found["resolve_on_time"] is not None else ".")
    ]
    if found["handling_median"] is not None:
        sentences.append(
            f"Một nửa số phiếu được trả lời trong {said['handling_median']} giờ làm việc, "
            f"chín phần mười trong {said['handling_p90']} giờ làm việc."
        )
    if found["late_elsewhere"] or found["outage_hours"]:
        sentences.append(
            f"Nguồn tiếp nhận gián đoạn {said['outage_hours']} giờ; {said['late_elsewhere']} phiếu trễ do nguồn hoặc "
            f"do đơn vị khác, trừ đi thì tỷ lệ đúng hạn là {said['on_time_without_others']}."
        )
    return sentences
