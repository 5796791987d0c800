"""What is put on record, once, with which facts; numbers without a gap; later versions when a delivery arrives."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.actions.mark_entered_by_hand import mark_entered_by_hand
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.start_ticket import start_ticket
from inbox.core import clock
from inbox.evidence.collect import Collected, collect
from inbox.evidence.models import EvidenceCounter, EvidenceRecord, EvidenceVersion
from inbox.evidence.touched import count_touched
from inbox.outbox.models import OutboxMessage
from inbox.sources.models import Outage, Source
from inbox.tickets import chain
from inbox.tickets.models import AppendOnlyError, Ticket
from inbox.tickets.verification import verify
from tests.evidence.conftest import Answer, tried
from tests.factories import make_source, make_ticket

pytestmark = pytest.mark.django_db
#: A Tuesday, 09:00 in the city: the ticket of two hours before is due fifteen working days later.
DONE = datetime.fromisoformat("2026-11-17T09:00:00+07:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def facts() -> dict[str, Any]:
    found: dict[str, Any] = EvidenceVersion.objects.latest("pk").facts
    return found


# --- What is evidence -------------------------------------------------------------------------------------------------


def test_what_arrived_at_once_needs_none(answer: Answer) -> None:
    tried(answer(at=DONE), "delivered", at=DONE + timedelta(seconds=5))
    assert collect(at=DONE + MINUTE) == Collected()
    assert not OutboxMessage.objects.filter(is_examined=False).exists(), "and is not looked at again"


def test_a_failed_attempt_is_put_on_record_with_everything_that_is_known(answer: Answer, portal: Source) -> None:
    message = answer(at=DONE)
    tried(message, "retry", at=DONE + MINUTE, error="http_503")
    assert collect(at=DONE + 2 * MINUTE) == Collected(created=1)
    said, event = facts(), message.event
    assert (said["number"], said["version"], said["arrived_at"]) == ("BB-2026-000001", 1, None)
    assert (said["ticket"], said["source"]["slug"], said["action"]) == (message.ticket.code, "portal", "resolve")
    assert (said["by"], said["done_at"]) == (message.author, "2026-11-17T02:00:00.000000+00:00")
    assert said["deadline"]["policy"] and said["deadline"]["unit"] == "working_days"
    assert said["deadline_at"] == chain.stamp(message.deadline_at)  # type: ignore[arg-type]
    assert [(a["outcome"], a["error"]) for a in said["attempts"]] == [("retry", "http_503")]
    assert said["event"] == {"sequence": event.sequence, "hash": event.hash, "message": event.message_hash}


def test_a_record_says_nothing_of_the_citizen_and_nothing_they_read(answer: Answer) -> None:
    tried(answer(at=DONE, text="Chào bà Hà, đã thu gom."), "retry", at=DONE + MINUTE)
    collect(at=DONE + MINUTE)
    text = json.dumps(facts(), ensure_ascii=False)
    for secret in ("Thu Hà", "bà Hà", "903111227", "ha@example.com", "Nơ Trang Long", "Rác"):
        assert secret not in text


def test_an_outage_hinders_what_waited_for_its_source(answer: Answer, portal: Source) -> None:
    began = DONE - HOUR
    Outage.objects.create(source=portal, began=began, confirmed_at=began + MINUTE, reason_code="http_503")
    answer(at=DONE)
    answer(at=DONE, source=make_source("other", connector="national_portal"))
    assert collect(at=DONE + timedelta(seconds=10)) == Collected(), "nobody has had time to send it"
    assert collect(at=DONE + 5 * MINUTE) == Collected(created=1)
    assert [(o["began"], o["ended"]) for o in facts()["outages"]] == [(chain.stamp(began), None)]


def test_what_went_through_at_once_was_not_hindered_by_an_outage(answer: Answer, portal: Source) -> None:
    """Reading failed, writing worked: the first delivery even ends the outage."""
    arrived = DONE + timedelta(seconds=2)
    Outage.objects.create(source=portal, began=DONE - HOUR, ended=arrived, reason_code="http_503")
    tried(answer(at=DONE), "delivered", at=arrived)
    assert collect(at=DONE + HOUR) == Collected()


def test_what_arrived_after_the_deadline_is_evidence_without_any_error(answer: Answer) -> None:
    message = answer(at=DONE)
    assert message.deadline_at is not None
    assert collect(at=message.deadline_at - HOUR) == Collected(), "it waits, but nothing is late"
    assert collect(at=message.deadline_at + HOUR) == Collected(created=1)


def test_what_was_done_late_is_no_evidence(answer: Answer, leader: Official, portal: Source) -> None:
    ticket = make_ticket(unit=leader.memberships_now[0].unit, source=portal, sent_at=DONE - timedelta(days=60))
    resolve_late(ticket, leader)
    for message in OutboxMessage.objects.all():
        tried(message, "retry", at=DONE + MINUTE)
    assert collect(at=DONE + timedelta(days=90)) == Collected()


def resolve_late(ticket: Ticket, leader: Official) -> None:
    ticket.set_status("accepted")  # type: ignore[arg-type]
    ticket.save()
    resolve_ticket(ticket.pk, actor=leader, text="Xong.", at=DONE)


def test_the_sources_own_earlier_date_has_to_be_kept_too(leader: Official, portal: Source) -> None:
    ticket = make_ticket(unit=leader.memberships_now[0].unit, source=portal, sent_at=DONE - HOUR, due_at=DONE - MINUTE)
    resolve_late(ticket, leader)
    tried(OutboxMessage.objects.get(), "retry", at=DONE + MINUTE)
    assert OutboxMessage.objects.get().deadline_at == DONE - MINUTE
    assert collect(at=DONE + HOUR) == Collected(), "in time by our policy, late by the source's date"


def test_a_start_of_work_is_nobodys_deadline(leader: Official, portal: Source) -> None:
    ticket = make_ticket(unit=leader.memberships_now[0].unit, source=portal, status="accepted")
    start_ticket(ticket.pk, actor=leader)
    tried(OutboxMessage.objects.get(), "retry", at=clock.now())
    assert collect(at=clock.now() + HOUR) == Collected()


def test_the_deadline_on_record_is_the_one_that_counted_then(answer: Answer) -> None:
    """Clocks move on; the history keeps what counted, under the chain."""
    message = answer(at=DONE)
    then = message.deadline_at
    message.ticket.clocks.update(due_at=DONE + timedelta(days=300))
    tried(message, "retry", at=DONE + MINUTE)
    collect(at=DONE + MINUTE)
    assert facts()["deadline_at"] == chain.stamp(then)  # type: ignore[arg-type]
    assert message.event.data["deadline"]["due_at"] and verify().findings == []


# --- Once, numbered, amended ------------------------------------------------------------------------------------------


def test_collecting_twice_changes_nothing(answer: Answer) -> None:
    tried(answer(at=DONE), "retry", at=DONE + MINUTE)
    assert collect(at=DONE + HOUR) == Collected(created=1)
    assert collect(at=DONE + 2 * HOUR) == Collected()
    assert EvidenceVersion.objects.count() == 1


def test_a_later_version_says_when_it_arrived_and_is_chained_to_the_first(answer: Answer) -> None:
    message = answer(at=DONE)
    tried(message, "retry", at=DONE + MINUTE, error="http_503")
    collect(at=DONE + HOUR)
    tried(message, "delivered", at=DONE + 2 * HOUR)
    assert collect(at=DONE + 3 * HOUR) == Collected(amended=1)
    assert collect(at=DONE + 4 * HOUR) == Collected()
    first, second = EvidenceRecord.objects.get().versions.order_by("version")
    assert (first.arrived_at, second.arrived_at) == (None, DONE + 2 * HOUR)
    assert first.facts["attempts"] != second.facts["attempts"], "the first stays as it was"
    assert second.hash == chain.linked(first.hash, second.facts)
    assert EvidenceRecord.objects.get().latest == second


def test_an_entry_by_hand_counts_as_arrival(answer: Answer, leader: Official) -> None:
    message = answer(at=clock.now())
    tried(message, "refused", at=clock.now(), error="not_found")
    collect(at=clock.now())
    mark_entered_by_hand(message.pk, actor=leader)
    assert collect(at=clock.now()) == Collected(amended=1)
    assert (facts()["reason"], facts()["arrived_at"] is None) == ("entered_by_hand", False)


def test_records_are_not_changed_and_not_deleted(answer: Answer) -> None:
    tried(answer(at=DONE), "retry", at=DONE + MINUTE)
    collect(at=DONE + HOUR)
    record = EvidenceRecord.objects.get()
    for attempt in (record.save, record.delete, record.latest.save, EvidenceVersion.objects.all().delete):
        with pytest.raises(AppendOnlyError):
            attempt()
    with pytest.raises(AppendOnlyError):
        EvidenceRecord.objects.update(number="BB-2026-000002")


def test_numbers_have_no_gap_and_begin_anew_with_the_local_year(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in (DONE, datetime.fromisoformat("2026-12-31T17:30:00+00:00")):  # half past midnight on 1 January here
        tried(answer(at=at), "retry", at=at)
        collect(at=at)
    tried(answer(at=DONE), "retry", at=DONE)
    with monkeypatch.context() as broken:
        broken.setattr(chain, "linked", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            collect(at=DONE + MINUTE)
    collect(at=DONE + MINUTE)
    assert sorted(EvidenceRecord.objects.values_list("number", flat=True)) == [
        "BB-2026-000001",
        "BB-2026-000002",
        "BB-2027-000001",
    ]
    assert dict(EvidenceCounter.objects.values_list("year", "last")) == {2026: 2, 2027: 1}


def test_a_round_costs_the_same_however_many_were_hindered(answer: Answer) -> None:
    def statements(number: int) -> int:
        for _ in range(number):
            tried(answer(at=DONE), "retry", at=DONE + MINUTE)
        with CaptureQueriesContext(connection) as captured:
            assert collect(at=DONE + HOUR).created == number
        OutboxMessage.objects.update(is_examined=True)
        return len(captured)

    statements(1)  # the first one makes the year's counter
    few = statements(1)
    assert statements(6) == few <= 23


@pytest.mark.django_db(transaction=True)
def test_collectors_at_the_same_time_make_each_record_once(answer: Answer) -> None:
    for _ in range(6):
        tried(answer(at=DONE), "retry", at=DONE + MINUTE)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            collect(at=DONE + HOUR)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list(EvidenceRecord.objects.order_by("serial").values_list("serial", flat=True)) == [1, 2, 3, 4, 5, 6]


# --- Whom an outage touched -------------------------------------------------------------------------------------------


def test_tickets_touched_are_those_that_could_not_be_delivered_meanwhile(answer: Answer, portal: Source) -> None:
    before = answer(at=DONE - 2 * HOUR)
    tried(before, "delivered", at=DONE - 2 * HOUR)
    given_up_before = answer(at=DONE - 2 * HOUR)
    tried(given_up_before, "refused", at=DONE - 2 * HOUR)
    waiting = answer(at=DONE - 90 * MINUTE)
    outage = Outage.objects.create(source=portal, began=DONE - HOUR, reason_code="http_503")
    answer(at=DONE)
    count_touched(at=DONE + MINUTE)
    outage.refresh_from_db()
    assert outage.tickets_touched == 2
    Outage.objects.update(ended=DONE + HOUR)
    answer(at=DONE + 2 * HOUR)
    tried(waiting, "delivered", at=DONE + HOUR)
    assert count_touched(at=DONE + 3 * HOUR) == 1
    outage.refresh_from_db()
    assert outage.tickets_touched == 2, "the one that arrived when the source came back was touched too"
    assert count_touched(at=DONE + 4 * HOUR) == 0, "counted for good"
