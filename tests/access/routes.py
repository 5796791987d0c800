"""Every address of the product, read off the URL resolver, so that a new one cannot be forgotten.

A route with a parameter that `PARAMETERS` cannot fill stops the tests: whoever adds one says here what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from inbox.tickets.vocabulary import Verb

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


@dataclass(frozen=True)
class Route:
    """One entry of the resolver: its template ("api/v1/tickets/<str:code>/"), its name and what answers."""

    template: str
    name: str
    view: Callable[..., Any]

    @property
    def parameters(self) -> list[str]:
        return [first or second for first, second in _PARAMETER.findall(self.template)]

    @property
    def is_api(self) -> bool:
        return self.template.startswith("api/v1/")

    @property
    def is_admin(self) -> bool:
        return self.template.startswith("admin/")

    def address(self, values: Mapping[str, object]) -> str:
        return "/" + _PARAMETER.sub(lambda found: str(values[found[1] or found[2]]), self.template)

    def __str__(self) -> str:
        return self.name or self.template


def _walk(patterns: list[Any], before: str = "") -> Iterator[Route]:
    for entry in patterns:
        template = before + _readable(str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, template)
        elif isinstance(entry, URLPattern):
            yield Route(template, entry.name or "", entry.callback)


def _readable(pattern: str) -> str:
    """Regular expressions without their anchors; ".*" is anything at all."""
    return (
        pattern.removeprefix("^").removesuffix("$").removesuffix("\\Z").replace(".*", "no-such-address", 1)
        if pattern.startswith("^")
        else pattern
    )


def all_routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns))


def product_routes() -> list[Route]:
    """Without Django's admin, which is tested on its own."""
    return [route for route in all_routes() if not route.is_admin]


# --- What a parameter stands for --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Things:
    """What belongs to one ward: a ticket's code, a file, a message and a record of it. The source serves every ward."""

    code: str
    attachment: int
    delivery: int
    slug: str
    payload: int
    number: str
    digest: str
    suffix: str = "json"
    report: str = "ward"
    paper: str = "pdf"
    service: str = "noise"
    subscription: int = 987654321  # one's own or nobody's
    reply: int = 987654321
    key: str = "00000000-0000-4000-8000-000000000000"  # of an export: one's own or nobody's
    unit: str = "khong-co"  # of a dashboard: tests/dashboards/test_access.py says who sees which
    person: int = 987654321
    name: str = "open"  # of a figure
    calendar: str = "office"
    day: str = "2026-11-24"
    policy: int = 987654321
    difference: int = 987654321
    #: What belongs to one person and to nobody else, whatever they see: tests/access/test_desk_access.py.
    personal: int = 987654321

    @property
    def published_code(self) -> str:
        """The code in an address that is open to everybody: found only once somebody has made the ticket public."""
        return self.code

    @property
    def claimed(self) -> str:
        """The number as a paper shows it to anybody, ticket or not."""
        return self.number


#: Never existed.
NOTHING = Things(
    "PA-987654321", 987654321, 987654321, "gopy-thu", 987654321, "BB-2026-987654321", "0" * 64, unit="nowhere"
)

#: Of which ticket-bound thing a `pk` in a route is the key.
KEYS = {
    "api-attachment": "attachment",
    "api-delivery-retry": "delivery",
    "api-payload-replay": "payload",
    "ticket-attachment": "attachment",
    "delivery-retry": "delivery",
    "delivery-entered": "delivery",
    "delivery": "delivery",
    "delivery-send": "delivery",
    "delivery-mark": "delivery",
    "delivery-give-up": "delivery",
    "difference-keep": "difference",
    "difference-take": "difference",
    "difference-dismiss": "difference",
    "payload": "payload",
    "payload-replay": "payload",
    "desk-reply": "reply",
    **dict.fromkeys(("undo", "bulk-job", "bulk-go-on", "bulk-undo", "saved-view", "saved-view-delete"), "personal"),
}
#: Parameters that are called like the thing they stand for.
OWN_NAMES = {
    *("code", "slug", "verb", "number", "claimed", "digest", "key", "unit", "person", "name", "suffix"),
    *("calendar", "day", "policy"),
    *("report", "paper", "subscription", "service", "published_code"),
}
#: Things that one may see because one may see their ticket. Sources and their quarantine go by permission instead.
TICKET_BOUND = {"code", "attachment", "delivery", "difference", "number"}


def thing_of(route: Route, parameter: str) -> str:
    """The field of Things, or "verb", that fills a parameter. Raises KeyError when nobody has said."""
    if parameter in OWN_NAMES:
        return parameter
    if parameter == "pk":
        return KEYS[route.name]
    raise KeyError(f"{route}: what does <{parameter}> stand for?")


def is_ticket_bound(route: Route) -> bool:
    return any(thing_of(route, parameter) in TICKET_BOUND for parameter in route.parameters)


def filled(route: Route, things: Things, *, instead: Mapping[str, Things] | None = None) -> list[str]:
    """The addresses of a route for these things, one for each verb where it has one.

    `instead`: parameters that are filled from somebody else's things.
    """
    verbs = [verb.value for verb in Verb] if "verb" in route.parameters else [""]
    values = {
        parameter: getattr((instead or {}).get(parameter, things), thing_of(route, parameter), "")
        for parameter in route.parameters
    }
    return [route.address(values | {"verb": verb}) for verb in verbs]
