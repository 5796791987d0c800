"""The links beside the list: its views and sources, each with how much there is. Written here like `ticket_rows`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from inbox.sources.vocabulary import Health
from inbox.templatetags.mot_moi import capped, icon, lower_first
from inbox.web import labels
from inbox.web.markup import joined, markup

register = template.Library()

_VIEW = (
    '<li><a class="view" data-view="{key}" href="?{query}"{current}>{icon}<span>{words}</span>'
    '<span class="n{tone}" id="n-{name}">{count}</span></a></li>\n'
)
_SOURCE = (
    '<li><a class="view" href="?{query}"{current}>{icon}<span>{name}{trouble}</span>'
    '<span class="n">{count}</span></a></li>\n'
)
_PAGE, _CHOSEN = SafeString(' aria-current="page"'), SafeString(' aria-current="true"')
_AWAY = frozenset({Health.DOWN, Health.NEEDS_PERSON})
_CALM = frozenset({Health.OK, Health.UNKNOWN})
#: What of an address does not go along to another source.
_LEFT_BEHIND = ("source", "ticket", "after", "saved")


@register.simple_tag(takes_context=True)
def view_links(context: dict[str, Any], views: Iterable[tuple[str, int]], chosen: str) -> SafeString:
    """The views with their numbers; what is searched for and the source go along. Keys 1 to 8 follow them."""
    params = context["request"].GET
    kept = {name: params[name] for name in ("q", "source") if params.get(name)}
    return joined(
        markup(
            _VIEW,
            key=number,
            query=urlencode({"view": name, **kept}),
            current=_PAGE if name == chosen and not params.get("saved") else "",
            icon=icon(label.icon),
            words=label.words,
            tone=f" n-{label.tone}" if count and label.tone else "",
            name=name,
            count=capped(count),
        )
        for number, (name, count) in enumerate(views, start=1)
        for label in [labels.label_of("view", name)]
    )


@register.simple_tag(takes_context=True)
def source_links(context: dict[str, Any], sources: Iterable[Any]) -> SafeString:
    """The sources with their open tickets; pressing the one that is chosen takes the choice back."""
    params = context["request"].GET
    kept = [(name, values) for name, values in params.lists() if name not in _LEFT_BEHIND]
    chosen = params.get("source")
    return joined(
        markup(
            _SOURCE,
            query=urlencode(kept if is_chosen else [*kept, ("source", [source.slug])], doseq=True),
            current=_CHOSEN if is_chosen else "",
            icon=icon("power" if not source.is_enabled else "plug-off" if source.health in _AWAY else "plug"),
            name=source.name,
            trouble=_trouble(source.health) if source.is_enabled and source.health not in _CALM else "",
            count=capped(source.open_count),
        )
        for source in sources
        for is_chosen in [source.slug == chosen]
    )


def _trouble(health: str) -> SafeString:
    words = lower_first(labels.label_of("health", health).words)
    return markup('<br><span class="small soon">{words}</span>', words=words)
