"""axe-core with all its rules in the states that one meets while working: conflicts, approval, failures, errors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.add_note import add_note
from inbox.actions.change_task_list import change_task_list
from inbox.actions.change_unit_rule import change_unit_rule
from inbox.actions.registry import perform
from inbox.bulk.jobs import run_job, start_job
from inbox.core import clock
from inbox.desk.models import CannedReply
from inbox.notify.tell import tell
from inbox.outbox.models import Difference
from inbox.outbox.vocabulary import DifferenceKind, FoundBy
from inbox.sources.models import Source
from inbox.sources.vocabulary import Health
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Verb
from inbox.units.models import Unit
from tests.browser.conftest import Desk, broken_rules
from tests.factories import make_attachment, make_official, make_source, make_ticket, make_tickets, make_unit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("scheme", ["light", "dark"]),
    pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desktop", "phone"]),
]
ANSWER = "Kính gửi ông/bà, phường đã dọn sạch. Trân trọng."


@pytest.fixture
def portal(city: None) -> Source:
    return make_source("portal", connector="national_portal", label="Cổng DVCQG")


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward, "canbo")


@pytest.fixture
def options(scheme: str, size: tuple[int, int]) -> dict[str, object]:
    width, height = size
    return {"color_scheme": scheme, "viewport": {"width": width, "height": height}, "bypass_csp": True}


def visit(page: Page, *addresses: str) -> None:
    for address in addresses:
        page.goto(address)
        assert broken_rules(page) == [], address


def open_form(page: Page, code: str, verb: str) -> None:
    """The form in its drawer, as a press on the button does it, also where the button is folded away."""
    page.goto(f"/tickets/{code}/")
    page.evaluate(f"htmx.ajax('GET', '/tickets/{code}/{verb}/?place=ticket', {{target: '#drawer'}})")
    expect(page.locator("#drawer form")).to_be_visible()


def test_too_little_contrast_and_targets_too_small_are_found(
    desk: Desk, leader: Official, options: dict[str, object]
) -> None:
    """The rules that all the others here rely on are switched on."""
    with desk(leader, **options) as page:
        page.evaluate(
            "document.body.innerHTML = '<main><h1>Hộp thư</h1><button>Trả lời</button><button>Chuyển</button></main>';"
            "document.querySelector('h1').style.cssText = 'color: #888; background: #999';"
            "for (const button of document.querySelectorAll('button'))"
            "  button.style.cssText = 'width: 9px; height: 9px; padding: 0; border: 0; min-height: 0'"
        )
        found = {rule.partition(":")[0] for rule in broken_rules(page)}
        assert {"color-contrast", "target-size"} <= found


def test_writing_to_a_citizen(
    desk: Desk, ward: Unit, portal: Source, officer: Official, leader: Official, options: dict[str, object]
) -> None:
    CannedReply.objects.create(title="Đã dọn rác", body="Kính gửi {citizen}", changed_at=clock.now())
    ticket = make_ticket(unit=ward, source=portal, status="in_progress")
    with desk(leader, expected=("409",), **options) as page:
        open_form(page, ticket.code, "resolve")
        with page.expect_response("**/compose/**"):
            page.locator("#drawer .canned button").first.click()
        page.locator("#drawer button[name=preview]").click()
        expect(page.locator("#drawer .cz")).to_be_visible()
        assert broken_rules(page) == [], "ready-made replies and preview"

        perform(Verb.ASSIGN, ticket.pk, actor=leader, data={"assignee": officer.pk})
        perform(Verb.PAUSE, ticket.pk, actor=officer, data={"reason": "Xin số nhà"})
        page.locator("#drawer #i-text").fill(ANSWER)
        page.locator("#drawer #i-text").press("Control+Enter")
        expect(page.locator("#drawer .compare")).to_be_visible()
        assert broken_rules(page) == [], "changed meanwhile, side by side"

        page.locator("#drawer #i-text").press("Control+Enter")
        expect(page.locator("#toasts .undo, #toasts form").first).to_be_visible()
        assert broken_rules(page) == [], "toast with the way back"


def test_a_ticket_with_everything_on_it(
    desk: Desk, ward: Unit, portal: Source, officer: Official, leader: Official, options: dict[str, object]
) -> None:
    """An answer waits for the leader, the sources differ and are away, tickets are linked, more time is asked for."""
    change_unit_rule(ward.pk, needs_approval=True, actor=leader)
    change_task_list("environment", ["Kiểm tra", "Chụp ảnh"], unit_id=ward.pk, actor=leader)
    ticket = _full(ward, portal, officer, leader)
    with desk(leader, **options) as page:
        visit(page, f"/inbox/?ticket={ticket.code}", f"/tickets/{ticket.code}/", f"/tickets/{ticket.code}/handover/")
        open_form(page, ticket.code, "approve")
        assert broken_rules(page) == [], "an answer waits for the leader"
        open_form(page, ticket.code, "link")
        assert broken_rules(page) == [], "the form that links tickets"
        open_form(page, ticket.code, "change_category")
        assert broken_rules(page) == [], "the form for another field"
        visit(
            page,
            f"/tickets/{ticket.code}/link/",
            f"/tickets/{ticket.code}/approve/",
            f"/tickets/{ticket.code}/context/",
        )


def _full(ward: Unit, portal: Source, officer: Official, leader: Official) -> Ticket:
    ticket = make_ticket(unit=ward, source=portal)
    linked = make_ticket(unit=ward, source=portal)
    make_attachment(ticket)
    for verb, data in (
        (Verb.ACCEPT, {}),
        (Verb.ADD_NOTE, {"text": f"@{leader.username} xem giúp"}),
        (Verb.EXTEND, {"until": (clock.now() + timedelta(days=60)).isoformat(), "reason": "Chờ vật tư"}),
        (Verb.REPLY, {"text": "Phường đang xử lý."}),
        (Verb.RESOLVE, {"text": ANSWER}),
    ):
        perform(verb, ticket.pk, actor=officer, data=data)
    perform(Verb.LINK, linked.pk, actor=officer, data={"main": ticket.code})
    Difference.objects.create(
        source=portal,
        external_id=ticket.refs.get().external_id,
        ticket=ticket,
        kind=DifferenceKind.STATUS,
        found_by=FoundBy.READING,
        found_at=clock.now(),
        seen_at=clock.now(),
        ours={"status": "in_progress"},
        theirs={"status": "resolved", "answer": "Đã trả lời ở nơi khác."},
    )
    Source.objects.filter(pk=portal.pk).update(health=Health.DOWN, health_since=clock.now(), deliveries_paused=True)
    return ticket


def test_what_became_of_many(
    desk: Desk, ward: Unit, portal: Source, officer: Official, leader: Official, options: dict[str, object]
) -> None:
    tickets = make_tickets(4, unit=ward, source=portal)
    noise = make_ticket(unit=ward, source=portal, category="noise")
    chosen = [(ticket.pk, ticket.version) for ticket in [*tickets, noise]]
    add_note(tickets[0].pk, actor=officer, text="Tôi đang xem")
    job = start_job(Verb.CHANGE_CATEGORY, chosen, actor=leader, data={"category": "noise"})
    run_job(job.pk)
    with desk(leader, **options) as page:
        visit(page, f"/inbox/bulk/{job.pk}/")
        expect(page.locator("#bulk-job [role=status]")).to_have_text("3 phiếu xong, 2 phiếu không thực hiện được")


def test_overlays_errors_and_what_is_empty(
    desk: Desk, ward: Unit, portal: Source, officer: Official, options: dict[str, object]
) -> None:
    newcomer = make_official(Role.OFFICER, make_unit())
    with desk(newcomer, **options) as page:
        visit(page, "/inbox/", "/inbox/?view=mine", "/notifications/")
    make_tickets(3, unit=ward, source=portal, assignee=officer)
    tell(clock.now())
    with desk(officer, expected=("404", "403"), **options) as page:
        page.keyboard.press("Shift+Slash")
        expect(page.locator("#shortcuts")).to_be_visible()
        assert broken_rules(page) == [], "shortcuts"
        visit(page, "/tickets/PA-999999/", "/desk/", "/notifications/", "/notifications/settings/", "/tickets/new/")


def test_pages_of_leaders(desk: Desk, ward: Unit, portal: Source, leader: Official, options: dict[str, object]) -> None:
    make_tickets(3, unit=ward, source=portal)
    with desk(leader, **options) as page:
        visit(page, "/notifications/settings/", "/evidence/", "/exports/", "/exports/new/", "/reports/")
