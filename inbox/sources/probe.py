"""Ask a source that counts as away by a request of its own, so that an outage does not rest on one kind of request."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from connectors.errors import ConnectorError
from inbox.core import clock
from inbox.sources.models import Outage
from inbox.sources.runtime import build_connector
from inbox.sources.vocabulary import Health

#: What a source says that wants to be left in peace for a named time.
ASKED_TO_WAIT = ("http_429", "http_503", "rate_limited")


def probe_sources() -> int:
    """Confirm open outages. Returns how many; an answer changes nothing: only reading and delivering end an outage.

    A source that refuses our log-in is left in peace: asking again and again would lock the account.
    """
    asked_to_wait = Q(reason_code__in=ASKED_TO_WAIT, source__not_before__gt=clock.now())
    return sum(_probe(outage) for outage in _unconfirmed().exclude(asked_to_wait).select_related("source"))


def _unconfirmed() -> QuerySet[Outage]:
    return Outage.objects.filter(
        ended__isnull=True, confirmed_at__isnull=True, source__is_enabled=True, source__health=Health.DOWN
    )


def _probe(outage: Outage) -> int:
    """The request is made outside any transaction; an outage that ended meanwhile stays as it is."""
    try:
        build_connector(outage.source).check()
    except ConnectorError:
        return _unconfirmed().filter(pk=outage.pk).update(confirmed_at=clock.now())
    return 0
