"""From a `Source` row to a working connector, and from what happens to its health. No network by itself."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db.models import Q

from connectors import registry
from connectors.errors import AuthError, ConfigError, ConnectorError, RateLimited, Transient
from connectors.protocol import Connector, SourceConfig
from inbox.sources.models import Outage, Source
from inbox.sources.vocabulary import MANUAL, Breaker, Health

#: A single failure is noise; from the third in a row on the source counts as down.
DOWN_AFTER = 3
#: Longest wait between two tries on a failing source; it starts at the source's own interval and doubles.
LONGEST_WAIT = timedelta(minutes=15)


def build_connector(source: Source) -> Connector:
    """The connector behind a source, with its secrets. Raises ConfigError when a required setting is missing."""
    return registry.build(
        SourceConfig(slug=source.slug, settings=source.settings, profile=source.profile, secrets=source.secrets),
        connector=source.connector,
    )


def can_be_compared(source: Source) -> bool:
    """Whether the source's side can be read without changing it: not what officials enter, what only sends by itself,
    or a folder whose files are taken by reading them.
    """
    if source.connector == MANUAL:
        return False
    try:
        capabilities = build_connector(source).capabilities
    except ConfigError:
        return True  # it is set up wrongly, which the comparison will say
    return capabilities.polls and capabilities.rereads


def note_success(source: Source, *, at: datetime, rejected: int | bool = 0) -> None:
    """The source answered. Rejected payloads leave it degraded: something in it is wrong, though it is reachable.

    Like `note_failure`, on a locked row that the caller saves: an outage opens and ends in the same transaction.
    """
    if source.failures_in_a_row:
        Outage.objects.filter(source=source, ended__isnull=True).update(ended=at)
    source.last_success_at = at
    source.failures_in_a_row, source.failing_since, source.not_before = 0, None, None
    source.deliveries_paused = False
    if not source.deliveries_wait_asked or (source.deliveries_wait_until or at) <= at:
        source.deliveries_wait_until, source.deliveries_wait_asked = None, False
    _set_health(source, Health.DEGRADED if rejected else Health.OK, at=at)
    if not rejected:
        source.last_error_code = source.last_error_detail = ""


def note_failure(source: Source, error: ConnectorError, *, at: datetime) -> None:
    """The source failed. What only a person can mend also pauses deliveries, so that no attempt is burnt on it."""
    source.last_error_at = at
    source.last_error_code = error.code
    source.last_error_detail = error.detail
    source.failures_in_a_row += 1
    source.failing_since = source.failing_since or at
    if isinstance(error, AuthError | ConfigError):
        source.deliveries_paused = True
        _set_health(source, Health.NEEDS_PERSON, at=at)
    else:
        _set_health(source, Health.DOWN if source.failures_in_a_row >= DOWN_AFTER else Health.DEGRADED, at=at)
    wait = wait_after(source, error)
    if source.health in {Health.DOWN, Health.NEEDS_PERSON} or _asked(error):
        source.not_before = max(at + wait, source.not_before or at)
    if asked := _asked(error):
        hold_deliveries(source, until=at + asked, asked=True)
    if source.health == Health.DOWN or isinstance(error, AuthError):
        _open_outage(source, error, began=source.failing_since)


def wait_after(source: Source, error: ConnectorError | None) -> timedelta:
    """The source's interval; while it fails, doubling with jitter, and never less than it asked for."""
    usual = timedelta(seconds=source.poll_seconds)
    if error is None:
        return usual
    if not isinstance(error, Transient):
        return max(usual, LONGEST_WAIT)
    wait: timedelta = min(usual * 2 ** min(source.failures_in_a_row, 10), max(LONGEST_WAIT, usual))
    return max(wait * random.uniform(0.8, 1.0), _asked(error))  # noqa: S311  spreading load, not a secret


def _asked(error: ConnectorError) -> timedelta:
    """How long the source has asked us to stay away."""
    return error.retry_after or timedelta(0) if isinstance(error, RateLimited) else timedelta(0)


def breaker_of(source: Source, *, at: datetime) -> Breaker:
    """Whether the source is asked at `at`. All workers see the same, because it is read off the source's row."""
    if not source.is_enabled:
        return Breaker.OFF
    if source.not_before is not None and source.not_before > at:
        return Breaker.OPEN
    return Breaker.HALF_OPEN if source.failures_in_a_row >= DOWN_AFTER else Breaker.CLOSED


def askable(at: datetime, *, prefix: str = "") -> Q:
    """For rows of sources, or rows with one at `prefix`: those that may be asked something at `at`."""
    return Q(**{f"{prefix}not_before__isnull": True}) | Q(**{f"{prefix}not_before__lte": at})


def hold_deliveries(source: Source, *, until: datetime, asked: bool) -> None:
    """Send nothing to the source before `until`. What the source `asked` for is never shortened; the caller saves."""
    held = source.deliveries_wait_until
    if held is None or until > held or (asked and not source.deliveries_wait_asked):
        source.deliveries_wait_until, source.deliveries_wait_asked = until, asked


def _open_outage(source: Source, error: ConnectorError, *, began: datetime) -> None:
    """A source that is down or refuses our log-in; settings that are wrong on our side are no outage of the source."""
    Outage.objects.get_or_create(
        source=source,
        ended=None,
        defaults={
            "began": began,
            "last_success_before": source.last_success_at,
            "reason_code": error.code[:50],
            "reason_detail": error.detail,
        },
    )


HEALTH_FIELDS = [
    "health",
    "health_since",
    "last_success_at",
    "last_error_at",
    "last_error_code",
    "last_error_detail",
    "failures_in_a_row",
    "failing_since",
    "deliveries_paused",
    "deliveries_wait_until",
    "deliveries_wait_asked",
    "not_before",
]


def _set_health(source: Source, health: Health, *, at: datetime) -> None:
    if source.health != health:
        source.health, source.health_since = health, at
