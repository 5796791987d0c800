"""Deadlines on the screens, where the calendars are remembered for a minute."""

from __future__ import annotations

import pytest

from inbox.core import clock
from inbox.sla.models import SlaClock, WorkCalendar
from inbox.units.models import Unit
from inbox.web import deadlines
from tests.factories import make_source, make_ticket


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_a_calendar_made_a_moment_ago_is_known_at_once() -> None:
    ticket = make_ticket(unit=Unit.objects.get(code="26929"), source=make_source(connector="national_portal"))
    deadlines.forget_calendars()
    deadlines.deadline_of(ticket, ticket.clocks.all(), now=clock.now())
    office = WorkCalendar.objects.get(is_default=True)
    fresh = WorkCalendar.objects.create(slug="thu-bay", name="Có sáng thứ Bảy", weekly=office.weekly)
    SlaClock.objects.filter(ticket=ticket).update(calendar=fresh)
    ticket.refresh_from_db()
    assert deadlines.deadline_of(ticket, ticket.clocks.all(), now=clock.now()).words
