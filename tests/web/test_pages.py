"""Pages render for whom they are meant, in both languages, and say nothing to anybody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.sources.models import Source
from inbox.tickets.models import ReadMark
from inbox.units.models import Unit
from tests.factories import PASSWORD, make_attachment, make_source, make_ticket

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]

PAGES = ["/inbox/", "/inbox/?view=mine", "/inbox/?view=resolved", "/inbox/?view=all&q=rac", "/sources/"]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("page", PAGES)
def test_pages_render_for_every_role(browser: Browser, portal: Source, ward: Unit, role: Role, page: str) -> None:
    make_ticket(unit=ward, source=portal)

    answer = browser(role).get(page)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("max-age=0") and "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("page", ["/", *PAGES, "/tickets/PA-000001/", "/sources/portal/"])
def test_nobody_gets_in_without_logging_in(client: Client, db: None, page: str) -> None:
    answer = client.get(page, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/login/")


def test_the_login_page_logs_in_and_never_says_which_part_was_wrong(client: Client, officer: Official) -> None:
    wrong = client.post("/login/", {"username": officer.username, "password": "x"})
    unknown = client.post("/login/", {"username": "nobody", "password": "x"})
    right = client.post("/login/", {"username": officer.username, "password": PASSWORD})

    assert 'id="login-error"' in wrong.content.decode() and 'id="login-error"' in unknown.content.decode()
    assert right.headers["Location"] == "/inbox/"


def test_the_ticket_page_shows_the_ticket_and_marks_it_read(
    browser: Browser, officer: Official, portal: Source, ward: Unit
) -> None:
    ticket = make_ticket(unit=ward, source=portal, title="Đèn đường tắt")
    make_attachment(ticket)

    text = browser(officer).get(f"/tickets/{ticket.code}/").content.decode()

    assert "Đèn đường tắt" in text and "anh.jpg" in text and "Vì sao hạn này?" in text
    assert "+84903111227" not in text and "Lê T. T. H." in text, "the citizen is masked"
    assert ReadMark.objects.filter(ticket=ticket, official=officer, version=ticket.version).exists()


@pytest.mark.parametrize("name", ["ticket", "inbox-preview"])
def test_tickets_of_another_ward_do_not_exist(browser: Browser, other_ward: Unit, portal: Source, name: str) -> None:
    ticket = make_ticket(unit=other_ward, source=portal)

    assert browser(Role.OFFICER).get(reverse(name, args=[ticket.code])).status_code == 404


def test_posts_to_tickets_of_another_ward_do_not_exist(browser: Browser, other_ward: Unit, portal: Source) -> None:
    ticket = make_ticket(unit=other_ward, source=portal)
    file = make_attachment(ticket)
    client = browser(Role.OFFICER)

    assert client.post(f"/tickets/{ticket.code}/accept/", {"version": ticket.version}).status_code == 404
    assert client.post(f"/tickets/{ticket.code}/reveal-reporter/", {"reason": "x"}).status_code == 404
    assert client.get(f"/tickets/{ticket.code}/attachments/{file.pk}/").status_code == 404
    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_hostile_text_is_shown_and_never_run(browser: Browser, officer: Official, portal: Source, ward: Unit) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    ticket = make_ticket(unit=ward, source=portal, title=attack, text=attack)
    client = browser(officer)

    for address in (f"/tickets/{ticket.code}/", f"/inbox/?ticket={ticket.code}", f"/inbox/?q={attack}"):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text and "<img src=x" not in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("vi", ["Hộp thư", "Quá hạn", "Chưa phân công"]), ("en", ["Inbox", "Overdue", "Not assigned"])],
)
def test_both_languages(browser: Browser, officer: Official, portal: Source, language: str, words: list[str]) -> None:
    client = browser(officer)
    client.post("/i18n/setlang/", {"language": language, "next": "/inbox/"})

    text = client.get("/inbox/").content.decode()

    assert f'<html lang="{language}"' in text
    assert all(word in text for word in words)


def test_no_page_carries_inline_script_or_style(browser: Browser, officer: Official, portal: Source) -> None:
    """The content policy forbids both; a page that relied on them would be broken."""
    ticket = make_ticket(unit=officer.memberships.get().unit, source=portal)
    for address in ("/inbox/", f"/tickets/{ticket.code}/", "/sources/", "/login/"):
        text = browser(officer).get(address, follow=True).content.decode()
        assert "<script>" not in text and "<style" not in text and "hx-on" not in text and " onclick=" not in text


@pytest.mark.parametrize(
    ("url", "shown", "warned"),
    [
        ("https://portal.example/a.jpg", "https://portal.example/a.jpg", False),  # the source's own host
        ("/files/a.jpg", "https://portal.example/files/a.jpg", False),  # relative to the source
        ("https://elsewhere.example/a.jpg", "https://elsewhere.example/a.jpg", True),  # not the source's
        ("javascript:alert(1)", None, False),
        ("", None, False),
    ],
)
def test_a_file_that_is_not_here_says_where_the_source_keeps_it(
    browser: Browser, officer: Official, ward: Unit, url: str, shown: str | None, warned: bool
) -> None:
    source = make_source(settings={"base_url": "https://portal.example/"})
    ticket = make_ticket(unit=ward, source=source)
    file = make_attachment(ticket, url=url)

    text = browser(officer).get(f"/tickets/{ticket.code}/attachments/{file.pk}/").content.decode()

    assert (f'href="{shown}"' in text) is (shown is not None)
    assert ("không nằm trên máy chủ" in text) is warned
    assert "javascript:" not in text


@pytest.mark.parametrize("query", ["view=x", "colour=red", "status=x", "after=x~y", "after=2026-01-01~1", "sla=x"])
def test_an_address_that_makes_no_sense_is_explained(browser: Browser, officer: Official, query: str) -> None:
    answer = browser(officer).get(f"/inbox/?{query}")

    assert answer.status_code == 400
    assert "Về hộp thư" in answer.content.decode()
