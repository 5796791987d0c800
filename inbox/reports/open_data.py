"""Public data about complaints, without anything about a person: month, ward, field, what became of it, in time or not.

No code, no text, no address, no coordinates, no source, no day. Rows of a month are sorted by what they say, so that
their order says nothing either. How coarse they are: `anonymity`. Made once a month for whole months of the past.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone

from inbox.core import filestore
from inbox.core.heartbeat import beat
from inbox.reports import names
from inbox.reports.anonymity import Class, K, published_as
from inbox.reports.cells import harmless
from inbox.reports.models import OpenDataRelease
from inbox.sla.models import ClockKind, ClockState, SlaClock
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import OPEN, Status
from inbox.units.models import Unit

AREA = "open-data"
MONTHS = 24
COLUMNS = ("month", "unit_code", "unit", "category", "category_name", "outcome", "on_time", "days")
_OUTCOMES = {Status.CLOSED: "resolved"} | dict.fromkeys(OPEN, "open")
_JUDGED = {ClockState.MET.value: "true", ClockState.BREACHED.value: "false"}
_Row = tuple[str, ...]


@dataclass(slots=True)
class _Counts:
    rows: int = 0
    coarser: int = 0
    left_out: int = 0


def release_due(at: datetime) -> OpenDataRelease | None:
    """Publish the months up to the last whole one, unless that was done; what was published before is replaced."""
    last = last_whole_month(at)
    if OpenDataRelease.objects.filter(last_month=last).exists():
        return None
    return release(at)


def release(at: datetime) -> OpenDataRelease:
    """Publish the last 24 whole months now."""
    last = last_whole_month(at)
    months = _months_until(last)
    drafts = {suffix: filestore.draft_of(f"{uuid.uuid4().hex}.{suffix}", area=AREA) for suffix in ("csv", "json")}
    try:
        counts = _write(months, drafts, at)
        hashes = {suffix: filestore.adopt(draft, area=AREA) for suffix, draft in drafts.items()}
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    with transaction.atomic():
        before = list(OpenDataRelease.objects.select_for_update())
        made = OpenDataRelease.objects.create(
            first_month=months[0],
            last_month=last,
            made_at=at,
            rows=counts.rows,
            coarser=counts.coarser,
            left_out=counts.left_out,
            csv_hash=hashes["csv"][0],
            csv_size=hashes["csv"][1],
            json_hash=hashes["json"][0],
            json_size=hashes["json"][1],
        )
    for old in before:
        for digest in {old.csv_hash, old.json_hash} - {made.csv_hash, made.json_hash}:
            filestore.drop(digest, area=AREA)
    beat("open_data", at)
    return made


def last_whole_month(at: datetime) -> date:
    """The first day of the last local month that is over."""
    return (timezone.localdate(at).replace(day=1) - timedelta(days=1)).replace(day=1)


def _months_until(last: date) -> list[date]:
    months = [last]
    while len(months) < MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]


def _write(months: list[date], drafts: dict[str, Path], at: datetime) -> _Counts:
    counts = _Counts()
    units = dict(Unit.objects.values_list("code", "name"))
    with (
        drafts["csv"].open("w", encoding="utf-8", newline="") as table,
        drafts["json"].open("w", encoding="utf-8") as text,
    ):
        lines = csv.writer(table, lineterminator="\n")
        lines.writerow(COLUMNS)
        text.write(json.dumps(_about(months, at), ensure_ascii=False)[:-1] + ', "rows": [')
        for month in months:
            for row in _rows(month, units, counts):
                lines.writerow([harmless(cell) for cell in row])
                text.write(("," if counts.rows else "") + "\n" + json.dumps(_typed(row), ensure_ascii=False))
                counts.rows += 1
        text.write("\n]}\n")
    return counts


def _about(months: list[date], at: datetime) -> dict[str, Any]:
    return {
        "title": "Phản ánh, kiến nghị tại Thành phố Hồ Chí Minh",
        "first_month": f"{months[0]:%Y-%m}",
        "last_month": f"{months[-1]:%Y-%m}",
        "made_at": timezone.localtime(at).isoformat(timespec="seconds"),
        "k": K,
    }


def _rows(month: date, units: dict[str, str], counts: _Counts) -> Iterator[_Row]:
    """The rows of a month as they are published, sorted by what they say."""
    tickets = _of_month(month)
    exact = tickets.order_by().values_list("unit__code", "category").annotate(number=Count("pk"))
    classes = published_as({(unit or "", category): number for unit, category, number in exact})
    clocks = SlaClock.objects.filter(ticket=OuterRef("pk"), kind=ClockKind.RESOLVE).exclude(state=ClockState.CANCELLED)
    judged = Subquery(clocks.order_by("-round").values("state")[:1])
    alike: Counter[_Row] = Counter()
    for unit, category, status, received, resolved, state in tickets.annotate(judged=judged).values_list(
        "unit__code", "category", "status", "received_at", "resolved_at", "judged"
    ):
        known: Class = (unit or "", category)
        published = classes.get(known)
        if published is None:
            counts.left_out += 1
            continue
        counts.coarser += published != known
        alike[_row(month, published, units, status, state, received, resolved)] += 1
    for row, number in sorted(alike.items()):
        yield from (row for _ in range(number))


def _row(
    month: date,
    published: Class,
    units: dict[str, str],
    status: str,
    state: str | None,
    received: datetime,
    resolved: datetime | None,
) -> _Row:
    code, category = published
    days = str((timezone.localdate(resolved) - timezone.localdate(received)).days) if resolved else ""
    outcome = _OUTCOMES.get(Status(status), status)
    return (
        f"{month:%Y-%m}",
        code,
        units.get(code, ""),
        category,
        names.CATEGORY.get(category, ""),
        outcome,
        _JUDGED.get(state or "", "") if outcome == "resolved" else "",
        days if outcome == "resolved" else "",
    )


def _of_month(month: date) -> QuerySet[Ticket]:
    zone = timezone.get_default_timezone()
    following = (month + timedelta(days=32)).replace(day=1)
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (month, following))
    return Ticket.objects.filter(received_at__gte=begin, received_at__lt=end)


def _typed(row: _Row) -> dict[str, Any]:
    said: dict[str, Any] = {name: value or None for name, value in zip(COLUMNS, row, strict=True)}
    said["on_time"] = {"true": True, "false": False}.get(row[6])
    said["days"] = int(row[7]) if row[7] else None
    return said


def opened(suffix: str) -> tuple[OpenDataRelease, IO[bytes]] | None:
    """The newest release and its file; None before the first one."""
    newest = newest_release()
    if newest is None:
        return None
    digest = newest.csv_hash if suffix == "csv" else newest.json_hash
    try:
        return newest, filestore.path_of(digest, area=AREA).open("rb")
    except FileNotFoundError:
        return None


def newest_release() -> OpenDataRelease | None:
    """What is published now."""
    return OpenDataRelease.objects.order_by("-pk").first()
