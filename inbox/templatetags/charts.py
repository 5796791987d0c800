"""Template tags of the dashboards: numbers as people read them, coordinates, addresses of lists. No queries here."""

from __future__ import annotations

from typing import Any

from django import template

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
