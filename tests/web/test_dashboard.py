"""The dashboards as people meet them: every number leads to a list that is as long, also when there is nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.fill_tickets import fill_tickets
from inbox.core import clock
from inbox.dashboards import rollups
from inbox.sources.models import Source
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind
from inbox.units.models import Unit
from tests.factories import make_ticket

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
_LINKED = re.compile(r'<a[^>]* href="(/inbox/\?[^"]+)"[^>]*>\s*([\d.]+)\s*</a>')
#: Whatever the number of tickets. A page asks once for each panel.
MOST_STATEMENTS = 62


def lived(number: int = 250) -> None:
    fill_tickets(number, months=3, seed=2, at=clock.now())
    rollups.rebuild(clock.now())


def check_lists(client: Client, address: str, *, most: int) -> int:
    """Follow links from numbers to lists; returns how many were followed."""
    page = client.get(address).content.decode()
    found = sorted({(unescape(href), int(number.replace(".", ""))) for href, number in _LINKED.findall(page)})
    chosen = random.Random(1).sample(found, min(most, len(found)))
    for href, number in chosen:
        assert client.get(href).context["total"] == number, href
    return len(chosen)


def test_every_number_is_as_long_as_its_list(browser: Browser, ward: Unit, portal: Source) -> None:
    lived()
    supervisor = browser(Role.SUPERVISOR)
    assert check_lists(supervisor, "/dashboard/?period=quarter", most=14) == 14
    busiest = Unit.objects.get(pk=max(Unit.objects.all(), key=lambda unit: unit.tickets.count()).pk)
    assert check_lists(supervisor, f"/dashboard/units/{busiest.code}/?period=quarter", most=6)
    officer = Official.objects.get(username=f"thu-{busiest.code}-1")
    assert check_lists(browser(officer), "/dashboard/?period=quarter", most=4)
    tiles = supervisor.get("/dashboard/").context["tiles"]
    for tile, number in zip(tiles[:1], [Ticket.objects.open().count()], strict=True):
        assert int(tile.value.replace(".", "")) == number
        assert supervisor.get(tile.href).context["total"] == number


def test_statements_do_not_grow_with_tickets(browser: Browser, ward: Unit, portal: Source) -> None:
    lived(60)
    client, counts = browser(Role.SUPERVISOR), []
    for _ in range(2):
        client.get("/dashboard/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/dashboard/")
        counts.append(len(queries))
        lived(200)
    assert counts[1] <= counts[0] + 4, "panels that had nothing before"
    assert counts[1] <= MOST_STATEMENTS


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEADER, Role.OFFICER])
def test_without_tickets_pages_say_what_to_do_next(browser: Browser, role: Role) -> None:
    text = browser(role).get("/dashboard/").content.decode()
    assert "Không có phiếu nào trong kỳ này" in text
    assert "Xem quý này, mọi nguồn" in text
    assert "chưa có số liệu" in text, "satisfaction, which no source hands on"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("period=week", "no such period"),
        ("period=own&since=2026-02-30", "no such day"),
        ("period=own&since=2026-11-20&until=2026-11-01", "ends before it begins"),
        ("period=own&since=1970-01-01", "longer than five years"),
        ("sort=secret", "no such column"),
        ("map=secret", "no such map"),
    ],
)
def test_choices_that_make_no_sense_are_refused(browser: Browser, query: str, why: str) -> None:
    assert browser(Role.SUPERVISOR).get(f"/dashboard/?{query}").status_code == 400, why


@pytest.mark.parametrize("query", ["figure=secret&first=2026-11-01&last=2026-11-02", "figure=new", "first=2026-11-01"])
def test_lists_of_figures_need_a_figure_and_its_days(browser: Browser, query: str) -> None:
    assert browser(Role.SUPERVISOR).get(f"/inbox/?view=all&{query}").status_code == 400


def test_a_leader_urges_and_assigns_with_one_click_and_stays(browser: Browser, ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=ward, source=portal)
    client = browser(Role.LEADER)
    page = client.get("/dashboard/?period=7").content.decode()
    assert "Đôn đốc" in page and "Phân công" in page

    data = {"version": ticket.version, "reason": "Đề nghị xử lý ngay.", "next": "/dashboard/?period=7"}
    answer = client.post(f"/tickets/{ticket.code}/urge/", data)

    assert answer.headers["Location"] == "/dashboard/?period=7#at-risk"
    assert TicketEvent.objects.filter(ticket=ticket, kind=EventKind.URGED).count() == 1
    elsewhere = client.post(
        f"/tickets/{ticket.code}/urge/",
        data | {"version": ticket.version + 1, "reason": "x", "next": "https://evil.example/"},
    )
    assert elsewhere.headers["Location"] == f"/tickets/{ticket.code}/"
