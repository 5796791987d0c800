"""The list in a real browser: every act by keyboard alone, failures of many shown, nothing that jumps, no scripts."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.add_note import add_note
from inbox.bulk.jobs import run_unfinished
from inbox.desk.models import SavedView
from inbox.tickets import queries
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.browser.conftest import Desk, broken_rules
from tests.factories import make_official, make_source, make_tickets

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.django_db(transaction=True)]


def finished(page: Page) -> None:
    """What the worker of a running product does, once the page has begun and until it says so."""
    expect(page.locator("#bulk-job")).to_be_visible()
    run_unfinished()
    expect(page.locator("#bulk-job [role=status]")).to_contain_text("phiếu xong")


def poll(page: Page) -> None:
    """The page asks by itself every 15 seconds; the test does not wait for that."""
    page.evaluate(
        "htmx.ajax('GET', document.querySelector('#fresh').getAttribute('hx-get'),"
        " {source: '#fresh', target: '#fresh', swap: 'outerHTML'})"
    )


def test_the_list_by_keyboard_alone(desk: Desk, ward: Unit, leader: Official) -> None:
    officer = make_official(Role.OFFICER, ward)
    make_tickets(6, unit=ward, source=make_source("portal", connector="national_portal"))
    with desk(leader) as page:
        keys = page.keyboard
        keys.press("j")
        expect(page.locator("#preview[data-ticket]")).to_be_visible()
        keys.press("v")  # takes it
        expect(page.locator("#toasts")).to_contain_text("Đã nhận việc")
        assert Ticket.objects.filter(assignee=leader).count() == 1
        page.wait_for_timeout(500)  # until htmx has taken the toast over; before that Z would send a plain form
        keys.press("z")  # and gives it back
        expect(page.locator("#toasts")).to_contain_text("đã trở lại như trước")
        page.wait_for_load_state("load")
        assert not Ticket.objects.filter(assignee=leader).exists()

        keys.press("j")
        keys.press("x")
        keys.press("j")
        keys.press("j")
        keys.press("Shift+X")
        expect(page.locator("#bulk")).to_contain_text("3 đã chọn")
        keys.press("p")
        expect(page.locator("#drawer select")).to_be_focused()
        page.locator("#drawer select").select_option(officer.username)
        keys.press("Control+Enter")
        finished(page)
        keys.press("Enter")  # back to the list, which stands where it was
        expect(page.locator("#bulk")).to_be_hidden()
        page.wait_for_load_state("load")
        assert Ticket.objects.filter(assignee=officer).count() == 3

        keys.press("Shift+A")
        expect(page.locator("#bulk")).to_contain_text("6 đã chọn")
        expect(page.locator("#bulk [data-verb=claim]")).to_be_hidden()
        keys.press("Escape")
        expect(page.locator("#bulk")).to_be_hidden()
        keys.press("f")
        expect(page.locator("#filters select").first).to_be_visible()
        keys.press("f")
        keys.press("/")
        keys.type("khong co gi nhu the")
        expect(page.locator(".empty").first).to_be_visible()
        page.locator("body").click(position={"x": 700, "y": 400})
        keys.press("3")
        page.wait_for_url("**view=unassigned**")


def test_a_ticket_taken_from_its_row_is_the_one_that_is_marked(desk: Desk, ward: Unit) -> None:
    """Another one is in the preview meanwhile; the numbers follow, and nothing of the list is asked for again."""
    officer = make_official(Role.OFFICER, ward)
    make_tickets(3, unit=ward)
    with desk(officer) as page:
        page.locator(".tk-title").nth(1).click()
        expect(page.locator("#preview[data-ticket]")).to_be_visible()
        with page.expect_response(lambda answer: answer.request.headers.get("hx-target") == "views") as numbers:
            page.locator(".tk-claim").first.click()
        taken = Ticket.objects.get(assignee=officer)
        expect(page.locator("#preview")).to_have_attribute("data-ticket", str(taken.pk))
        expect(page.locator(".tk-title[aria-current]")).to_have_count(1)
        expect(page.locator(f"#t{taken.pk}")).to_have_attribute("aria-current", "true")
        expect(page.locator("#n-mine")).to_have_text("1")
        assert "queue-list" not in numbers.value.text()


def test_what_is_typed_goes_along_to_other_views(desk: Desk, ward: Unit, leader: Official) -> None:
    """The frame around the list stays while one types: its counts as they are, its links with what was typed."""
    make_tickets(2, unit=ward, title="Rác tồn đọng")
    make_tickets(3, unit=ward, title="Ổ gà")
    with desk(leader) as page:
        page.keyboard.press("/")
        page.keyboard.type("rac ton")
        expect(page.locator(".tk")).to_have_count(2)
        expect(page.locator("#queue-title")).to_contain_text("2")
        expect(page.locator("#queue-hint")).to_contain_text("rac ton")
        expect(page.locator("#n-open")).to_have_text("5")
        page.locator("[data-view='3']").click()
        page.wait_for_url("**view=unassigned&q=rac+ton")
        expect(page.locator(".tk")).to_have_count(2)
        page.locator("#q").fill("")
        expect(page.locator(".tk")).to_have_count(5)
        expect(page.locator("#queue-hint")).to_be_empty()
        page.locator("[data-view='1']").click()
        page.wait_for_url(lambda url: "view=open" in url and "q=" not in url)


def test_what_failed_is_named(desk: Desk, ward: Unit, leader: Official) -> None:
    officer, tickets = make_official(Role.OFFICER, ward), make_tickets(500, unit=ward)
    with desk(leader) as page:
        page.locator("#check-all").check()
        expect(page.locator("#bulk")).to_contain_text(f"{queries.PAGE_SIZE} đã chọn")
        page.get_by_label("cả danh sách (500)").check()
        page.locator("#bulk [data-verb=assign]").click()
        page.locator("#drawer select").select_option(officer.username)
        for ticket in (tickets[3], tickets[499]):
            add_note(ticket.pk, actor=officer, text="Tôi đang xem")
        page.locator("#drawer button[type=submit]").click()
        finished(page)
        expect(page.locator("#bulk-job [role=status]")).to_have_text("498 phiếu xong, 2 phiếu không thực hiện được")
        failed = page.locator(".bulk-items").first
        expect(failed).to_contain_text(tickets[3].code)
        expect(failed).to_contain_text(tickets[499].code)
        page.get_by_role("button", name="Hoàn tác tất cả").click()
        expect(page.locator("#toasts")).to_contain_text("498 phiếu")
    assert not Ticket.objects.filter(assignee=officer).exists()


def test_nothing_jumps_when_tickets_come_and_change(desk: Desk, ward: Unit, leader: Official) -> None:
    tickets, officer = make_tickets(queries.PAGE_SIZE, unit=ward), make_official(Role.OFFICER, ward)
    with desk(leader) as page:
        row = page.locator(f"#tk-{tickets[-4].pk}")
        row.scroll_into_view_if_needed()
        row.locator(".tk-check").check()
        row.locator(".tk-title").focus()
        before = page.locator("#queue-list").evaluate("list => list.scrollTop")
        at = row.bounding_box()
        make_tickets(2, unit=ward)
        accept_ticket(tickets[-4].pk, actor=officer)
        poll(page)
        expect(page.locator(".fresh")).to_contain_text("2 phiếu mới vừa về")
        expect(row).to_contain_text("Đã tiếp nhận")
        expect(page.locator("#n-unassigned")).to_have_text(str(queries.PAGE_SIZE + 1))
        now = row.bounding_box()
        assert page.locator("#queue-list").evaluate("list => list.scrollTop") == before
        assert at and now and abs(now["y"] - at["y"]) <= 40, "only the bar above has taken its place"
        assert page.locator(".tk").count() == queries.PAGE_SIZE
        expect(row.locator(".tk-check")).to_be_checked()
        expect(row.locator(".tk-title")).to_be_focused()


def test_back_and_forward_keep_ones_place(desk: Desk, ward: Unit, leader: Official) -> None:
    make_tickets(90, unit=ward)
    with desk(leader) as page:
        rows = page.locator(".tk")
        for pages in range(2, 90 // queries.PAGE_SIZE + 2):
            page.locator("#queue-list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
            expect(rows).to_have_count(min(pages * queries.PAGE_SIZE, 90))
        row = rows.nth(60)
        row.scroll_into_view_if_needed()
        name = row.get_attribute("id")
        at = row.bounding_box()
        row.locator(".tk-title").focus()
        page.evaluate("location.assign(document.activeElement.href)")
        page.wait_for_url("**/tickets/**")
        page.go_back()
        page.wait_for_url("**/inbox/**")
        expect(rows).to_have_count(90)
        expect(page.locator(f"#{name} .tk-title")).to_be_focused()
        now = page.locator(f"#{name}").bounding_box()
        assert at and now and abs(at["y"] - now["y"]) < 3
        page.go_forward()
        page.wait_for_url("**/tickets/**")


def test_through_the_list_page_by_page(desk: Desk, ward: Unit, leader: Official) -> None:
    """J and K lead from one ticket's page to the next, also once the ticket has left the list."""
    first, second, third = make_tickets(3, unit=ward, source=make_source(), category="noise")
    make_tickets(2, unit=ward, source=make_source(), category="bus")
    with desk(leader) as page:
        page.goto("/inbox/?category=noise")
        page.keyboard.press("j")
        expect(page.locator("#preview[data-ticket]")).to_be_visible()
        page.keyboard.press("o")
        place = page.locator("[data-neighbours]")
        expect(place).to_contain_text("Phiếu 1 / 3")
        page.keyboard.press("j")
        page.wait_for_url(f"**/tickets/{second.code}/?list=category%3Dnoise")
        expect(place).to_contain_text("Phiếu 2 / 3")
        page.locator("#ticket [data-verb=accept]").first.click()
        expect(page.locator("#toasts")).to_contain_text("Đã tiếp nhận")
        expect(place).to_contain_text("Phiếu 2 / 3")
        place.locator("[rel=next]").focus()
        page.evaluate(
            "htmx.ajax('POST', document.querySelector('#presence').getAttribute('hx-post'),"
            " {source: '#presence', target: '#presence', swap: 'outerHTML'})"
        )
        expect(place.locator("[rel=next]")).to_be_focused()
        Ticket.objects.filter(pk=second.pk).update(category="bus")
        page.reload()
        expect(place).to_contain_text("Phiếu 2 / 3")
        page.keyboard.press("j")
        page.wait_for_url(f"**/tickets/{third.code}/?list=category%3Dnoise")
        expect(place).to_contain_text("Phiếu 2 / 2")
        page.keyboard.press("k")
        page.wait_for_url(f"**/tickets/{first.code}/?list=category%3Dnoise")
        tab = page.context.new_page()  # knows nothing of what this one remembers
        tab.goto(page.url)
        expect(tab.locator("[data-neighbours]")).to_contain_text("Phiếu 1 / 2")
        tab.keyboard.press("j")
        tab.wait_for_url(f"**/tickets/{third.code}/?list=category%3Dnoise")
        tab.close()
        page.locator("a[data-back]").click()
        page.wait_for_url("**/inbox/?category=noise")


def test_the_desk_without_scripts(desk: Desk, ward: Unit, leader: Official) -> None:
    officer, tickets = make_official(Role.OFFICER, ward), make_tickets(3, unit=ward, category="trees")
    with desk(leader, java_script_enabled=False) as page:
        for ticket in tickets[:2]:
            page.locator(f"#tk-{ticket.pk} .tk-check").check()
        page.locator("#bulk [data-verb=assign]").click()
        page.locator("select[name=assignee]").select_option(officer.username)
        page.locator(".drawer-f button").click()
        expect(page.locator("#bulk-job")).to_contain_text("2 phiếu xong")
        assert Ticket.objects.filter(assignee=officer).count() == 2
        page.get_by_role("button", name="Hoàn tác tất cả").click()
        assert not Ticket.objects.filter(assignee=officer).exists()

        page.goto("/inbox/?category=trees")
        page.locator(f"#tk-{tickets[2].pk} .tk-claim").click()
        page.get_by_role("button", name="Hoàn tác").click()
        expect(page.locator("body")).to_contain_text("đã trở lại như trước")
        page.goto("/inbox/?category=trees")
        page.locator(f"#tk-{tickets[0].pk} .tk-title").click()
        page.locator("[rel=next]").click()
        page.wait_for_url(f"**/tickets/{tickets[1].code}/?list=category%3Dtrees")
        page.locator("#note").fill("Đã xem")
        page.locator(".composer button[type=submit]").click()
        expect(page.locator("#happened")).to_contain_text("Đã xem")
        page.locator("[rel=next]").click()
        page.wait_for_url(f"**/tickets/{tickets[2].code}/?list=category%3Dtrees")
        page.locator("a[data-back]").click()
        page.wait_for_url("**/inbox/?category=trees")

        page.locator("#save-view summary").click()
        page.fill("#save-name", "Cây xanh")
        page.locator(".save-form button").click()
        expect(page.locator(".saved")).to_contain_text("Cây xanh")
    assert SavedView.objects.get().params == "category=trees"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_list_breaks_a_rule_of_accessibility(
    desk: Desk, ward: Unit, leader: Official, scheme: str
) -> None:
    tickets = make_tickets(4, unit=ward, source=make_source("portal", connector="national_portal"))
    client = Client()
    client.force_login(leader)
    client.post("/inbox/views/", {"name": "Tất cả", "list": "status=new", "share_with": ward.pk})
    with desk(leader, color_scheme=scheme, bypass_csp=True) as page:

        def check(state: str) -> None:
            assert broken_rules(page) == [], f"{state} at {page.viewport_size}"

        for width, height in ((1440, 900), (1366, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto("/inbox/?status=new&q=rac&saved=1")
            check("search, chips and a saved list")
            if width < 900:
                continue
            page.locator("#save-view summary").click()
            check("the form of a saved list")
            page.locator(".tk-check").first.check()
            page.locator("#bulk [data-verb=assign]").click()
            expect(page.locator("#drawer select")).to_be_visible()
            check("the form for many")
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto("/inbox/")
        page.locator("#check-all").check()
        check("rows chosen")
        add_note(tickets[0].pk, actor=leader, text="Vừa có người gọi")
        page.locator("#bulk [data-verb=accept]").click()
        finished(page)
        expect(page.locator(".bulk-items").first).to_contain_text(tickets[0].code)
        check("what became of many, with a failure")
        page.goto(f"/inbox/views/{SavedView.objects.get().pk}/")
        check("a saved list's own page")
