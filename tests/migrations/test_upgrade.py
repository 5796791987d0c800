"""A database of the first release keeps its tickets and gets what later code expects of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from inbox.tickets.verification import verify
from tests.factories import TUESDAY

WARNED = TUESDAY - timedelta(hours=1)
FIRST = [("inbox", "0001_initial")]


class EachStep(MigrationLoader):
    """Migrations as a database that exists goes through them; a new one takes the short way."""

    def load_disk(self) -> None:
        super().load_disk()
        self.disk_migrations = {key: one for key, one in self.disk_migrations.items() if not one.replaces}


def step_by_step() -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.loader = EachStep(connection)
    return executor


def migrate_to(targets: Any) -> None:
    step_by_step().migrate(targets)


def newest() -> Any:
    return step_by_step().loader.graph.leaf_nodes()


def schema() -> dict[str, Any]:
    """Every table's columns, and what holds them together. Names of foreign keys and their indexes are Django's own."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            columns = connection.introspection.get_table_description(cursor, table)
            rules = connection.introspection.get_constraints(cursor, table).values()
            found[table] = (
                sorted((column.name, column.type_code, column.null_ok, column.default) for column in columns),
                sorted(
                    repr((rule["columns"], rule["primary_key"], rule["unique"], rule["foreign_key"], rule["check"]))
                    for rule in rules
                ),
            )
    return found


@pytest.fixture
def short_way(transactional_db: None) -> dict[str, Any]:
    """The schema of a new database."""
    return schema()


@pytest.fixture
def first_release(transactional_db: None) -> Any:
    """The models as they were; whatever the test does, the database ends as it was found."""
    migrate_to(FIRST)
    yield step_by_step().loader.project_state(FIRST).apps
    migrate_to(newest())


@pytest.mark.timeout(600)
def test_histories_from_before_the_chain_are_chained(short_way: dict[str, Any], first_release: Any) -> None:
    source = first_release.get_model("inbox", "Source").objects.create(slug="old", label="Old", connector="manual")
    tickets = [_ticket(first_release, source) for _ in range(3)]
    event, message = (first_release.get_model("inbox", name) for name in ("TicketEvent", "Message"))
    for number in range(4):  # histories that lie in each other, as they do in life
        for ticket in tickets:
            row = event.objects.create(ticket=ticket, kind="note_added", at=TUESDAY, data={"n": number})
            message.objects.create(ticket=ticket, event=row, kind="note", body=f"Ghi chú {number}")
    _running_clock(first_release, tickets[0], due_at=TUESDAY, warn_at=WARNED)

    migrate_to(newest())

    assert schema() == short_way, "both ways lead to the same database"
    from inbox.tickets.models import ChainHead, Ticket, TicketEvent

    assert [head.sequence for head in ChainHead.objects.all()] == [4, 4, 4]
    numbers = TicketEvent.objects.filter(ticket=tickets[1].pk).order_by("sequence").values_list("sequence", "data__n")
    assert list(numbers) == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert verify().findings == []
    nearness = Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).order_by("pk")
    assert list(nearness.values_list("next_warn_at", flat=True)) == [WARNED, None, None], "0011 looks at the clocks"


def _ticket(apps: Any, source: Any) -> Any:
    reporter = apps.get_model("inbox", "Reporter").objects.create()
    times = dict.fromkeys(("sent_at", "received_at", "updated_at", "clock_from"), TUESDAY)
    return apps.get_model("inbox", "Ticket").objects.create(
        source=source, reporter=reporter, title="Rác", text="Rác", **times
    )


def _running_clock(apps: Any, ticket: Any, *, due_at: datetime, warn_at: datetime) -> None:
    """A clock that drives the ticket."""
    model = {name: apps.get_model("inbox", name).objects for name in ("WorkCalendar", "SlaPolicy", "SlaClock")}
    calendar = model["WorkCalendar"].create(slug="old", name="Old", weekly={})
    model["SlaClock"].create(
        ticket=ticket,
        kind="accept",
        calendar=calendar,
        policy=model["SlaPolicy"].create(
            name="Old",
            calendar=calendar,
            valid_from=TUESDAY.date(),
            connector="manual",
            accept_amount=2,
            accept_unit="hours",
            resolve_amount=2,
            resolve_unit="hours",
        ),
        target_amount=2,
        target_unit="hours",
        started_at=TUESDAY - timedelta(hours=2),
        due_at=due_at,
        warn_at=warn_at,
    )
    type(ticket).objects.filter(pk=ticket.pk).update(next_due_at=due_at)
