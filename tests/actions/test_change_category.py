"""An official puts a ticket into another field: which deadlines follow, what stays, and what the source says later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.records import InboundRecord
from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.change_category import change_category
from inbox.actions.extend_ticket import extend_ticket
from inbox.actions.ingest_page import ingest_page
from inbox.actions.pause_ticket import pause_ticket
from inbox.actions.registry import perform, perform_undoably
from inbox.actions.resume_ticket import resume_ticket
from inbox.actions.undo import undo
from inbox.core.errors import Invalid
from inbox.sla.models import SlaPolicy, TargetUnit
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Category, Verb
from inbox.units.models import Unit
from tests.factories import make_official, make_record, make_source
from tests.sla.office_hours import local

pytestmark = pytest.mark.django_db

SENT = local("2026-11-17 09:00")


@pytest.fixture
def ward(city: None) -> Unit:
    return Unit.objects.get(code="26929")


@pytest.fixture
def officer(ward: Unit) -> Official:
    return make_official(Role.OFFICER, ward)


@pytest.fixture
def source(ward: Unit) -> Source:
    return make_source(connector="national_portal")


@pytest.fixture
def noise(ward: Unit) -> SlaPolicy:
    """Noise has two working days, everything else from this source fifteen."""
    like = SlaPolicy.objects.get(connector="national_portal", category="", urgency="")
    like.pk = None
    like.name, like.category, like.several_agencies_amount, like.several_agencies_unit = "Tiếng ồn", "noise", None, ""
    like.resolve_amount, like.resolve_unit = 2, TargetUnit.WORKING_DAYS
    like.accept_amount, like.accept_unit = 2, TargetUnit.WORKING_HOURS
    like.save()
    return like


def complaint(**changes: Any) -> InboundRecord:
    return make_record(external_id="A", category="environment", category_raw="4", sent_at=SENT, **changes)


@pytest.fixture
def ticket(source: Source, ward: Unit, noise: SlaPolicy) -> Ticket:
    ingest_page(source, [complaint(revision="1")], at=SENT)
    ticket = Ticket.objects.get(refs__external_id="A")
    Ticket.objects.filter(pk=ticket.pk).update(unit=ward)
    return Ticket.objects.get(pk=ticket.pk)


def change(ticket: Ticket, officer: Official, category: str, *, at: datetime, reason: str = "") -> Ticket:
    return change_category(ticket.pk, actor=officer, category=Category(category), reason=reason, at=at)


def dues(ticket: Ticket) -> dict[str, datetime]:
    return {row.kind: row.due_at for row in ticket.clocks.all()}


def test_the_clocks_count_by_the_policy_of_the_new_field_from_the_same_start(
    ticket: Ticket, officer: Official, noise: SlaPolicy
) -> None:
    before = dues(ticket)
    done = change(ticket, officer, "noise", at=SENT + timedelta(minutes=30), reason="Người dân phản ánh karaoke.")
    assert dues(done) == {"accept": local("2026-11-17 11:00"), "resolve": local("2026-11-19 09:00")}
    assert done.next_due_at == local("2026-11-17 11:00")
    assert {row.policy_id for row in done.clocks.all()} == {noise.pk}
    event = done.events.get(kind="category_changed")
    assert event.data == {"category": "noise", "before": "environment"}
    assert event.message.body == "Người dân phản ánh karaoke."
    back = change(done, officer, "environment", at=SENT + timedelta(minutes=40))
    assert dues(back) == before, "and back again, as if it had never been elsewhere"


def test_what_is_late_stays_late(ticket: Ticket, officer: Official) -> None:
    change(ticket, officer, "noise", at=SENT)
    late = local("2026-11-23 09:00")
    done = change(ticket, officer, "environment", at=late)
    assert dues(done)["resolve"] == local("2026-11-19 09:00"), "changing the field is no way out of lateness"


def test_nobody_becomes_late_by_a_correction(ticket: Ticket, officer: Official) -> None:
    before = dues(ticket)["resolve"]
    done = change(ticket, officer, "noise", at=local("2026-11-23 09:00"))
    assert dues(done)["resolve"] == before, "two working days would have been over on the 19th"
    assert done.category == "noise"


def test_pauses_count_under_the_new_policy_too(ticket: Ticket, officer: Official) -> None:
    accept_ticket(ticket.pk, actor=officer, at=SENT + timedelta(minutes=10))
    pause_ticket(ticket.pk, actor=officer, reason="Số nhà mấy?", at=local("2026-11-17 10:00"))
    change(ticket, officer, "noise", at=local("2026-11-17 15:00"))
    done = resume_ticket(ticket.pk, actor=officer, at=local("2026-11-18 10:00"))
    assert done.clocks.get(kind="resolve").due_at == local("2026-11-20 09:00"), "one working day stood still"


def test_who_waits_for_the_citizen_is_not_late_and_follows_the_new_field_either_way(
    ticket: Ticket, officer: Official, noise: SlaPolicy
) -> None:
    """A pause that is still open has not moved the due date yet: what counts is when the work could end."""
    accept_ticket(ticket.pk, actor=officer, at=SENT + timedelta(minutes=10))
    pause_ticket(ticket.pk, actor=officer, reason="Số nhà mấy?", at=local("2026-11-17 10:00"))
    plain = ticket.clocks.get(kind="resolve").policy_id
    change(ticket, officer, "noise", at=local("2026-11-20 10:00"))
    assert ticket.clocks.get(kind="resolve").policy_id == noise.pk, "two days, of which one hour is over"
    change(ticket, officer, "environment", at=local("2026-11-23 10:00"))
    assert ticket.clocks.get(kind="resolve").policy_id == plain, "and it was not late under that one"
    change(ticket, officer, "noise", at=local("2026-11-23 10:10"))
    done = resume_ticket(ticket.pk, actor=officer, at=local("2026-11-23 11:00"))
    assert done.clocks.get(kind="resolve").due_at == local("2026-11-26 10:00"), "the 24th is a day off"


@pytest.mark.parametrize(
    ("unit", "amount", "due"),
    [(TargetUnit.WORKING_DAYS, 2, "2026-11-20 09:00"), (TargetUnit.HOURS, 48, "2026-11-20 09:00")],
)
def test_a_day_more_stays_a_day_more_by_whichever_hours_the_new_field_counts(
    ticket: Ticket, ward: Unit, officer: Official, noise: SlaPolicy, unit: TargetUnit, amount: int, due: str
) -> None:
    """Working hours that a leader has granted are not as many hours round the clock."""
    SlaPolicy.objects.filter(pk=noise.pk).update(resolve_unit=unit, resolve_amount=amount)
    until = ticket.clocks.get(kind="resolve").due_at + timedelta(days=1)
    leader = make_official(Role.LEADER, ward)
    extend_ticket(ticket.pk, actor=leader, until=until, reason="Chờ vật tư.", at=SENT + timedelta(minutes=10))
    done = change(ticket, officer, "noise", at=SENT + timedelta(minutes=30))
    assert dues(done)["resolve"] == local(due)
    back = change(done, officer, "environment", at=SENT + timedelta(minutes=40))
    assert dues(back)["resolve"] == until


def test_a_ticket_without_deadlines_gets_those_that_can_still_be_kept(
    ticket: Ticket, officer: Official, noise: SlaPolicy
) -> None:
    ticket.clocks.all().delete()
    done = change(ticket, officer, "noise", at=local("2026-11-18 09:00"))
    assert dues(done) == {"resolve": local("2026-11-19 09:00")}, "nobody could have accepted it in time"
    assert done.next_due_at == local("2026-11-19 09:00")


def test_the_same_field_is_refused_and_an_unknown_one_named(ticket: Ticket, officer: Official) -> None:
    for value in ("environment", "thời tiết", ""):
        with pytest.raises(Invalid) as refused:
            perform(Verb.CHANGE_CATEGORY, ticket.pk, actor=officer, data={"category": value})
        assert refused.value.field == "category"
    ticket.refresh_from_db()
    assert ticket.category == "environment" and not ticket.events.filter(kind="category_changed").exists()


def test_it_can_be_undone_with_its_clocks(ticket: Ticket, officer: Official) -> None:
    before = dues(ticket), {row.policy_id for row in ticket.clocks.all()}
    _, step = perform_undoably(Verb.CHANGE_CATEGORY, ticket.pk, actor=officer, data={"category": "noise"})
    assert step is not None
    back = undo(step.pk, actor=officer)
    assert (dues(back), {row.policy_id for row in back.clocks.all()}) == before
    assert back.category == "environment"


def test_what_the_source_says_later_does_not_take_the_choice_back(
    ticket: Ticket, officer: Official, source: Source
) -> None:
    change(ticket, officer, "noise", at=SENT + timedelta(minutes=5))
    again = make_record(
        external_id="A", revision="2", category="traffic", category_raw="7", sent_at=SENT, text="Vẫn còn ồn."
    )
    ingest_page(source, [again], at=SENT + timedelta(hours=1))
    ticket.refresh_from_db()
    assert ticket.category == "noise"
    kept = ticket.events.filter(kind="source_updated").latest("sequence").data["kept"]
    assert kept == {"category": {"ours": "noise", "theirs": "traffic"}}


def test_the_choice_stays_when_the_source_comes_to_it_and_goes_on(
    ticket: Ticket, officer: Official, source: Source
) -> None:
    change(ticket, officer, "noise", at=SENT + timedelta(minutes=5))
    for hour, name in ((1, "noise"), (2, "traffic")):
        named = make_record(external_id="A", revision=name, category=name, category_raw=name, sent_at=SENT)
        ingest_page(source, [named], at=SENT + timedelta(hours=hour))
    ticket.refresh_from_db()
    assert ticket.category == "noise"
    kept = ticket.events.filter(kind="source_updated").latest("sequence").data["kept"]
    assert kept == {"category": {"ours": "noise", "theirs": "traffic"}}


def test_a_choice_that_was_undone_is_none(ticket: Ticket, officer: Official, source: Source) -> None:
    _, step = perform_undoably(Verb.CHANGE_CATEGORY, ticket.pk, actor=officer, data={"category": "noise"})
    assert step is not None
    undo(step.pk, actor=officer)
    named = make_record(external_id="A", revision="2", category="traffic", category_raw="7", sent_at=SENT)
    ingest_page(source, [named], at=SENT + timedelta(hours=1))
    ticket.refresh_from_db()
    assert ticket.category == "traffic"
