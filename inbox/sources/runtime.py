"""From a `Source` row to a working connector, and from what happens to its health. No network by itself."""

from __future__ import annotations

from datetime import datetime

from connectors import registry
from connectors.errors import AuthError, ConfigError, ConnectorError
from connectors.protocol import Connector, SourceConfig
from inbox.sources.models import Source
from inbox.sources.vocabulary import Health

#: A single failure is noise; from the third in a row on the source counts as down.
DOWN_AFTER = 3


def build_connector(source: Source) -> Connector:
    """The connector behind a source, with its secrets. Raises ConfigError when a required setting is missing."""
    return registry.build(
        SourceConfig(slug=source.slug, settings=source.settings, profile=source.profile, secrets=source.secrets),
        connector=source.connector,
    )


def note_success(source: Source, *, at: datetime, rejected: int = 0) -> None:
    """The source answered. Rejected payloads leave it degraded: something in it is wrong, though it is reachable."""
    source.last_success_at = at
    source.failures_in_a_row = 0
    source.deliveries_paused = False
    _set_health(source, Health.DEGRADED if rejected else Health.OK, at=at)
    if not rejected:
        source.last_error_code = source.last_error_detail = ""


def note_failure(source: Source, error: ConnectorError, *, at: datetime) -> None:
    """The source failed. What only a person can mend also pauses deliveries, so that no attempt is burnt on it."""
    source.last_error_at = at
    source.last_error_code = error.code
    source.last_error_detail = error.detail
    source.failures_in_a_row += 1
    if isinstance(error, AuthError | ConfigError):
        source.deliveries_paused = True
        _set_health(source, Health.NEEDS_PERSON, at=at)
    else:
        _set_health(source, Health.DOWN if source.failures_in_a_row >= DOWN_AFTER else Health.DEGRADED, at=at)


HEALTH_FIELDS = [
    "health",
    "health_since",
    "last_success_at",
    "last_error_at",
    "last_error_code",
    "last_error_detail",
    "failures_in_a_row",
    "deliveries_paused",
]


def _set_health(source: Source, health: Health, *, at: datetime) -> None:
    if source.health != health:
        source.health, source.health_since = health, at
