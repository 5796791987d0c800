"""The policy pages: versions that are never changed, no policy for everything, and a ticket to try them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
import time_machine
from django.test import Client

from inbox.accounts.vocabulary import Role
from inbox.sla import timers
from inbox.sla.models import PolicyLevel, SlaPolicy, UnitCalendar, WorkCalendar
from inbox.sla.seed import OFFICE_HOURS
from inbox.units.models import Unit
from tests.factories import make_source
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("city")]
Browser = Callable[..., Client]
NOW = local("2026-11-17 09:00")
TERMS = {
    "valid_from": "2026-12-01",
    "accept_amount": "1",
    "accept_unit": "working_hours",
    "resolve_amount": "2",
    "resolve_unit": "working_days",
    "several_agencies_amount": "",
    "several_agencies_unit": "working_days",
    "max_pause_days": "10",
    "warn_percent": "50",
    "late_days": "2",
    "calendar": "office",
    "levels": ["warn:officer", "due:leader"],
    "legal_basis": "Quyết định 9",
}
NEW = TERMS | {
    "name": "Ngập nước",
    "connector": "",
    "source_slug": "",
    "category": "flooding",
    "urgency": "",
    "unit": "",
}


@pytest.fixture(autouse=True)
def _in_november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def admin(browser: Browser) -> Client:
    return browser(Role.ADMIN)


def app() -> SlaPolicy:
    """The policy of the district apps, as it ships: 2 working hours, 3 working days."""
    return SlaPolicy.objects.get(connector="district_app", version=1)


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def test_policies_stand_in_the_order_of_their_weight(admin: Client) -> None:
    admin.post("/policies/new/", NEW | {"valid_from": "2026-11-17"})
    page = text(admin, "/policies/")
    order = [page.index(f">{name}</a>") for name in ("Khẩn cấp", "Ngập nước", "Tổng đài 1022")]
    assert order == sorted(order)
    assert "4 giờ làm việc" in page and "10 ngày" in page


def test_a_source_without_a_policy_stands_out(admin: Client) -> None:
    make_source("gopy", connector="district_app", label="App Góp Ý")
    assert "chưa có chính sách" not in text(admin, "/policies/")
    make_source("la", connector="unheard_of", label="App Lạ")
    assert "chưa có chính sách: phiếu không có hạn" in text(admin, "/policies/")


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.LEADER])
def test_who_only_looks_can_change_nothing(browser: Browser, role: Role) -> None:
    client, policy, before = browser(role), app(), SlaPolicy.objects.count()
    page = text(client, f"/policies/{policy.pk}/") + text(client, "/policies/") + text(client, "/policies/try/")
    assert "/version/" not in page and "/end/" not in page and "/policies/new/" not in page
    for address in ("/policies/new/", f"/policies/{policy.pk}/version/"):
        assert client.get(address).status_code == client.post(address, NEW).status_code == 403
    assert client.post(f"/policies/{policy.pk}/end/", {"valid_to": "2026-12-01", "reason": "x"}).status_code == 403
    assert SlaPolicy.objects.count() == before


@pytest.mark.parametrize("role", [Role.OFFICER, Role.TRIAGE])
def test_who_may_not_look(browser: Browser, role: Role) -> None:
    client = browser(role)
    for address in ("/policies/", f"/policies/{app().pk}/", "/policies/try/"):
        assert client.get(address).status_code == 403, address


def test_a_new_version_ends_the_last_one_and_tickets_keep_theirs(admin: Client) -> None:
    old, ticket = app(), make_ticket(local("2026-11-16 09:00"))
    answer = admin.post(f"/policies/{old.pk}/version/", TERMS)
    new = SlaPolicy.objects.get(name=old.name, version=2)
    assert answer.headers["Location"] == f"/policies/{new.pk}/"
    old.refresh_from_db()
    assert (old.valid_to, old.resolve_amount, new.valid_from, new.resolve_amount) == (
        date(2026, 12, 1),
        3,
        date(2026, 12, 1),
        2,
    )
    assert (new.connector, new.made_by.memberships.get().role, new.made_at) == ("district_app", "admin", NOW)
    assert set(new.levels.values_list("level", "tells")) == {("warn", "officer"), ("due", "leader")}
    assert ticket.clocks.get(kind="resolve").policy == old
    assert make_ticket(local("2026-11-30 16:00")).clocks.get(kind="resolve").policy == old
    assert make_ticket(local("2026-12-01 08:00")).clocks.get(kind="resolve").policy == new
    page = text(admin, f"/policies/{new.pk}/")
    assert "Phiên bản 2" in page and "Phiên bản 1" in page and "Quyết định 9" in page and "đã có phiếu" in page


def test_a_version_may_take_the_place_of_one_that_is_planned_but_not_come_before_it(admin: Client) -> None:
    admin.post(f"/policies/{app().pk}/version/", TERMS)
    before = admin.post(f"/policies/{app().pk}/version/", TERMS | {"valid_from": "2026-11-20"})
    assert before.status_code == 422 and "Đã có phiên bản áp dụng muộn hơn" in before.content.decode()
    admin.post(f"/policies/{app().pk}/version/", TERMS | {"resolve_amount": "5"})
    ticket = make_ticket(local("2026-12-02 08:00"))
    assert ticket.clocks.get(kind="resolve").policy.version == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"category": ""}, "Chọn ít nhất một điều kiện"),
        ({"name": "mini app"}, "Đã có chính sách tên này"),
        ({"category": "", "connector": "mini_app"}, "Đã có chính sách với đúng các điều kiện này"),
        ({"name": ""}, "bắt buộc"),
        ({"valid_from": "2026-11-16"}, "Không chọn ngày đã qua"),
        ({"accept_amount": "0"}, "Số này quá nhỏ hoặc quá lớn"),
        ({"resolve_amount": "100000"}, "Số này quá nhỏ hoặc quá lớn"),
        ({"accept_amount": "3", "accept_unit": "working_days"}, "Hạn tiếp nhận sẽ sau hạn xử lý"),
        ({"several_agencies_amount": "1"}, "ít thời gian hơn một cơ quan"),
        ({"warn_percent": "100"}, "Phải từ 1 đến 99 phần trăm"),
        ({"max_pause_days": "0"}, "Số này quá nhỏ hoặc quá lớn"),
        ({"calendar": "nowhere"}, "nowhere"),
        ({"levels": ["warn:citizen"]}, "warn:citizen"),
    ],
)
def test_what_makes_no_sense_is_refused(admin: Client, changed: dict[str, object], words: str) -> None:
    before = SlaPolicy.objects.count(), PolicyLevel.objects.count()
    answer = admin.post("/policies/new/", NEW | changed)
    assert answer.status_code == 422
    assert words in answer.content.decode() or changed.get("levels")
    assert (SlaPolicy.objects.count(), PolicyLevel.objects.count()) == before


def test_ending_a_policy_says_so_and_leaves_its_tickets_alone(admin: Client) -> None:
    policy, ticket = app(), make_ticket(local("2026-11-16 09:00"))
    admin.post(f"/policies/{policy.pk}/version/", TERMS)
    wrong = admin.post(f"/policies/{policy.pk}/end/", {"valid_to": "2026-11-16", "reason": "Thôi"}, follow=True)
    assert "Không chọn ngày đã qua" in wrong.content.decode()
    admin.post(f"/policies/{policy.pk}/end/", {"valid_to": "2026-11-20", "reason": "Thôi dùng app"})
    policy.refresh_from_db()
    assert (policy.valid_to, policy.end_reason) == (date(2026, 11, 20), "Thôi dùng app")
    assert not SlaPolicy.objects.filter(name=policy.name, version=2).exists(), "what was planned for later is gone"
    assert ticket.clocks.get(kind="resolve").state == "running"
    assert not make_ticket(local("2026-11-20 09:00")).clocks.exists()
    assert "Thôi dùng app" in text(admin, f"/policies/{policy.pk}/")


# --- Trying -----------------------------------------------------------------------------------------------------------


def tried(client: Client, **changed: str) -> str:
    asked = {"source": "gopy", "category": "flooding", "unit": "", "started_at": "2026-11-20T16:00"} | changed
    return str(client.get("/policies/try/", asked).content.decode())


def test_a_ticket_is_tried_with_reasons_and_due_dates(admin: Client) -> None:
    make_source("gopy", connector="district_app", label="App Góp Ý")
    admin.post("/policies/new/", NEW | {"valid_from": "2026-11-17"})
    page = tried(admin)
    assert "Ngập nước</b> phù hợp và cụ thể nhất" in page
    assert "Ứng dụng quận, phường cũng phù hợp nhưng ít điều kiện hơn" in page
    assert "17:00 T6 20/11" in page and "16:00 T4 25/11" in page, "24/11 is off"
    assert "Mini app: không khớp loại nguồn" in page
    assert "Khẩn cấp</b> phù hợp và cụ thể nhất" in tried(admin, urgent="on")
    before = tried(admin, started_at="2026-11-16T16:00")
    assert "Ứng dụng quận, phường</b> phù hợp" in before, "sent before the policy counts"


def test_trying_answers_as_a_real_ticket_would(admin: Client) -> None:
    """With hours of its own in the ward, and several agencies."""
    make_source("gopy", connector="district_app")
    calendar = WorkCalendar.objects.create(
        slug="t7", name="Có sáng thứ Bảy", weekly={str(day): OFFICE_HOURS for day in range(6)}
    )
    ward = Unit.objects.get(code="26929")
    UnitCalendar.objects.create(unit=ward, calendar=calendar)
    facts = timers.TicketFacts("district_app", "gopy", "noise", False, ward.pk, local("2026-11-20 16:00"))
    clocks = timers.NewClocks().of(facts)
    assert [row.due_at for row in clocks] == [local("2026-11-21 08:30"), local("2026-11-24 16:00")]
    page = tried(admin, unit="26929", category="noise")
    assert "08:30 T7 21/11" in page and "16:00 T3 24/11" in page
    assert "Có sáng thứ Bảy" in page and "nhiều cơ quan" in page


def test_a_ticket_that_no_policy_fits_is_told_so(admin: Client) -> None:
    make_source("la", connector="unheard_of")
    assert "Không có chính sách phù hợp" in tried(admin, source="la")


@pytest.mark.parametrize("changed", [{"source": "x"}, {"started_at": "hôm qua"}, {"unit": "00000"}, {"category": "x"}])
def test_a_case_that_makes_no_sense_is_refused(admin: Client, changed: dict[str, str]) -> None:
    make_source("gopy", connector="district_app")
    asked = {"source": "gopy", "category": "noise", "unit": "", "started_at": "2026-11-20T16:00"} | changed
    assert admin.get("/policies/try/", asked).status_code == 422


def test_the_ticket_leads_to_its_policy_and_calendar_for_those_who_may_look(browser: Browser) -> None:
    ticket = make_ticket(NOW)
    for role, offered in ((Role.LEADER, True), (Role.OFFICER, False)):
        page = text(browser(role), f"/tickets/{ticket.code}/")
        links = (f'href="/policies/{app().pk}/"', 'href="/calendars/office/"')
        assert all((link in page) is offered for link in links), role
        assert "Giờ hành chính" in page
