"""The list: views and filters, days, pages without holes or repeats, what is new."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.sources.models import Source
from inbox.tickets.models import ReadMark, Ticket
from inbox.tickets.queries import PAGE_SIZE
from inbox.units.models import Unit
from tests.factories import make_official, make_ticket, make_tickets
from tests.web.conftest import HTMX

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


def codes(text: str) -> list[str]:
    return re.findall(r'class="tk-title" href="/tickets/(PA-\d+)/[^"]*"', text)


def due_in(ticket: Ticket, hours: float | None) -> Ticket:
    ticket.next_due_at = None if hours is None else clock.now() + timedelta(hours=hours)
    ticket.save()
    return ticket


def test_views_show_what_they_say(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    late = due_in(make_ticket(unit=ward, source=portal), -5)
    mine = due_in(make_ticket(unit=ward, source=portal, assignee=officer), 500)
    waiting = due_in(make_ticket(unit=ward, source=portal, status="waiting_citizen"), None)
    done = make_ticket(unit=ward, source=portal, status="resolved", resolved_at=clock.now())
    client = browser(officer)

    def shown(query: str) -> set[str]:
        return set(codes(client.get(f"/inbox/?{query}").content.decode()))

    assert shown("") == {late.code, mine.code, waiting.code}
    assert shown("view=overdue") == {late.code}
    assert shown("view=mine") == {mine.code}
    assert shown("view=unassigned") == {late.code, waiting.code}
    assert shown("view=waiting") == {waiting.code}
    assert shown("view=resolved") == {done.code}
    assert shown("view=all") == {late.code, mine.code, waiting.code, done.code}
    assert shown("status=waiting_citizen") == {waiting.code}
    assert shown("assignee=me") == {mine.code}
    assert shown("source=portal&category=noise") == set()


def test_the_filter_form_may_be_sent_half_empty(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal, category="noise")
    make_ticket(unit=ward, source=portal, category="trees")
    query = "view=open&source=&category=noise&status=&assignee=&created_after=2026-01-01&due_before="

    text = browser(officer).get(f"/inbox/?{query}").content.decode()

    assert codes(text) == [ticket.code]
    assert text.count('class="chip"') == 2 and "Tiếng ồn" in text and "01/01/2026" in text


def test_an_empty_view_names_the_next_useful_step(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    client = browser(officer)
    assert "Không có phiếu quá hạn" not in client.get("/inbox/?view=overdue").content.decode(), "nothing comes next"
    soon = due_in(make_ticket(unit=ward, source=portal), 1)
    Ticket.objects.filter(pk=soon.pk).update(next_warn_at=clock.now())
    late, mine = (client.get(f"/inbox/?view={view}").content.decode() for view in ("overdue", "mine"))
    assert re.search(r'href="\?view=due_soon">Xem 1 phiếu sắp quá hạn', late)
    assert re.search(r'href="\?view=unassigned">Xem 1 phiếu chưa phân công', mine)


def test_only_people_of_the_city_are_asked_about_tickets_without_a_ward(
    browser: Browser, ward: Unit, portal: Source
) -> None:
    lost = make_ticket(source=portal)

    assert codes(browser(Role.TRIAGE).get("/inbox/?view=no_unit").content.decode()) == [lost.code]
    assert "view=no_unit" not in browser(Role.OFFICER).get("/inbox/").content.decode()


def test_search_needs_no_accents(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    found = make_ticket(unit=ward, source=portal, title="Nước cống trào", text="đường Đinh Bộ Lĩnh")
    make_ticket(unit=ward, source=portal, title="Khác", text="khác")

    text = browser(officer).get("/inbox/?q=dinh bo linh").content.decode()

    assert codes(text) == [found.code]


def test_search_marks_what_it_found(browser: Browser, officer: Official, ward: Unit, portal: Source) -> None:
    make_ticket(unit=ward, source=portal, title="Nước cống trào")

    assert "<mark>cống</mark>" in browser(officer).get("/inbox/?q=cong").content.decode()


def test_rows_stand_under_the_day_of_their_deadline(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    due_in(make_ticket(unit=ward, source=portal), -1)
    due_in(make_ticket(unit=ward, source=portal), 24 * 30)
    due_in(make_ticket(unit=ward, source=portal), None)

    bands = re.findall(r'class="band[^"]*">(.*?)</h2>', browser(officer).get("/inbox/").content.decode(), re.DOTALL)

    assert len(bands) == 3
    assert "Quá hạn" in bands[0] and "không có hạn" in bands[2]


@pytest.mark.parametrize("ordering", ["", "-received"])
def test_pages_have_no_holes_and_no_repeats(
    browser: Browser, officer: Official, ward: Unit, portal: Source, ordering: str
) -> None:
    """Many tickets share one deadline and many have none: where paging by deadline alone goes wrong."""
    tickets = make_tickets(PAGE_SIZE * 2 + 7, unit=ward, source=portal)
    same = clock.now() + timedelta(days=3)
    for number, ticket in enumerate(tickets):
        ticket.next_due_at = None if number % 3 == 0 else same
        ticket.save()
    client, seen, address = browser(officer), [], f"/inbox/?ordering={ordering}"

    for _ in range(5):
        text = client.get(address, headers={"HX-Request": "true"}).content.decode()
        seen += codes(text)
        more = re.search(r'<div class="more" hx-get="([^"]+)"', text)
        if not more:
            break
        address = "/inbox/" + more[1].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == len(tickets)


def test_new_tickets_are_announced_and_never_pushed_in(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    known = make_ticket(unit=ward, source=portal)
    client = browser(officer)

    assert "phiếu mới" not in client.get(f"/inbox/fresh/?than={known.pk}").content.decode()
    make_tickets(2, unit=ward, source=portal)
    assert "2 phiếu mới vừa về" in client.get(f"/inbox/fresh/?than={known.pk}").content.decode()
    assert "phiếu mới" not in client.get(f"/inbox/fresh/?than={known.pk}&view=mine").content.decode()


def test_unread_until_opened_and_again_after_a_change(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(officer)

    assert "tk unread" in client.get("/inbox/").content.decode()
    client.get(f"/inbox/{ticket.code}/", headers={"HX-Request": "true"})
    assert "tk unread" not in client.get("/inbox/").content.decode()
    browser(make_official(Role.OFFICER, ward)).post(
        f"/tickets/{ticket.code}/add_note/", {"text": "Xem", "version": ticket.version}
    )
    assert "tk unread" in client.get("/inbox/").content.decode()


def test_ones_own_act_leaves_a_ticket_read_and_a_refused_one_changes_nothing(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client, act = browser(officer), f"/tickets/{ticket.code}/claim/"
    form = {"version": ticket.version, "place": "inbox"}

    refused = client.post(act, form | {"version": 9}, headers=HTMX)
    assert refused.status_code == 409 and not ReadMark.objects.exists()
    done = client.post(act, form, headers=HTMX)
    assert done.status_code == 200 and "unread" not in done.content.decode()
    assert ReadMark.objects.get().version == ticket.version + 1
    assert "tk unread" not in client.get("/inbox/").content.decode()


def test_the_preview_pushes_an_address_that_brings_it_back(
    browser: Browser, officer: Official, ward: Unit, portal: Source
) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(officer)

    answer = client.get(f"/inbox/{ticket.code}/?view=unassigned", headers={"HX-Request": "true"})

    assert answer.headers["HX-Push-Url"] == f"/inbox/?view=unassigned&ticket={ticket.code}"
    assert f'data-ticket="{ticket.pk}"' in client.get(answer.headers["HX-Push-Url"]).content.decode()
