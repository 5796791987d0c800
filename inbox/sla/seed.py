"""Load the office calendar with its holidays and the first deadline policies. Safe to repeat: edits are kept."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import holidays
from django.db import transaction

from inbox.sla.models import (
    DEFAULT_LEVELS,
    CalendarOverride,
    PolicyLevel,
    SlaPolicy,
    TargetUnit,
    Urgency,
    WorkCalendar,
)

DATA = Path(__file__).parent / "data"
OFFICE_SLUG = "office"
OFFICE_HOURS = [["07:30", "11:30"], ["13:00", "17:00"]]
DECREED_YEARS = (2024, 2025, 2026)
#: Years that no decree covers yet: reckoned by the `holidays` package and therefore to be confirmed.
FORESEEN_YEARS = (2027, 2028, 2029)
#: Older complaints do not exist: the defaults hold for whatever history a source brings.
FIRST_DAY = date(2000, 1, 1)

Target = tuple[int, TargetUnit]


@dataclass(frozen=True, slots=True)
class _Policy:
    name: str
    accept: Target
    resolve: Target
    several_agencies: Target | None = None
    connector: str = ""
    urgency: str = ""


def _portal_like(name: str, connector: str) -> _Policy:
    return _Policy(
        name,
        connector=connector,
        accept=(5, TargetUnit.WORKING_DAYS),
        resolve=(15, TargetUnit.WORKING_DAYS),
        several_agencies=(20, TargetUnit.WORKING_DAYS),
    )


def _app_like(name: str, connector: str) -> _Policy:
    return _Policy(
        name,
        connector=connector,
        accept=(2, TargetUnit.WORKING_HOURS),
        resolve=(3, TargetUnit.WORKING_DAYS),
        several_agencies=(10, TargetUnit.WORKING_DAYS),
    )


# Only the figures of the hotline are published (2025 rules, plain days); the rest are defaults that the city replaces.
_POLICIES = (
    _Policy(
        "Tổng đài 1022",
        connector="hotline_1022",
        accept=(4, TargetUnit.WORKING_HOURS),
        resolve=(10, TargetUnit.CALENDAR_DAYS),
        several_agencies=(15, TargetUnit.CALENDAR_DAYS),
    ),
    _portal_like("Cổng Dịch vụ công quốc gia", "national_portal"),
    _app_like("Ứng dụng quận, phường", "district_app"),
    _app_like("Mini app", "mini_app"),
    _portal_like("Open311", "open311"),
    _portal_like("Tệp chuyển đến", "file_drop"),
    _portal_like("Tiếp nhận trực tiếp", "manual"),
    _Policy("Khẩn cấp", urgency=Urgency.URGENT, accept=(30, TargetUnit.MINUTES), resolve=(24, TargetUnit.HOURS)),
)


@transaction.atomic
def load_calendars() -> WorkCalendar:
    """The office calendar, created with its overrides. A year that has overrides already is left as it is.

    24/11/2026 ships unconfirmed: a day off until an administrator confirms it or removes it, because a deadline that
    turns out too late is corrected more easily than a reprimand for one that came too early.
    """
    office, _ = WorkCalendar.objects.get_or_create(
        slug=OFFICE_SLUG,
        defaults={
            "name": "Giờ hành chính",
            "weekly": {str(day): OFFICE_HOURS for day in range(5)},
            "is_default": not WorkCalendar.objects.filter(is_default=True).exists(),
        },
    )
    known = {day.year for day in office.overrides.values_list("date", flat=True)}
    if missing := {*DECREED_YEARS, *FORESEEN_YEARS} - known:
        rows = [row for row in [*_decreed(office), *_foreseen(office)] if row.date.year in missing]
        CalendarOverride.objects.bulk_create(rows)
    return office


@transaction.atomic
def load_policies() -> int:
    """The first version of each policy, unless a policy of that name exists; returns how many policies there are."""
    calendar = load_calendars()
    known = set(SlaPolicy.objects.values_list("name", flat=True))
    created = SlaPolicy.objects.bulk_create(_row(policy, calendar) for policy in _POLICIES if policy.name not in known)
    PolicyLevel.objects.bulk_create(
        PolicyLevel(policy=policy, level=level, tells=tells) for policy in created for level, tells in DEFAULT_LEVELS
    )
    return SlaPolicy.objects.count()


def _decreed(calendar: WorkCalendar) -> Iterator[CalendarOverride]:
    with (DATA / "vn_public_sector_2024_2026.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield CalendarOverride(
                calendar=calendar,
                date=date.fromisoformat(row["date"]),
                intervals=OFFICE_HOURS if row["kind"] == "working" else [],
                reason=row["reason"],
                legal_basis=row["legal_basis"],
                confirmed=row["confirmed"] == "yes",
            )


def _foreseen(calendar: WorkCalendar) -> Iterator[CalendarOverride]:
    """Those on a Saturday or Sunday too: units that work then follow this calendar."""
    for day, name in _lunar_and_fixed_holidays():
        yield CalendarOverride(
            calendar=calendar, date=day, reason=name, legal_basis="Dự kiến, chờ công bố", confirmed=False
        )


@lru_cache(maxsize=1)
def _lunar_and_fixed_holidays() -> list[tuple[date, str]]:
    """Kept per process, because reckoning the lunar dates takes most of a second."""
    return sorted(holidays.country_holidays("VN", years=FORESEEN_YEARS, language="vi").items())


def _row(policy: _Policy, calendar: WorkCalendar) -> SlaPolicy:
    several_amount, several_unit = policy.several_agencies or (None, "")
    return SlaPolicy(
        name=policy.name,
        valid_from=FIRST_DAY,
        connector=policy.connector,
        urgency=policy.urgency,
        accept_amount=policy.accept[0],
        accept_unit=policy.accept[1],
        resolve_amount=policy.resolve[0],
        resolve_unit=policy.resolve[1],
        several_agencies_amount=several_amount,
        several_agencies_unit=several_unit,
        calendar=calendar,
    )
