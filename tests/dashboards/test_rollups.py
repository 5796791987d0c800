"""Upkeep: after whatever people did, sums that were kept up equal sums made anew, and a second run changes nothing."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import models

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.actions.change_calendar import Day, change_calendar
from inbox.actions.fill_tickets import fill_tickets
from inbox.actions.ingest_page import ingest_page
from inbox.actions.registry import ACTIONS, possible_verbs
from inbox.dashboards import rollups
from inbox.dashboards.figures import sums
from inbox.dashboards.models import ArrivalHour, DirtyDay, MixDay, TicketOutcome, UnitDay, UnitSourceDay, Upkeep
from inbox.dashboards.periods import Period
from inbox.dashboards.tally import Narrowing, tally
from inbox.outbox.models import OutboxMessage
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import Category, Verb
from inbox.units.models import Unit
from tests.factories import TUESDAY, make_official, make_record

NOW = TUESDAY
HOUR = timedelta(hours=1)
SUMS = (UnitDay, UnitSourceDay, MixDay, ArrivalHour)


def stored() -> dict[str, list[tuple[Any, ...]]]:
    """All derived rows, without their keys."""
    found = {}
    for model in (*SUMS, TicketOutcome):
        columns = [f.attname for f in model._meta.concrete_fields if not isinstance(f, models.BigAutoField)]
        found[model.__name__] = sorted(model.objects.values_list(*columns), key=repr)
    return found


@pytest.fixture
def lived(city: None) -> None:
    fill_tickets(250, months=2, seed=3, at=NOW)
    rollups.rebuild(NOW)


@pytest.fixture
def chief(lived: None) -> Official:
    """Somebody who may do everything to anybody's ticket."""
    chief = make_official(Role.SUPERVISOR)
    for unit in Unit.objects.filter(tickets__isnull=False).distinct():
        chief.memberships.create(role=Role.LEADER.value, unit=unit)
    return Official.objects.get(pk=chief.pk)


def test_kept_up_equals_made_anew_whatever_people_do(chief: Official) -> None:
    chance, at = random.Random(5), NOW
    for number in range(60):
        at += timedelta(minutes=chance.randint(5, 300))
        act(chance, chief, at)
        if number % 15 == 0:
            rollups.refresh(at)
    for message in OutboxMessage.objects.filter(state="pending")[:20]:
        message.state, message.delivered_at = "delivered", at
        message.save()
    source = Source.objects.get(slug="gopy")
    ingest_page(source, [make_record(sent_at=at - HOUR) for _ in range(5)], at=at)
    tomorrow = at + 26 * HOUR  # touched before upkeep has ever seen them, as after a day without workers
    ingest_page(source, [make_record(sent_at=at - HOUR)], at=at)
    fresh = Ticket.objects.latest("pk")
    fresh.unit = chief.memberships_now[1].unit
    fresh.save()
    ACTIONS[Verb.ACCEPT].run(fresh.pk, actor=chief, at=tomorrow)
    at = tomorrow
    done = rollups.refresh(at + HOUR)
    assert done.outcomes and done.days
    kept = stored()
    rollups.rebuild(at + HOUR)
    anew = stored()
    for name, rows in anew.items():
        assert kept[name] == rows, name
    rollups.refresh(at + HOUR)
    assert stored() == anew, "a second run changes nothing"
    assert not DirtyDay.objects.exists()


def act(chance: random.Random, chief: Official, at: Any) -> None:
    ticket = chance.choice(list(Ticket.objects.filter(unit__isnull=False).order_by("-updated_at", "pk")[:120]))
    out = {Verb.ASSIGN, Verb.EXTEND, Verb.LINK, Verb.PUBLISH}  # they need what chance cannot choose here
    verbs = [verb for verb in possible_verbs(ticket, chief) if verb not in out]
    verb = chance.choice(verbs)
    unit = chance.choice(list(Unit.objects.filter(memberships__official=chief).exclude(pk=ticket.unit_id or 0)))
    category = chance.choice([one for one in Category if one != ticket.category])
    given = {
        "category": category,
        "text": "Đã xử lý.",
        "reason": "Theo quy định.",
        "unit": unit,
        "until": None,
        "files": [],
    }
    values = {one.name: given[one.name] for one in ACTIONS[verb].fields}
    try:
        ACTIONS[verb].run(ticket.pk, actor=chief, at=at, **values)
    except Exception as error:
        assert type(error).__name__ == "Invalid", error


def test_sums_equal_a_plain_group_by(lived: None) -> None:
    period = Period(date(2026, 9, 1), date(2026, 11, 30))
    everything = Narrowing()
    for by in ((), ("unit",), ("source",), ("unit", "source"), ("category",), ("source", "category"), ("urgency",)):
        plain: dict[Any, dict[str, int]] = {}
        for (_, *key), counted in tally(period, everything, by=by).items():
            into = plain.setdefault(tuple(key), {})
            for name, value in counted.items():
                into[name] = into.get(name, 0) + value
        rolled = {key: {n: v for n, v in one.items() if v} for key, one in sums(everything, period, by=by).items()}
        assert rolled == plain, by
        assert sum(one["received"] for one in plain.values() if "received" in one) == 250


def test_a_calendar_that_changes_changes_handling_times(lived: None) -> None:
    admin = make_official(Role.ADMIN)
    day = date(2026, 11, 4)
    before = stored()
    change_calendar("office", [day], Day(intervals=[], reason="Nghỉ bù", legal_basis="CV 1"), actor=admin, at=NOW)
    assert rollups.refresh(NOW + HOUR).outcomes
    kept = stored()
    assert kept != before
    rollups.rebuild(NOW + HOUR)
    assert stored() == kept


def test_looking_again_changes_nothing(lived: None) -> None:
    """Everything is looked at again, and nothing changes."""
    Upkeep.objects.update(tickets_until=NOW - timedelta(days=365))
    before = stored()
    rollups.refresh(NOW)
    rollups.refresh(NOW)
    assert stored() == before


def test_the_command_reports(lived: None, capsys: pytest.CaptureFixture[str]) -> None:
    UnitDay.objects.all().delete()
    call_command("rebuild_rollups", "--json")
    assert '"days"' in capsys.readouterr().out
    assert UnitDay.objects.exists()
