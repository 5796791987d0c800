"""History that cannot be changed unnoticed: whatever somebody with the database in their hands does to it is named."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.add_note import add_note
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.tickets import chain
from inbox.tickets.anchors import anchor, exported_anchors, exported_history
from inbox.tickets.events import NewEvent, record, record_alike, record_many
from inbox.tickets.models import ChainAnchor, Message, Ticket, TicketEvent, UntoldEvent
from inbox.tickets.verification import Finding, Wrong, verify
from inbox.tickets.vocabulary import TOLD, EventKind
from tests.factories import TUESDAY, make_official, make_ticket, make_tickets, make_unit
from tests.sla.tickets import make_ticket as ticket_without_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def leader() -> Official:
    return make_official(Role.LEADER, make_unit())


@pytest.fixture
def ticket(leader: Official) -> Ticket:
    """Five events: received, routed, accepted, a note, resolved."""
    ticket = make_ticket(unit=leader.memberships_now[0].unit)
    accept_ticket(ticket.pk, actor=leader)
    add_note(ticket.pk, actor=leader, text="Đã gọi tổ thu gom.")
    resolve_ticket(ticket.pk, actor=leader, text="Đã thu gom xong.")
    return ticket


def events(ticket: Ticket) -> list[TicketEvent]:
    return list(TicketEvent.objects.filter(ticket=ticket).order_by("sequence"))


def sql(statement: str, *values: object) -> None:
    """What somebody does who may do anything to the database, its triggers included."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)


def findings(ticket: Ticket | None = None) -> list[tuple[str, int]]:
    return [(found.wrong.value, found.sequence) for found in verify(ticket=ticket).findings]


def stored(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE inbox_ticketevent SET kind = 'urged'", "DELETE FROM inbox_ticketevent"],
    ids=["change", "delete"],
)
def test_the_database_refuses_to_change_what_has_happened(ticket: Ticket, statement: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is for one machine, whose owner can do anything: the chain is what guards it")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert findings() == []


def test_what_nobody_touched_is_whole(ticket: Ticket) -> None:
    make_tickets(3)
    anchor(at=clock.now())
    report = verify()
    assert (report.findings, report.tickets, report.events, report.anchors) == ([], 4, 11, 1)
    assert [event.sequence for event in events(ticket)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [EventKind.BECAME_OVERDUE, EventKind.SLA_RECALCULATED], ids=["told", "not told"])
def test_many_events_at_once_are_linked_like_any_other(
    city: None, ticket: Ticket, leader: Official, kind: EventKind
) -> None:
    """Where the database links them itself, it spells what it hashes as we do: quotes, new lines, fractions and all."""
    fresh = ticket_without_history(TUESDAY)
    UntoldEvent.objects.all().delete()
    odd = {"clock": "resolve", "odd": 'Nhà "số" 12\n\\n\t@ticket @data %s % {0}', "share": 0.75, "whole": 1.0}
    record_alike(kind, TUESDAY, {ticket.pk: odd, fresh.pk: {"tells": []}}, actor_id=leader.pk)
    assert verify().findings == []
    last = events(ticket)[-1]
    assert (last.sequence, last.kind, last.at, last.actor, last.data) == (6, kind, TUESDAY, leader, odd)
    assert last.hash == chain.linked(events(ticket)[-2].hash, last.content)
    assert [event.sequence for event in events(fresh)] == [1]
    assert UntoldEvent.objects.count() == (2 if kind in TOLD else 0)


# --- One byte ---------------------------------------------------------------------------------------------------------

#: Another value for each column, as the database stores it.
FLIPS: dict[str, Any] = {
    "ticket_id": lambda event: make_ticket().pk,
    "kind": lambda event: "refused",
    "at": lambda event: stored(event.at + timedelta(microseconds=1)),
    "actor_id": lambda event: make_official(Role.AUDITOR).pk,
    "source_id": lambda event: event.ticket.source_id,
    "data": lambda event: json.dumps(event.data | {"x": 1}),
    "sequence": lambda event: event.sequence + 1,
    "message_hash": lambda event: "0" + event.message_hash[1:] if event.message_hash[0] != "0" else "1" * 64,
    "hash": lambda event: "0" + event.hash[1:] if event.hash[0] != "0" else "1" + event.hash[1:],
}


def test_every_column_is_flipped_below() -> None:
    """Except the key: it says where a row lies, and `sequence` says its place."""
    assert {field.column for field in TicketEvent._meta.concrete_fields} - {"id"} == set(FLIPS)


@pytest.mark.parametrize("column", sorted(FLIPS))
def test_a_changed_column_of_the_last_event_is_named(ticket: Ticket, column: str) -> None:
    event = events(ticket)[-1]
    sql(f"UPDATE inbox_ticketevent SET {column} = %s WHERE id = %s", FLIPS[column](event), event.pk)  # noqa: S608  names of columns
    named = verify().findings
    assert any(found.ticket == ticket.code and found.sequence == 5 for found in named), named


@pytest.mark.parametrize("column", sorted(set(FLIPS) - {"ticket_id", "sequence"}))
def test_a_changed_column_in_the_middle_is_named_and_only_there(ticket: Ticket, column: str) -> None:
    event = events(ticket)[3]
    sql(f"UPDATE inbox_ticketevent SET {column} = %s WHERE id = %s", FLIPS[column](event), event.pk)  # noqa: S608  names of columns
    assert {sequence for _, sequence in findings()} <= {4, 5}
    assert ("altered", 4) in findings()


def test_a_change_with_a_fitting_hash_shows_at_the_next_event(ticket: Ticket) -> None:
    """Somebody who knows the formula has to rewrite everything after it, and the end."""
    before, event = events(ticket)[1:3]
    event.kind = "returned"
    forged = chain.linked(before.hash, event.content)
    sql("UPDATE inbox_ticketevent SET kind = %s, hash = %s WHERE id = %s", event.kind, forged, event.pk)
    assert findings() == [("altered", 4)]


def test_a_changed_text_is_named_and_an_erased_one_leaves_the_chain_whole(ticket: Ticket) -> None:
    note, answer = Message.objects.filter(ticket=ticket).order_by("pk")
    sql("UPDATE inbox_message SET body = %s WHERE id = %s", "Đã thu gom xong!", answer.pk)
    assert findings() == [("text_altered", 5)]
    sql("UPDATE inbox_message SET body = '', salt = '' WHERE id = %s", answer.pk)
    assert (findings(), verify().erased_texts) == ([], 1)
    sql("UPDATE inbox_message SET kind = 'reply' WHERE id = %s", note.pk)
    assert findings() == [("text_altered", 4)], "an internal note passed off as an answer"


# --- Whole events -----------------------------------------------------------------------------------------------------


def delete(event: TicketEvent) -> None:
    for table in ("inbox_message", "inbox_untoldevent", "inbox_outboxmessage"):
        sql(f"DELETE FROM {table} WHERE event_id = %s", event.pk)  # noqa: S608  names of tables
    sql("DELETE FROM inbox_ticketevent WHERE id = %s", event.pk)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_deleted_event_is_named(ticket: Ticket, number: int) -> None:
    delete(events(ticket)[number - 1])
    assert findings() == [("missing", number)]


def test_a_history_without_events_or_without_its_end_is_named(ticket: Ticket) -> None:
    other = make_ticket()
    for event in events(other):
        delete(event)
    sql("DELETE FROM inbox_chainhead WHERE ticket_id = %s", ticket.pk)
    assert sorted(findings()) == [("missing", 1), ("missing", 2), ("no_head", 0)]


def test_two_swapped_events_are_named(ticket: Ticket) -> None:
    third, fourth = events(ticket)[2:4]
    sql("UPDATE inbox_ticketevent SET sequence = 99 WHERE id = %s", third.pk)
    sql("UPDATE inbox_ticketevent SET sequence = 3 WHERE id = %s", fourth.pk)
    sql("UPDATE inbox_ticketevent SET sequence = 4 WHERE id = %s", third.pk)
    assert {("altered", 3), ("altered", 4)} <= set(findings())


def test_an_event_put_in_is_named(ticket: Ticket) -> None:
    last = events(ticket)[-1]
    forged = TicketEvent(ticket=ticket, kind="reopened", at=last.at, actor_id=last.actor_id, sequence=6, data={})
    forged.hash = chain.linked(last.hash, forged.content)
    forged.save()
    assert findings() == [("unknown", 6)], "although its hash fits"


# --- Anchors ----------------------------------------------------------------------------------------------------------


def rewritten(ticket: Ticket) -> None:
    """A superuser who knows everything changes an event and makes all that follows fit, the end too."""
    previous = chain.GENESIS
    for event in events(ticket):
        if event.sequence == 3:
            event.at -= timedelta(hours=3)
        previous = chain.linked(previous, event.content)
        sql("UPDATE inbox_ticketevent SET at = %s, hash = %s WHERE id = %s", stored(event.at), previous, event.pk)
    sql("UPDATE inbox_chainhead SET hash = %s WHERE ticket_id = %s", previous, ticket.pk)


def test_a_history_rewritten_as_a_whole_no_longer_fits_its_anchor(ticket: Ticket) -> None:
    day = anchor(at=clock.now()).day.isoformat()
    rewritten(ticket)
    assert verify().findings == [Finding(Wrong.NOT_AS_ANCHORED, ticket.code, 5, day)]


def test_what_was_rewritten_before_any_anchor_is_not_seen(ticket: Ticket) -> None:
    """What docs/evidence.md says that the chain cannot prove."""
    rewritten(ticket)
    assert findings() == []


def test_anchors_rewritten_too_differ_from_those_handed_out(ticket: Ticket, tmp_path: Path) -> None:
    made = anchor(at=clock.now())
    kept = tmp_path / "anchors.json"
    call_command("export_history", "--anchors", "--out", str(kept))
    rewritten(ticket)
    sql("DELETE FROM inbox_anchoredhead")
    sql("DELETE FROM inbox_chainanchor")
    anchor(at=made.made_at)
    assert findings() == [], "by itself everything fits again"
    said = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("verify_history", "--anchors", str(kept), stdout=said)
    assert refused.value.returncode == 1
    assert f"anchor {made.day}: is missing or differs" in said.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE inbox_chainanchor SET tickets = tickets + 1 WHERE previous_hash = ''",
        "UPDATE inbox_chainanchor SET root = hash WHERE previous_hash = ''",
        "DELETE FROM inbox_anchoredhead WHERE sequence = 2",
    ],
)
def test_a_changed_anchor_is_named(ticket: Ticket, change: str) -> None:
    make_ticket()
    first = anchor(at=clock.now())
    add_note(ticket.pk, actor=make_official(Role.LEADER, ticket.unit), text="Thêm.")
    second = anchor(at=clock.now() + timedelta(days=1))
    assert (first.changed, second.changed, second.previous_hash) == (2, 1, first.hash)
    sql(change)
    assert [(found.wrong, found.anchor) for found in verify().findings] == [("anchor_altered", first.day.isoformat())]


def test_a_day_is_sealed_once(ticket: Ticket) -> None:
    at = clock.now()
    assert anchor(at=at) == anchor(at=at)
    assert ChainAnchor.objects.count() == 1
    assert anchor(at=at + timedelta(days=1)).changed == 0, "nothing moved; the day is sealed all the same"


# --- Writing ----------------------------------------------------------------------------------------------------------


def test_a_batch_chains_in_its_order_and_costs_the_same_whatever_its_size() -> None:
    tickets = make_tickets(12)

    def statements(number: int) -> int:
        rows = [NewEvent(one.pk, EventKind.URGED, TUESDAY, {"n": n}) for n in (1, 2) for one in tickets[:number]]
        with CaptureQueriesContext(connection) as captured:
            record_many(rows)
        return len(captured)

    assert statements(1) == statements(12) == 7, "lock, ends, events and untold with their keys, ends"
    assert [(event.sequence, event.data.get("n")) for event in events(tickets[0])][2:] == [
        (3, 1),
        (4, 2),
        (5, 1),
        (6, 2),
    ]
    assert findings() == []


@pytest.mark.parametrize(
    "data",
    [
        {"share": 1.0, "big": 1e16, "small": 0.1, "none": None},
        {"words": "Đường số 7 \u2028 \"x\" 'y' \\", "list": [(1, 2), {"b": 1, "a": [2.50]}]},
        {"keys": {"2": 1, "10": 2, "ă": 3}},
    ],
)
def test_what_the_database_gives_back_has_the_same_hash(data: dict[str, Any]) -> None:
    """PostgreSQL stores 1e16 as 10000000000000000, and both databases forget the order of keys."""
    ticket = make_ticket()
    record(NewEvent(ticket.pk, EventKind.ROUTED, clock.now(), data))
    assert findings() == []


def test_a_chain_never_forks(ticket: Ticket) -> None:
    last = events(ticket)[-1]
    fork = TicketEvent(ticket=ticket, kind="urged", at=last.at, sequence=last.sequence, hash="x" * 64)
    with pytest.raises(IntegrityError), transaction.atomic():
        fork.save()


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_stand_in_line() -> None:
    tickets = [ticket.pk for ticket in make_tickets(3)]
    errors: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(8):
                rows = [NewEvent(pk, EventKind.URGED, clock.now(), {"by": number, "turn": turn}) for pk in tickets]
                record_many(rows if number % 2 else reversed(rows))
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert TicketEvent.objects.filter(kind="urged").count() == 4 * 8 * 3
    assert findings() == []


# --- Commands ---------------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_wrong_and_fails(ticket: Ticket, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_history")
    assert capsys.readouterr().out == "1 tickets, 5 events, 0 anchors checked\n"
    delete(events(ticket)[3])
    for words in ([ticket.code], ["--ticket", ticket.code], ["--since", "2020-01-01T00:00:00Z", "--json"]):
        with pytest.raises(CommandError) as refused:
            call_command("verify_history", *words)
        assert refused.value.returncode == 1
        assert "event 4: is missing" in capsys.readouterr().out
    call_command("verify_history", "--since", "2099-01-01T00:00:00Z")
    for wrong in (["PA-999999"], ["--since", "soon"], ["--anchors", "/nowhere"]):
        with pytest.raises(CommandError) as refused:
            call_command("verify_history", *wrong)
        assert refused.value.returncode == 2, wrong


def test_an_export_holds_what_is_hashed_and_nothing_of_the_citizen(ticket: Ticket) -> None:
    rows = exported_history(ticket)
    text = json.dumps(rows, ensure_ascii=False)
    assert len(rows) == 5
    assert "thu gom" not in text and "Thu Hà" not in text and "0903" not in text
    anchor(at=clock.now())
    assert set(exported_anchors()[0]) == {"date", "tickets", "changed", "root", "previous", "hash"}
