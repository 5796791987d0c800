"""Both sides compared, over real HTTP to the sandbox: what differs is kept for a person, what agrees is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.dismiss_difference import dismiss_difference
from inbox.actions.keep_our_side import keep_our_side
from inbox.actions.reply_to_citizen import reply_to_citizen
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.actions.take_source_side import take_source_side
from inbox.core import clock
from inbox.core.errors import Busy, IllegalMove, Invalid, NotAllowed, NotFound
from inbox.intake import reconcile as reconciling
from inbox.intake.reconcile import reconcile
from inbox.intake.replay import replay_payload
from inbox.intake.sync import sync_source
from inbox.outbox.dispatch import dispatch
from inbox.outbox.models import Difference, OutboxMessage, Reconciliation
from inbox.sources.models import Source
from inbox.sources.setup import save_source
from inbox.tickets.models import ExternalRef, Ticket, TicketEvent
from inbox.tickets.verification import verify
from tests.factories import make_official, make_source, make_unit
from tests.flows.conftest import three_sources
from tests.processes import HOTLINE, PORTAL, SYSTEMS, Sandbox

__all__ = ["three_sources"]
pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=40)
ANSWER = "UBND phường đã xử lý xong."

Compare = Callable[..., Reconciliation]


@pytest.fixture
def compare() -> Compare:
    """A comparison when the night has come: nothing is fresh any more."""

    def at_night(source: Source, *, after: timedelta = LATER, **options: object) -> Reconciliation:
        with time_machine.travel(clock.now() + after, tick=True):
            sync_run_seen(source)
            return reconcile(source, **options)  # type: ignore[arg-type]

    return at_night


def sync_run_seen(source: Source) -> None:
    """As if the source had been read just now and had nothing new."""
    Source.objects.filter(pk=source.pk).update(last_success_at=clock.now())
    source.refresh_from_db()


def read(system: str) -> Source:
    source = Source.objects.get(slug=system)
    assert sync_source(source).outcome == "ok"
    return source


def workable(source: Source) -> tuple[Ticket, Official]:
    """A ticket that has not been worked on, and a leader of its ward."""
    ticket = Ticket.objects.filter(source=source, status="new", unit__isnull=False).first()
    assert ticket is not None
    return ticket, make_official(Role.LEADER, ticket.unit)


def answered(source: Source, *, dispatched: bool = True) -> tuple[Ticket, Official]:
    ticket, leader = workable(source)
    accept_ticket(ticket.pk, actor=leader)
    resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
    if dispatched:
        dispatch()
    return ticket, leader


def test_both_sides_agree_and_a_report_says_so(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    for system in SYSTEMS:
        source = read(system)
        answered(source)
        sync_source(source)
        run = compare(source)
        assert (run.outcome, run.differ, run.kinds, run.not_asked) == ("ok", 0, {}, 0), (system, run.kinds)
        assert run.compared == run.agree == len(sandbox.complaints(system)), system
        call_command("reconcile", system, "--json")
        facts = json.loads(capsys.readouterr().out)
        assert facts["sides_agree"] is True and facts["differences"] == [], facts
    assert not Difference.objects.exists()
    assert verify().findings == []


def test_a_comparison_changes_nothing_and_costs_the_same_when_repeated(
    three_sources: list[Source], compare: Compare
) -> None:
    source = read(PORTAL)
    before = list(Ticket.objects.order_by("pk").values()), TicketEvent.objects.count()
    first, second = compare(source), compare(source)
    assert (first.compared, first.agree) == (second.compared, second.agree)
    assert before == (list(Ticket.objects.order_by("pk").values()), TicketEvent.objects.count())


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_only_the_source_has_is_taken_in_by_a_person(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare, system: str
) -> None:
    source = read(system)
    new = sandbox.change(system, count=2)["complaints"]
    run = compare(source, after=timedelta(0))
    assert (run.not_read_yet, run.differ) == (2, 0), "it may simply not have been read yet"
    run = compare(source)
    assert run.kinds == {"only_there": 2}
    compare(source)
    assert Difference.objects.filter(kind="only_there").count() == 2, "noticed once"
    difference = Difference.objects.get(external_id=new[0]["external_id"])
    with pytest.raises(NotAllowed):
        replay_payload(difference.payload_id, actor=make_official(Role.LEADER, make_unit()))
    assert replay_payload(difference.payload_id, actor=make_official(Role.ADMIN)).accepted
    ticket = ExternalRef.objects.get(source=source, external_id=new[0]["external_id"]).ticket
    assert TicketEvent.objects.filter(ticket=ticket, kind="difference_decided", actor__isnull=False).count() == 1
    difference.refresh_from_db()
    assert (difference.decision, difference.ticket_id) == ("take_theirs", ticket.pk)
    sync_source(source)
    compare(source)
    assert not Difference.objects.filter(decision="open").exists(), "the other one came with the next reading"


def test_what_the_source_no_longer_knows_is_asked_about_before_it_counts(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(PORTAL)
    ticket, leader = workable(source)
    ref = ticket.refs.get()
    ExternalRef.objects.filter(pk=ref.pk).update(external_id="PAKN.20261119.99999")
    run = compare(source)
    assert (run.lookups, run.kinds) == (1, {"only_here": 1, "only_there": 1})
    difference = Difference.objects.get(kind="only_here")
    assert difference.ticket == ticket
    with pytest.raises(NotFound):
        dismiss_difference(difference.pk, actor=make_official(Role.LEADER, make_unit()), reason="Nhầm.")
    dismiss_difference(difference.pk, actor=leader, reason="Nguồn đã xoá bản trùng.")
    event = TicketEvent.objects.get(kind="difference_decided")
    assert (event.actor_id, event.data["decision"]) == (leader.pk, "dismissed")
    with pytest.raises(IllegalMove):
        dismiss_difference(difference.pk, actor=leader, reason="Lần nữa.")


def test_an_empty_list_is_a_fault_of_the_source_and_closes_nothing(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F24."""
    monkeypatch.setattr(reconciling, "MOST_LOOKUPS", 5)
    source = read(PORTAL)
    sandbox.fault(PORTAL, kind="empty_list")
    run = compare(source)
    assert (run.outcome, run.error_code, run.differ) == ("failed", "list_incomplete", 0)
    assert run.not_asked > 5
    assert not Difference.objects.exists()


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_answer_that_the_source_dropped_is_sent_once_more_and_then_a_person_is_told(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare, system: str
) -> None:
    """F44: the source says 200 and drops it."""
    source = read(system)
    ticket, leader = workable(source)
    accept_ticket(ticket.pk, actor=leader)
    dispatch()
    sandbox.fault(system, kind="write_dropped", times=1)
    resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
    dispatch()
    message = OutboxMessage.objects.get(action="resolve")
    assert message.state == "delivered", "as far as we can know"
    sync_source(source)
    run = compare(source)
    assert (run.repeated, run.differ) == (1, 0), run.kinds
    for minutes in (41, 43, 45):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True):
            dispatch()
    message.refresh_from_db()
    assert message.state == "delivered" and message.repeated_at is not None
    answers = sandbox.complaints(system)[ticket.refs.get().external_id]["answers"]
    assert [a["text"] for a in answers if a["ours"]].count(ANSWER) == 1
    assert TicketEvent.objects.filter(kind="delivery_repeated").count() == 1
    with time_machine.travel(clock.now() + timedelta(minutes=50), tick=True):
        sync_source(source)
    assert compare(source, after=timedelta(minutes=90)).repeated == 0


def test_an_answer_that_is_dropped_again_is_for_a_person(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(HOTLINE)
    sandbox.fault(HOTLINE, kind="write_dropped")
    ticket, leader = answered(source)
    compare(source)
    for minutes in (41, 43, 45):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True):
            dispatch()
    run = compare(source, after=timedelta(minutes=90))
    assert (run.repeated, run.kinds) == (0, {"lost_there": 1})
    compare(source, after=timedelta(minutes=95))
    failed = TicketEvent.objects.get(kind="delivery_failed")
    assert failed.data["reason"] == "lost_there", "told once, and of no message a second time"
    assert hasattr(failed, "untold")
    writes = [w for w in sandbox.state(HOTLINE)["writes"] if w["text"] == ANSWER]
    assert len(writes) == 2
    sandbox.change(HOTLINE)
    keep_our_side(Difference.objects.get().pk, actor=leader)
    assert OutboxMessage.objects.filter(text=ANSWER).count() == 2
    assert (
        OutboxMessage.objects.filter(text=ANSWER).last().done_at
        == OutboxMessage.objects.get(state="delivered", text=ANSWER).done_at
    )


@pytest.mark.parametrize(
    ("decide", "status", "writes"),
    [(keep_our_side, "in_progress", 1), (take_source_side, "resolved", 0)],
    ids=["ours", "theirs"],
)
def test_a_status_that_differs_is_decided_by_a_person(
    three_sources: list[Source],
    sandbox: Sandbox,
    compare: Compare,
    decide: Callable[..., Difference],
    status: str,
    writes: int,
) -> None:
    """Somebody ended it in the source while it was worked on here; reading has shown that already."""
    source = read(HOTLINE)
    ticket, leader = workable(source)
    accept_ticket(ticket.pk, actor=leader)
    dispatch()
    Ticket.objects.filter(pk=ticket.pk).update(status="in_progress")
    sandbox.change(HOTLINE, external_id=ticket.refs.get().external_id, handle={"status": "DA_XU_LY", "text": "Đã làm."})
    sync_source(source)
    difference = Difference.objects.get()
    assert (difference.kind, difference.found_by) == ("answered_there", "reading")
    assert (difference.ours["status"], difference.theirs["status"]) == ("in_progress", "resolved")
    assert difference.theirs["answer"] == "Đã làm."
    run = compare(source)
    assert run.kinds == {"answered_there": 1} and Difference.objects.count() == 1
    decide(difference.pk, actor=leader)
    ticket.refresh_from_db()
    assert ticket.status == status
    assert OutboxMessage.objects.filter(state="pending").count() == writes
    assert TicketEvent.objects.get(kind="difference_decided").actor == leader
    if decide is take_source_side:
        assert ticket.resolved_at is not None and not ticket.is_open
        assert compare(source).differ == 0
    assert verify().findings == []


def test_a_different_deadline_is_taken_over_with_one_click(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(PORTAL)
    ref = ExternalRef.objects.filter(source=source, ticket__source_due_at__isnull=False, ticket__is_open=True).first()
    assert ref is not None
    right = ref.ticket.source_due_at
    Ticket.objects.filter(pk=ref.ticket_id).update(source_due_at=right - timedelta(days=3), unit=make_unit())
    assert compare(source).kinds == {"deadline": 1}
    difference = Difference.objects.get()
    leader = make_official(Role.LEADER, Ticket.objects.get(pk=ref.ticket_id).unit)
    take_source_side(difference.pk, actor=leader)
    assert Ticket.objects.get(pk=ref.ticket_id).source_due_at == right
    assert compare(source).differ == 0


def test_an_answer_that_was_changed_there_is_shown(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(HOTLINE)
    answered(source)
    OutboxMessage.objects.filter(action="resolve").update(text="Một câu trả lời khác.")
    assert compare(source).kinds == {"answer": 1}
    difference = Difference.objects.get()
    assert (difference.ours["answer"], difference.theirs["answer"]) == ("Một câu trả lời khác.", ANSWER)


def test_a_reply_that_lists_do_not_show_is_asked_about_and_not_sent_again(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(PORTAL)
    ticket, leader = workable(source)
    accept_ticket(ticket.pk, actor=leader)
    reply_to_citizen(ticket.pk, actor=leader, text="Phường đang kiểm tra.")
    dispatch()
    sync_source(source)
    run = compare(source)
    assert (run.repeated, run.differ, run.lookups) == (0, 0, 1), run.kinds


def test_what_is_on_its_way_is_counted_and_left_alone(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(PORTAL)
    answered(source, dispatched=False)
    run = compare(source)
    assert (run.under_way, run.differ) == (1, 0)


def test_a_source_that_is_away_fails_the_comparison_by_name(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(PORTAL)
    sandbox.fault(PORTAL, kind="outage", mode="http_503")
    run = compare(source)
    assert (run.outcome, run.error_code) == ("failed", "http_503")
    with pytest.raises(CommandError):
        call_command("reconcile", PORTAL)


def test_one_at_a_time_and_a_long_one_goes_on_where_it_stopped(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(PORTAL)
    run = compare(source, seconds=0.0)
    steps = 1
    while run.outcome == "running":
        run, steps = compare(source, seconds=0.0), steps + 1
        assert steps < 60
    assert steps > 1 and run.compared == run.agree == len(sandbox.complaints(PORTAL))
    Reconciliation.objects.create(
        source=source,
        trigger="schedule",
        since=clock.now(),
        started_at=clock.now(),
        lease_until=clock.now() + timedelta(hours=2),
    )
    with pytest.raises(Busy):
        reconcile(source)
    with time_machine.travel(clock.now() + timedelta(hours=3), tick=True):
        assert reconcile(source).outcome == "ok", "whoever held it is dead"


def test_what_has_no_other_side_to_read_cannot_be_compared(city: None, tmp_path: Path) -> None:
    """Least of all a folder: reading takes its files away, and nothing here would have stored them."""
    folder = save_source("app", connector="file_drop", values={"path": str(tmp_path)})
    (tmp_path / "phan-anh.csv").write_text("Mã;Nội dung phản ánh;Ngày gửi\n1;Rác;01/11/2026\n", encoding="utf-8")
    for source in (make_source(), folder):
        with pytest.raises(Invalid):
            reconcile(source)
    assert (tmp_path / "phan-anh.csv").exists()
    assert not Reconciliation.objects.exists() and reconciling.reconcilable() == []


def test_what_the_night_finds_is_told_and_stands_in_the_history_once(
    three_sources: list[Source], compare: Compare
) -> None:
    source = read(PORTAL)
    ticket, _ = workable(source)
    Ticket.objects.filter(pk=ticket.pk).update(status="resolved", is_open=False)
    for _ in range(2):
        assert compare(source).kinds == {"status": 1}
    event = TicketEvent.objects.get(kind="source_disagrees")
    assert (event.data["status"], event.data["ours"]) == ("new", "resolved")
    assert hasattr(event, "untold")


def test_an_answer_that_was_refused_stays_a_difference_although_both_say_it_is_resolved(
    three_sources: list[Source], sandbox: Sandbox, compare: Compare
) -> None:
    source = read(HOTLINE)
    ticket, leader = workable(source)
    accept_ticket(ticket.pk, actor=leader)
    dispatch()
    external_id = ticket.refs.get().external_id
    sandbox.change(HOTLINE, external_id=external_id, handle={"status": "DA_XU_LY", "text": "Nơi khác đã làm."})
    resolve_ticket(ticket.pk, actor=leader, text=ANSWER)
    dispatch()
    assert OutboxMessage.objects.get(action="resolve").state == "dead"
    sync_source(source)
    assert compare(source).kinds == {"answered_there": 1}
    difference = Difference.objects.get()
    assert (difference.found_by, difference.decision) == ("delivery", "open")
    assert (difference.ours["answer"], difference.theirs["answer"]) == (ANSWER, "Nơi khác đã làm.")
