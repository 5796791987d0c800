"""A ticket in the database with its clocks, as ingest would leave it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from inbox.sla import timers
from inbox.sources.models import Source
from inbox.tickets.models import Reporter, Ticket
from inbox.tickets.vocabulary import Status
from inbox.units.models import Unit


def make_ticket(started_at: datetime, *, connector: str = "district_app", **facts: Any) -> Ticket:
    """A stored ticket in phường Bình Thạnh whose clocks count from `started_at`."""
    source, _ = Source.objects.get_or_create(slug=connector, defaults={"label": connector, "connector": connector})
    status = Status(facts.pop("status", Status.NEW))
    ticket = Ticket(
        title="Rác chất đống",
        text="Rác chất đống đầu hẻm 220",
        search_key="rac chat dong dau hem 220",
        source=source,
        reporter=Reporter.objects.create(),
        unit=Unit.objects.get(code="26929"),
        sent_at=started_at,
        received_at=started_at,
        clock_from=started_at,
        updated_at=started_at,
        **facts,
    )
    ticket.set_status(status)
    clocks = [timers.NewClocks().of(timers.facts_of(ticket, source))]
    timers.settle_imported(clocks[0], ticket)
    timers.set_next_due(ticket, clocks[0])
    ticket.save()
    timers.save_new(clocks, [ticket])
    return ticket
