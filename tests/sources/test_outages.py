"""An outage is what was seen: the first failure, a probe, the first success. At most one is open per source."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from connectors.errors import AuthError, ConfigError, ConnectorError, Transient
from inbox.core import clock
from inbox.sources import probe
from inbox.sources.models import Outage, Source
from inbox.sources.runtime import note_failure, note_success
from tests.factories import TUESDAY, make_source

pytestmark = pytest.mark.django_db
AWAY = Transient("503", code="http_503")


@pytest.fixture
def source() -> Source:
    return make_source("portal", connector="national_portal", last_success_at=TUESDAY)


def fail(source: Source, *errors: ConnectorError) -> None:
    """One failure a minute, from a minute after the last success on."""
    for minute, error in enumerate(errors, start=1):
        note_failure(source, error, at=TUESDAY + timedelta(minutes=minute))
    source.save()


def test_it_begins_with_the_first_failure_and_ends_with_the_first_success(source: Source) -> None:
    fail(source, AWAY, AWAY)
    assert not Outage.objects.exists(), "two failures are noise"
    fail(source, AWAY, AWAY)
    outage = Outage.objects.get()
    assert (outage.began, outage.last_success_before) == (TUESDAY + timedelta(minutes=1), TUESDAY)
    assert (outage.reason_code, outage.reason_detail, outage.ended) == ("http_503", "503", None)
    back = TUESDAY + timedelta(hours=3)
    note_success(source, at=back)
    outage.refresh_from_db()
    assert (outage.ended, source.failing_since) == (back, None)


def test_a_second_outage_is_a_row_of_its_own(source: Source) -> None:
    for hour in (1, 2):
        fail(source, AWAY, AWAY, AWAY)
        note_success(source, at=TUESDAY + timedelta(hours=hour))
    assert Outage.objects.filter(ended__isnull=False).count() == 2


@pytest.mark.parametrize(
    ("error", "opens", "why"),
    [
        (AuthError("no", code="wrong_password"), True, "nobody can record anything there"),
        (ConfigError("no address", code="base_url"), False, "wrong on our side: the source is not away"),
    ],
)
def test_what_counts_as_an_outage(source: Source, error: ConnectorError, opens: bool, why: str) -> None:
    fail(source, error)
    assert Outage.objects.exists() is opens, why


def test_two_open_outages_of_one_source_cannot_be_stored(source: Source) -> None:
    fail(source, AWAY, AWAY, AWAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Outage.objects.create(source=source, began=TUESDAY, reason_code="http_503")


class Probed:
    """A source that answers, or does not."""

    def __init__(self, error: ConnectorError | None) -> None:
        self.error, self.asked = error, 0

    def check(self) -> str:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return "ok"


@pytest.mark.parametrize(("error", "confirmed"), [(AWAY, True), (None, False)])
def test_a_probe_of_its_own_confirms_it(
    source: Source, monkeypatch: pytest.MonkeyPatch, error: ConnectorError | None, confirmed: bool
) -> None:
    fail(source, AWAY, AWAY, AWAY)
    probed = Probed(error)
    monkeypatch.setattr(probe, "build_connector", lambda _: probed)
    before = clock.now()
    assert probe.probe_sources() == int(confirmed)
    outage = Outage.objects.get()
    assert (outage.confirmed_at is not None and outage.confirmed_at >= before) is confirmed
    assert outage.ended is None, "an answer to a probe does not end it"
    probe.probe_sources()
    assert probed.asked == (1 if confirmed else 2), "a confirmed one is left in peace"


def test_a_source_that_refuses_our_log_in_is_not_probed(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    probed = Probed(AWAY)
    monkeypatch.setattr(probe, "build_connector", lambda _: probed)
    fail(source, AuthError("no", code="wrong_password"))
    assert (probe.probe_sources(), probed.asked) == (0, 0), "the account would be locked"
