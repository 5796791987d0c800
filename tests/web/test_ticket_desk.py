"""Around a ticket: colleagues named and present, tasks, following, conflicts side by side, what else is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.change_task_list import change_task_list
from inbox.actions.registry import perform
from inbox.core import clock
from inbox.desk.models import CannedReply, Follow, Presence, Task, UnitRule
from inbox.notify.models import Notification
from inbox.notify.tell import tell
from inbox.sources.models import InboundPayload, Source
from inbox.tickets.events import NewEvent, record
from inbox.tickets.models import Reporter, Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, Status, Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket
from tests.web.conftest import HTMX

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def ticket(ward: Unit, portal: Source) -> Ticket:
    return make_ticket(unit=ward, source=portal, status=Status.IN_PROGRESS)


def told(official: Official) -> list[str]:
    tell(clock.now())
    return list(Notification.objects.filter(official=official).order_by("pk").values_list("kind", flat=True))


# --- Notes and following ----------------------------------------------------------------------------------------------


def test_who_is_named_is_told_if_they_see_the_ticket(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit, other_ward: Unit
) -> None:
    colleague = make_official(Role.OFFICER, ward, "thu.ha")
    stranger = make_official(Role.OFFICER, other_ward, "nguoi-la")
    supervisor = make_official(Role.SUPERVISOR, None, "giam-sat")
    note = "@thu.ha xem giúp, @nguoi-la, @khong-ai, thư gửi a@thu.ha; cc @Giam-Sat."
    browser(officer).post(f"/tickets/{ticket.code}/add_note/", {"text": note, "version": ticket.version})

    event = TicketEvent.objects.get(kind="note_added")
    assert sorted(event.data["mentions"]) == sorted([colleague.pk, supervisor.pk])
    assert told(colleague) == told(supervisor) == ["note_added"] and told(stranger) == told(officer) == []
    page = browser(colleague).get(f"/tickets/{ticket.code}/").content.decode()
    assert '<b class="at">@thu.ha</b>' in page and "a@thu.ha" in page and "Đã báo cho 2 đồng nghiệp" in page


def test_the_list_after_an_at_has_only_people_of_the_ward(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit, other_ward: Unit
) -> None:
    make_official(Role.OFFICER, ward, "thu.ha")
    make_official(Role.OFFICER, other_ward, "thu.la")

    found = browser(officer).get(f"/tickets/{ticket.code}/colleagues/?q=thu").json()["people"]

    assert [person["username"] for person in found] == ["thu.ha"]


def test_who_follows_hears_of_it_as_long_as_they_may(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit
) -> None:
    follower = make_official(Role.OFFICER, ward)
    browser(follower).post(f"/tickets/{ticket.code}/follow/", {"follow": "1"})
    browser(follower).post(f"/tickets/{ticket.code}/follow/", {"follow": "1"})
    assert Follow.objects.count() == 1
    perform(Verb.REPLY, ticket.pk, actor=officer, data={"text": "Đang làm"})
    assert told(follower) == ["replied"]

    follower.memberships.all().delete()
    perform(Verb.RESOLVE, ticket.pk, actor=officer, data={"text": "Xong"})
    assert told(follower) == ["replied"], "no longer of this ward"
    Follow.objects.all().delete()


# --- Presence ---------------------------------------------------------------------------------------------------------


def test_two_officials_see_each_other_while_they_are_there(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit
) -> None:
    colleague = make_official(Role.OFFICER, ward)
    mine, theirs = browser(officer), browser(colleague)
    address = f"/tickets/{ticket.code}/presence/"
    with time_machine.travel(clock.now(), tick=False) as now:
        theirs.post(address, {"version": ticket.version, "typing": "1"}, headers=HTMX)
        shown = mine.post(address, {"version": ticket.version}, headers=HTMX).content.decode()
        assert f"{colleague.display_name} đang soạn" in shown and officer.display_name not in shown
        theirs.post(address, {"version": ticket.version}, headers=HTMX)
        shown = mine.post(address, {"version": ticket.version}, headers=HTMX).content.decode()
        assert f"{colleague.display_name} đang xem" in shown
        now.shift(timedelta(seconds=36))
        assert "đang xem" not in mine.post(address, {"version": ticket.version}, headers=HTMX).content.decode()
        now.shift(timedelta(hours=2))
        mine.post(address, {"version": ticket.version}, headers=HTMX)
    assert Presence.objects.filter(official=officer).count() == 1


def test_presence_tells_that_the_ticket_has_changed(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit
) -> None:
    faster = make_official(Role.OFFICER, ward)
    perform(Verb.ADD_NOTE, ticket.pk, actor=faster, data={"text": "Đang ở đó"})
    client, address = browser(officer), f"/tickets/{ticket.code}/presence/"

    stale = client.post(address, {"version": ticket.version}, headers=HTMX).content.decode()
    fresh = client.post(address, {"version": ticket.version + 1}, headers=HTMX).content.decode()

    assert f"{faster.display_name} vừa thay đổi" in stale and "vừa thay đổi" not in fresh
    assert f'name="version" value="{ticket.version}"' in stale, "what is on the screen is still the old one"


# --- Conflict ---------------------------------------------------------------------------------------------------------


def test_a_conflict_shows_both_sides(browser: Browser, officer: Official, ticket: Ticket, ward: Unit) -> None:
    client, faster = browser(officer), make_official(Role.LEADER, ward)
    form = client.get(f"/tickets/{ticket.code}/resolve/", headers=HTMX).content.decode()
    seen = dict(_hidden(form))
    perform(Verb.ASSIGN, ticket.pk, actor=faster, data={"assignee": faster.pk})
    perform(Verb.PAUSE, ticket.pk, actor=faster, data={"reason": "Xin số nhà"})

    answer = client.post(f"/tickets/{ticket.code}/resolve/", seen | {"text": "Đã dọn sạch."}, headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 409 and "Đã dọn sạch." in page
    table = page[page.index("<table") : page.index("</table>")]
    assert "Đang xử lý" in table and "Chờ dân bổ sung" in table and faster.display_name in table
    assert page.count("đã đổi") >= 2 and "Xin số nhà" in page, "what happened meanwhile stands below"


def _hidden(form: str) -> list[tuple[str, str]]:
    return re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)


@pytest.mark.parametrize("seen_at", ["", "gestern", "2026-13-45T99:00:00+07:00", "2026-11-17T09:00:00"])
def test_a_form_that_does_not_say_what_it_saw_still_gets_an_answer(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit, seen_at: str
) -> None:
    perform(Verb.ADD_NOTE, ticket.pk, actor=make_official(Role.OFFICER, ward), data={"text": "x"})
    data = {"text": "y", "version": ticket.version, "seen_at": seen_at, "seen_status": "<i>", "seen_due": "x"}
    answer = browser(officer).post(f"/tickets/{ticket.code}/resolve/", data)
    assert answer.status_code == 409 and "<i>" not in answer.content.decode()


# --- Tasks ------------------------------------------------------------------------------------------------------------


def test_a_ticket_gets_the_tasks_of_its_field_and_they_are_ticked_off(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    leader, admin = make_official(Role.LEADER, ward), make_official(Role.ADMIN)
    change_task_list("environment", ["Của thành phố"], unit_id=None, actor=admin)
    change_task_list("environment", ["Kiểm tra", "Chụp ảnh"], unit_id=ward.pk, actor=leader)
    ticket = make_ticket(unit=ward, source=portal)
    perform(Verb.ACCEPT, ticket.pk, actor=officer, data={})
    version = Ticket.objects.get(pk=ticket.pk).version
    first = Task.objects.order_by("position").first()
    assert first is not None and list(Task.objects.values_list("words", flat=True)) == ["Kiểm tra", "Chụp ảnh"]
    client, address = browser(officer), f"/tickets/{ticket.code}/tasks/"

    for data in ({"done": first.pk}, {"done": first.pk}, {"words": "  Báo   khu phố "}, {"undone": first.pk}):
        answer = client.post(address, data, headers=HTMX)
        assert answer.status_code == 200 and 'id="tasks"' in answer.content.decode()

    kinds = TicketEvent.objects.filter(ticket=ticket, kind__startswith="task_").order_by("sequence")
    assert [(e.kind, e.data["words"]) for e in kinds] == [
        ("task_done", "Kiểm tra"),
        ("task_added", "Báo khu phố"),
        ("task_reopened", "Kiểm tra"),
    ]
    assert Ticket.objects.get(pk=ticket.pk).version == version, "nobody who writes is disturbed"


@pytest.mark.parametrize("words", ["", " ", "x" * 201])
def test_a_task_that_says_nothing_is_refused(browser: Browser, officer: Official, ticket: Ticket, words: str) -> None:
    answer = browser(officer).post(f"/tickets/{ticket.code}/tasks/", {"words": words}, headers=HTMX)
    assert answer.status_code == 422 and 'id="task-error"' in answer.content.decode()
    assert not Task.objects.exists()


# --- What else is known -----------------------------------------------------------------------------------------------


def test_other_tickets_of_the_citizen_need_the_permission_and_are_logged(
    browser: Browser, officer: Official, ticket: Ticket, ward: Unit, other_ward: Unit
) -> None:
    other = make_ticket(unit=ward)
    hidden = make_ticket(unit=other_ward)
    Reporter.objects.filter(ticket__in=[ticket, other, hidden]).update(phone_hash="h")
    address = f"/tickets/{ticket.code}/citizen-tickets/"

    assert browser(Role.SUPERVISOR).post(address).status_code == 403
    assert not TicketEvent.objects.filter(kind="citizen_tickets_viewed").exists()
    page = browser(officer).post(address, headers=HTMX).content.decode()

    assert other.code in page and hidden.code not in page and ticket.code not in page
    assert TicketEvent.objects.get(kind="citizen_tickets_viewed").actor == officer


@pytest.mark.parametrize("anonymous", [False, True])
def test_the_original_is_shown_to_those_allowed_and_logged(
    browser: Browser, officer: Official, ticket: Ticket, portal: Source, anonymous: bool
) -> None:
    Reporter.objects.filter(ticket=ticket).update(is_anonymous=anonymous)
    InboundPayload.objects.create(
        source=portal,
        external_id=ticket.refs.get().external_id,
        content_hash="c",
        body={"SODIENTHOAI": "0903111227"},
        received_at=clock.now(),
        state="accepted",
    )
    address = f"/tickets/{ticket.code}/original/"

    assert browser(Role.AUDITOR).post(address).status_code == 403
    answer = browser(officer).post(address)
    if anonymous:
        assert answer.status_code == 403 and not TicketEvent.objects.filter(kind="original_viewed").exists()
        return
    assert "0903111227" in answer.content.decode()
    assert TicketEvent.objects.filter(kind="original_viewed", actor=officer).count() == 1


@pytest.mark.parametrize(
    ("show", "inside", "outside"),
    [
        ("public", "Gửi dân nội dung này", "Ghi nội bộ"),
        ("internal", "Ghi nội bộ", "Gửi dân nội dung này"),
        ("deliveries", "Gửi dân nội dung này", "Ghi nội bộ"),
        ("system", "Hệ thống", "Ghi nội bộ"),
        ("no-such", "Ghi nội bộ", "\x00"),
    ],
)
def test_the_history_can_be_narrowed(
    browser: Browser, officer: Official, ticket: Ticket, show: str, inside: str, outside: str
) -> None:
    perform(Verb.ADD_NOTE, ticket.pk, actor=officer, data={"text": "Ghi nội bộ"})
    perform(Verb.REPLY, ticket.pk, actor=officer, data={"text": "Gửi dân nội dung này"})

    page = browser(officer).get(f"/tickets/{ticket.code}/?show={show}").content.decode()

    history = page[page.index('id="happened"') : page.index("</section>", page.index('id="happened"'))]
    assert inside in history
    assert outside not in history


def test_the_handover_slip_has_what_the_next_person_needs(browser: Browser, officer: Official, ticket: Ticket) -> None:
    page = browser(officer).get(f"/tickets/{ticket.code}/handover/").content.decode()

    assert all(word in page for word in ("PHIẾU CHUYỂN", ticket.code, ticket.title, "NGƯỜI NHẬN", "Độc lập"))
    assert "+84903111227" not in page


# --- The desk of a unit -----------------------------------------------------------------------------------------------


def test_a_leader_keeps_replies_lists_and_rules_of_the_unit(browser: Browser, ward: Unit) -> None:
    leader = make_official(Role.LEADER, ward)
    client = browser(leader)
    reply = {"title": "Mẫu", "owner": ward.pk, "category": "noise", "body": "Gửi {citizen}", "is_active": "on"}

    assert client.get("/desk/").status_code == 200
    assert client.post("/desk/replies/new/", reply).status_code == 302
    made = CannedReply.objects.get()
    assert client.post(f"/desk/replies/{made.pk}/", reply | {"body": "{phone}"}).status_code == 422
    assert client.post(f"/desk/replies/{made.pk}/", reply | {"title": "Mẫu mới"}).status_code == 302
    assert client.post("/desk/replies/new/", reply | {"owner": "city"}).status_code == 422
    assert client.post("/desk/task-lists/", {"owner": ward.pk, "category": "noise", "lines": "a\nb"}).status_code == 302
    assert client.post("/desk/rules/", {"owner": ward.pk, "needs_approval": "on"}).status_code == 302
    page = client.get("/desk/").content.decode()
    assert "Mẫu mới" in page and "a · b" in page and UnitRule.objects.get().needs_approval
    assert client.post(f"/desk/replies/{made.pk}/", {"remove": "1"}).status_code == 302
    assert not CannedReply.objects.exists()


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.TRIAGE, Role.AUDITOR])
def test_the_desk_is_not_for_everybody(browser: Browser, ward: Unit, role: Role) -> None:
    client = browser(role)
    for address in ("/desk/", "/desk/replies/new/"):
        assert client.get(address).status_code == 403
    assert client.post("/desk/rules/", {"owner": ward.pk, "needs_approval": "on"}).status_code == 403
    assert not UnitRule.objects.exists()


def test_the_drawer_costs_no_more_with_more_on_it(browser: Browser, officer: Official, ticket: Ticket) -> None:
    client, address = browser(officer), f"/tickets/{ticket.code}/resolve/"
    client.get(address)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    before = cost()
    for number in range(5):
        CannedReply.objects.create(title=f"Mẫu {number}", body="x", changed_at=clock.now())
        make_ticket(unit=ticket.unit, main=ticket)
    assert cost() == before <= 12


def test_an_event_that_lacks_what_its_words_need_does_not_shut_its_ticket(
    browser: Browser, officer: Official, ticket: Ticket, caplog: pytest.LogCaptureFixture
) -> None:
    record(NewEvent(ticket.pk, EventKind.EXTENSION_APPROVED, clock.now(), {"asked_by": officer.pk}))
    for address in (f"/tickets/{ticket.code}/", f"/inbox/{ticket.code}/", f"/inbox/?ticket={ticket.code}"):
        answer = browser(officer).get(address)
        assert answer.status_code == 200 and "extension_approved" in answer.content.decode(), address
    assert "lacks what its words need" in caplog.text
