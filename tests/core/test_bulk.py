"""Rows made and stored in batches are what the ORM would have made; a failure half-way leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models, transaction
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields import NOT_PROVIDED

from inbox.core.bulk import insert_made_rows, insert_rows, new_row
from inbox.sla.models import SlaClock, SlaPolicy
from inbox.tickets.models import Reporter, Ticket

pytestmark = pytest.mark.django_db


def reporters(number: int, *, fails_at: int | None = None) -> Iterator[Reporter]:
    for index in range(number):
        if index == fails_at:
            raise ValueError("cannot be made")
        yield Reporter(name=f"Người {index}", phone_hash=str(index))


@pytest.mark.parametrize("number", [0, 1, 100, 101, 250])
def test_each_row_gets_its_key_and_is_stored_as_it_was_made(number: int) -> None:
    made = []

    def noting() -> Iterator[Reporter]:
        for row in reporters(number):
            made.append(row)
            yield row

    insert_made_rows(Reporter, noting(), number)
    assert len({row.pk for row in made}) == number
    stored = Reporter.objects.in_bulk([row.pk for row in made])
    assert [stored[row.pk].name for row in made] == [f"Người {index}" for index in range(number)]
    assert not any(row._state.adding for row in made)


@pytest.mark.parametrize("fails_at", [0, 5, 150], ids=["before the first", "in the first turn", "in the second turn"])
def test_what_fails_half_way_stores_nothing_and_the_connection_goes_on(fails_at: int) -> None:
    with pytest.raises(ValueError, match="cannot be made"), transaction.atomic():
        insert_made_rows(Reporter, reporters(200, fails_at=fails_at), 200)
    assert not Reporter.objects.exists()
    insert_rows(list(reporters(3)))
    assert Reporter.objects.count() == 3


@pytest.mark.parametrize("number", [2, 4], ids=["more rows than were announced", "fewer"])
def test_another_number_of_rows_than_was_announced_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="zip"), transaction.atomic():
        insert_made_rows(Reporter, reporters(3), number)
    assert not Reporter.objects.exists()


@pytest.mark.parametrize("model", list(apps.get_app_config("inbox").get_models()), ids=lambda model: model.__name__)
def test_a_row_made_for_a_batch_is_the_one_that_the_constructor_makes(model: type[models.Model]) -> None:
    made, constructed = new_row(model), model()
    assert _said_by(made) == _said_by(constructed)
    assert (made._state.adding, made._state.db) == (constructed._state.adding, constructed._state.db)


def _said_by(row: models.Model) -> dict[str, object]:
    """Its columns; of what is drawn or read from a clock for each row, only what kind of value it is."""
    return {field.attname: _comparable(field, row.__dict__[field.attname]) for field in row._meta.concrete_fields}


def _comparable(field: models.Field, value: object) -> object:  # type: ignore[type-arg]
    if isinstance(value, DatabaseDefault):
        return DatabaseDefault
    return value if field.default in {NOT_PROVIDED, list, dict} or not callable(field.default) else type(value)


def test_a_row_made_for_a_batch_shares_no_list_with_the_next_one() -> None:
    new_row(Ticket).remarks.append("clock_from_arrival")
    assert new_row(Ticket).remarks == []


def test_a_row_made_for_a_batch_knows_the_rows_it_belongs_to() -> None:
    policy = SlaPolicy(pk=7)
    clock = new_row(SlaClock, policy=policy, calendar_id=3)
    assert (clock.policy_id, clock.calendar_id) == (7, 3)
    assert clock.policy is policy


@pytest.mark.parametrize("name", ["pk", "polcy_id", "tickets"])
def test_a_row_made_for_a_batch_refuses_what_is_no_column(name: str) -> None:
    with pytest.raises(TypeError, match=f"SlaClock has no column '{name}'"):
        new_row(SlaClock, **{name: 1})
