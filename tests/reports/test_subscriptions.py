"""Reports by letter: who, when, once, and only as long as they may see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from inbox.accounts.models import Official
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.dashboards import rollups
from inbox.notify.models import Letter
from inbox.notify.send import send_letters
from inbox.reports import subscriptions
from inbox.reports.models import ReportSubscription
from inbox.units.models import Unit

pytestmark = pytest.mark.django_db

OCTOBER = datetime(2026, 10, 14, 2, 0, tzinfo=UTC)
#: Monday 02/11/2026 at 07:00, 08:00 and 09:00 in Ho Chi Minh City; offices open at 07:30.
BEFORE_OPENING = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
OPEN = BEFORE_OPENING + timedelta(hours=1)


@pytest.fixture
def subscribed(leader: Official) -> ReportSubscription:
    Official.objects.filter(pk=leader.pk).update(email="lanhdao@example.vn")
    leader.refresh_from_db()
    row = subscriptions.subscribe(actor=leader, report="ward", unit="26929", every="month", at=OCTOBER)
    rollups.rebuild(OPEN)
    return row


def test_once_in_working_time_however_many_schedulers(subscribed: ReportSubscription, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert subscriptions.write_due(BEFORE_OPENING) == 0, "offices are closed"
    assert subscriptions.write_due(OPEN) == 1
    assert subscriptions.write_due(OPEN) == subscriptions.write_due(OPEN + timedelta(days=1)) == 0
    assert send_letters(OPEN) == 1 and send_letters(OPEN) == 0
    (letter,) = mail.outbox
    assert letter.subject == "Báo cáo tháng 10 năm 2026: Phường Bình Thạnh"
    assert "/reports/ward/?span=2026-10&unit=26929" in letter.body
    assert len(letter.body.splitlines()) > 5


def test_a_scheduler_that_was_down_catches_up_with_the_last_month_only(subscribed: ReportSubscription) -> None:
    later = OPEN + timedelta(days=63)  # Monday 04/01/2027
    rollups.rebuild(later)
    assert subscriptions.write_due(later) == 1
    assert [letter.key.split(":")[3] for letter in Letter.objects.all()] == ["2026-12"]


def test_nothing_is_said_before_the_sums_are_complete(subscribed: ReportSubscription) -> None:
    rollups.rebuild(datetime(2026, 10, 31, 16, 0, tzinfo=UTC))
    assert subscriptions.write_due(OPEN) == 0


def test_a_month_that_was_over_before_is_not_told(subscribed: ReportSubscription) -> None:
    ReportSubscription.objects.update(created_at=OPEN - timedelta(hours=1))
    assert subscriptions.write_due(OPEN) == 0


@pytest.mark.parametrize("change", ["officer", "other ward", "inactive"])
def test_who_lost_the_right_gets_no_figures(
    subscribed: ReportSubscription, leader: Official, other_ward: Unit, change: str
) -> None:
    membership = leader.memberships.get()
    if change == "officer":
        membership.role = "officer"
    elif change == "other ward":
        membership.unit = other_ward
    membership.save()
    Official.objects.filter(pk=leader.pk).update(is_active=change != "inactive")
    assert subscriptions.write_due(OPEN) == 0
    assert not Letter.objects.exists()


def test_who_may_subscribe_to_what(leader: Official, supervisor: Official, other_ward: Unit) -> None:
    with pytest.raises(NotFound):
        subscriptions.subscribe(actor=leader, report="ward", unit=other_ward.code, every="month")
    with pytest.raises(NotAllowed):
        subscriptions.subscribe(actor=leader, report="ranking", every="month")
    for wrong in ({"report": "figures"}, {"report": "ward"}, {"report": "ward", "unit": "26929", "every": "day"}):
        with pytest.raises(Invalid):
            subscriptions.subscribe(actor=leader, **{"every": "month", **wrong})
    assert not ReportSubscription.objects.exists()
    for _ in range(2):
        subscriptions.subscribe(actor=supervisor, report="ranking", every="week")
    assert ReportSubscription.objects.count() == 1


def test_the_page_subscribes_and_stops(leader: Official, supervisor: Official) -> None:
    client, stranger = Client(headers={"Accept-Language": "vi"}), Client()
    client.force_login(leader)
    stranger.force_login(supervisor)
    answer = client.post("/reports/subscribe/", {"report": "ward", "unit": "26929", "every": "week"}, follow=True)
    row = ReportSubscription.objects.get()
    assert "hằng tuần" in answer.content.decode()
    assert stranger.post(f"/reports/subscriptions/{row.pk}/stop/").status_code == 404
    client.post(f"/reports/subscriptions/{row.pk}/stop/")
    assert not ReportSubscription.objects.exists()
