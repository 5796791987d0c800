"""What the policy pages show: the policies in the order of their weight, and which one a given ticket would get.

Reads only. Who may look holds VIEW_DEADLINES.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Case, Exists, OuterRef, Prefetch, QuerySet, Value, When
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.core.errors import NotFound
from inbox.sla import timers
from inbox.sla.models import SELECTORS, ClockKind, Level, PolicyLevel, SlaClock, SlaPolicy, Told
from inbox.sla.queries import Calendars, require_view
from inbox.sla.timers import TicketFacts
from inbox.sources.models import Source
from inbox.tickets.vocabulary import Category
from inbox.units.models import Unit


@dataclass(frozen=True, slots=True)
class Standing:
    """A policy today: the version that counts, the next one that is planned, and how specific it is."""

    shown: SlaPolicy
    planned: SlaPolicy | None
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which policy an ordinary complaint of a source gets today; None: its tickets have no deadline of ours."""

    source: Source
    policy: SlaPolicy | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy beside a case. `misfit`: the field for which it does not fit, "" when it fits."""

    policy: SlaPolicy
    misfit: str

    @property
    def selectors(self) -> list[str]:
        return selectors_of(self.policy)


@dataclass(frozen=True, slots=True)
class Promise:
    """A deadline as it would be: of `kind` accept, resolve or several_agencies."""

    kind: str
    amount: int
    unit: str
    due_at: datetime
    warn_at: datetime
    late_at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """The answer: the chosen policy, what it promises by which calendar, and those it was weighed against."""

    chosen: SlaPolicy | None
    calendar: str
    promises: Sequence[Promise]
    fitting: Sequence[Candidate]
    others: Sequence[Candidate]


def policies(official: Official, *, at: datetime) -> list[Standing]:
    """All policies, the most specific first, each once. Raises NotAllowed."""
    require_view(official)
    today = timezone.localdate(at)
    by_name: dict[str, list[SlaPolicy]] = {}
    for row in SlaPolicy.objects.select_related("unit", "calendar").order_by("name", "valid_from", "version"):
        by_name.setdefault(row.name, []).append(row)
    found = [_standing(versions, today) for versions in by_name.values()]
    return sorted(found, key=lambda one: (not one.is_in_force, -timers.rank_of(one.shown)[0], one.shown.name))


def _standing(versions: Sequence[SlaPolicy], today: date) -> Standing:
    begun = [row for row in versions if row.valid_from <= today]
    planned = next((row for row in versions if row.valid_from > today), None)
    shown = begun[-1] if begun else versions[0]
    return Standing(shown, planned if planned is not shown else None, is_in_force(shown, today))


def is_in_force(policy: SlaPolicy, on: date) -> bool:
    """Whether a version counts for what comes in on a local date."""
    return policy.valid_from <= on and (policy.valid_to is None or on < policy.valid_to)


def versions_of(pk: int, official: Official) -> list[SlaPolicy]:
    """All versions of the policy to which one of them belongs, newest first, with `.is_used`. Raises NotFound too."""
    require_view(official)
    name = SlaPolicy.objects.filter(pk=pk).values_list("name", flat=True).first()
    if name is None:
        raise NotFound("No such policy")
    return list(
        _with_people(SlaPolicy.objects.filter(name=name))
        .annotate(is_used=Exists(SlaClock.objects.filter(policy=OuterRef("pk"))))
        .prefetch_related(
            Prefetch("levels", PolicyLevel.objects.order_by(_in_order("level", Level), _in_order("tells", Told)))
        )
        .order_by("-valid_from", "-version")
    )


def _in_order(field: str, codes: type[Level] | type[Told]) -> Case:
    """Sorts by the order in which the codes are declared."""
    return Case(*(When(**{field: code}, then=Value(place)) for place, code in enumerate(codes)))


def _with_people(rows: QuerySet[SlaPolicy]) -> QuerySet[SlaPolicy]:
    return rows.select_related("unit", "calendar", "made_by", "ended_by")


def selectors_of(policy: SlaPolicy) -> list[str]:
    """The conditions that a policy makes, as names of fields."""
    return [*(name for name in SELECTORS if getattr(policy, name)), *(["unit"] if policy.unit_id else [])]


def coverage(official: Official, *, at: datetime) -> list[Coverage]:
    """Each source that is switched on with the policy of an ordinary complaint. Raises NotAllowed."""
    require_view(official)
    known = list(SlaPolicy.objects.all())
    sources = Source.objects.filter(is_enabled=True).defer("settings", "secrets", "cursor").order_by("label")
    return [Coverage(one, timers.choose_policy(_ordinary(one, at), known)) for one in sources]


def _ordinary(source: Source, at: datetime) -> TicketFacts:
    return TicketFacts(source.connector, source.slug, Category.OTHER, False, None, at)


def facts_for(
    official: Official, *, source: str, category: str, urgent: bool, unit_code: str, started_at: datetime
) -> TicketFacts:
    """The facts of a ticket as it could come in. Raises NotAllowed, NotFound."""
    require_view(official)
    row = Source.objects.filter(slug=source).only("connector", "slug").first()
    if row is None:
        raise NotFound("No such source")
    unit = Unit.objects.current(timezone.localdate(started_at)).filter(code=unit_code).first() if unit_code else None
    if unit_code and unit is None:
        raise NotFound("No such unit")
    return TicketFacts(row.connector, row.slug, category, urgent, unit.pk if unit else None, started_at)


def try_out(facts: TicketFacts) -> Trial:
    """Which policy a ticket of these facts would get, why, and when it would be due."""
    known = sorted(SlaPolicy.objects.select_related("unit", "calendar"), key=timers.rank_of, reverse=True)
    candidates = [Candidate(policy, timers.misfit(policy, facts) or "") for policy in known]
    fitting = [one for one in candidates if not one.misfit]
    chosen = timers.choose_policy(facts, known)
    calendars = Calendars()
    return Trial(
        chosen=chosen,
        calendar=calendars.names[calendars.of_unit(facts.unit_id, otherwise=chosen.calendar_id)] if chosen else "",
        promises=_promises(chosen, facts, calendars) if chosen else (),
        fitting=fitting,
        others=[
            one for one in candidates if one.misfit and is_in_force(one.policy, timezone.localdate(facts.started_at))
        ],
    )


def _promises(policy: SlaPolicy, facts: TicketFacts, calendars: Calendars) -> list[Promise]:
    rows = {
        kind.value: timers.new_clock(policy, kind, facts.started_at, facts.unit_id, calendars) for kind in ClockKind
    }
    if policy.several_agencies_amount is not None:
        several = timers.new_clock(policy, ClockKind.RESOLVE, facts.started_at, facts.unit_id, calendars)
        several.target_amount, several.target_unit = policy.several_agencies_amount, policy.several_agencies_unit
        timers.reckon(several, (), calendars)
        rows["several_agencies"] = several
    return [
        Promise(kind, row.target_amount, row.target_unit, row.due_at, row.warn_at, row.late_at)
        for kind, row in rows.items()
    ]
