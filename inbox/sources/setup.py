"""Setting up a source: checks every setting against what its connector says it needs, and keeps secrets apart."""

from __future__ import annotations

from collections.abc import Mapping

from connectors import registry
from connectors.errors import ConfigError
from inbox.core.errors import Invalid
from inbox.sources.models import Source
from inbox.sources.runtime import build_connector
from inbox.sources.vocabulary import MANUAL, Channel, Health
from inbox.units.models import Unit

#: slug, label and badge of the source behind each way in that no machine reads.
_BY_HAND: dict[Channel, tuple[str, str, str]] = {
    Channel.WALK_IN: ("walk-in", "Trực tiếp tại phường", "Trực tiếp"),
    Channel.PHONE: ("phone", "Điện thoại đến phường", "Điện thoại"),
    Channel.LETTER: ("letter", "Đơn thư", "Đơn thư"),
}


def source_by_hand(channel: Channel) -> Source:
    """The source of complaints that officials enter themselves; made when the first one comes."""
    slug, label, short_label = _BY_HAND[channel]
    source, _ = Source.objects.get_or_create(
        slug=slug,
        defaults={"label": label, "short_label": short_label, "connector": MANUAL, "health": Health.OK},
    )
    return source


def save_source(
    slug: str,
    *,
    connector: str,
    values: Mapping[str, str],
    label: str = "",
    short_label: str = "",
    profile: str = "",
    unit: Unit | None = None,
    poll_seconds: int = 300,
) -> Source:
    """Create the source, or set an existing one up anew; its cursor and history stay.

    Secrets that `values` leaves out keep what they were. Raises Invalid naming the wrong setting.
    """
    kind = registry.all().get(connector)
    if kind is None:
        raise Invalid(f"No such connector; there are: {', '.join(sorted(registry.all()))}", field="connector")
    known = {setting.name: setting for setting in kind.settings}
    for name in values:
        if name not in known:
            raise Invalid(f"Unknown setting; there are: {', '.join(sorted(known))}", field=name)
    source = Source.objects.filter(slug=slug).first() or Source(slug=slug)
    source.connector, source.profile, source.unit = connector, profile, unit
    source.label, source.short_label = label or source.label or kind.label, short_label or source.short_label
    source.poll_seconds = poll_seconds
    source.settings = {name: value for name, value in values.items() if not known[name].secret}
    source.secrets = dict(source.secrets) | {name: value for name, value in values.items() if known[name].secret}
    try:
        build_connector(source)
    except ConfigError as error:
        raise Invalid(error.detail, field="set") from error
    source.save()
    return source
