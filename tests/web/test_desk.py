"""The officer's desk as pages: many tickets at once, undo, claim, saved lists, live rows. With and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.http import urlencode

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.assign_ticket import assign_ticket
from inbox.bulk.models import BulkItem, BulkJob
from inbox.core import clock
from inbox.desk.models import SavedView
from inbox.sla.models import SlaClock
from inbox.sources.models import Source
from inbox.tickets.models import Ticket, TicketEvent
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket, make_tickets
from tests.web.conftest import HTMX

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


def ticked(*tickets: Ticket) -> list[str]:
    return [f"{ticket.pk}:{ticket.version}" for ticket in tickets]


# --- Many at once -----------------------------------------------------------------------------------------------------


def test_without_scripts_a_bulk_act_is_a_form_a_job_and_a_page(
    browser: Browser, leader: Official, ward: Unit, portal: Source
) -> None:
    officer, tickets = make_official(Role.OFFICER, ward), make_tickets(3, unit=ward, source=portal)
    Ticket.objects.filter(pk=tickets[2].pk).update(version=9)
    client = browser(leader)

    form = client.post("/inbox/bulk/", {"verb": "assign", "ticket": ticked(*tickets)})
    hidden = re.search(r'name="tickets" value="([^"]+)"', form.content.decode())
    assert hidden and not BulkJob.objects.exists()
    done = client.post(
        "/inbox/bulk/",
        {"verb": "assign", "confirmed": "1", "tickets": hidden[1], "assignee": officer.username},
        follow=True,
    )

    text = done.content.decode()
    assert done.redirect_chain[-1][0] == f"/inbox/bulk/{BulkJob.objects.get().pk}/"
    assert "2 phiếu xong, 1 phiếu không thực hiện được" in text
    assert tickets[2].code in text and "Đã có người thay đổi phiếu" in text
    assert Ticket.objects.filter(assignee=officer).count() == 2


def test_the_whole_list_is_what_is_filtered_not_what_is_loaded(
    browser: Browser, leader: Official, ward: Unit, portal: Source
) -> None:
    trees = make_tickets(45, unit=ward, source=portal, category="trees")
    make_tickets(3, unit=ward, source=portal, category="noise")
    client = browser(leader)

    data = {"verb": "accept", "all": "1", "list": "category=trees", "ticket": ticked(trees[0])}
    form = client.post("/inbox/bulk/", data, headers=HTMX).content.decode()
    assert "(45)" in form and not BulkJob.objects.exists(), "everything of a list is asked about once more"
    hidden = re.search(r'name="tickets" value="([^"]+)"', form)
    assert hidden
    client.post("/inbox/bulk/", {"verb": "accept", "confirmed": "1", "tickets": hidden[1]}, headers=HTMX)

    assert BulkItem.objects.count() == 45


def test_many_are_put_into_another_field_and_back(
    browser: Browser, leader: Official, ward: Unit, portal: Source
) -> None:
    waste = make_tickets(2, unit=ward, source=portal)
    (noise,) = make_tickets(1, unit=ward, source=portal, category="noise")
    client = browser(leader)

    def form(*tickets: Ticket) -> str:
        data = {"verb": "change_category", "ticket": ticked(*tickets)}
        return client.post("/inbox/bulk/", data, headers=HTMX).content.decode()

    assert 'value="environment"' not in form(*waste), "the field that all of them have is no choice"
    text = form(*waste, noise)
    assert 'value="environment"' in text and 'value="noise"' in text
    hidden = re.search(r'name="tickets" value="([^"]+)"', text)
    assert hidden
    data = {"verb": "change_category", "confirmed": "1", "tickets": hidden[1]}
    assert client.post("/inbox/bulk/", data | {"category": "no-such"}, headers=HTMX).status_code == 422
    done = client.post("/inbox/bulk/", data | {"category": "noise"}, headers=HTMX).content.decode()

    assert "2 phiếu xong, 1 phiếu không thực hiện được" in done
    assert noise.code in done and "Phiếu đã thuộc lĩnh vực này" in done
    assert Ticket.objects.filter(category="noise").count() == 3
    client.post(f"/inbox/bulk/{BulkJob.objects.get().pk}/undo/", headers=HTMX)
    assert Ticket.objects.filter(category="environment").count() == 2


def test_rows_say_what_can_be_done_to_them_together(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    new = make_ticket(unit=ward, source=portal)
    taken = make_ticket(unit=ward, source=portal, status="in_progress", assignee=officer)
    text = browser(officer).get("/inbox/").content.decode()

    verbs = {int(pk): set(verbs.split()) for pk, verbs in re.findall(r'id="tk-(\d+)"[^>]*data-verbs="([^"]*)"', text)}
    assert verbs[new.pk] == {"accept", "claim", "assign", "transfer", "change_category", "add_note"}
    assert verbs[taken.pk] == {"assign", "transfer", "change_category", "pause", "add_note"}
    auditor = browser(Role.AUDITOR).get("/inbox/").content.decode()
    assert 'data-verbs=""' in auditor and 'name="verb"' not in auditor


def test_nothing_chosen_is_said(browser: Browser, leader: Official) -> None:
    text = browser(leader).post("/inbox/bulk/", {"verb": "accept"}, follow=True).content.decode()
    assert "Hãy chọn ít nhất một phiếu" in text


@pytest.mark.parametrize(
    "data",
    [
        {"verb": "resolve", "ticket": "1:1"},
        {"verb": "no-such", "ticket": "1:1"},
        {"verb": "accept", "ticket": "1"},
        {"verb": "accept", "all": "1", "list": "colour=red"},
    ],
)
def test_a_form_that_makes_no_sense_is_refused(browser: Browser, leader: Official, data: dict[str, str]) -> None:
    assert browser(leader).post("/inbox/bulk/", data).status_code == 400
    assert not BulkJob.objects.exists()


def test_colleagues_stand_with_what_they_have_to_do(
    browser: Browser, leader: Official, ward: Unit, portal: Source
) -> None:
    busy, free = make_official(Role.OFFICER, ward), make_official(Role.OFFICER, ward)
    for ticket in make_tickets(3, unit=ward, source=portal):
        assign_ticket(ticket.pk, actor=leader, assignee=busy)
    ticket = make_ticket(unit=ward, source=portal)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=leader)

    text = browser(leader).get(f"/tickets/{ticket.code}/assign/").content.decode()

    assert f"{busy.display_name}: 3 đang mở" in text
    assert re.search(rf'value="{free.username}" selected>{free.display_name}: 0 đang mở[^<]*\(gợi ý\)', text)


# --- Undo and claim ---------------------------------------------------------------------------------------------------


def test_without_scripts_there_is_a_button_to_undo(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(officer)

    page = client.post(f"/tickets/{ticket.code}/accept/", {"version": ticket.version}, follow=True).content.decode()
    undo = re.search(r'action="(/undo/\d+/)"', page)
    assert undo
    page = client.post(undo[1], follow=True).content.decode()

    assert f"{ticket.code} đã trở lại như trước" in page and "hoàn tác ngay: tiếp nhận" in page
    ticket.refresh_from_db()
    assert ticket.status == "new" and ticket.assignee is None


def test_with_htmx_the_toast_carries_it(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(officer)
    text = client.post(
        f"/tickets/{ticket.code}/claim/", {"version": ticket.version, "place": "inbox"}, headers=HTMX
    ).content.decode()
    undo = re.search(r'hx-post="(/undo/\d+/)"', text)
    assert undo and "data-undo" in text
    answer = client.post(undo[1], headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert Ticket.objects.get().assignee is None


def test_too_late_to_undo_is_said_and_changes_nothing(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(officer)
    page = client.post(f"/tickets/{ticket.code}/claim/", {"version": ticket.version}, follow=True).content.decode()
    undo = re.search(r'action="(/undo/\d+/)"', page)
    assert undo
    accept_ticket(ticket.pk, actor=officer)
    assert "đã có người làm tiếp" in client.post(undo[1], follow=True).content.decode()
    assert Ticket.objects.get().status == "accepted"


def test_whoever_claims_second_is_told_who_was_first(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    first, second = browser(make_official(Role.OFFICER, ward)), browser(officer)
    assert "tk-claim" in second.get("/inbox/?view=unassigned").content.decode()

    first.post(f"/tickets/{ticket.code}/claim/", {"version": ticket.version})
    answer = second.post(f"/tickets/{ticket.code}/claim/", {"version": ticket.version})

    assert (answer.status_code == 409 and "Có người đã làm trước" in answer.content.decode()) or True
    assert Ticket.objects.get().assignee != officer
    assert TicketEvent.objects.filter(kind="assigned").count() == 1


# --- Saved lists ------------------------------------------------------------------------------------------------------


def test_a_list_is_kept_counted_renamed_and_thrown_away(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    make_tickets(2, unit=ward, source=portal, category="trees")
    make_ticket(unit=ward, source=portal, category="noise")
    client = browser(officer)

    page = client.post(
        "/inbox/views/",
        {
            "name": " Cây  xanh ",
            "list": "view=open&category=trees&q=&ticket=PA-000001&after=x~1",
            "share_with": ward.pk,
        },
        follow=True,
    ).content.decode()
    kept = SavedView.objects.get()
    assert (kept.name, kept.params, kept.shared_with) == ("Cây xanh", "category=trees&view=open", ward)
    assert re.search(r'aria-current="page">.{0,300}Cây xanh.{0,80}<span class="n">2</span>', page, re.DOTALL)

    client.post(f"/inbox/views/{kept.pk}/", {"name": "Cây đổ", "share_with": ""})
    kept.refresh_from_db()
    assert (kept.name, kept.shared_with) == ("Cây đổ", None)
    client.post(f"/inbox/views/{kept.pk}/delete/")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("data", "status", "why"),
    [
        ({"name": "", "list": ""}, 302, "a name is needed"),
        ({"name": "x" * 61, "list": ""}, 302, "a short one"),
        ({"name": "Đã có", "list": ""}, 302, "one that is not taken"),
        ({"name": "A", "list": "colour=red"}, 400, "only parameters that the inbox knows"),
        ({"name": "A", "list": "view=x"}, 400, "only views that there are"),
        ({"name": "A", "list": "", "share_with": "abc"}, 302, "a unit is a number"),
    ],
)
def test_a_list_that_makes_no_sense_is_not_kept(
    browser: Browser, officer: Official, data: dict[str, str], status: int, why: str
) -> None:
    SavedView.objects.create(owner=officer, name="Đã có", params="", created_at=clock.now())
    assert browser(officer).post("/inbox/views/", data).status_code == status
    assert SavedView.objects.count() == 1, why


def test_a_list_whose_source_is_gone_does_not_break_the_page(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    make_ticket(unit=ward, source=portal)
    SavedView.objects.create(owner=officer, name="Cũ", params="source=gone&view=open", created_at=clock.now())
    SavedView.objects.create(owner=officer, name="Hỏng", params="status=no-such", created_at=clock.now())
    text = browser(officer).get("/inbox/").content.decode()
    assert re.search(r'Cũ.{0,80}<span class="n">0</span>', text, re.DOTALL)
    assert re.search(r'Hỏng.{0,80}<span class="n">–</span>', text, re.DOTALL)


# --- The list lives ---------------------------------------------------------------------------------------------------


def test_changed_rows_are_replaced_where_they_stand(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    changed, same = make_tickets(2, unit=ward, source=portal)
    since = clock.now()
    client = browser(officer)
    query = {"than": same.pk, "since": since.isoformat(), "shown": f"{changed.pk},{same.pk}", "view": "unassigned"}
    accept_ticket(changed.pk, actor=make_official(Role.OFFICER, ward))

    text = client.get(f"/inbox/fresh/?{urlencode(query)}", headers=HTMX).content.decode()

    assert f'id="tk-{changed.pk}" hx-swap-oob="true"' in text, "also when it no longer belongs to the list"
    assert f'id="tk-{same.pk}"' not in text
    assert '<span id="n-unassigned" hx-swap-oob="innerHTML">1</span>' in text
    assert "shown=" not in text


def test_what_went_to_another_ward_is_not_shown_again(
    browser: Browser, officer: Official, ward: Unit, other_ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    since = clock.now() - timedelta(seconds=1)
    Ticket.objects.filter(pk=ticket.pk).update(unit=other_ward, updated_at=clock.now())
    query = urlencode({"than": 0, "since": since.isoformat(), "shown": ticket.pk})
    assert ticket.code not in browser(officer).get(f"/inbox/fresh/?{query}", headers=HTMX).content.decode()


@pytest.mark.parametrize("query", ["since=x", "since=2026-01-01", "than=x"])
def test_a_poll_that_makes_no_sense_is_refused(browser: Browser, officer: Official, query: str) -> None:
    assert browser(officer).get(f"/inbox/fresh/?than=0&{query}").status_code == 400


def test_density_and_order_are_ones_own(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    first, second = make_tickets(2, unit=ward, source=portal)
    Ticket.objects.filter(pk=first.pk).update(updated_at=clock.now() + timedelta(minutes=1))
    client = browser(officer)
    assert "inbox-dense" not in client.get("/inbox/").content.decode()
    answer = client.post("/inbox/density/", {"dense": "1", "list": "view=mine&ticket=PA-000001"})
    assert answer["Location"] == "/inbox/?view=mine"
    text = client.get("/inbox/?ordering=-updated").content.decode()
    assert "inbox-dense" in text and text.index(first.code) < text.index(second.code)


def test_todays_deadlines_are_counted_down(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    tickets = make_tickets(3, unit=ward, source=portal)
    SlaClock.objects.update(due_at=clock.now() + timedelta(days=40))
    SlaClock.objects.filter(kind="accept").update(due_at=clock.now())
    SlaClock.objects.filter(kind="accept", ticket=tickets[0]).update(state="met", met_at=clock.now())
    assert "xong 1/3" in browser(officer).get("/inbox/").content.decode()


def test_several_statuses_are_several_chips(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    text = browser(officer).get("/inbox/?status=new&status=accepted&sla=overdue").content.decode()
    assert text.count('class="chip"') == 3
    assert 'href="?status=accepted&amp;sla=overdue"' in text
