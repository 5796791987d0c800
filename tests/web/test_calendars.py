"""The calendar pages: a year at a glance, and changes that say what they would move before they are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import time_machine
from django.test import Client

from inbox.accounts.vocabulary import Role
from inbox.sla.models import CalendarChange, CalendarOverride, Recalculation, SlaClock, UnitCalendar, WorkCalendar
from inbox.sla.recalculate import run_jobs
from inbox.units.models import Unit
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket
from tests.web.conftest import HTMX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
Browser = Callable[..., Client]
NOW = local("2026-11-17 09:00")
OFFICE, NOV_25 = "/calendars/office/", "/calendars/office/2026-11-25/"
OFF = {
    "kind": "off",
    "reason": "Nghỉ bão",
    "legal_basis": "Công điện 12",
    "confirmed": "on",
    "last": "",
    "intervals": "",
}
WEEK = {f"day{day}": "7:30-11:30, 13h-17h" for day in range(5)} | {"day5": "7h30 – 11h30", "day6": ""}
HOURS = WEEK | {"valid_from": "2026-11-25", "reason": "Thêm sáng thứ Bảy", "legal_basis": "Đề án 3"}


@pytest.fixture(autouse=True)
def _in_november() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def admin(browser: Browser) -> Client:
    return browser(Role.ADMIN)


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


# --- Looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ADMIN, 200),
        (Role.SUPERVISOR, 200),
        (Role.AUDITOR, 200),
        (Role.LEADER, 200),
        (Role.OFFICER, 403),
        (Role.TRIAGE, 403),
    ],
)
def test_who_may_look(browser: Browser, role: Role, status: int) -> None:
    client = browser(role)
    for address in ("/calendars/", OFFICE, f"{OFFICE}progress/"):
        assert client.get(address).status_code == status, address
    assert ("/calendars/" in text(client, "/inbox/")) is (status == 200), "the menu offers what one may see"


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.LEADER])
def test_who_only_looks_is_offered_no_change_and_can_make_none(browser: Browser, role: Role) -> None:
    client = browser(role)
    page = text(client, OFFICE)
    assert "hours/" not in page and "confirm/" not in page
    assert 'href="/calendars/office/2026-11-25/"' not in page
    for address in (NOV_25, f"{OFFICE}hours/", f"{OFFICE}units/", "/calendars/new/"):
        assert client.get(address).status_code == 403, address
        assert client.post(address, OFF | HOURS | {"apply": "1"}).status_code == 403, address
    assert client.post(f"{OFFICE}confirm/", {"dates": "2026-11-24", "legal_basis": "x"}).status_code == 403
    assert not CalendarChange.objects.exists()


def test_a_year_says_in_words_what_each_date_is_who_decided_it_and_on_which_basis(admin: Client) -> None:
    admin.post(NOV_25, OFF | {"apply": "1"})
    page = text(admin, OFFICE)
    assert "T3 24/11: nghỉ, Ngày Văn hóa Việt Nam, chờ xác nhận" in page
    assert "T7 10/01: làm bù, Làm bù cho 2/1/2026" in page
    assert "Công điện 12" in page and "12729/VPCP-KGVX 25/12/2025" in page
    assert page.count("<caption>") == 12
    assert "Nghỉ bão" in page and CalendarChange.objects.get().actor.display_name in page
    assert "Tết" in text(admin, f"{OFFICE}?year=2027")


@pytest.mark.parametrize("year", ["1999", "2100", "x", "20260"])
def test_a_year_that_no_calendar_has_does_not_exist(admin: Client, year: str) -> None:
    assert admin.get(f"{OFFICE}?year={year}").status_code == 404


@pytest.mark.parametrize("address", ["/calendars/nowhere/", "/calendars/nowhere/2026-11-25/", f"{OFFICE}2026-02-30/"])
def test_what_is_not_there_is_not_found(admin: Client, address: str) -> None:
    assert admin.get(address).status_code == 404


# --- Changing a date --------------------------------------------------------------------------------------------------


def test_a_preview_names_tickets_and_dates_and_changes_nothing(admin: Client) -> None:
    ticket = make_ticket(local("2026-11-23 16:00"))
    answer = admin.post(NOV_25, OFF)
    page = answer.content.decode()
    assert answer.status_code == 200 and ticket.code in page
    assert "08:30 T4 25/11" in page and "08:30 T5 26/11" in page, "accepting, from when to when"
    assert "2 hạn lùi lại, 0 hạn đến sớm hơn" in page
    assert not CalendarChange.objects.exists() and not CalendarOverride.objects.filter(date=date(2026, 11, 25)).exists()


def test_applying_does_what_the_preview_said_and_shows_the_progress(admin: Client) -> None:
    make_ticket(local("2026-11-23 16:00"))
    answer = admin.post(NOV_25, OFF | {"apply": "1"}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0] == OFFICE
    assert "Đang tính lại các hạn" in page and f'hx-get="{OFFICE}progress/"' in page, "asked for again and again"
    run_jobs(NOW)
    done = admin.get(f"{OFFICE}progress/", headers=HTMX).content.decode()
    assert "2 hạn đã dời" in done and "hx-get" not in done, "and no longer when it is done"
    assert "<html" not in done and "<html" in text(admin, f"{OFFICE}progress/"), "a whole page without scripts"
    assert SlaClock.objects.get(kind="accept").due_at == local("2026-11-26 08:30")


def test_deadlines_that_would_be_over_at_once_are_pointed_out(admin: Client) -> None:
    make_ticket(local("2026-11-12 16:00"))  # Thursday; to be resolved by Tuesday, with Saturday worked by Monday
    saturday = OFF | {"kind": "worked", "intervals": "7:30-11:30,13:00-17:00", "reason": "Làm bù"}
    page = admin.post("/calendars/office/2026-11-14/", saturday).content.decode()
    assert "1 hạn sẽ quá ngay" in page


def test_several_days_off_in_a_row_leave_the_week_end_out(admin: Client) -> None:
    admin.post("/calendars/office/2026-12-03/", OFF | {"last": "2026-12-08", "apply": "1"})
    found = CalendarOverride.objects.filter(reason="Nghỉ bão").values_list("date", flat=True)
    assert [day.day for day in found] == [3, 4, 7, 8]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"reason": ""}, "bắt buộc"),
        ({"legal_basis": ""}, "Ghi căn cứ pháp lý, hoặc để ngày chờ xác nhận"),
        ({"kind": "worked"}, "Ghi làm từ mấy giờ đến mấy giờ"),
        ({"kind": "worked", "intervals": "sáng"}, "Ghi giờ như 07:30–11:30, 13:00–17:00"),
        ({"kind": "worked", "intervals": "25:00-26:00"}, "Ghi giờ như 07:30–11:30, 13:00–17:00"),
        ({"kind": "worked", "intervals": "11:00-10:00"}, "Giờ làm việc này không hợp lý"),
        ({"kind": "as_usual"}, "Không có gì thay đổi"),
        ({"kind": "x"}, "x"),
        ({"last": "2027-12-31"}, "Mỗi lần nhiều nhất 31 ngày"),
        ({"last": "2026-11-24"}, "Ngày này trước ngày đầu"),
    ],
)
def test_what_makes_no_sense_is_explained_beside_the_field(admin: Client, changed: dict[str, str], words: str) -> None:
    answer = admin.post(NOV_25, OFF | changed | {"apply": "1"})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert changed.get("reason", "Nghỉ bão") in answer.content.decode(), "what was typed is still there"
    assert not CalendarChange.objects.exists()


def test_uncertain_dates_are_confirmed_with_their_decree(admin: Client) -> None:
    page = text(admin, OFFICE)
    assert page.count('name="dates"') == 1 and "ngày chờ xác nhận năm 2027" in page, "other years are a link away"
    answer = admin.post(f"{OFFICE}confirm/", {"dates": ["2026-11-24", "x"], "legal_basis": "Luật 5"}, follow=True)
    assert "Đã xác nhận 1 ngày" in answer.content.decode()
    assert CalendarOverride.objects.get(date=date(2026, 11, 24)).legal_basis == "Luật 5"
    assert (
        "Ghi căn cứ pháp lý" in admin.post(f"{OFFICE}confirm/", {"dates": "2027-01-01"}, follow=True).content.decode()
    )


def test_a_typed_date_leads_to_its_form(admin: Client) -> None:
    assert admin.get(f"{OFFICE}goto/?date=2026-12-24").headers["Location"] == "/calendars/office/2026-12-24/"
    assert admin.get(f"{OFFICE}goto/?date=x").headers["Location"] == OFFICE


# --- Hours and units --------------------------------------------------------------------------------------------------


def test_hours_are_previewed_and_hold_from_their_date(admin: Client) -> None:
    make_ticket(local("2026-11-27 16:00"))
    page = admin.post(f"{OFFICE}hours/", HOURS).content.decode()
    assert "08:30 T7 28/11" in page and not CalendarChange.objects.exists()
    admin.post(f"{OFFICE}hours/", HOURS | {"apply": "1"})
    run_jobs(NOW)
    assert SlaClock.objects.get(kind="accept").due_at == local("2026-11-28 08:30")
    page = text(admin, OFFICE)
    assert "Từ 25/11/2026" in page and "Trước đó" in page and "Thêm sáng thứ Bảy" in page
    assert admin.post(f"{OFFICE}hours/", HOURS | {"apply": "1"}).status_code == 422, "nothing is left to change"


def test_a_ward_gets_a_calendar_of_its_own_and_gives_it_back(admin: Client) -> None:
    ward = Unit.objects.get(code="26929")
    ticket = make_ticket(local("2026-11-27 16:00"))
    new = WEEK | {"name": "Có sáng thứ Bảy", "follows": "office", "reason": "Đề án", "legal_basis": ""}
    answer = admin.post("/calendars/new/", new)
    assert answer.headers["Location"] == "/calendars/co-sang-thu-bay/units/"
    join = {"unit": ward.code, "joins": "join", "reason": "Thông báo 7"}
    preview = admin.post("/calendars/co-sang-thu-bay/units/", join).content.decode()
    assert ticket.code in preview and not UnitCalendar.objects.exists()
    admin.post("/calendars/co-sang-thu-bay/units/", join | {"apply": "1"})
    run_jobs(NOW)
    assert SlaClock.objects.get(kind="accept").due_at == local("2026-11-28 08:30")
    assert ward.name in text(admin, "/calendars/") and ward.name in text(admin, "/calendars/co-sang-thu-bay/")
    admin.post("/calendars/co-sang-thu-bay/units/", join | {"joins": "leave", "apply": "1"})
    run_jobs(NOW)
    assert SlaClock.objects.get(kind="accept").due_at == local("2026-11-30 08:30")
    assert Recalculation.objects.filter(unit=ward).count() == 2


def test_a_calendar_that_never_opens_is_refused(admin: Client) -> None:
    nothing = dict.fromkeys(WEEK, "") | {"name": "Trống", "follows": "", "reason": "x", "legal_basis": ""}
    answer = admin.post("/calendars/new/", nothing)
    assert answer.status_code == 422 and "ít nhất một buổi làm việc" in answer.content.decode()
    assert WorkCalendar.objects.count() == 1
