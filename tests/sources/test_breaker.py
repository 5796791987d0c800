"""Whether a source is asked at all: the same answer for every worker, because it stands in the source's row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import AuthError, ConnectorError, RateLimited, Transient
from inbox.core import clock
from inbox.intake import files, schedule
from inbox.outbox.dispatch import due_sources
from inbox.sources.models import Source
from inbox.sources.runtime import askable, breaker_of, note_failure, note_success, wait_after
from inbox.sources.vocabulary import Breaker
from tests.factories import make_source, make_ticket

pytestmark = pytest.mark.django_db
AWAY = Transient("503", code="http_503")


def failed(source: Source, *errors: ConnectorError) -> Source:
    for error in errors:
        note_failure(source, error, at=clock.now())
    source.save()
    return source


@pytest.fixture
def source(db: None) -> Source:
    return make_source("portal", connector="national_portal", poll_seconds=60)


@pytest.mark.parametrize(
    ("errors", "breaker", "later", "why"),
    [
        ([], Breaker.CLOSED, Breaker.CLOSED, "well"),
        ([AWAY, AWAY], Breaker.CLOSED, Breaker.CLOSED, "two failures are noise"),
        ([AWAY, AWAY, AWAY], Breaker.OPEN, Breaker.HALF_OPEN, "left in peace, then tried"),
        ([AuthError("no")], Breaker.OPEN, Breaker.CLOSED, "a refused log-in: asking again would lock the account"),
        ([RateLimited("", retry_after=timedelta(minutes=20))], Breaker.OPEN, Breaker.CLOSED, "it asked to wait"),
        ([RateLimited("")], Breaker.CLOSED, Breaker.CLOSED, "without saying how long: the schedule waits"),
    ],
)
def test_the_breaker_opens_tries_and_closes(
    source: Source, errors: list[ConnectorError], breaker: Breaker, later: Breaker, why: str
) -> None:
    failed(source, *errors)
    assert breaker_of(source, at=clock.now()) is breaker, why
    assert breaker_of(source, at=clock.now() + timedelta(hours=1)) is later, why
    note_success(source, at=clock.now())
    assert breaker_of(source, at=clock.now()) is Breaker.CLOSED
    source.is_enabled = False
    assert breaker_of(source, at=clock.now()) is Breaker.OFF


def test_what_one_worker_was_told_holds_for_reading_files_and_answers(source: Source, city: None) -> None:
    """F2: Retry-After is honoured by everybody, and other sources are not held up."""
    make_ticket(source=source)
    failed(source, RateLimited("429", code="http_429", retry_after=timedelta(minutes=30)))
    other = make_source("other", connector="hotline_1022")
    now = clock.now()
    assert schedule.claim_due(now) == [other.pk]
    assert schedule.claim_due(now + timedelta(minutes=29)) == [other.pk]
    assert source.pk in schedule.claim_due(now + timedelta(minutes=31))
    assert list(Source.objects.filter(askable(now), pk=source.pk)) == []
    assert not files.fetch_due(now)
    assert due_sources(now) == []
    assert source.deliveries_wait_until is not None
    assert source.deliveries_wait_until >= now + timedelta(minutes=29)


def test_waits_double_with_jitter_and_end(source: Source) -> None:
    """F1: no two gaps alike, none above a quarter of an hour."""
    waits = []
    for _ in range(8):
        failed(source, AWAY)
        waits.append([wait_after(source, AWAY).total_seconds() for _ in range(20)])
    assert all(len(set(drawn)) > 15 for drawn in waits)
    for drawn, ceiling in zip(waits, (120, 240, 480, 900, 900, 900, 900, 900), strict=True):
        assert 0.8 * ceiling <= min(drawn)
        assert max(drawn) <= ceiling
