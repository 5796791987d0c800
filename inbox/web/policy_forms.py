"""The forms of the policy pages: what a policy is for, what it promises, and a ticket to try it on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from connectors import registry
from inbox.actions.add_policy import Scope, Terms
from inbox.sources.vocabulary import MANUAL
from inbox.tickets.vocabulary import Category
from inbox.web import labels
from inbox.web.calendar_forms import DAY_INPUT

#: Messages of `Invalid` that people may meet in these forms.
_MESSAGES = (
    noop("Choose at least one condition: a policy for everything would hide what is missing"),
    noop("There is a policy of this name: make a new version of it"),
    noop("Another policy is for exactly the same: make a new version of it"),
    noop("This must not lie in the past: what has come in keeps its deadline"),
    noop("A later version is planned already: choose its date or a later one"),
    noop("It does not count then anyway, or has counted already"),
    noop("Choose how this is counted"),
    noop("This number is too small or too large"),
    noop("This must lie between 1 and 99 percent"),
    noop("Accepting would be due after resolving"),
    noop("Several agencies would get less time than one"),
    noop("Somebody else has just changed this policy: look again"),
    noop("These terms make no sense"),
)
MOMENT = "%Y-%m-%dT%H:%M"

_Choices = Sequence[tuple[str, "str | Promise"]]


def _from(table: str, codes: Sequence[str]) -> list[tuple[str, str | Promise]]:
    return [(code, labels.label_of(table, code).words) for code in codes]


def _categories() -> list[tuple[str, str | Promise]]:
    return _from("category", [category.value for category in Category])


def _units_of_time() -> list[tuple[str, str | Promise]]:
    return _from("target", list(labels.TARGET))


def levels_of() -> list[tuple[str, str]]:
    """Every (level, who is told), in the order of the table."""
    return [(level, told) for level in labels.LEVEL for told in labels.TOLD]


class TermsForm(forms.Form):
    """What a version promises."""

    valid_from = forms.DateField(label=gettext_lazy("Counts for what comes in from"), widget=DAY_INPUT)
    accept_amount = forms.IntegerField(label=gettext_lazy("Accept within"))
    accept_unit = forms.ChoiceField(label=gettext_lazy("counted in"), choices=_units_of_time)
    resolve_amount = forms.IntegerField(label=gettext_lazy("Resolve within"))
    resolve_unit = forms.ChoiceField(label=gettext_lazy("counted in"), choices=_units_of_time)
    several_agencies_amount = forms.IntegerField(label=gettext_lazy("With several agencies within"), required=False)
    several_agencies_unit = forms.ChoiceField(label=gettext_lazy("counted in"), choices=_units_of_time)
    max_pause_days = forms.IntegerField(label=gettext_lazy("Longest pause, in working days"))
    warn_percent = forms.IntegerField(label=gettext_lazy("Due soon when this share of the time is used, in percent"))
    late_days = forms.IntegerField(label=gettext_lazy("Late for long: working days after the deadline"))
    calendar = forms.ChoiceField(label=gettext_lazy("Working calendar, for units without one of their own"))
    levels = forms.MultipleChoiceField(
        required=False, choices=lambda: [(f"{level}:{told}", "") for level, told in levels_of()]
    )
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"), max_length=500, required=False, widget=forms.Textarea
    )

    def __init__(self, *args: Any, calendars: _Choices, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["calendar"].choices = calendars  # type: ignore[attr-defined]

    def level_rows(self) -> list[dict[str, Any]]:
        """The levels as a table of ticks."""
        chosen = set(self["levels"].value() or ())
        return [
            {
                "level": level,
                "cells": [
                    {"value": f"{level}:{told}", "told": told, "on": f"{level}:{told}" in chosen}
                    for told in labels.TOLD
                ],
            }
            for level in labels.LEVEL
        ]

    def terms(self) -> Terms:
        """What was typed, once the form is valid."""
        typed = dict(self.cleaned_data)
        warn, levels = typed.pop("warn_percent") / 100, typed.pop("levels")
        pairs = frozenset((level, told) for level, _colon, told in (text.partition(":") for text in levels))
        if typed["several_agencies_amount"] is None:
            typed["several_agencies_unit"] = ""
        own = {name: typed[name] for name in typed.keys() & Terms.__dataclass_fields__.keys()}
        return Terms(**own, warn_fraction=warn, levels=pairs)


class NewPolicyForm(TermsForm):
    """What a policy is for, and what its first version promises."""

    name = forms.CharField(label=gettext_lazy("Name of the policy"), max_length=150)
    connector = forms.ChoiceField(label=gettext_lazy("Kind of source"), required=False)
    source_slug = forms.ChoiceField(label=gettext_lazy("One source"), required=False)
    category = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    urgency = forms.ChoiceField(label=gettext_lazy("Urgency"), required=False)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)

    def __init__(self, *args: Any, sources: _Choices, units: _Choices, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = [(slug, labels.connector(slug)) for slug in [*registry.all(), MANUAL]]
        for name, choices in {
            "connector": kinds,
            "source_slug": sources,
            "category": _categories(),
            "urgency": _from("urgency", list(labels.URGENCY)),
            "unit": units,
        }.items():
            self.fields[name].choices = [("", _("any")), *choices]  # type: ignore[attr-defined]

    def scope(self) -> Scope:
        """What it is for, once the form is valid."""
        return Scope(**{name: self.cleaned_data[name] for name in Scope.__dataclass_fields__})


def terms_of(policy: Any, *, valid_from: date) -> dict[str, Any]:
    """What the form of a next version begins with: the promises of the last one."""
    return {
        "valid_from": valid_from.isoformat(),
        "accept_amount": policy.accept_amount,
        "accept_unit": policy.accept_unit,
        "resolve_amount": policy.resolve_amount,
        "resolve_unit": policy.resolve_unit,
        "several_agencies_amount": policy.several_agencies_amount,
        "several_agencies_unit": policy.several_agencies_unit or policy.resolve_unit,
        "max_pause_days": policy.max_pause_days,
        "warn_percent": round(policy.warn_fraction * 100),
        "late_days": policy.late_days,
        "calendar": policy.calendar.slug,
        "levels": [f"{level.level}:{level.tells}" for level in policy.levels.all()],
    }


def usual_terms(*, valid_from: date) -> dict[str, Any]:
    """What the form of a new policy begins with."""
    return {
        "valid_from": valid_from.isoformat(),
        "accept_unit": "working_hours",
        "resolve_unit": "working_days",
        "several_agencies_unit": "working_days",
        "max_pause_days": 30,
        "warn_percent": 75,
        "late_days": 1,
        "levels": ["warn:officer", "due:officer", "due:leader", "late:supervisor"],
    }


class TrialForm(forms.Form):
    """A ticket as it could come in."""

    source = forms.ChoiceField(label=gettext_lazy("Source"))
    category = forms.ChoiceField(label=gettext_lazy("Field"), choices=_categories)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)
    started_at = forms.DateTimeField(label=gettext_lazy("When the citizen sends it"), input_formats=[MOMENT])
    urgent = forms.BooleanField(label=gettext_lazy("Urgent"), required=False)

    def __init__(self, *args: Any, sources: _Choices, units: _Choices, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["source"].choices = sources  # type: ignore[attr-defined]
        self.fields["unit"].choices = [("", _("not known yet")), *units]  # type: ignore[attr-defined]

    @staticmethod
    def usual(sources: _Choices, *, now: datetime) -> dict[str, Any]:
        """What it begins with."""
        return {
            "source": sources[0][0] if sources else "",
            "category": Category.OTHER.value,
            "started_at": timezone.localtime(now).strftime(MOMENT),
        }
