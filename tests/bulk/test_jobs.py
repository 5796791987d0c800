"""One act on many tickets: each with its own result, cut off anywhere, done by several workers at once."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.add_note import add_note
from inbox.bulk import jobs
from inbox.bulk.jobs import run_job, start_job, undo_job
from inbox.bulk.models import BulkItem, BulkJob
from inbox.bulk.queries import progress
from inbox.bulk.tasks import go_on_with_all
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla.models import SlaClock, SlaPolicy
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_source, make_ticket, make_tickets, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ward(city: None) -> Unit:
    return make_unit()


@pytest.fixture
def leader(ward: Unit) -> Official:
    return make_official(Role.LEADER, ward)


def seen(tickets: list[Ticket]) -> list[tuple[int, int]]:
    return [(ticket.pk, ticket.version) for ticket in tickets]


def results(job: BulkJob) -> dict[str, int]:
    return dict(progress(job.pk, job.owner).counts)


def test_five_hundred_tickets_are_assigned_and_two_failures_are_shown(ward: Unit, leader: Official) -> None:
    officer = make_official(Role.OFFICER, ward)
    tickets = list(make_tickets(500, unit=ward))
    job = start_job(Verb.ASSIGN, seen(tickets), actor=leader, data={"assignee": officer.username})
    add_note(tickets[7].pk, actor=officer, text="Đang xem")  # somebody was faster
    Ticket.objects.filter(pk=tickets[400].pk).update(unit=make_unit())  # and one has gone elsewhere

    assert run_job(job.pk)

    assert results(job) == {"done": 498, "failed": 2}
    failed = {item.ticket_id: item.reason_code for item in progress(job.pk, leader).failed}
    assert failed == {tickets[7].pk: "stale_version", tickets[400].pk: "not_found"}
    assert Ticket.objects.filter(assignee=officer).count() == 498
    assert TicketEvent.objects.filter(kind="assigned").count() == 498
    job.refresh_from_db()
    assert job.finished_at is not None


def test_every_ticket_goes_through_its_own_action(ward: Unit, leader: Official) -> None:
    done = make_ticket(unit=ward, status="resolved")
    new = make_ticket(unit=ward)
    job = start_job(Verb.ACCEPT, seen([done, new]), actor=leader, data={})
    run_job(job.pk)
    assert {i.ticket_id: (i.state, i.reason_code) for i in BulkItem.objects.all()} == {
        done.pk: ("failed", "illegal_move"),
        new.pk: ("done", ""),
    }


@pytest.mark.parametrize(
    ("verb", "data", "why"),
    [
        (Verb.RESOLVE, {"text": "Xong"}, "an answer to a citizen is written one by one"),
        (Verb.ASSIGN, {"assignee": "nobody-of-this-name"}, "no such person"),
        (Verb.ADD_NOTE, {"text": ""}, "an empty note"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_stored(
    ward: Unit, leader: Official, verb: Verb, data: dict[str, str], why: str
) -> None:
    with pytest.raises(Invalid):
        start_job(verb, seen([make_ticket(unit=ward)]), actor=leader, data=data)
    assert not BulkJob.objects.exists(), why


def test_a_job_that_is_cut_off_goes_on_and_does_nothing_twice(ward: Unit, leader: Official) -> None:
    tickets = list(make_tickets(9, unit=ward))
    job = start_job(Verb.ADD_NOTE, seen(tickets), actor=leader, data={"text": "Ghi chú chung"})
    perform, calls = jobs.perform_undoably, []

    def dies_at_the_fifth(*args: object, **kwargs: object) -> object:
        calls.append(args)
        if len(calls) == 5:
            raise MemoryError("killed")
        return perform(*args, **kwargs)  # type: ignore[arg-type]

    with patch.object(jobs, "perform_undoably", dies_at_the_fifth), pytest.raises(MemoryError):
        run_job(job.pk)
    assert results(job) == {"done": 4, "waiting": 5}
    assert not run_job(job.pk), "the dead worker's lease still counts"

    with time_machine.travel(clock.now() + jobs.LEASE + timedelta(seconds=1)):
        go_on_with_all()

    assert results(job) == {"done": 9}
    assert TicketEvent.objects.filter(kind="note_added").count() == 9


def test_who_waits_gets_the_beginning_at_once(ward: Unit, leader: Official) -> None:
    job = start_job(Verb.ADD_NOTE, seen(list(make_tickets(30, unit=ward))), actor=leader, data={"text": "Ghi chú"})
    assert not run_job(job.pk, budget=timedelta(0))
    assert results(job)["done"] >= 1
    assert run_job(job.pk), "and whoever comes next finishes it, without waiting for a lease to end"


def test_a_whole_job_is_undone(ward: Unit, leader: Official) -> None:
    officer, tickets = make_official(Role.OFFICER, ward), list(make_tickets(5, unit=ward))
    job = start_job(Verb.ASSIGN, seen(tickets), actor=leader, data={"assignee": officer.username})
    run_job(job.pk)
    add_note(tickets[0].pk, actor=officer, text="Tôi làm rồi")

    assert undo_job(job.pk, actor=leader) == (4, 1)

    assert set(Ticket.objects.filter(assignee=officer)) == {tickets[0]}, "work that has begun is not taken away"
    assert results(job) == {"done": 1, "undone": 4}


def test_another_field_moves_each_deadline_and_undoing_moves_it_back(ward: Unit, leader: Official) -> None:
    """Each ticket by its own clocks; one that has the field already is named, one that ended is left alone."""
    like = SlaPolicy.objects.get(connector="national_portal", category="", urgency="")
    like.pk, like.name, like.category, like.resolve_amount = None, "Tiếng ồn", "noise", like.resolve_amount - 5
    like.save()
    source = make_source(connector="national_portal")
    tickets = list(make_tickets(3, unit=ward, source=source, sent_at=clock.now()))
    noise, ended = make_ticket(unit=ward, category="noise"), make_ticket(unit=ward, status="resolved")
    due = dict(Ticket.objects.values_list("pk", "next_due_at"))
    resolve = dict(SlaClock.objects.filter(kind="resolve").values_list("ticket_id", "due_at"))
    job = start_job(Verb.CHANGE_CATEGORY, seen([*tickets, noise, ended]), actor=leader, data={"category": "noise"})

    assert run_job(job.pk)

    assert results(job) == {"done": 3, "failed": 2}
    failed = {item.ticket_id: (item.reason_code, item.reason_detail) for item in progress(job.pk, leader).failed}
    assert failed[noise.pk] == ("invalid", "The ticket has this field already")
    assert failed[ended.pk][0] == "illegal_move"
    moved = SlaClock.objects.filter(kind="resolve", ticket__in=tickets)
    assert all(row.due_at < resolve[row.ticket_id] for row in moved) and moved.count() == 3

    assert undo_job(job.pk, actor=leader) == (3, 0)

    assert dict(Ticket.objects.values_list("pk", "next_due_at")) == due
    assert dict(SlaClock.objects.filter(kind="resolve").values_list("ticket_id", "due_at")) == resolve
    assert Ticket.objects.filter(category="environment").count() == 4


def test_whoever_lost_the_role_meanwhile_changes_nothing(ward: Unit, leader: Official) -> None:
    ticket = make_ticket(unit=ward)
    job = start_job(Verb.ACCEPT, seen([ticket]), actor=leader, data={})
    leader.memberships.all().delete()
    run_job(job.pk)
    ticket.refresh_from_db()
    assert ticket.status == "new" and results(job) == {"failed": 1}


def test_what_was_typed_is_not_readable_in_the_table(ward: Unit, leader: Official) -> None:
    start_job(Verb.ADD_NOTE, seen([make_ticket(unit=ward)]), actor=leader, data={"text": "Bà Lan, 0903111227"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM inbox_bulkjob")
        assert "Lan" not in cursor.fetchone()[0]
