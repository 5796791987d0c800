"""The story of everything going wrong at once, with one seed; `make bench` tells it with others."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.chaos import story
from tests.processes import running_sandbox

SEED = 20_261_117


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_whatever_breaks_the_tickets_end_up_as_the_sources_have_them(city: None) -> None:
    """Smaller on SQLite, where one writer at a time is the rule and killing it proves less."""
    number = 5_000 if connection.vendor == "postgresql" else 1_000
    with running_sandbox("--count", "0") as sandbox:
        told = story.tell(sandbox, seed=SEED, number=number, beats=48)
    assert told.complaints >= number * 0.98
    assert len(set(told.faults)) == len(story.KINDS)
