"""What a source can bear, what a message may cost, and what a person can do about one that did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings

from config.schedule import SCHEDULE
from connectors.errors import Conflict, Permanent, RateLimited, Transient, UnknownOutcome
from connectors.protocol import Capabilities
from connectors.records import Found, OutboundAction, OutboundUpdate, Receipt, SourceStatus
from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.base import acting_on
from inbox.actions.give_up_delivery import give_up_delivery
from inbox.actions.keep_our_side import keep_our_side
from inbox.actions.reply_to_citizen import reply_to_citizen
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.retry_deliveries import retry_deliveries
from inbox.actions.retry_delivery import retry_delivery
from inbox.core import clock, filestore
from inbox.core.errors import IllegalMove, Invalid, NotAllowed, NotFound
from inbox.outbox import dispatch, enqueue
from inbox.outbox.enqueue import StoredFile
from inbox.outbox.models import Difference, OutboxMessage
from inbox.outbox.queries import bulk_retries
from inbox.sources.models import Source
from inbox.sources.runtime import note_success
from inbox.tickets.models import Ticket, TicketEvent
from inbox.tickets.vocabulary import EventKind, MessageKind, Verb
from tests.factories import make_official, make_record, make_source, make_ticket, make_unit

pytestmark = pytest.mark.django_db
EVERYTHING = Capabilities(pushes=frozenset(OutboundAction), lookup=True, files=True)


class Scripted:
    """A source that follows a script: what is an error is raised, anything else means that the write is done."""

    def __init__(self) -> None:
        self.capabilities = EVERYTHING
        self.script: list[Exception | None] = []
        self.answers: list[OutboundUpdate] = []
        self.calls: list[str] = []
        self.shows = make_record(status=SourceStatus.RESOLVED, answer="Đơn vị khác đã trả lời.")

    def push(self, update: OutboundUpdate) -> Receipt:
        self.calls.append("push")
        problem = self.script.pop(0) if self.script else None
        if problem is not None:
            raise problem
        self.answers.append(update)
        return Receipt(revision="17/11/2026 09:00:00")

    def lookup(self, update: OutboundUpdate, *, now: datetime) -> Found:
        self.calls.append("lookup")
        return Found(exists=True, applied=update.key in {a.key for a in self.answers}, record=self.shows)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    source = Scripted()
    for module in (dispatch, enqueue):
        monkeypatch.setattr(module, "build_connector", lambda _: source)
    return source


@pytest.fixture
def leader() -> Official:
    return make_official(Role.LEADER, make_unit())


@pytest.fixture
def source() -> Source:
    return make_source("portal", connector="national_portal")


New = Callable[[], Ticket]


@pytest.fixture
def new(leader: Official, source: Source) -> New:
    return lambda: make_ticket(unit=leader.memberships_now[0].unit, source=source)


def at(minutes: float) -> Any:
    return time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False)


def states() -> list[str]:
    return list(OutboxMessage.objects.order_by("pk").values_list("state", flat=True))


# --- What the source can bear -----------------------------------------------------------------------------------------


def test_a_source_that_asks_to_wait_gets_no_request_of_any_ticket_before(
    scripted: Scripted, new: New, leader: Official, source: Source
) -> None:
    """F2, for writes: not even another ticket's message, and good news from reading do not shorten it."""
    scripted.script = [RateLimited("slow", retry_after=timedelta(hours=1))]
    for _ in range(3):
        accept_ticket(new().pk, actor=leader)
    dispatch.dispatch()
    fresh = Source.objects.get()
    note_success(fresh, at=clock.now())
    fresh.save()
    for minutes in (1, 10, 59):
        with at(minutes):
            dispatch.dispatch()
    assert scripted.calls == ["push"]
    with at(61):
        dispatch.dispatch()
    assert len(scripted.answers) == 3


def test_a_failing_source_is_tried_with_one_message_further_and_further_apart(
    scripted: Scripted, new: New, leader: Official
) -> None:
    scripted.script = [Transient("away", code="http_503")] * 100
    for _ in range(50):
        accept_ticket(new().pk, actor=leader)
    start = clock.now()
    for second in range(0, 3600, 30):  # an hour of the scheduler
        with time_machine.travel(start + timedelta(seconds=second), tick=False):
            dispatch.dispatch()
    tried = [call for call in scripted.calls if call == "push"]
    assert 10 <= len(tried) <= 20, "not 120: a quarter of a minute at first, five minutes in the end"


def test_a_source_that_can_be_read_again_is_written_to_at_once(
    scripted: Scripted, new: New, leader: Official, source: Source
) -> None:
    scripted.script = [Transient("away", code="http_503")]
    accept_ticket(new().pk, actor=leader)
    dispatch.dispatch()
    assert Source.objects.get().deliveries_wait_until is not None
    fresh = Source.objects.get()
    note_success(fresh, at=clock.now())
    fresh.save()
    assert Source.objects.get().deliveries_wait_until is None
    with at(0.5):
        dispatch.dispatch()
    assert states() == ["delivered"]


def test_only_so_many_messages_of_a_source_are_under_way(scripted: Scripted, new: New, leader: Official) -> None:
    """F49: a slow source does not take all workers."""
    for _ in range(dispatch.MOST_AT_ONCE + 2):
        accept_ticket(new().pk, actor=leader)
    source = Source.objects.get()
    claimed = [next(dispatch._claimed(source, at=clock.now())) for _ in range(dispatch.MOST_AT_ONCE)]
    assert len({message.pk for message in claimed}) == dispatch.MOST_AT_ONCE
    assert list(dispatch._claimed(source, at=clock.now())) == []


# --- What a message may cost ------------------------------------------------------------------------------------------


def test_before_every_resend_the_source_is_asked(scripted: Scripted, new: New, leader: Official) -> None:
    """Also after a failure that certainly did nothing: certainty about somebody else's server is cheap to check."""
    scripted.script = [Transient("503", code="http_503"), UnknownOutcome("lost", code="read_timeout")]
    accept_ticket(new().pk, actor=leader)
    for minutes in (0, 5, 10, 15):
        with at(minutes):
            dispatch.dispatch()
    assert scripted.calls == ["push", "lookup", "push", "lookup", "lookup", "push"]
    assert states() == ["delivered"]


def test_a_source_that_cannot_be_asked_needs_a_person_when_the_answer_was_lost(
    scripted: Scripted, new: New, leader: Official
) -> None:
    scripted.capabilities = replace(EVERYTHING, lookup=False)
    scripted.script = [UnknownOutcome("lost", code="read_timeout")]
    accept_ticket(new().pk, actor=leader)
    for minutes in (0, 5):
        with at(minutes):
            dispatch.dispatch()
    message = OutboxMessage.objects.get()
    assert (message.state, message.reason_code, scripted.calls) == ("dead", "cannot_be_asked", ["push"])


def test_a_message_that_kills_its_workers_is_set_aside(scripted: Scripted, new: New, leader: Official) -> None:
    """F31: three workers died over it; the queue goes on."""
    accept_ticket(new().pk, actor=leader)
    accept_ticket(new().pk, actor=leader)
    for death in range(dispatch.MOST_DEATHS):
        with at(10 * death):
            next(dispatch._claimed(Source.objects.get(), at=clock.now()))  # and nobody hears of it any more
            dispatch.dispatch()
    with at(100):
        dispatch.dispatch()
    poison, other = OutboxMessage.objects.order_by("pk")
    assert (poison.state, poison.reason_code) == ("dead", "workers_died")
    assert other.state == "delivered"
    assert TicketEvent.objects.filter(kind="delivery_failed", ticket=poison.ticket).exists()


def test_a_connector_that_fails_otherwise_stops_nobody_else(scripted: Scripted, new: New, leader: Official) -> None:
    scripted.script = [ZeroDivisionError("bug")] * 50
    scripted.capabilities = replace(EVERYTHING, idempotent_push=True)
    accept_ticket(new().pk, actor=leader)
    for number in range(8):
        with at(40 * number):
            dispatch.dispatch()
    message = OutboxMessage.objects.get()
    assert (message.state, message.reason_code) == ("dead", "connector_bug")
    assert message.attempts.count() == dispatch.MOST_BUGS
    assert Source.objects.get().failures_in_a_row == 0, "that says nothing about the source"


def test_a_worker_whose_lease_ran_out_while_it_asked_does_not_send(
    scripted: Scripted, new: New, leader: Official
) -> None:
    """F30: somebody else has the message by now."""
    accept_ticket(new().pk, actor=leader)
    source = Source.objects.get()
    slow = next(dispatch._claimed(source, at=clock.now()))
    with at(10):
        quick = next(dispatch._claimed(source, at=clock.now()))
        assert quick.pk == slow.pk
        outcome = dispatch._attempt(dispatch._Line(source), slow)
        dispatch._record(source, slow, outcome)
        assert scripted.answers == []
        dispatch._record(source, quick, dispatch._send(scripted, quick))  # type: ignore[arg-type]
    assert len(scripted.answers) == 1
    assert list(slow.attempts.values_list("outcome", flat=True)) == ["lease_lost", "delivered"]


# --- Order ------------------------------------------------------------------------------------------------------------


def test_a_refused_answer_keeps_its_place_for_a_while(scripted: Scripted, new: New, leader: Official) -> None:
    ticket = new()
    accept_ticket(ticket.pk, actor=leader)
    dispatch.dispatch()
    scripted.script = [Permanent("no", code="http_422")]
    reply_to_citizen(ticket.pk, actor=leader, text="Đang làm.")
    resolve_ticket(ticket.pk, actor=leader, text="Đã xong.")
    dispatch.dispatch()
    assert states() == ["delivered", "dead", "pending"], "somebody may send the reply again"
    retry_delivery(OutboxMessage.objects.get(action="reply").pk, actor=leader)
    dispatch.dispatch()
    assert [answer.text for answer in scripted.answers] == ["", "Đang làm.", "Đã xong."]


def test_a_refused_answer_does_not_hold_up_the_rest_for_ever_and_never_undoes_it(
    scripted: Scripted, new: New, leader: Official
) -> None:
    ticket = new()
    accept_ticket(ticket.pk, actor=leader)
    dispatch.dispatch()
    scripted.script = [Permanent("no", code="http_422")]
    reply_to_citizen(ticket.pk, actor=leader, text="Đang làm.")
    resolve_ticket(ticket.pk, actor=leader, text="Đã xong.")
    dispatch.dispatch()
    with at(60 * 5):
        dispatch.dispatch()
    assert [answer.text for answer in scripted.answers] == ["", "Đã xong."]
    reply = OutboxMessage.objects.get(action="reply")
    with pytest.raises(IllegalMove):
        retry_delivery(reply.pk, actor=leader)
    assert retry_deliveries("portal", actor=leader, per_minute=60).total == 0
    give_up_delivery(reply.pk, actor=leader, reason="Câu trả lời cuối đã đến.")
    reply.refresh_from_db()
    assert (reply.state, reply.reason_code) == ("cancelled", "given_up")
    event = TicketEvent.objects.get(kind="delivery_given_up")
    assert (event.actor, event.message.body) == (leader, "Câu trả lời cuối đã đến.")


# --- Bulk retry -------------------------------------------------------------------------------------------------------


def test_a_bulk_retry_is_spread_over_time_and_shows_how_far_it_is(
    scripted: Scripted, new: New, leader: Official, source: Source
) -> None:
    scripted.script = [Permanent("no", code="http_400")] * 6 + [Conflict("taken", code="answered_by_another")]
    for _ in range(7):
        resolve_anew(new(), leader)
        dispatch.dispatch()
    assert states() == ["dead"] * 7
    bulk = retry_deliveries("portal", actor=leader, per_minute=30, reason="http_400")
    assert bulk.total == 6, "the conflict is for a person"
    now = bulk.started_at
    for seconds, arrived in ((0, 1), (2.1, 2), (4.1, 3), (10.1, 6)):
        with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
            dispatch.dispatch()
            (progress,) = bulk_retries(leader)
            assert (progress.total, progress.arrived, progress.waiting) == (6, arrived, 6 - arrived)
    assert retry_deliveries("portal", actor=leader, per_minute=30).total == 0


def resolve_anew(ticket: Ticket, leader: Official) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status="in_progress")
    resolve_ticket(ticket.pk, actor=leader, text="Đã xong.")


def test_a_bulk_retry_is_for_those_who_may_and_touches_only_their_tickets(
    scripted: Scripted, new: New, leader: Official, source: Source
) -> None:
    scripted.script = [Permanent("no", code="http_400")] * 2
    elsewhere = make_official(Role.LEADER, make_unit())
    foreign = make_ticket(unit=elsewhere.memberships_now[0].unit, source=source)
    for ticket, official in ((new(), leader), (foreign, elsewhere)):
        resolve_anew(ticket, official)
        dispatch.dispatch()
    before = list(OutboxMessage.objects.order_by("pk").values())
    with pytest.raises(NotAllowed):
        retry_deliveries("portal", actor=make_official(Role.SUPERVISOR), per_minute=60)
    with pytest.raises(Invalid):
        retry_deliveries("portal", actor=leader, per_minute=10_000)
    with pytest.raises(NotFound):
        retry_deliveries("nowhere", actor=leader, per_minute=60)
    with pytest.raises(Invalid):
        give_up_delivery(before[0]["id"], actor=leader, reason=" ")
    assert before == list(OutboxMessage.objects.order_by("pk").values())
    assert retry_deliveries("portal", actor=leader, per_minute=60).total == 1
    assert states() == ["pending", "dead"]


# --- Conflicts --------------------------------------------------------------------------------------------------------


def test_a_conflict_is_kept_with_both_sides_and_our_text(scripted: Scripted, new: New, leader: Official) -> None:
    """F43: not retried blindly; the official's text is kept; sending it again is a person's decision."""
    scripted.script = [Conflict("taken", code="answered_by_another")]
    ticket = new()
    resolve_anew(ticket, leader)
    for minutes in (0, 60, 600):
        with at(minutes):
            dispatch.dispatch()
    assert scripted.calls.count("push") == 1
    difference = Difference.objects.get()
    assert (difference.kind, difference.found_by, difference.message.text) == ("answered_there", "delivery", "Đã xong.")
    assert (difference.ours["answer"], difference.theirs["answer"]) == ("Đã xong.", "Đơn vị khác đã trả lời.")
    keep_our_side(difference.pk, actor=leader)
    with pytest.raises(IllegalMove):
        keep_our_side(difference.pk, actor=leader)
    dispatch.dispatch()
    old, again = OutboxMessage.objects.order_by("pk")
    assert (old.state, old.reason_code, again.state) == ("cancelled", "replaced", "delivered")
    assert (again.text, again.done_at, again.deadline_at) == (old.text, old.done_at, old.deadline_at)
    assert again.key != old.key
    assert again.event.kind == "difference_decided" and again.event.actor == leader


def test_a_complaint_that_the_source_no_longer_knows_is_only_here(
    scripted: Scripted, new: New, leader: Official
) -> None:
    scripted.script = [Permanent("gone", code="http_404")]
    resolve_anew(new(), leader)
    dispatch.dispatch()
    assert Difference.objects.get().kind == "only_here"


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def photo(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> StoredFile:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    content = b"\x89PNG after"
    return StoredFile("sau xử lý.png", "image/png", filestore.keep(content), len(content))


def resolve_with(ticket: Ticket, leader: Official, *files: StoredFile) -> OutboxMessage:
    """As an action with photos does it."""
    Ticket.objects.filter(pk=ticket.pk).update(status="in_progress")
    with acting_on(
        ticket.pk, verb=Verb.RESOLVE, actor=leader, permission=Permission.WORK_TICKET, version=None, at=None
    ) as act:
        act.move()
        event = act.record_text(EventKind.RESOLVED, message=MessageKind.REPLY, body="Đã xong.")
        act.tell_sources(event, action=OutboundAction.RESOLVE, text="Đã xong.", files=files)
    message: OutboxMessage = OutboxMessage.objects.get(event=event)
    return message


def test_photos_go_with_the_answer_where_the_source_takes_files(
    scripted: Scripted, new: New, leader: Official, photo: StoredFile
) -> None:
    resolve_with(new(), leader, photo, photo)
    dispatch.dispatch()
    (file,) = scripted.answers[0].files
    assert (file.name, file.media_type, file.content) == ("sau xử lý.png", "image/png", b"\x89PNG after")
    scripted.capabilities = replace(EVERYTHING, files=False)
    message = resolve_with(new(), leader, photo)
    dispatch.dispatch()
    assert scripted.answers[1].files == ()
    assert message.files.count() == 1, "kept to be copied by hand"


def test_a_file_that_is_gone_from_the_disk_stops_the_message_with_a_reason(
    scripted: Scripted, new: New, leader: Official, photo: StoredFile
) -> None:
    message = resolve_with(new(), leader, photo)
    filestore.path_of(photo.content_hash).unlink()
    dispatch.dispatch()
    message.refresh_from_db()
    assert (message.state, message.reason_code, scripted.answers) == ("dead", "file_missing", [])


# --- Workers ----------------------------------------------------------------------------------------------------------


def test_workers_know_everything_that_is_scheduled() -> None:
    """A module that Celery does not look into never runs, and nobody notices."""
    from config.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)


def test_the_source_s_stamp_after_our_write_is_kept(scripted: Scripted, new: New, leader: Official) -> None:
    accept_ticket(new().pk, actor=leader)
    dispatch.dispatch()
    assert OutboxMessage.objects.get().receipt == "17/11/2026 09:00:00"
