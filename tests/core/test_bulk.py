"""Rows that are made while the database takes them: a failure half-way leaves nothing behind and the line free."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from inbox.core.bulk import insert_made_rows, insert_rows
from inbox.tickets.models import Reporter

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
