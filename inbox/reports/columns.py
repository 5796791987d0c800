"""The columns of a list of tickets, defined once for every kind of file. Nothing about the citizen is among them.

`key` is the head for software and stays put; `head` is the one for people. Values are codes where `words` is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Coalesce, Concat, LPad, NullIf

from inbox.reports import names
from inbox.reports.vocabulary import Kind
from inbox.sla.models import ClockKind, ClockState, SlaClock
from inbox.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how it is read and how it is shown. `width` in characters, for spreadsheets."""

    key: str
    head: str
    kind: Kind
    source: Any
    width: int = 16
    words: Mapping[str, str] = field(default_factory=dict)


def _clock(name: str) -> Subquery:
    """Of the newest promise to answer that still counts."""
    rows = SlaClock.objects.filter(ticket=OuterRef("pk"), kind=ClockKind.RESOLVE).exclude(state=ClockState.CANCELLED)
    return Subquery(rows.order_by("-round").values(name)[:1])


def ticket_columns(at: datetime) -> tuple[Column, ...]:
    """The columns. `at`: the instant by which something is overdue."""
    overdue = Case(
        When(Q(is_open=True, next_due_at__lt=at), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    worker = Coalesce(NullIf(F("assignee__full_name"), Value("")), F("assignee__username"))
    number = Cast("pk", CharField())
    code = Concat(Value("PA-"), Case(When(pk__lt=1_000_000, then=LPad(number, 6, Value("0"))), default=number))
    return (
        Column("code", "Mã phiếu", Kind.CODE, code, 13),
        Column("title", "Nội dung phản ánh", Kind.CITIZEN, F("title"), 52),
        Column("status", "Trạng thái", Kind.CODE, F("status"), 18, names.STATUS),
        Column("category", "Lĩnh vực", Kind.CODE, F("category"), 26, names.CATEGORY),
        Column("urgency", "Mức độ", Kind.CODE, F("urgency"), 12, names.URGENCY),
        Column("source", "Nguồn tiếp nhận", Kind.WORDS, F("source__label"), 28),
        Column("unit_code", "Mã đơn vị", Kind.CODE, F("unit__code"), 11),
        Column("unit", "Đơn vị", Kind.WORDS, F("unit__name"), 26),
        Column("assignee", "Người xử lý", Kind.WORDS, worker, 24),
        Column("address", "Địa điểm phản ánh", Kind.CITIZEN, F("address"), 40),
        Column("sent_at", "Người dân gửi lúc", Kind.MOMENT, F("sent_at")),
        Column("received_at", "Nhận về lúc", Kind.MOMENT, F("received_at")),
        Column("accepted_at", "Tiếp nhận lúc", Kind.MOMENT, F("accepted_at")),
        Column("resolved_at", "Xử lý xong lúc", Kind.MOMENT, F("resolved_at")),
        Column("due_at", "Hạn xử lý", Kind.MOMENT, _clock("due_at")),
        Column("deadline", "Kết quả theo hạn", Kind.CODE, _clock("state"), 16, names.DEADLINE),
        Column("source_due_at", "Hạn của nguồn", Kind.MOMENT, F("source_due_at")),
        Column("next_due_at", "Hạn gần nhất", Kind.MOMENT, F("next_due_at")),
        Column("overdue", "Đang quá hạn", Kind.YES_NO, overdue, 13),
        Column("late_risk", "Nguy cơ trễ (%)", Kind.NUMBER, F("late_risk"), 14),
        Column("lat", "Vĩ độ", Kind.PLACE, F("lat"), 11),
        Column("lng", "Kinh độ", Kind.PLACE, F("lng"), 11),
    )


def rows_of(tickets: QuerySet[Ticket], columns: tuple[Column, ...]) -> QuerySet[Any, tuple[Any, ...]]:
    """The values of the columns, in their order."""
    named = {f"column_{column.key}": column.source for column in columns}
    return tickets.annotate(**named).values_list(*named)
