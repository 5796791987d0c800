"""What a list of tickets can be narrowed by: an allow-list, the same for pages and API.

Nothing a caller sends reaches the ORM by name. An unknown parameter or value is an error with the field named, never
ignored: a filter that silently does nothing shows too much. Visibility is not decided here; hand in a queryset that
is already `visible_to` the official. This file stands below the models, so it works on the queryset it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connectors.mapping import phone
from inbox.accounts.models import Official
from inbox.accounts.permissions import TABLE, Permission
from inbox.accounts.scope import reach_of
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.core.fields import keyed_hash, name_hash
from inbox.sources.models import Source
from inbox.tickets.search import Among, HasWords, words_of
from inbox.tickets.vocabulary import Category, Status
from inbox.units.models import Unit

#: Names of orders and the columns behind them. The primary key breaks ties.
ORDERINGS: Mapping[str, str] = {
    sign + name: sign + column
    for name, column in (("next_due", "next_due_at"), ("received", "received_at"), ("updated", "updated_at"))
    for sign in ("", "-")
}
DEFAULT_ORDERING = "-received"
_MAY_BE_EMPTY = frozenset({"next_due_at"})
SLA_STATES = ("ok", "due_soon", "overdue", "paused", "none")
NONE = "none"
ME = "me"
LONGEST_SEARCH = 200
#: Figures of the dashboards, by the day of a ticket's outcome that they go by, and what else they ask for. The list
#: behind a number is narrowed by these and is therefore as long; docs/metrics.md says what each means.
FIGURES: Mapping[str, tuple[str, Q]] = {
    "new": ("", Q()),
    "accepted": ("accept_day", Q()),
    "accept_on_time": ("accept_day", Q(outcome__accept_on_time=True)),
    "accept_late": ("accept_day", Q(outcome__accept_on_time=False)),
    "resolved": ("resolved_day", Q()),
    "resolve_judged": ("resolved_day", Q(outcome__resolve_on_time__isnull=False)),
    "resolve_on_time": ("resolved_day", Q(outcome__resolve_on_time=True)),
    "resolve_late": ("resolved_day", Q(outcome__resolve_on_time=False)),
    "source_on_time": ("resolved_day", Q(outcome__source_on_time=True)),
    "source_late": ("resolved_day", Q(outcome__source_on_time=False)),
    "late_elsewhere": ("resolved_day", Q(outcome__late_elsewhere=True)),
    "first_time_right": ("resolved_day", Q(outcome__reopened_day__isnull=True)),
    "outside_hours": ("resolved_day", Q(outcome__is_outside_hours=True)),
    "ended": ("ended_day", Q()),
    "became_late": ("late_day", Q()),
    "reopened": ("reopened_day", Q()),
    "returned": ("returned_day", Q()),
    "transferred": ("transferred_day", Q()),
}


def counted_in(figure: str, first: date, last: date) -> Q:
    """The tickets that a figure counts in the local days from `first` to `last`."""
    day, condition = FIGURES[figure]
    if day:
        return condition & Q(**{f"outcome__{day}__gte": first, f"outcome__{day}__lte": last})
    begin, end = (timezone.make_aware(datetime.combine(one, time.min)) for one in (first, last + timedelta(days=1)))
    return Q(received_at__gte=begin, received_at__lt=end)


#: From so many hits on, the first of them are met soon when the list is read in its own order.
MANY_HITS = 1000
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_YES_NO = {"true": True, "false": False, "1": True, "0": False}


def _ordered(tickets: QuerySet[Any], column: str) -> QuerySet[Any]:
    """Tickets without a deadline come last, whichever way deadlines are ordered.

    Columns that are never empty say nothing about nulls: with it, an index read backwards would not fit the order.
    """
    name, descending = column.removeprefix("-"), column.startswith("-")
    nulls_last = True if name in _MAY_BE_EMPTY else None
    by = F(name).desc(nulls_last=nulls_last) if descending else F(name).asc(nulls_last=nulls_last)
    return tickets.order_by(by, "-pk" if descending else "pk")


def _reasonable(moment: datetime) -> None:
    if not _EARLIEST <= moment <= _LATEST:
        raise ValidationError(_("This date is out of range."), code="invalid")


def _is_askable(text: str) -> bool:
    """Another validator refuses a NUL; the database cannot even be asked about one."""
    return "\x00" not in text


def _unit_exists(code: str) -> None:
    if code != NONE and _is_askable(code) and not Unit.objects.filter(code=code).exists():
        raise ValidationError(_("There is no such unit."), code="invalid_choice")


def _source_exists(slug: str) -> None:
    if _is_askable(slug) and not Source.objects.filter(slug=slug).exists():
        raise ValidationError(_("There is no such source."), code="invalid_choice")


def _person_exists(username: str) -> None:
    if username not in {ME, NONE} and _is_askable(username) and not Official.objects.filter(username=username).exists():
        raise ValidationError(_("There is no such person."), code="invalid_choice")


def _moment(column: str, lookup: str) -> django_filters.IsoDateTimeFilter:
    return django_filters.IsoDateTimeFilter(column, lookup, validators=[_reasonable])


def _choice(values: Collection[str], method: str | None = None, **kwargs: Any) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(choices=[(v, v) for v in values], method=method, **kwargs)


def is_due_soon(*, at: datetime) -> Q:
    """That the next deadline is still to come, and the share of its time is used up at which the policy warns.

    Of open tickets: what counts them goes through an index that does not say of each that it is open.
    """
    return Q(next_due_at__gte=at, next_warn_at__lte=at)


def _is_paused(tickets: QuerySet[Any]) -> Q:
    """That no deadline counts because a clock stands still."""
    clocks = tickets.model._meta.get_field("clocks").related_model._default_manager
    standing = Exists(clocks.filter(ticket=OuterRef("pk"), state="paused"))
    return Q(is_open=True, next_due_at__isnull=True) & Q(standing)


class AllowListForm(forms.Form):
    """A form that refuses names it does not have, except those in `also_allowed`."""

    also_allowed: Collection[str] = ()

    def clean(self) -> dict[str, Any]:
        for name in sorted(set(self.data) - set(self.fields) - set(self.also_allowed)):
            # The name is the caller's text: it goes back as a field name, so only as much of it as a name can be.
            self.errors.setdefault(name[:50], self.error_class([gettext("There is no such filter.")]))
        return self.cleaned_data


def _first_keys(*queries: QuerySet[Any]) -> list[int]:
    """The first keys of what these find, one beyond MANY_HITS at most; some of them twice."""
    if not queries:
        return []
    first, *others = [query.values_list("pk") for query in queries]
    found = first.union(*others, all=True) if others else first
    return [pk for (pk,) in found[: MANY_HITS + 1]]


class TicketFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of the ticket list. `.tickets()` gives the narrowed, ordered queryset or raises Invalid."""

    unit = django_filters.CharFilter(method="by_unit", max_length=20, validators=[_unit_exists])
    source = django_filters.CharFilter("source__slug", max_length=50, validators=[_source_exists])
    status = django_filters.MultipleChoiceFilter(choices=[(s.value, s.value) for s in Status])
    category = _choice([c.value for c in Category], field_name="category")
    assignee = django_filters.CharFilter(method="by_assignee", max_length=150, validators=[_person_exists])
    due_after = _moment("next_due_at", "gte")
    due_before = _moment("next_due_at", "lt")
    sla = _choice(SLA_STATES, "by_sla")
    overdue = _choice(list(_YES_NO), "by_overdue")
    created_after = _moment("received_at", "gte")
    created_before = _moment("received_at", "lt")
    updated_after = _moment("updated_at", "gte")
    figure = _choice(list(FIGURES), "by_figure")
    first = django_filters.DateFilter(method="by_days")
    last = django_filters.DateFilter(method="by_days")
    # The last that narrows anything: what it finds is what there is.
    q = django_filters.CharFilter(method="by_words", max_length=LONGEST_SEARCH)
    ordering = _choice(list(ORDERINGS), "by_order")

    #: Of the class all there are; of an instance those that are asked.
    base_filters: dict[str, Any]

    class Meta:
        form = AllowListForm

    def __init__(
        self,
        data: Any,
        queryset: QuerySet[Any],
        *,
        official: Official,
        at: datetime | None = None,
        also_allowed: Collection[str] = (),
        among_open: bool = False,
        is_lazy: bool = False,
        in_order: Sequence[Any] = (),
    ) -> None:
        """`data`: a QueryDict. `also_allowed`: parameters that belong to somebody else, such as a page number.

        `among_open` says that the tickets handed in are open ones. `in_order`: how the list is read, see `first_hits`.
        `is_lazy`: ask the database nothing while narrowing, and search in words only: for counts within a statement.
        """
        # What is not asked needs no field: setting all of them up takes longer than looking for most words.
        asked = {name: one for name, one in self.base_filters.items() if name in data or name == "ordering"}
        self.base_filters = asked
        super().__init__(data, _ordered(queryset, ORDERINGS[DEFAULT_ORDERING]))
        self.official = official
        self.at = at or clock.now()
        self.form.also_allowed = also_allowed
        self.is_lazy, self.among_open, self.in_order = is_lazy, among_open, in_order
        #: After `.tickets()`: how many there are, where searching has found out; no further than one beyond MANY_HITS.
        self.hits: int | None = None
        #: Then too: the keys of the first of them in the order of the list, where nothing but words has found any.
        self.first_hits: Sequence[int] = ()
        if is_lazy:
            for name in asked.keys() & {"unit", "source", "assignee"}:  # whoever is gone has no tickets: nobody looks
                self.form.fields[name].validators.clear()

    def tickets(self) -> QuerySet[Any]:
        """The tickets that fit, in the order asked for. Raises Invalid naming the first parameter that is wrong."""
        for field, messages in self.errors.items():
            raise Invalid(str(messages[0]), field=field)
        narrowed: QuerySet[Any] = self.qs
        return narrowed

    @property
    def sort_column(self) -> str:
        """The column that orders the tickets, with `-` when it descends. Only after `.tickets()`."""
        return ORDERINGS[self.form.cleaned_data["ordering"] or DEFAULT_ORDERING]

    def by_unit(self, tickets: QuerySet[Any], name: str, code: str) -> QuerySet[Any]:
        return tickets.filter(unit__isnull=True) if code == NONE else tickets.filter(unit__code=code)

    def by_assignee(self, tickets: QuerySet[Any], name: str, username: str) -> QuerySet[Any]:
        if username == NONE:
            return tickets.filter(assignee__isnull=True)
        if username == ME:
            return tickets.filter(assignee=self.official)
        return tickets.filter(assignee__username=username)

    def by_overdue(self, tickets: QuerySet[Any], name: str, answer: str) -> QuerySet[Any]:
        return tickets.filter(self._overdue) if _YES_NO[answer] else tickets.exclude(self._overdue)

    def by_sla(self, tickets: QuerySet[Any], name: str, state: str) -> QuerySet[Any]:
        """Each ticket is in exactly one state. A deadline counts as missed after its instant, not at it."""
        counting = Q(is_open=True, next_due_at__gte=self.at)
        soon, paused = Q(is_open=True) & is_due_soon(at=self.at), _is_paused(tickets)
        conditions = {
            "overdue": self._overdue,
            "due_soon": soon,
            "ok": counting & ~soon,
            "paused": paused,
            "none": Q(is_open=False) | (Q(next_due_at__isnull=True) & ~paused),
        }
        return tickets.filter(conditions[state])

    def by_words(self, tickets: QuerySet[Any], name: str, typed: str) -> QuerySet[Any]:
        """Tickets with every word in what was asked or answered; also those with this code, external id, phone or name.

        Hits are fetched before anything else is asked of them. Left to itself, the planner walks through a million
        tickets in order to find out that nobody has the word.
        """
        words = words_of(typed)
        if not typed.strip():
            return tickets
        has_words = tickets.filter(HasWords(words, among=self._among)) if words else tickets.none()
        if self.is_lazy:
            return has_words
        found = _first_keys(has_words.order_by(*self.in_order))
        exact = _first_keys(*(tickets.filter(exactly).order_by() for exactly in self._exact(tickets, typed)))
        if self.in_order and not exact:
            self.first_hits = found
        if len(found) + len(exact) > MANY_HITS:
            self.hits = MANY_HITS + 1
            return has_words
        keys = {*found, *exact}
        self.hits = len(keys)
        return tickets.filter(pk__in=keys)

    @property
    def _among(self) -> Among:
        if not self.among_open:
            return Among.ALL
        return Among.OPEN if reach_of(self.official).everything else Among.FEW

    def _exact(self, tickets: QuerySet[Any], typed: str) -> Iterator[Q]:
        """What is found as a whole or not at all. Without a digit it is neither a code nor an id nor a phone."""
        revealing = [unit for role, unit in self.official.roles() if Permission.REVEAL_REPORTER in TABLE[role]]
        if any(letter.isdigit() for letter in typed):
            everything = tickets.model._default_manager
            yield Q(pk__in=everything.with_code(typed).values("pk"))
            yield Q(pk__in=everything.filter(refs__external_id=typed.strip()).values("pk"))
            citizen = Q(reporter__phone_hash=keyed_hash(phone(typed)))
        else:
            citizen = Q(reporter__name_hash=name_hash(typed))
        if revealing:  # whoever may not read the citizen's data anywhere does not search in it either
            citizen &= Q(reporter__is_anonymous=False)
            yield citizen if None in revealing else citizen & Q(unit__in=revealing)

    def by_figure(self, tickets: QuerySet[Any], name: str, figure: str) -> QuerySet[Any]:
        first, last = (self.form.cleaned_data.get(day) for day in ("first", "last"))
        if first is None or last is None or not _EARLIEST.date() <= first <= last <= _LATEST.date():
            raise Invalid(gettext("A figure needs its first and last day."), field="figure")
        return tickets.filter(counted_in(figure, first, last))

    def by_days(self, tickets: QuerySet[Any], name: str, day: date) -> QuerySet[Any]:
        """The days belong to `figure`; without one they narrow nothing, so they are refused."""
        if not self.form.cleaned_data.get("figure"):
            raise Invalid(gettext("Days without a figure."), field=name)
        return tickets

    def by_order(self, tickets: QuerySet[Any], name: str, ordering: str) -> QuerySet[Any]:
        return _ordered(tickets, ORDERINGS[ordering])

    @property
    def _overdue(self) -> Q:
        return Q(is_open=True, next_due_at__lt=self.at)
