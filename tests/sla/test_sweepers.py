"""Many sweepers at once, schedulers that died or run twice, clocks that jump: each level once and never early."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, connections

from inbox.core import clock
from inbox.core.heartbeat import beat
from inbox.sla.models import Escalation
from inbox.sla.sweep import sweep
from inbox.sla.tasks import sweep_clocks
from inbox.tickets.models import TicketEvent, UntoldEvent
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

START = local("2026-03-02 09:00")
#: How each clock of an untouched ticket goes.
LEVELS = ["due_soon", "became_overdue", "escalated"]


def at_once(work: Callable[[], object], number: int) -> None:
    """Do the same in `number` threads, each with its own connection."""

    def alone() -> None:
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=alone) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def assert_each_level_once_and_in_order(tickets: int) -> None:
    found: dict[tuple[int, str], list[str]] = {}
    for ticket, kind, which in TicketEvent.objects.order_by("pk").values_list("ticket_id", "kind", "data__clock"):
        if kind in LEVELS:
            found.setdefault((ticket, which), []).append(kind)
    assert len(found) == 2 * tickets
    assert all(levels == LEVELS for levels in found.values()), Counter(map(tuple, found.values()))
    assert Escalation.objects.count() == UntoldEvent.objects.count() == 6 * tickets


@pytest.mark.django_db(transaction=True)
def test_four_sweepers_at_once_after_a_scheduler_was_dead_for_hours(city: None) -> None:
    """F29. The scheduler died before anything was due; everything is due when four sweepers wake up together."""
    for _ in range(40):
        make_ticket(START)
    at_once(lambda: sweep(local("2026-03-20 09:00")), 4)
    sweep(local("2026-03-20 09:00"))  # rows that two held at the same time are left for the next round
    assert_each_level_once_and_in_order(40)


@pytest.mark.django_db(transaction=True)
def test_sweepers_that_look_at_different_instants(city: None) -> None:
    """Delayed tasks come late and out of order; what counts is that nothing is told twice and nothing early."""
    for _ in range(10):
        make_ticket(START)
    instants = [local(f"2026-03-{day:02} 09:30") for day in (20, 4, 2, 6, 3, 5)]
    for instant in instants:
        sweep(instant)
    assert_each_level_once_and_in_order(10)
    for row in Escalation.objects.select_related("clock"):
        moment = {"warn": row.clock.warn_at, "due": row.clock.due_at, "late": row.clock.late_at}[row.level]
        assert row.reached_at >= moment


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_have_the_effect_of_one(city: None) -> None:
    """F28. Two schedulers, each every 30 seconds for half an hour around a due date."""
    ticket = make_ticket(START)
    at = local("2026-03-02 10:45")
    for _ in range(60):
        for _scheduler in range(2):
            sweep(at)
        at += timedelta(seconds=30)
    told = list(TicketEvent.objects.filter(ticket=ticket, data__clock="accept").values_list("kind", "at"))
    assert [kind for kind, _ in told] == ["due_soon", "became_overdue"]
    assert told[1][1] - local("2026-03-02 11:00") <= timedelta(seconds=30), "noticed in the first round after it"


@pytest.mark.django_db
@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1)], ids=["back", "forward"])
def test_a_machine_whose_clock_jumps_calls_nobody_late(city: None, jump: timedelta) -> None:
    """F32. Half an hour before the due date this machine's clock jumps; the database's, which all share, does not."""
    if connection.vendor != "postgresql":
        pytest.skip("one machine has one clock: see shared_now")
    ticket = make_ticket(clock.shared_now())
    before = list(TicketEvent.objects.filter(ticket=ticket).values_list("kind", flat=True))
    ticket.clocks.update(
        warn_at=clock.shared_now() + timedelta(minutes=15), due_at=clock.shared_now() + timedelta(minutes=30)
    )
    with time_machine.travel(clock.shared_now() + jump):
        sweep_clocks()
    assert list(TicketEvent.objects.filter(ticket=ticket).values_list("kind", flat=True)) == before


@pytest.mark.django_db
def test_the_database_and_this_machine_agree_about_the_time() -> None:
    assert abs(clock.shared_now() - clock.now()) < timedelta(seconds=5)


@pytest.mark.django_db(transaction=True)
def test_a_sign_of_life_may_come_from_several_at_once(city: None) -> None:
    at_once(lambda: beat("sla_sweep", START), 4)
