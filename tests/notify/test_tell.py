"""Who is told of what, once, and when they may see it."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from inbox.accounts.models import Official
from inbox.accounts.queries import told_of
from inbox.accounts.vocabulary import Role
from inbox.actions.registry import perform
from inbox.notify import queries, words
from inbox.notify.models import Notification, Preference
from inbox.notify.recipients import ROLES
from inbox.notify.tell import tell
from inbox.sla.models import SlaClock, UnitCalendar, WorkCalendar
from inbox.sla.sweep import sweep
from inbox.tickets.events import NewEvent, record
from inbox.tickets.models import Ticket, UntoldEvent
from inbox.tickets.vocabulary import TOLD, EventKind, Status, Verb
from tests.factories import make_official, make_ticket, make_unit
from tests.notify.conftest import AT, Ward, local

pytestmark = pytest.mark.django_db


def happens(ticket: Ticket, kind: EventKind, *, actor: Official | None = None, **data: Any) -> None:
    record(NewEvent(ticket.pk, kind, AT, data, actor_id=actor.pk if actor else None))


def unread_count(official: Official, *, at: datetime) -> int:
    """What the bell shows."""
    found: int = told_of(official, unread=queries.unread(official, at=at))["unread"]
    return found


def told(kind: EventKind | None = None) -> list[str]:
    rows = Notification.objects.order_by("official__username")
    if kind is not None:
        rows = rows.filter(kind=kind)
    return list(rows.values_list("official__username", flat=True))


LEADERS = ["lanhdao", "phophuong"]


@pytest.mark.parametrize(
    ("kind", "data", "expected", "why"),
    [
        (EventKind.DUE_SOON, {"tells": ["officer"]}, ["canbo"], "the policy says the officer"),
        (EventKind.BECAME_OVERDUE, {"tells": ["officer", "leader"]}, ["canbo", *LEADERS], "both"),
        (EventKind.ESCALATED, {"tells": ["supervisor"]}, ["giamsat"], "one level up"),
        (EventKind.DUE_SOON, {"tells": []}, [], "a policy may tell nobody"),
        (EventKind.TRANSFERRED, {}, LEADERS, "the leaders of the unit it came to"),
        (EventKind.CITIZEN_ANSWERED, {}, ["canbo"], "whoever waited for it"),
        (EventKind.DELIVERY_FAILED, {}, ["canbo"], "whoever wrote the answer looks after it"),
        (EventKind.NOTE_ADDED, {}, [], "a note is read when one looks"),
    ],
)
def test_who_is_told(kind: EventKind, data: dict[str, Any], expected: list[str], why: str, ward: Ward) -> None:
    UntoldEvent.objects.all().delete()
    happens(ward.ticket, kind, **data)
    tell(AT)
    assert told() == sorted(expected), why


def test_without_an_assignee_the_leaders_stand_in(ward: Ward) -> None:
    Ticket.objects.update(assignee=None)
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer"])
    tell(AT)
    assert told() == LEADERS


def test_an_assignee_who_has_left_is_not_told_in_vain(ward: Ward) -> None:
    Official.objects.filter(username="canbo").update(is_active=False)
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer"])
    tell(AT)
    assert told() == LEADERS


def test_without_a_unit_triage_is_told(ward: Ward) -> None:
    make_official(Role.TRIAGE, username="dieuphoi")
    Ticket.objects.update(assignee=None, unit=None)
    happens(ward.ticket, EventKind.BECAME_OVERDUE, tells=["officer", "leader"])
    tell(AT)
    assert told() == ["dieuphoi"]


def test_nobody_is_told_of_their_own_doing(ward: Ward) -> None:
    perform(Verb.URGE, ward.ticket.pk, actor=ward.leader, data={"reason": "Gấp."})
    tell(AT)
    assert told(EventKind.URGED) == ["canbo", "phophuong"]


def test_a_request_for_more_time_goes_to_the_leaders_and_the_answer_back(ward: Ward) -> None:
    data = {"until": "2099-01-05T09:00:00+07:00", "reason": "Chờ vật tư."}
    perform(Verb.EXTEND, ward.ticket.pk, actor=ward.officer, data=data)
    tell(AT)
    assert told(EventKind.EXTENSION_ASKED) == LEADERS
    perform(Verb.APPROVE_EXTENSION, ward.ticket.pk, actor=ward.leader, data={})
    tell(AT)
    assert told(EventKind.EXTENSION_APPROVED) == ["canbo"]


def test_a_request_that_was_decided_at_once_asks_nobody(ward: Ward) -> None:
    data = {"until": "2099-01-05T09:00:00+07:00", "reason": "Chờ vật tư."}
    perform(Verb.EXTEND, ward.ticket.pk, actor=ward.leader, data=data)
    tell(AT)
    assert told(EventKind.EXTENSION_ASKED) == []


def test_each_person_is_told_once_of_each_event(ward: Ward) -> None:
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer", "leader"])
    assert tell(AT) == 3
    assert tell(AT) == 0
    assert not UntoldEvent.objects.exists()


def test_what_is_rolled_back_is_told_to_nobody(ward: Ward) -> None:
    """The mark is stored with the event: no event, no news; and a process that dies after the commit loses none."""
    before = UntoldEvent.objects.count()
    with pytest.raises(Exception):  # noqa: B017  whatever the action raises
        perform(Verb.URGE, ward.ticket.pk, actor=ward.leader, data={"reason": ""})
    assert UntoldEvent.objects.count() == before


@pytest.mark.parametrize(
    ("at", "urgent", "any_hour", "shown_from", "why"),
    [
        ("2026-11-17 10:00", False, False, "2026-11-17 10:00", "in office hours at once"),
        ("2026-11-17 12:00", False, False, "2026-11-17 13:00", "after lunch"),
        ("2026-11-20 18:00", False, False, "2026-11-23 07:30", "Friday evening: Monday morning"),
        ("2026-11-20 18:00", True, False, "2026-11-20 18:00", "a live wire does not wait for Monday"),
        ("2026-11-20 18:00", False, True, "2026-11-20 18:00", "who wants to know at any hour does"),
    ],
)
def test_news_waits_for_the_next_working_period(
    at: str, urgent: bool, any_hour: bool, shown_from: str, why: str, ward: Ward
) -> None:
    if urgent:
        Ticket.objects.update(urgency="urgent")
    if any_hour:
        Preference.objects.create(official=ward.officer, at_any_hour=True)
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer"])
    tell(local(at))
    assert Notification.objects.get().show_from == local(shown_from), why
    assert unread_count(ward.officer, at=local(shown_from)) == 1
    if shown_from != at:
        assert unread_count(ward.officer, at=local(at)) == 0


def test_news_waits_for_the_hours_of_ones_own_ward(ward: Ward) -> None:
    """The ward works on Saturday mornings, the city does not."""
    week = {str(day): [["07:30", "11:30"]] for day in range(6)}
    UnitCalendar.objects.create(unit=ward.unit, calendar=WorkCalendar.objects.create(slug="t7", name="T7", weekly=week))
    happens(ward.ticket, EventKind.BECAME_OVERDUE, tells=["officer", "supervisor"])
    UntoldEvent.objects.exclude(event__kind=EventKind.BECAME_OVERDUE).delete()
    tell(local("2026-11-20 18:00"))
    shown = dict(Notification.objects.values_list("official__username", "show_from"))
    assert shown == {"canbo": local("2026-11-21 07:30"), "giamsat": local("2026-11-23 07:30")}


def test_later_news_of_a_deadline_takes_the_place_of_earlier_news(ward: Ward) -> None:
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer"], clock="resolve")
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer"], clock="accept")
    tell(AT)
    happens(ward.ticket, EventKind.BECAME_OVERDUE, tells=["officer"], clock="resolve")
    tell(AT)
    unread = {(row.kind, row.event.data["clock"]) for row in queries.page_of(ward.officer, at=AT, unread=True).rows}
    assert unread == {("became_overdue", "resolve"), ("due_soon", "accept")}, "the other clock is another matter"


def test_after_downtime_one_piece_of_news_a_deadline_is_left(ward: Ward) -> None:
    SlaClock.objects.filter(kind="accept").delete()
    sweep(local("2027-01-20 09:00"))
    tell(local("2027-01-20 09:00"))
    page = queries.page_of(ward.officer, at=local("2027-01-20 09:00"), unread=True)
    assert [row.kind for row in page.rows] == ["became_overdue"], "due soon was overtaken"


def test_a_ticket_that_has_ended_troubles_nobody(ward: Ward) -> None:
    happens(ward.ticket, EventKind.DUE_SOON, tells=["officer"])
    tell(AT)
    assert unread_count(ward.officer, at=AT) == 1
    ward.ticket.set_status(Status.RESOLVED)
    ward.ticket.save()
    assert unread_count(ward.officer, at=AT) == 0


def test_a_ticket_that_went_to_another_ward_is_no_longer_shown(ward: Ward) -> None:
    happens(ward.ticket, EventKind.CITIZEN_ANSWERED)
    tell(AT)
    Ticket.objects.update(unit=make_unit())
    assert queries.page_of(ward.officer, at=AT).rows == []


def test_every_kind_has_roles_and_words() -> None:
    by_policy = {EventKind.DUE_SOON, EventKind.BECAME_OVERDUE, EventKind.ESCALATED}
    assert set(ROLES) | by_policy == TOLD
    assert words.KINDS == TOLD


def test_the_number_of_statements_does_not_grow_with_the_events(ward: Ward) -> None:
    tickets = [make_ticket(unit=ward.unit, source=ward.ticket.source) for _ in range(12)]
    tell(AT)

    def statements(number: int) -> int:
        for ticket in [tickets.pop() for _ in range(number)]:
            happens(ticket, EventKind.BECAME_OVERDUE, tells=["officer", "leader"], clock="accept")
        with CaptureQueriesContext(connection) as captured:
            assert tell(AT) == 2 * number
        return len(captured)

    assert statements(2) == statements(10)


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_nobody_twice(ward: Ward) -> None:
    for _ in range(20):
        happens(ward.ticket, EventKind.CITIZEN_ANSWERED)

    def work() -> None:
        try:
            tell(AT)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(AT)
    assert Notification.objects.filter(kind=EventKind.CITIZEN_ANSWERED).count() == 20
    assert not UntoldEvent.objects.exists()
