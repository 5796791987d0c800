"""Which tickets a list shows and in which order, read from the parameters of its address and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from inbox.core.errors import Invalid
from inbox.tickets import queries
from inbox.tickets.filters import TicketFilter
from inbox.tickets.queries import Order, View

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket

#: Parameters of the page itself; everything else is a filter of `TicketFilter`.
OWN = ("view", "ticket", "after", "than", "since", "shown", "saved")
#: Those that say where one is in a list, not which list it is.
PLACE = ("ticket", "after", "than", "since", "shown")
#: Those that say which list it is.
OF_LIST = frozenset(TicketFilter.base_filters) | {"view", "saved"}
#: Longer addresses than any list has.
LONGEST = 2000
#: What `ordering` may ask for here; the list of deadlines is what one gets without asking.
ORDERS: Mapping[str, Order] = {
    "next_due": Order.DEADLINE,
    "-received": Order.NEWEST,
    "-updated": Order.CHANGED,
}
#: Views that have an order of their own. Closed tickets have no deadline: a million of them are not sorted by it.
FIXED: Mapping[View, Order] = {
    View.AT_RISK: Order.RISK,
    View.RESOLVED: Order.RESOLVED,
    View.ALL: Order.NEWEST,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its tickets, unordered and visible to the person, its view and its order."""

    params: QueryDict
    view: View
    order: Order
    tickets: QuerySet[Ticket]
    hits: int | None = None  # how many there are, where it is known
    first: Sequence[int] = ()  # see `queries.Searched`

    @classmethod
    def of(cls, params: QueryDict, official: Official, *, at: datetime) -> Listing:
        """The list behind an address. Raises Invalid naming the parameter that is wrong."""
        params = filled(params)
        view = view_of(params)
        order = FIXED.get(view) or ORDERS.get(params.get("ordering", ""), Order.DEADLINE)
        found = queries.searched(params, view, official=official, at=at, also_allowed=OWN, order=order)
        return cls(params, view, order, found.tickets, found.hits, found.first)

    @property
    def filters(self) -> QueryDict:
        """What narrows the list further than its view."""
        return without(self.params, "view", "ordering", "saved", *PLACE)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.filters)

    def count(self) -> int:
        """How many tickets it has, counted no further than one beyond what a count shows."""
        return queries.count_of(self.tickets) if self.hits is None else self.hits

    @property
    def has_many(self) -> bool:
        """Whether searching has found more than anybody counts."""
        return self.hits is not None and self.hits > queries.COUNT_LIMIT

    @property
    def may_be_ordered(self) -> bool:
        return self.view not in FIXED


def view_of(params: QueryDict) -> View:
    """The view asked for. Raises Invalid."""
    try:
        return View(params.get("view") or View.OPEN)
    except ValueError:
        raise Invalid("There is no such view", field="view") from None


def filled(params: QueryDict) -> QueryDict:
    """The parameters that say something: a form sends its empty fields too."""
    kept = params.copy()
    for name, values in params.lists():
        kept.setlist(name, [value for value in values if value])
        if not kept.getlist(name):
            del kept[name]
    return kept


def without(params: QueryDict, *names: str) -> QueryDict:
    """The parameters but for these."""
    kept = params.copy()
    for name in names:
        kept.pop(name, None)
    return kept


def in_list(params: QueryDict | None) -> str:
    """What the address of a ticket ends with that is opened from this list: so its page knows what is around it."""
    return "" if params is None else "?" + urlencode({"list": _which(params).urlencode()})


def ticket_address(request: HttpRequest, code: str) -> str:
    """The page of a ticket, still in the list that one came from."""
    return reverse("ticket", args=[code]) + in_list(came_from(request))


def came_from(request: HttpRequest) -> QueryDict | None:
    """The list that a ticket was opened from: its address says so, or that of the page a form stood on; else None."""
    for address in (request.get_full_path(), request.headers.get("Referer", "")):
        query = QueryDict(_query(address))
        if "list" in query:
            return _which(QueryDict(query["list"]))
    return None


def _query(address: str) -> str:
    try:
        return urlsplit(address).query[:LONGEST]
    except ValueError:
        return ""


def _which(params: QueryDict) -> QueryDict:
    """Those parameters that say which list it is, and nothing that anybody else has written into an address."""
    return without(filled(params), *(params.keys() - OF_LIST))
