"""A database of the first release keeps its tickets and gets what later code expects of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from inbox.tickets.verification import verify
from tests.factories import TUESDAY

FIRST = [("inbox", "0001_initial")]


@pytest.fixture
def first_release(transactional_db: None) -> Any:
    """The models as they were; whatever the test does, the database ends as it was found."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate(FIRST)
    yield MigrationExecutor(connection).loader.project_state(FIRST).apps
    MigrationExecutor(connection).migrate(newest)


def test_histories_from_before_the_chain_are_chained(first_release: Any) -> None:
    source = first_release.get_model("inbox", "Source").objects.create(slug="old", label="Old", connector="manual")
    tickets = [_ticket(first_release, source) for _ in range(3)]
    event, message = (first_release.get_model("inbox", name) for name in ("TicketEvent", "Message"))
    for number in range(4):  # histories that lie in each other, as they do in life
        for ticket in tickets:
            row = event.objects.create(ticket=ticket, kind="note_added", at=TUESDAY, data={"n": number})
            message.objects.create(ticket=ticket, event=row, kind="note", body=f"Ghi chú {number}")

    MigrationExecutor(connection).migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())

    from inbox.tickets.models import ChainHead, TicketEvent

    assert [head.sequence for head in ChainHead.objects.all()] == [4, 4, 4]
    numbers = TicketEvent.objects.filter(ticket=tickets[1].pk).order_by("sequence").values_list("sequence", "data__n")
    assert list(numbers) == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert verify().findings == []


def _ticket(apps: Any, source: Any) -> Any:
    reporter = apps.get_model("inbox", "Reporter").objects.create()
    times = dict.fromkeys(("sent_at", "received_at", "updated_at", "clock_from"), TUESDAY)
    return apps.get_model("inbox", "Ticket").objects.create(
        source=source, reporter=reporter, title="Rác", text="Rác", **times
    )
