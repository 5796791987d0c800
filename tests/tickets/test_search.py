"""Finding tickets by words: the same on every database; on PostgreSQL through the index, whatever the word."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict

from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.add_note import add_note
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.tickets import filters, queries
from inbox.tickets.models import Reporter, Ticket
from inbox.tickets.queries import Order, View
from inbox.tickets.search import words_of
from inbox.units.models import Unit
from inbox.web.highlights import excerpt, marked
from tests.factories import make_official, make_source, make_ticket, make_tickets, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(db: None) -> Unit:
    return make_unit()


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward)


def found(typed: str, official: Official, *, view: View = View.ALL) -> set[int]:
    params = QueryDict(mutable=True)
    params["q"] = typed
    tickets = queries.narrowed(params, view, official=official, at=clock.now())
    lazily = queries.narrowed(params, view, official=official, at=clock.now(), is_lazy=True)
    keys = set(tickets.values_list("pk", flat=True))
    assert set(lazily.values_list("pk", flat=True)) <= keys
    return keys


@pytest.mark.parametrize(
    ("typed", "hit", "why"),
    [
        ("cống tràn", True, "as written"),
        ("cong tran", True, "without marks"),
        ("CỐNG trân", True, "capitals, and a wrong mark"),
        ("tran cong", True, "in any order"),
        ("cong tra", True, "the last word is not typed to its end"),
        ("con tran", False, "the words before it are"),
        ("ong tran", False, "a part from the middle of a word is none"),
        ("42/7", True, "the number of a house in an alley"),
        ("hẻm 42/7 đinh bộ lĩnh", True, "with its street"),
        ("47/2", False, "another house"),
        ("142/7", False, "yet another"),
        ("42", True, "the alley alone"),
        ("2/7", False, "the end of a number is no number"),
        ("42/71", False, "a longer one neither"),
        ("P.26", True, "an abbreviation as officials write it"),
        ("phường 26", True, "and written out"),
        ("p26", True, "and run together"),
        ("rác nước", True, "words that were joined by a slash"),
        ("!!!", False, "nothing but marks finds nothing"),
        ("cong & tran | !x", False, "what means something to a database means nothing here"),
        ("tran:*", True, "neither does this"),
    ],
)
def test_words_and_numbers(ward: Unit, officer: Official, typed: str, hit: bool, why: str) -> None:
    text = "Cống tràn, rác/nước dơ trước hẻm 42/7 Đinh Bộ Lĩnh, P.26"
    ticket = make_ticket(unit=ward, title="Phản ánh", text=text)
    make_ticket(unit=ward, title="Khác", text="hẻm 47/2 142/7 42/71 ong con")
    assert (ticket.pk in found(typed, officer)) is hit, why


def test_answers_are_found_and_notes_are_not(ward: Unit, officer: Official) -> None:
    ticket = make_ticket(unit=ward)
    accept_ticket(ticket.pk, actor=officer)
    add_note(ticket.pk, actor=officer, text="Gọi ông Khoai")
    resolve_ticket(ticket.pk, actor=officer, text="Đã nạo vét tuyến cống")
    assert found("nao vet", officer) == {ticket.pk}
    assert found("khoai", officer) == set()
    assert found("nao vet", make_official(Role.OFFICER, make_unit())) == set()


@pytest.mark.parametrize("typed", ["Lê Thị Thu Hà", "le thi thu ha", "LÊ  THỊ THU HÀ"])
def test_a_citizen_is_found_by_the_whole_name(ward: Unit, officer: Official, typed: str) -> None:
    ticket = make_ticket(unit=ward)
    assert found(typed, officer) == {ticket.pk}
    assert found("thu ha", officer) == set(), "not by a part of it"


def test_a_name_is_found_only_where_it_may_be_read(ward: Unit, officer: Official) -> None:
    ours, theirs = make_ticket(unit=ward), make_ticket(unit=make_unit())
    assert found("le thi thu ha", make_official(Role.SUPERVISOR)) == set()
    Membership.objects.create(official=officer, role=Role.SUPERVISOR)
    officer = Official.objects.get(pk=officer.pk)
    assert found("le thi thu ha", officer) == {ours.pk}
    Reporter.objects.filter(ticket=ours).update(is_anonymous=True)
    assert found("le thi thu ha", officer) == set()
    assert theirs.pk in set(Ticket.objects.visible_to(officer).values_list("pk", flat=True))


def test_a_word_longer_than_any_index_takes_is_stored_and_found_by_its_beginning(ward: Unit, officer: Official) -> None:
    ticket = make_ticket(unit=ward, text="a" * 5000)
    assert found("a" * 100, officer) == {ticket.pk}


def test_few_hits_and_many_come_in_the_same_order(
    ward: Unit, officer: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tickets(12, unit=ward, text="ngập")
    make_tickets(5, unit=ward, text="khô")

    def pages() -> list[int]:
        tickets = queries.narrowed(QueryDict("q=ngap"), View.OPEN, official=officer, at=clock.now())
        return [ticket.pk for ticket in queries.inbox_page(tickets, official=officer, order=Order.DEADLINE).tickets]

    few = pages()
    monkeypatch.setattr(filters, "MANY_HITS", 3)
    assert pages() == few and len(few) == 12


@pytest.mark.parametrize(
    ("query", "hits", "why"),
    [
        ("q=ngap", 12, "a search knows how many it found"),
        ("q=ngap&category=noise", 4, "within what the other filters leave, whichever stands first"),
        ("category=noise&created_after=2000-01-01T00:00:00Z&q=ngap", 4, "filters of days narrow before it too"),
        ("q=khong+co", 0, "nothing is a number"),
        ("category=noise", None, "without a search nobody has counted"),
    ],
)
def test_a_search_counts_what_its_list_has(
    ward: Unit, officer: Official, query: str, hits: int | None, why: str
) -> None:
    make_tickets(8, unit=ward, text="ngập", category="environment")
    make_tickets(4, unit=ward, text="ngập", category="noise")
    make_tickets(2, unit=ward, text="khô", category="noise")
    found = queries.searched(QueryDict(query), View.OPEN, official=officer, at=clock.now())
    assert found.hits == hits, why
    assert found.hits is None or found.hits == queries.count_of(found.tickets), why


def test_many_hits_are_counted_no_further_than_the_limit(
    ward: Unit, officer: Official, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filters.MANY_HITS >= queries.COUNT_LIMIT, "or lists would show too small a number"
    make_tickets(6, unit=ward, text="ngập")
    monkeypatch.setattr(filters, "MANY_HITS", 3)
    assert queries.searched(QueryDict("q=ngap"), View.OPEN, official=officer, at=clock.now()).hits == 4


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("many", [3, 100])
@pytest.mark.parametrize("phone", [False, True])  # found by it as well, and that one may stand anywhere
def test_the_first_hits_are_known_in_each_order(
    ward: Unit, monkeypatch: pytest.MonkeyPatch, order: Order, phone: bool, many: int
) -> None:
    now, leader = clock.now(), make_official(Role.LEADER, ward)
    for number in range(9):
        due = now + timedelta(hours=number * 7 % 9) if number != 4 else None
        make_ticket(unit=ward, text="ngập 0903111227", next_due_at=due, late_risk=number % 3, resolved_at=now)
    if not phone:
        Reporter.objects.update(phone_hash="")
    monkeypatch.setattr(filters, "MANY_HITS", many)
    found = queries.searched(QueryDict("q=0903111227"), View.OPEN, official=leader, at=now, order=order)
    assert bool(found.first) != phone
    assert found.hits == min(9, many + 1)

    def page(**how: Any) -> list[int]:
        read = queries.inbox_page(found.tickets, official=leader, order=order, **how)
        return [line.pk for line in read.tickets]

    monkeypatch.setattr(queries, "PAGE_SIZE", 3)
    assert page(first=found.first, by_keys=True) == page(first=found.first) == page() and len(page()) == 3


def test_words_of_what_is_typed() -> None:
    assert [(word.text, word.is_open) for word in words_of("Hẻm 42/7, đ. Nguyễn Xí")] == [
        ("hem", False),
        ("42/7", False),
        ("duong", False),
        ("nguyen", False),
        ("xi", True),
    ]
    assert len(words_of("a b c d e f g h i j k l m")) == 10
    assert words_of(" /// ") == []


# --- What the page shows of it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Nước cống trào", "cong", "Nước <mark>cống</mark> trào"),
        ("Nước cống trào", "trao nuoc", "<mark>Nước</mark> cống <mark>trào</mark>"),
        ("<b>cống</b>", "cong", "&lt;b&gt;<mark>cống</mark>&lt;/b&gt;"),
        ("Hẻm 142/7 và 42/7", "42/7", "Hẻm 142/7 và <mark>42/7</mark>"),
        ("Đèn đường", "den", "<mark>Đèn</mark> đường"),
        ("Không có gì", "xyz", "Không có gì"),
        ("Không có gì", "", "Không có gì"),
    ],
)
def test_hits_are_marked(text: str, query: str, shown: str) -> None:
    assert marked(text, query) == shown


def test_a_hit_inside_the_text_is_shown() -> None:
    ticket = Ticket(title="Phản ánh", address="12 Chu Văn An", text="x " * 60 + "ổ gà trước chợ" + " y" * 60)
    shown = excerpt(ticket, "o ga")
    assert "<mark>ổ gà</mark>" in shown and shown.startswith("…") and shown.endswith("…")
    assert excerpt(ticket, "chu van an") == ""
    assert "Khớp" in excerpt(ticket, "0903111227") or "Found" in excerpt(ticket, "0903111227")


# --- Plans ------------------------------------------------------------------------------------------------------------


def plan_of(tickets: Any) -> str:
    return json.dumps(json.loads(tickets.explain(format="json"))[0])


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="only PostgreSQL plans")
def test_the_hot_queries_go_through_their_indexes(ward: Unit, officer: Official) -> None:
    """No timing: with rows enough that a planner would care, none of them reads the whole table."""
    make_tickets(40, unit=ward, source=make_source())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "CREATE TEMP TABLE many AS SELECT * FROM inbox_ticket LIMIT 0; ALTER TABLE many DROP COLUMN search_words"
        )
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'many'")
        names = [name for (name,) in cursor.fetchall()]
        changed = {
            "id": "t.id + 1000000 + 40 * n",
            "reporter_id": "t.reporter_id + 1000000 + 40 * n",
            "unit_id": "CASE WHEN n % 5 = 0 THEN t.unit_id END",
            "search_key": "t.search_key || ' so' || n",
        }
        cursor.execute(  # columns of our own
            f"INSERT INTO inbox_ticket ({', '.join(names)}) SELECT "  # noqa: S608
            f"{', '.join(changed.get(name, 't.' + name) for name in names)} "
            "FROM inbox_ticket t, generate_series(1, 500) n"
        )
        # What autovacuum does on its own: words still waiting outside the index make the planner think it dear.
        cursor.execute("SELECT gin_clean_pending_list('ticket_words'), gin_clean_pending_list('ticket_open_words')")
        cursor.execute("ANALYZE inbox_ticket")

    def words(typed: str, official: Official, view: View = View.OPEN) -> Any:
        params = QueryDict(mutable=True)
        params["q"] = typed
        return queries.narrowed(params, view, official=official, at=clock.now(), is_lazy=True)

    supervisor = make_official(Role.SUPERVISOR)
    mine = queries.narrowed(QueryDict(""), View.OPEN, official=officer, at=clock.now())
    assert "ticket_queue" in plan_of(mine.order_by("next_due_at", "pk")[:41])
    for typed in ("so777", "khongconhuthe"):
        assert "ticket_open_words" in plan_of(words(typed, supervisor).order_by()[:1001]), typed
        assert "ticket_words" in plan_of(words(typed, supervisor, View.ALL).order_by()[:1001]), typed
        in_one_ward = plan_of(words(typed, officer).order_by()[:1001])  # so few that its own index may be cheaper
        assert "Seq Scan" not in in_one_ward, typed
