"""What lies with whom, and the tickets to step in for now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from inbox.accounts.permissions import Permission, may
from inbox.accounts.queries import workers_of_unit
from inbox.dashboards import figures
from inbox.dashboards.metrics import Sums
from inbox.sla.queries import clocks_of
from inbox.tickets.vocabulary import AT_RISK, WAITING, Status
from inbox.web import deadlines, labels, moments
from inbox.web.dashboards import Facts, noon

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.tickets.models import Ticket

RISKY = 8
BUSY = 15  # open tickets with one officer, from which on it is said


@dataclass(frozen=True, slots=True)
class Load:
    """What lies with one officer or unit. `rest` makes all bars as long as the longest."""

    name: str
    href: str
    late: int
    soon: int
    in_time: int
    held: int
    rest: int

    @property
    def total(self) -> int:
        return self.late + self.soon + self.in_time + self.held


def load_by_officer(facts: Facts) -> list[Load]:
    """The heaviest first; what nobody has been given comes last."""
    found = {
        key[0]: one for key, one in figures.standing(facts.scope.narrowing, at=facts.now, by=("official",)).items()
    }
    people = figures.people_of(found)
    workers = workers_of_unit(facts.scope.unit.pk) if facts.scope.unit else []
    for person in workers:
        people[person.pk] = person
        found.setdefault(person.pk, {})
    named: list[tuple[str, str, Sums]] = []
    for key, one in found.items():
        person_of = people.get(key) if key is not None else None
        if person_of is not None:
            named.append((person_of.display_name, reverse("dashboard-officer", args=[person_of.pk]), one))
    rows = _loads(sorted(named, key=lambda row: (-row[2].get("open", 0), row[0])))
    nobody = found.get(None, {})
    if nobody.get("open"):
        rows += _loads(
            [(_("Nobody yet"), facts.lists.view("unassigned"), nobody)],
            of=max(r.total + r.rest for r in rows) if rows else 0,
        )
    return rows


def load_by_unit(facts: Facts) -> list[Load]:
    """The units with the most overdue tickets."""
    units = facts.units
    named = [
        (units[key].short_name, reverse("dashboard-unit", args=[units[key].code]), one)
        for key, one in facts.standing_by_unit.items()
        if key is not None and key in units
    ]
    named.sort(key=lambda row: (-row[2].get("overdue", 0), -row[2].get("open", 0), row[0]))
    return _loads(named[:10])


def _loads(named: Sequence[tuple[str, str, Sums]], *, of: int = 0) -> list[Load]:
    longest = max([of, *(row[2].get("open", 0) for row in named)], default=0)
    return [
        Load(
            name=name,
            href=href,
            late=one.get("overdue", 0),
            soon=one.get("due_soon", 0),
            in_time=one.get("in_time", 0),
            held=one.get("held", 0),
            rest=longest - one.get("open", 0),
        )
        for name, href, one in named
    ]


@dataclass(frozen=True, slots=True)
class Risky:
    """A ticket to look at now, why, and what one can do about it at once."""

    ticket: Ticket
    deadline: deadlines.Deadline
    why: str
    may_urge: bool
    may_assign: bool


@dataclass(frozen=True, slots=True)
class RiskPanel:
    """The list with the people whom a ticket of the page's unit can be given to."""

    rows: list[Risky]
    people: list[tuple[str, str]]


def risky(facts: Facts, official: Official, *, load: Sequence[Load] = (), away: Iterable[int] = ()) -> RiskPanel:
    """The first tickets to look at. Clocks are read in one statement."""
    tickets = figures.at_risk(facts.scope, at=facts.now, number=RISKY)
    clocks = clocks_of([ticket.pk for ticket in tickets])
    open_with = {row.name: row.total for row in load}
    rows = [
        Risky(
            ticket=ticket,
            deadline=deadlines.deadline_of(ticket, clocks[ticket.pk], now=facts.now),
            why=_why(ticket, open_with, set(away)),
            may_urge=may(official, Permission.URGE, unit_id=ticket.unit_id),
            may_assign=may(official, Permission.ASSIGN_TICKET, unit_id=ticket.unit_id),
        )
        for ticket in tickets
    ]
    people: list[tuple[str, str]] = []
    if facts.scope.unit is not None and any(row.may_assign for row in rows):
        lightest = sorted(workers_of_unit(facts.scope.unit.pk), key=lambda p: open_with.get(p.display_name, 0))
        people = [(p.username, f"{p.display_name} ({open_with.get(p.display_name, 0)})") for p in lightest]
    return RiskPanel(rows, people)


def _why(ticket: Ticket, open_with: Mapping[str, int], away: set[int]) -> str:
    """What stands out, the most telling first."""
    outcome = getattr(ticket, "outcome", None)
    if ticket.status == Status.NEW:
        return _("Nobody has accepted it yet")
    if ticket.assignee is None:
        return _("Nobody has been given it")
    if ticket.status in WAITING:
        return str(labels.STATUS[ticket.status].words)
    if ticket.source_id in away:
        return _("The source is away; the answer will be kept")
    if outcome is not None and outcome.reopened_day:
        return _("Reopened on %(day)s") % {"day": moments.date(noon(outcome.reopened_day))}
    if outcome is not None and outcome.transferred_day:
        return _("Taken over from another unit on %(day)s") % {"day": moments.date(noon(outcome.transferred_day))}
    if ticket.late_risk is not None and ticket.late_risk >= AT_RISK:
        return _("%(risk)d%% of similar ones were late") % {"risk": ticket.late_risk}
    held = open_with.get(ticket.assignee.display_name, 0)
    if held >= BUSY:
        return _("The assignee has %(count)d open tickets") % {"count": held}
    return _("No answer since it was accepted")
