"""How many statements a page takes: no page of the desk more than twelve, however much there is to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.change_task_list import change_task_list
from inbox.actions.change_unit_rule import change_unit_rule
from inbox.actions.registry import perform
from inbox.core import clock
from inbox.desk.models import CannedReply
from inbox.outbox.models import Difference, OutboxMessage
from inbox.outbox.vocabulary import DifferenceKind, FoundBy
from inbox.sources.models import Source
from inbox.sources.vocabulary import Health
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Status, Verb
from inbox.units.models import Unit
from inbox.web import deadlines
from tests.factories import make_attachment, make_official, make_ticket, make_tickets

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]

LIMITS: dict[str, dict[str, int]] = json.loads(
    (Path(__file__).parent / "query_counts.json").read_text(encoding="utf-8")
)
MOST = 12


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


@pytest.fixture
def full(ward: Unit, portal: Source, officer: Official, leader: Official) -> Ticket:
    """A ticket with everything on it that a page can show: the answer waits for the leader, both sides differ."""
    ticket = make_ticket(unit=ward, source=portal)
    change_unit_rule(ward.pk, needs_approval=True, actor=leader)
    change_task_list("environment", ["Kiểm tra", "Chụp ảnh"], unit_id=ward.pk, actor=leader)

    def act(verb: Verb, who: Official = officer, **data: object) -> None:
        perform(verb, ticket.pk, actor=who, data=data)

    act(Verb.ACCEPT)
    act(Verb.ASSIGN, leader, assignee=officer.pk)
    for _ in range(2):
        act(Verb.PAUSE, reason="Xin số nhà")
        act(Verb.RESUME)
    act(Verb.ADD_NOTE, text=f"@{leader.username} xem giúp")
    act(Verb.EXTEND, until=(clock.now() + timedelta(days=60)).isoformat(), reason="Chờ vật tư")
    act(Verb.REPLY, text="Đang xử lý")
    for number in range(3):
        make_attachment(ticket, f"https://example.com/{number}.jpg")
        linked = make_ticket(unit=ward, source=portal)
        perform(Verb.LINK, linked.pk, actor=officer, data={"main": ticket.code})
        CannedReply.objects.create(title=f"Mẫu {number}", body="x", changed_at=clock.now())
    act(Verb.RESOLVE, text="Đã xong")
    _differ(ticket)
    portal.health, portal.health_since, portal.deliveries_paused = Health.DOWN, clock.now(), True
    portal.save()
    ticket.refresh_from_db()
    assert ticket.status == Status.AWAITING_APPROVAL
    return ticket


def _differ(ticket: Ticket) -> None:
    message = OutboxMessage.objects.filter(ticket=ticket).latest("pk")
    for kind in (DifferenceKind.STATUS, DifferenceKind.DEADLINE):
        Difference.objects.create(
            source=ticket.source,
            external_id=ticket.refs.get().external_id,
            ticket=ticket,
            message=message,
            kind=kind,
            found_by=FoundBy.READING,
            found_at=clock.now(),
            seen_at=clock.now(),
            ours={"status": "replied"},
            theirs={"status": "resolved"},
        )


def statements(client: Client, address: str, **headers: str) -> list[str]:
    """Those of the second request: calendars are kept for a minute."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, headers=headers).status_code == 200, address
    return [query["sql"] for query in captured]


@pytest.mark.parametrize("page", [*LIMITS["everybody"], *LIMITS["leaders"]])
def test_pages_stay_within_the_reviewed_limits(
    browser: Browser, officer: Official, leader: Official, ward: Unit, portal: Source, full: Ticket, page: str
) -> None:
    """On the fullest ticket, and no more with more rows around it: the same page is counted with 4 and with 30."""
    limit = LIMITS["everybody"].get(page) or LIMITS["leaders"][page]
    clients = [browser(leader), *([browser(officer)] if page in LIMITS["everybody"] else [])]
    message = OutboxMessage.objects.filter(ticket=full).latest("pk")
    address = page.format(code=full.code, newest=full.pk, message=message.pk)
    for _ in range(2):
        for client in clients:
            taken = statements(client, address)
            assert len(taken) <= limit <= MOST, taken
        make_tickets(26, unit=ward, source=portal)


def test_the_fullest_page_stays_within_it_when_calendars_have_to_be_read_too(
    browser: Browser, leader: Official, full: Ticket
) -> None:
    client, address = browser(leader), f"/tickets/{full.code}/"
    warm = len(statements(client, address))
    deadlines.forget_calendars()
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    assert warm < len(captured) <= MOST


@pytest.mark.parametrize("verb", LIMITS["acts"])
def test_acts_stay_within_the_reviewed_limits(
    browser: Browser, officer: Official, ward: Unit, portal: Source, verb: str
) -> None:
    """A button beside the list: the act, its way back and the preview of what it has made of the ticket."""
    client, asked = browser(officer), {"text": "Đã dọn"} if verb in {"add_note", "resolve"} else {}
    for _ in range(2):  # calendars are kept for a minute
        ticket = make_ticket(unit=ward, source=portal)
        form = asked | {"version": str(ticket.version), "place": "inbox"}
        if verb not in {"accept", "claim"}:
            perform(Verb.ACCEPT, ticket.pk, actor=officer, data={})
            form["version"] = "2"
        with CaptureQueriesContext(connection) as captured:
            answer = client.post(f"/tickets/{ticket.code}/{verb}/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    taken = [query["sql"] for query in captured]
    assert len(taken) <= LIMITS["acts"][verb], taken


def test_a_new_ticket_costs_no_more(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    for page in ("/inbox/{code}/", "/inbox/?ticket={code}", "/tickets/{code}/"):
        taken = statements(browser(officer), page.format(code=ticket.code))
        assert len(taken) <= LIMITS["everybody"][page], taken


def test_why_a_row_was_found_costs_no_statement_for_each(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    """The word stands only in what the citizen wrote, which a row shows around the hit."""
    client, taken = browser(officer), []
    for _ in range(2):
        make_tickets(4, unit=ward, source=portal, title="Phản ánh", text="Nắp hố ga bập bênh trước cổng trường")
        taken.append(len(statements(client, "/inbox/?q=bap+benh")))
        assert "<mark>bập bênh</mark>" in client.get("/inbox/?q=bap+benh").content.decode()
    assert taken[0] == taken[1]


def test_while_one_types_only_what_changes_is_asked_and_sent(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    make_tickets(4, unit=ward, source=portal, title="Rác tồn đọng")
    client, typing = browser(officer), {"HX-Request": "true", "HX-Target": "queue-list"}
    assert len(statements(client, "/inbox/?q=rac", **typing)) < len(statements(client, "/inbox/?q=rac"))
    sent = client.get("/inbox/?q=rac", headers=typing).content.decode()
    assert all(f'id="{part}"' in sent for part in ("queue-list", "queue-title", "queue-hint", "chips", "fresh", "bulk"))
    assert sent.count('class="tk-title"') == 4
    assert 'id="views"' not in sent
    emptied = client.get("/inbox/?q=", headers=typing).content.decode()
    assert emptied.count('class="tk-title"') == 4


def test_the_numbers_after_an_act_cost_no_list(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    make_ticket(unit=ward, source=portal)
    client, headers = browser(officer), {"HX-Request": "true", "HX-Target": "views"}
    text = client.get("/inbox/", headers=headers).content.decode()
    assert text.startswith('<nav class="views" id="views"') and 'id="n-open">1<' in text
    assert len(statements(client, "/inbox/", **headers)) <= 5
