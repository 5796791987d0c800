"""Clocks of tickets: which policy, when due, and what acts do to them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError

from inbox.core.errors import Invalid
from inbox.sla import timers
from inbox.sla.models import ClockPause, SlaClock, SlaPolicy, WorkCalendar
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Status
from inbox.units.models import Unit
from tests.sla.office_hours import local
from tests.sla.tickets import make_ticket

pytestmark = pytest.mark.usefixtures("city")

START = local("2026-03-02 09:00")  # Monday; district_app: 2 working hours to accept, 3 working days to resolve


def clock(ticket: Ticket, kind: str) -> SlaClock:
    """The latest round of a clock."""
    return SlaClock.objects.filter(ticket=ticket, kind=kind).order_by("-round").select_related("policy")[0]


def next_due(ticket: Ticket) -> tuple[datetime | None, datetime | None]:
    """The deadline that a ticket would be given now, and from when on it is near."""
    timers.set_next_due(ticket)
    return ticket.next_due_at, ticket.next_warn_at


def facts(**changed: object) -> timers.TicketFacts:
    known = {
        "connector": "district_app",
        "source_slug": "gopy",
        "category": "environment",
        "urgent": False,
        "unit_id": None,
        "started_at": START,
    }
    return timers.TicketFacts(**{**known, **changed})  # type: ignore[arg-type]


def policy(name: str, **selectors: object) -> SlaPolicy:
    terms = {"accept_amount": 1, "accept_unit": "hours", "resolve_amount": 1, "resolve_unit": "working_days"}
    known = {"valid_from": date(2026, 1, 1), "calendar": WorkCalendar.objects.get()}
    return SlaPolicy.objects.create(name=name, **{**known, **terms, **selectors})


def chosen(**changed: object) -> str | None:
    found = timers.choose_policy(facts(**changed), SlaPolicy.objects.all())
    return str(found) if found else None


# --- which policy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connector", "accept", "resolve", "reason"),
    [
        ("hotline_1022", "2026-03-02 14:30", "2026-03-12 09:00", "4 working hours; 10 plain days"),
        ("national_portal", "2026-03-09 09:00", "2026-03-23 09:00", "5 and 15 working days"),
        ("district_app", "2026-03-02 11:00", "2026-03-05 09:00", "2 working hours; 3 working days"),
        ("mini_app", "2026-03-02 11:00", "2026-03-05 09:00", "like the district apps"),
        ("open311", "2026-03-09 09:00", "2026-03-23 09:00", "its own row, like the portal"),
        ("file_drop", "2026-03-09 09:00", "2026-03-23 09:00", "its own row, like the portal"),
        ("manual", "2026-03-09 09:00", "2026-03-23 09:00", "its own row, like the portal"),
    ],
)
def test_seeded_policies(connector: str, accept: str, resolve: str, reason: str) -> None:
    clocks = timers.NewClocks().of(facts(connector=connector))
    assert {c.kind: c.due_at for c in clocks} == {"accept": local(accept), "resolve": local(resolve)}, reason


def test_urgent_runs_round_the_clock_from_every_source() -> None:
    night = local("2026-02-17 23:50")
    clocks = timers.NewClocks().of(facts(connector="hotline_1022", urgent=True, started_at=night))
    assert [c.due_at - night for c in clocks] == [timedelta(minutes=30), timedelta(hours=24)]


def test_no_policy_gives_no_clocks_and_says_so() -> None:
    assert timers.NewClocks().of(facts(connector="unknown")) == []


def test_the_most_specific_policy_wins_and_urgency_outweighs_the_rest() -> None:
    unit = Unit.objects.get(code="26929")
    assert chosen() == "Ứng dụng quận, phường v1"
    policy("By source", source_slug="gopy")
    assert chosen() == "By source v1"
    policy("By category", category="environment")
    assert chosen() == "By category v1"
    policy("By unit", unit=unit)
    assert chosen(unit_id=unit.pk) == "By unit v1"
    assert chosen(unit_id=unit.pk, urgent=True) == "Khẩn cấp v1"


def test_policies_count_by_the_local_date_on_which_the_clocks_start() -> None:
    policy("Old", category="noise", valid_to=date(2026, 3, 3))
    policy("New", category="noise", valid_from=date(2026, 3, 3))
    assert chosen(category="noise", started_at=local("2026-03-02 23:59")) == "Old v1"
    assert chosen(category="noise", started_at=local("2026-03-03 00:00")) == "New v1"


def test_a_policy_without_selectors_is_refused() -> None:
    with pytest.raises(IntegrityError):
        policy("Catch-all")


def test_clocks_of_a_page_take_a_constant_number_of_queries(django_assert_num_queries) -> None:
    timers.NewClocks().of(facts())
    with django_assert_num_queries(2):  # policies, calendars with their units and exceptions
        new = timers.NewClocks()
        for _ in range(200):
            new.of(facts())


# --- acts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act_at", "state", "reason"),
    [
        ("2026-03-02 10:59", "met", "in time"),
        ("2026-03-02 11:00", "met", "exactly due is on time"),
        ("2026-03-02 11:01", "breached", "late"),
    ],
)
def test_accepting_is_judged_at_the_instant_of_the_act(act_at: str, state: str, reason: str) -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=local(act_at))
    assert clock(ticket, "accept").state == state, reason
    assert clock(ticket, "resolve").state == "running", "the other clock goes on"
    assert next_due(ticket) == (local("2026-03-05 09:00"), clock(ticket, "resolve").warn_at)


def test_the_next_deadline_is_the_earliest_of_all_that_count() -> None:
    ticket = make_ticket(START, source_due_at=local("2026-03-02 10:00"))
    assert next_due(ticket) == (local("2026-03-02 10:00"), None), "the source's own deadline, of which nobody warns"
    ticket.source_due_at = local("2026-03-20 00:00")
    assert next_due(ticket) == (local("2026-03-02 11:00"), local("2026-03-02 10:30")), "ours to accept"
    ticket.set_status(Status.RESOLVED)
    assert next_due(ticket) == (None, None), "nothing counts for an ended ticket"


@pytest.mark.parametrize(
    ("source_due", "has_clocks", "reason"),
    [
        (None, True, "ours alone"),
        ("2026-03-02 10:00", True, "the source's is earlier"),
        ("2026-03-02 11:00", True, "both at the same instant: of ours one is warned"),
        ("2026-03-20 00:00", True, "ours is earlier"),
        ("2026-03-20 00:00", False, "the source's alone"),
        (None, False, "nobody promises anything"),
    ],
)
def test_many_tickets_at_once_are_given_what_one_would_be(
    source_due: str | None, has_clocks: bool, reason: str
) -> None:
    ticket = make_ticket(START, source_due_at=local(source_due) if source_due else None)
    if not has_clocks:
        ticket.clocks.all().delete()
    Ticket.objects.update(next_due_at=None, next_warn_at=START)
    timers.refresh_next_due([ticket.pk])
    ticket.refresh_from_db()
    assert (ticket.next_due_at, ticket.next_warn_at) == next_due(ticket), reason


def test_pausing_stops_the_resolve_clock_only_and_resuming_moves_it() -> None:
    ticket = make_ticket(START)
    timers.pause(ticket, at=local("2026-03-03 09:00"), reason="Chờ dân gửi ảnh")
    assert clock(ticket, "accept").state == "running"
    assert clock(ticket, "resolve").state == "paused"
    assert next_due(ticket) == (clock(ticket, "accept").due_at, clock(ticket, "accept").warn_at)
    timers.resume(ticket, at=local("2026-03-04 10:00"))
    resolve = clock(ticket, "resolve")
    assert (resolve.state, resolve.due_at) == ("running", local("2026-03-06 10:00")), "nine working hours later"
    assert ClockPause.objects.get().reason == "Chờ dân gửi ảnh"


def test_a_pause_ends_where_its_longest_length_ends_even_if_nobody_looked() -> None:
    ticket = make_ticket(START)
    SlaPolicy.objects.update(max_pause_days=2)
    timers.pause(ticket, at=local("2026-03-03 09:00"), reason="Chờ dân")
    timers.resume(ticket, at=local("2026-03-30 09:00"))
    assert ClockPause.objects.get().to_at == local("2026-03-05 09:00")
    assert clock(ticket, "resolve").due_at == local("2026-03-09 09:00")


def test_pausing_does_not_heal_lateness() -> None:
    ticket = make_ticket(START)
    timers.pause(ticket, at=local("2026-03-05 09:00"), reason="Chờ dân")
    assert clock(ticket, "resolve").state == "running"
    assert not ClockPause.objects.exists()


def test_resolving_while_paused_counts_the_time_until_the_pause() -> None:
    ticket = make_ticket(START)
    timers.pause(ticket, at=local("2026-03-04 09:00"), reason="Chờ dân")
    timers.meet(ticket, "resolve", at=local("2026-03-20 09:00"))
    assert {c.state for c in ticket.clocks.all()} == {"met", "breached"}
    assert clock(ticket, "resolve").state == "met"
    assert clock(ticket, "accept").state == "breached", "nobody accepted it within two hours"


def test_reopening_credits_the_closed_time_and_keeps_the_first_verdict() -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "resolve", at=local("2026-03-04 09:00"))
    timers.reopen(ticket, at=local("2026-03-11 09:00"))
    first, second = ticket.clocks.filter(kind="resolve").order_by("round")
    assert (first.state, first.met_at) == ("met", local("2026-03-04 09:00"))
    assert (second.state, second.due_at) == ("running", local("2026-03-12 09:00")), "the one working day that was left"


def test_reopening_a_refused_ticket_credits_the_time_too() -> None:
    ticket = make_ticket(START)
    timers.cancel(ticket, at=local("2026-03-03 09:00"))
    assert {c.state for c in ticket.clocks.all()} == {"cancelled"}
    timers.reopen(ticket, at=local("2026-03-04 09:00"))
    assert clock(ticket, "resolve").due_at == local("2026-03-06 09:00")


def test_a_transfer_starts_the_accept_clock_anew_and_lets_the_resolve_clock_go_on() -> None:
    ticket = make_ticket(START)
    timers.meet(ticket, "accept", at=local("2026-03-02 10:00"))
    ticket.unit = Unit.objects.get(code="26740")
    timers.restart_for_unit(ticket, at=local("2026-03-03 09:00"))
    rounds = list(ticket.clocks.filter(kind="accept").order_by("round").values_list("state", "due_at"))
    assert rounds == [("met", local("2026-03-02 11:00")), ("running", local("2026-03-03 11:00"))]
    assert ticket.clocks.get(kind="resolve").due_at == local("2026-03-05 09:00")


def test_a_transfer_gives_clocks_to_a_ticket_that_had_none() -> None:
    ticket = make_ticket(START, connector="unknown")
    assert not ticket.clocks.exists()
    policy("By unit", unit=ticket.unit)
    timers.restart_for_unit(ticket, at=local("2026-03-03 09:00"))
    assert clock(ticket, "accept").due_at == local("2026-03-03 10:00")
    assert clock(ticket, "resolve").due_at == local("2026-03-03 09:00"), "counted from when the citizen sent it"


def test_an_extension_moves_the_due_date_and_survives_a_pause() -> None:
    ticket = make_ticket(START)
    assert timers.extend(ticket, until=local("2026-03-09 09:00")) == local("2026-03-09 09:00")
    timers.pause(ticket, at=local("2026-03-06 09:00"), reason="Chờ dân")
    timers.resume(ticket, at=local("2026-03-06 10:00"))
    assert clock(ticket, "resolve").due_at == local("2026-03-09 10:00")


@pytest.mark.parametrize("until", ["2026-03-05 09:00", "2026-03-04 09:00"])
def test_an_extension_must_extend(until: str) -> None:
    ticket = make_ticket(START)
    with pytest.raises(Invalid):
        timers.extend(ticket, until=local(until))
    assert clock(ticket, "resolve").due_at == local("2026-03-05 09:00")


@pytest.mark.parametrize(
    ("status", "instants", "states", "reason"),
    [
        ("new", {}, ("running", "running"), "nothing happened yet"),
        ("accepted", {"accepted_at": "2026-03-02 10:00"}, ("met", "running"), "accepted in time"),
        ("in_progress", {"accepted_at": "2026-03-02 15:00"}, ("breached", "running"), "accepted late"),
        (
            "resolved",
            {"accepted_at": "2026-03-02 10:00", "resolved_at": "2026-03-09 10:00"},
            ("met", "breached"),
            "resolved late",
        ),
        ("withdrawn", {}, ("cancelled", "cancelled"), "nothing is due any more"),
        ("waiting_citizen", {"accepted_at": "2026-03-02 10:00"}, ("met", "paused"), "the citizen's turn"),
    ],
)
def test_what_a_source_has_done_already_counts(
    status: str, instants: dict[str, str], states: tuple[str, str], reason: str
) -> None:
    ticket = make_ticket(START, status=status, **{name: local(at) for name, at in instants.items()})
    assert (clock(ticket, "accept").state, clock(ticket, "resolve").state) == states, reason


@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("in_progress", ("met", "running")),
        ("waiting_citizen", ("met", "paused")),
        ("resolved", ("met", "met")),
        ("withdrawn", ("cancelled", "cancelled")),
    ],
)
def test_following_the_source_later_gives_the_same(status: str, states: tuple[str, str]) -> None:
    ticket = make_ticket(START)
    ticket.set_status(Status(status))
    clocks = timers.ManyClocks({ticket.pk})
    clocks.follow_status(ticket, at=local("2026-03-02 10:30"))
    clocks.save()
    assert (clock(ticket, "accept").state, clock(ticket, "resolve").state) == states


def test_warnings_come_when_the_share_of_the_target_is_used() -> None:
    ticket = make_ticket(START)
    assert clock(ticket, "accept").warn_at == local("2026-03-02 10:30"), "three quarters of two hours"
    assert clock(ticket, "resolve").warn_at == local("2026-03-04 11:00"), "18 of 24 working hours"


def test_moving_a_due_date_arms_its_warnings_again() -> None:
    ticket = make_ticket(START)
    SlaClock.objects.update(warned_at=START, breached_at=START)
    timers.extend(ticket, until=local("2026-03-09 09:00"))
    resolve = clock(ticket, "resolve")
    assert (resolve.warned_at, resolve.breached_at) == (None, None)


def test_due_dates_are_aware_instants() -> None:
    due = datetime.fromisoformat(clock(make_ticket(START), "accept").due_at.isoformat())
    assert due.utcoffset() is not None
