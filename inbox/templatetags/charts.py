"""Template tags of the dashboards: numbers as people read them, coordinates, addresses of lists. No queries here."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from inbox.web import dashboards, moments

register = template.Library()


@register.filter
def whole(value: float) -> str:
    """ "1.179" in Vietnamese."""
    return moments.number(round(value))


@register.filter
def tenths(value: float) -> str:
    """ "89,7" in Vietnamese."""
    return dashboards.decimal(value)


@register.filter
def short_number(value: float) -> str:
    """What fits on an axis: halves stay, thousands are grouped."""
    return moments.number(round(value)) if value == round(value) else dashboards.decimal(value)


@register.filter
def more(value: float, by: int) -> str:
    """Coordinates: to the right or down."""
    return f"{value + by:g}"


@register.filter
def less(value: float, by: int) -> str:
    """Coordinates: to the left or up."""
    return f"{value - by:g}"


@register.filter
def divides(number: int, by: int) -> bool:
    """Whether a label stands at this place when every `by`-th has one."""
    return number % by == 0


@register.filter
def nth(values: Any, number: int) -> Any:
    """One of several."""
    return values[number]


@register.simple_tag
def list_view(lists: dashboards.Lists, view: str) -> str:
    """The address of a view of the inbox, narrowed as the dashboard is."""
    return lists.view(view)


@register.simple_tag
def list_figure(lists: dashboards.Lists, name: str) -> str:
    """The address of the tickets that a figure counts."""
    return lists.figure(name)


@register.simple_tag
def map_areas(panel: Any) -> SafeString:
    """All units as areas of the map. Written here, like `map_rows`: templates take a tenth of the page for them."""
    target = " by-target" if panel.by_target else ""
    return format_html_join(
        "",
        '<a href="{}" tabindex="-1"><path class="m{}{}" d="{}"><title>{}: {}</title></path></a>',
        ((area.href, area.level, target, area.path, area.name, area.value) for area in panel.areas),
    )


@register.simple_tag
def map_rows(panel: Any) -> SafeString:
    """The same as rows of a table, those to look at first on top."""
    target = " by-target" if panel.by_target else ""
    return format_html_join(
        "",
        '<tr><th scope="row"><i class="key m{}{}"></i> <a href="{}">{}</a></th><td class="num">{}</td></tr>',
        ((area.level, target, area.href, area.name, area.value) for area in panel.ranked),
    )
