"""What a list of tickets can be narrowed by: an allow-list, the same for pages and API.

Nothing a caller sends reaches the ORM by name. An unknown parameter or value is an error with the field named, never
ignored: a filter that silently does nothing shows too much. Visibility is not decided here; hand in a queryset that
is already `visible_to` the official. This file stands below the models, so it works on the queryset it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connectors.mapping import phone
from inbox.accounts.models import Official
from inbox.accounts.permissions import TABLE, Permission
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.core.fields import keyed_hash
from inbox.core.text import search_key
from inbox.sources.models import Source
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
_MOST_WORDS = 10
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


def _unit_exists(code: str) -> None:
    if code != NONE and not Unit.objects.filter(code=code).exists():
        raise ValidationError(_("There is no such unit."), code="invalid_choice")


def _source_exists(slug: str) -> None:
    if not Source.objects.filter(slug=slug).exists():
        raise ValidationError(_("There is no such source."), code="invalid_choice")


def _person_exists(username: str) -> None:
    if username not in {ME, NONE} and not Official.objects.filter(username=username).exists():
        raise ValidationError(_("There is no such person."), code="invalid_choice")


def _moment(column: str, lookup: str) -> django_filters.IsoDateTimeFilter:
    return django_filters.IsoDateTimeFilter(column, lookup, validators=[_reasonable])


def _choice(values: Collection[str], method: str | None = None, **kwargs: Any) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(choices=[(v, v) for v in values], method=method, **kwargs)


class AllowListForm(forms.Form):
    """A form that refuses names it does not have, except those in `also_allowed`."""

    also_allowed: Collection[str] = ()

    def clean(self) -> dict[str, Any]:
        for name in sorted(set(self.data) - set(self.fields) - set(self.also_allowed)):
            # The name is the caller's text: it goes back as a field name, so only as much of it as a name can be.
            self.errors.setdefault(name[:50], self.error_class([gettext("There is no such filter.")]))
        return self.cleaned_data


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
    q = django_filters.CharFilter(method="by_words", max_length=LONGEST_SEARCH)
    created_after = _moment("received_at", "gte")
    created_before = _moment("received_at", "lt")
    updated_after = _moment("updated_at", "gte")
    ordering = _choice(list(ORDERINGS), "by_order")

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
    ) -> None:
        """`data`: a QueryDict. `also_allowed`: parameters that belong to somebody else, such as a page number."""
        super().__init__(data, _ordered(queryset, ORDERINGS[DEFAULT_ORDERING]))
        self.official = official
        self.at = at or clock.now()
        self.form.also_allowed = also_allowed

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
        warned = self._with_clock(tickets, state="running", warn_at__lte=self.at, due_at=OuterRef("next_due_at"))
        paused = Q(is_open=True, next_due_at__isnull=True) & Q(self._with_clock(tickets, state="paused"))
        conditions = {
            "overdue": self._overdue,
            "due_soon": counting & Q(warned),
            "ok": counting & ~Q(warned),
            "paused": paused,
            "none": Q(is_open=False) | (Q(next_due_at__isnull=True) & ~paused),
        }
        return tickets.filter(conditions[state])

    def by_words(self, tickets: QuerySet[Any], name: str, typed: str) -> QuerySet[Any]:
        """Tickets with every word in title, text or address; also the one with this code, external id or phone."""
        words = search_key(typed).split()[:_MOST_WORDS]
        if not words:
            return tickets
        fits = Q()
        for word in words:
            fits &= Q(search_key__contains=word)
        if any(letter.isdigit() for letter in typed):  # without a digit it is neither a code nor an id nor a phone
            everything = tickets.model._default_manager
            fits |= Q(pk__in=everything.with_code(typed).values("pk"))
            fits |= Q(pk__in=everything.filter(refs__external_id=typed).values("pk"))
            fits |= self._with_phone(typed)
        return tickets.filter(fits)

    def by_order(self, tickets: QuerySet[Any], name: str, ordering: str) -> QuerySet[Any]:
        return _ordered(tickets, ORDERINGS[ordering])

    @property
    def _overdue(self) -> Q:
        return Q(is_open=True, next_due_at__lt=self.at)

    @staticmethod
    def _with_clock(tickets: QuerySet[Any], *, state: str, **more: Any) -> Exists:
        clocks = tickets.model._meta.get_field("clocks").related_model._default_manager
        return Exists(clocks.filter(ticket=OuterRef("pk"), state=state, **more))

    def _with_phone(self, typed: str) -> Q:
        """Tickets of the citizen with this phone, where the official may see phones at all; never of anonymous ones."""
        revealing = [unit for role, unit in self.official.roles() if Permission.REVEAL_REPORTER in TABLE[role]]
        if not revealing:
            return Q(pk__in=[])
        found = Q(reporter__phone_hash=keyed_hash(phone(typed)), reporter__is_anonymous=False)
        return found if None in revealing else found & Q(unit__in=revealing)
