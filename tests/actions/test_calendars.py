"""Changing calendars: who may, what is refused, and that every change says who, when, and on which legal basis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.add_calendar import NewCalendar, add_calendar
from inbox.actions.change_calendar import Day, change_calendar, proposed
from inbox.actions.change_office_hours import Hours, change_office_hours, proposed_hours
from inbox.actions.choose_unit_calendar import choose_unit_calendar, proposed_unit
from inbox.actions.confirm_dates import confirm_dates
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.sla.models import CalendarChange, CalendarOverride, Recalculation, UnitCalendar, WorkCalendar
from inbox.sla.seed import OFFICE_HOURS
from inbox.units.models import Unit
from tests.factories import make_official
from tests.sla.office_hours import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]

AT = local("2026-11-17 09:00")
NOV_24, NOV_25 = date(2026, 11, 24), date(2026, 11, 25)
OFF = Day([], "Nghỉ bão", "Công điện 12/CĐ-UBND")
WEEK = {str(day): OFFICE_HOURS for day in range(5)}
SATURDAYS = {**WEEK, "5": [["07:30", "11:30"]]}


@pytest.fixture
def admin() -> Official:
    return make_official(Role.ADMIN)


def everything() -> list[Any]:
    models = (WorkCalendar, CalendarOverride, CalendarChange, Recalculation, UnitCalendar)
    return [list(model.objects.order_by("pk").values()) for model in models]


#: Every way to change a calendar, or to ask what a change would do.
WAYS: dict[str, Callable[[Official], object]] = {
    "dates": lambda who: change_calendar("office", [NOV_25], OFF, actor=who, at=AT),
    "preview of dates": lambda who: proposed("office", [NOV_25], OFF, actor=who),
    "confirming": lambda who: confirm_dates("office", [NOV_24], "Nghị quyết 1", actor=who, at=AT),
    "hours": lambda who: change_office_hours("office", Hours(NOV_25, SATURDAYS, "Thử"), actor=who, at=AT),
    "preview of hours": lambda who: proposed_hours("office", Hours(NOV_25, SATURDAYS, "Thử"), actor=who),
    "a new one": lambda who: add_calendar(NewCalendar("Mới", WEEK, "Thử"), actor=who, at=AT),
    "a unit": lambda who: choose_unit_calendar("office", "26929", joins=True, reason="Thử", actor=who, at=AT),
    "preview of a unit": lambda who: proposed_unit("office", "26929", joins=True, reason="Thử", actor=who),
}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_change_calendars(role: Role) -> None:
    unit = Unit.objects.get(code="26929") if role in {Role.OFFICER, Role.LEADER} else None
    person, before = make_official(role, unit), everything()
    for way, work in WAYS.items():
        with pytest.raises(NotAllowed):
            work(person)
            pytest.fail(way)
    assert everything() == before


@pytest.mark.parametrize("way", WAYS)
def test_administrators_may(admin: Official, way: str) -> None:
    before = everything()
    assert WAYS[way](admin)
    assert (everything() == before) is way.startswith("preview"), "a preview writes nothing"


def test_a_change_says_who_when_from_what_to_what(admin: Official) -> None:
    change_calendar("office", [NOV_24], Day(None, "Quốc hội chưa thông qua"), actor=admin, at=AT)
    change = CalendarChange.objects.get()
    assert (change.actor, change.at, change.date, change.what) == (admin, AT, NOV_24, "day")
    assert change.before["reason"] == "Ngày Văn hóa Việt Nam" and change.before["confirmed"] is False
    assert (change.after["intervals"], change.after["reason"]) == (None, "Quốc hội chưa thông qua")


def test_several_dates_are_one_decision_and_one_job(admin: Official) -> None:
    dates = [date(2026, 12, day) for day in (1, 2, 3)]
    job = change_calendar("office", dates, OFF, actor=admin, at=AT)
    assert job is not None and (job.first, job.last) == (dates[0], dates[-1])
    assert CalendarChange.objects.count() == CalendarOverride.objects.filter(reason="Nghỉ bão").count() == 3
    assert Recalculation.objects.count() == 1


def test_other_words_for_the_same_day_move_nothing_and_start_no_job(admin: Official) -> None:
    assert change_calendar("office", [NOV_24], Day([], "Ngày Văn hóa", "Luật 5"), actor=admin, at=AT) is None
    assert CalendarOverride.objects.get(date=NOV_24).legal_basis == "Luật 5"
    assert CalendarChange.objects.count() == 1 and not Recalculation.objects.exists()


def test_confirming_puts_the_legal_basis_on_record(admin: Official) -> None:
    assert confirm_dates("office", [NOV_24, NOV_25], " Luật 5/2026 ", actor=admin, at=AT) == 1
    row, change = CalendarOverride.objects.get(date=NOV_24), CalendarChange.objects.get()
    assert (row.confirmed, row.legal_basis, row.reason) == (True, "Luật 5/2026", "Ngày Văn hóa Việt Nam")
    assert (change.before["confirmed"], change.after["confirmed"], change.actor) == (False, True, admin)
    assert not Recalculation.objects.exists(), "the day counted as a day off already"


def test_a_calendar_of_a_ward_is_made_and_given_to_it(admin: Official) -> None:
    calendar = add_calendar(NewCalendar("Có sáng Thứ Bảy", SATURDAYS, "Đề án 3", "office"), actor=admin, at=AT)
    assert (calendar.slug, calendar.follows) == ("co-sang-thu-bay", WorkCalendar.objects.get(slug="office"))
    choose_unit_calendar(calendar.slug, "26929", joins=True, reason="Thông báo 7", actor=admin, at=AT)
    assert UnitCalendar.objects.get().unit.code == "26929"
    made, joined = CalendarChange.objects.order_by("pk")
    assert (made.what, made.after["reason"]) == ("created", "Đề án 3")
    assert (joined.what, joined.after["unit"], joined.after["calendar"]) == ("unit", "26929", "Có sáng Thứ Bảy")
    again = add_calendar(NewCalendar("new", WEEK, "Thử"), actor=admin, at=AT)
    assert again.slug == "new-2", "/calendars/new/ is an address of its own"


@pytest.mark.parametrize(
    ("work", "error", "field", "reason"),
    [
        (lambda w: change_calendar("nowhere", [NOV_25], OFF, actor=w), NotFound, "", "no such calendar"),
        (lambda w: change_calendar("office", [NOV_25], Day([], "", "x"), actor=w), Invalid, "reason", "no reason"),
        (lambda w: change_calendar("office", [NOV_25], Day([], "x"), actor=w), Invalid, "legal_basis", "no basis"),
        (
            lambda w: change_calendar("office", [NOV_25], Day([["10:00", "09:00"]], "x", "y"), actor=w),
            Invalid,
            "intervals",
            "ends before it begins",
        ),
        (lambda w: change_calendar("office", [NOV_25], Day(None, "x"), actor=w), Invalid, "kind", "no change"),
        (lambda w: change_calendar("office", [], OFF, actor=w), Invalid, "last", "no date at all"),
        (lambda w: change_calendar("office", [date(1999, 1, 1)], OFF, actor=w), Invalid, "last", "long gone"),
        (
            lambda w: change_calendar("office", [NOV_25], Day([], "x" * 201, "y"), actor=w),
            Invalid,
            "reason",
            "too long a reason",
        ),
        (lambda w: confirm_dates("office", [NOV_24], " ", actor=w), Invalid, "legal_basis", "no basis"),
        (lambda w: confirm_dates("office", [NOV_25], "x", actor=w), Invalid, "dates", "nothing waits there"),
        (
            lambda w: change_office_hours("office", Hours(NOV_25, WEEK, "x"), actor=w),
            Invalid,
            "hours",
            "no change",
        ),
        (
            lambda w: change_office_hours("office", Hours(NOV_25, {"0": []}, "x"), actor=w),
            Invalid,
            "hours",
            "never open",
        ),
        (
            lambda w: change_office_hours("office", Hours(NOV_25, {"0": [["08:00", "07:00"]]}, "x"), actor=w),
            Invalid,
            "hours",
            "ends before it begins",
        ),
        (lambda w: add_calendar(NewCalendar("Giờ hành chính", WEEK, "x"), actor=w), Invalid, "name", "name is taken"),
        (lambda w: add_calendar(NewCalendar("Mới", {}, "x"), actor=w), Invalid, "hours", "never open"),
        (lambda w: add_calendar(NewCalendar("Mới", WEEK, "x", "nowhere"), actor=w), Invalid, "follows", "no such one"),
        (
            lambda w: choose_unit_calendar("office", "26929", joins=False, reason="x", actor=w),
            Invalid,
            "unit",
            "it has none to leave",
        ),
        (
            lambda w: choose_unit_calendar("office", "00000", joins=True, reason="x", actor=w),
            Invalid,
            "unit",
            "no such unit",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    admin: Official, work: Callable[[Official], object], error: type[Exception], field: str, reason: str
) -> None:
    before = everything()
    with pytest.raises(error) as caught:
        work(admin)
    assert getattr(caught.value, "field", "") == field, reason
    assert everything() == before
