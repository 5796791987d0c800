"""The calendar and policies that ship: right, repeatable, and careful with what administrators changed."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from inbox.sla.models import CalendarOverride, SlaPolicy, WorkCalendar
from inbox.sla.queries import Calendars
from inbox.sla.seed import FORESEEN_YEARS, load_calendars, load_policies
from tests.sla.office_hours import local

pytestmark = pytest.mark.usefixtures("city")


def is_worked(day: str) -> bool:
    calendars = Calendars()
    assert calendars.default_id is not None
    return calendars.working(calendars.default_id).is_open(local(f"{day} 09:00"))


@pytest.mark.parametrize(
    ("day", "worked", "reason"),
    [
        ("2026-01-02", False, "swapped with Saturday 10/01, which the holidays package misses"),
        ("2026-01-10", True, "the Saturday worked instead"),
        ("2026-02-16", False, "the first day of Tết"),
        ("2026-02-20", False, "the last weekday of Tết"),
        ("2026-02-23", True, "back at work"),
        ("2026-04-27", False, "in lieu of a Sunday"),
        ("2026-08-22", True, "the Saturday worked for 31/08"),
        ("2026-11-24", False, "uncertain: off until an administrator confirms or removes it"),
        ("2027-02-08", False, "Tết of next year, foreseen"),
        ("2027-02-11", True, "after it"),
        ("2026-04-26", False, "a public holiday on a Sunday, for units that work on Sundays"),
    ],
)
def test_days(day: str, worked: bool, reason: str) -> None:
    assert is_worked(day) is worked, reason


def test_what_is_not_decreed_yet_waits_for_confirmation() -> None:
    waiting = CalendarOverride.objects.filter(confirmed=False)
    assert waiting.filter(date=date(2026, 11, 24)).exists()
    assert {day.year for day in waiting.values_list("date", flat=True)} == {2026, *FORESEEN_YEARS}
    assert not CalendarOverride.objects.filter(date__year__gte=2027, confirmed=True).exists()


def test_loading_again_keeps_what_an_administrator_changed() -> None:
    CalendarOverride.objects.get(date=date(2026, 11, 24)).delete()
    CalendarOverride.objects.filter(date=date(2026, 4, 27)).update(reason="Đã sửa")
    SlaPolicy.objects.filter(connector="mini_app").update(resolve_amount=7)
    before = (CalendarOverride.objects.count(), SlaPolicy.objects.count())
    load_calendars()
    load_policies()
    assert (CalendarOverride.objects.count(), SlaPolicy.objects.count()) == before
    assert is_worked("2026-11-24"), "removed means worked, and stays removed"
    assert CalendarOverride.objects.get(date=date(2026, 4, 27)).reason == "Đã sửa"
    assert SlaPolicy.objects.get(connector="mini_app").resolve_amount == 7


def test_an_edit_is_seen_by_the_next_reading_of_the_calendars() -> None:
    assert is_worked("2026-03-04")
    CalendarOverride.objects.create(calendar=WorkCalendar.objects.get(), date=date(2026, 3, 4), reason="Bão")
    assert not is_worked("2026-03-04")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"weekly": {}}, "never open"),
        ({"weekly": {"0": []}}, "never open, said in another way"),
        ({"weekly": {"7": [["08:00", "10:00"]]}}, "no such day"),
        ({"weekly": {"0": [["08:00", "10:00"], ["09:00", "11:00"]]}}, "overlap"),
        ({"weekly": {"0": [["10:00", "08:00"]]}}, "ends before it starts"),
        ({"weekly": {"monday": [["08:00", "10:00"]]}}, "a name instead of a number"),
        ({"weekly": ["08:00"]}, "no object at all"),
        ({"time_zone": "Asia/Sai_Gon"}, "no such zone"),
    ],
)
def test_calendars_that_make_no_sense_are_refused_when_saved(changed: dict, reason: str) -> None:
    calendar = WorkCalendar.objects.get()
    for field, value in changed.items():
        setattr(calendar, field, value)
    with pytest.raises(ValidationError):
        calendar.full_clean()
        pytest.fail(reason)


@pytest.mark.parametrize("intervals", [[["10:00", "08:00"]], [["08:00"]], "08:00", [["x", "y"]]])
def test_overrides_that_make_no_sense_are_refused_when_saved(intervals: object) -> None:
    row = CalendarOverride(
        calendar=WorkCalendar.objects.get(), date=date(2026, 3, 4), reason="Bão", intervals=intervals
    )
    with pytest.raises(ValidationError):
        row.full_clean()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"connector": ""}, "it would catch everything"),
        ({"resolve_amount": 0}, "no time at all"),
        ({"several_agencies_unit": ""}, "an amount without a unit"),
        ({"warn_fraction": 1.0}, "a warning at the due date is no warning"),
        ({"valid_to": date(1999, 1, 1)}, "ends before it begins"),
    ],
)
def test_policies_that_make_no_sense_are_refused_when_saved(changed: dict, reason: str) -> None:
    policy = SlaPolicy.objects.get(connector="mini_app")
    for field, value in changed.items():
        setattr(policy, field, value)
    with pytest.raises(ValidationError):
        policy.full_clean()
        pytest.fail(reason)
