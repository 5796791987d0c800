"""The forms of the calendar pages: hours as people write them, and what they become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from inbox.actions.add_calendar import NewCalendar
from inbox.actions.change_calendar import MOST_DATES, Day
from inbox.actions.change_office_hours import Hours, Weekly
from inbox.core.errors import Invalid
from inbox.sla.calendar import MIDNIGHT, Intervals
from inbox.sla.yearbook import Kind

#: Messages of `Invalid` that people may meet in these forms.
_MESSAGES = (
    noop("This changes nothing"),
    noop("No date is left to change: these are days off already"),
    noop("At most 31 dates at once"),
    noop("This lies before the first date"),
    noop("No such year"),
    noop("Name the legal basis, or leave the date to be confirmed"),
    noop("Name the legal basis"),
    noop("Choose at least one date that waits to be confirmed"),
    noop("These opening times make no sense"),
    noop("This text is too long"),
    noop("A calendar needs at least one opening in the week"),
    noop("There is a calendar of this name"),
    noop("No such calendar"),
    noop("No such unit"),
)
_SPAN = re.compile(r"^(\d{1,2})(?:[:h.](\d{2})?)?\s*[-–—]\s*(\d{1,2})(?:[:h.](\d{2})?)?$")
OFF, WORKED, AS_USUAL = "off", "worked", "as_usual"
DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def hours_in_words(intervals: Intervals) -> str:
    """ "07:30–11:30, 13:00–17:00"; empty for a closed day."""
    return ", ".join(f"{start:%H:%M}–{'24:00' if end.microsecond else f'{end:%H:%M}'}" for start, end in intervals)


def stored_hours(stored: Sequence[Sequence[str]]) -> str:
    """The same for hours as they are stored."""
    return ", ".join(f"{start}–{end}" for start, end in stored)


def parse_hours(text: str) -> list[list[str]]:
    """Hours as they are stored, from "7:30-11:30, 13h–17h". Raises ValidationError."""
    found = []
    for part in re.split(r"[,;\n]+", text):
        if not part.strip():
            continue
        match = _SPAN.match(part.strip())
        if match is None:
            raise ValidationError(_("Write hours like 07:30–11:30, 13:00–17:00"))
        times = [f"{int(match[n]):02d}:{match[n + 1] or '00'}" for n in (1, 3)]
        if times[0] > "23:59" or times[1] > MIDNIGHT or any(time[3:] > "59" for time in times):
            raise ValidationError(_("Write hours like 07:30–11:30, 13:00–17:00"))
        found.append(times)
    return found


class HoursField(forms.CharField):
    """Opening hours of one day; empty for a day without any."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=100, **options)

    def to_python(self, value: Any) -> Any:
        return parse_hours(super().to_python(value) or "")

    def prepare_value(self, value: Any) -> Any:
        return stored_hours(value) if isinstance(value, list) else value


class DateForm(forms.Form):
    """One date, or several in a row, as they shall be."""

    kind = forms.ChoiceField(
        label=gettext_lazy("These dates are"),
        choices=[
            (OFF, gettext_lazy("days off")),
            (WORKED, gettext_lazy("worked, at these hours")),
            (AS_USUAL, gettext_lazy("as in the week, nothing special")),
        ],
    )
    last = forms.DateField(label=gettext_lazy("Up to and including"), required=False, widget=DAY_INPUT)
    intervals = HoursField(label=gettext_lazy("Hours, if worked"))
    reason = forms.CharField(label=gettext_lazy("Name or reason"), max_length=200)
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"), max_length=500, required=False, widget=forms.Textarea
    )
    confirmed = forms.BooleanField(label=gettext_lazy("Decreed: the date is certain"), required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("kind") == WORKED and "intervals" in found and not found["intervals"]:
            self.add_error("intervals", _("Say from when to when"))
        return found

    def day(self) -> Day:
        """What was chosen, once the form is valid."""
        chosen = self.cleaned_data
        intervals = {OFF: [], WORKED: chosen["intervals"], AS_USUAL: None}[chosen["kind"]]
        return Day(intervals, chosen["reason"], chosen["legal_basis"], chosen["confirmed"])

    def dates(self, days: Sequence[date], usually_open: Mapping[date, bool]) -> list[date]:
        """Those that are meant. Of several days off in a row those stay out that are free anyway."""
        if self.cleaned_data["kind"] == OFF and len(days) > 1:
            return [day for day in days if usually_open[day]]
        return list(days)


def span(first: date, last: date | None) -> list[date]:
    """All dates from first to last, or just the first. Raises Invalid when they are too many or the wrong way round."""
    length = (last - first).days if last else 0
    if length < 0:
        raise Invalid("This lies before the first date", field="last")
    if length >= MOST_DATES:
        raise Invalid("At most 31 dates at once", field="last")
    return [first + timedelta(days=n) for n in range(length + 1)]


def initial_of(found: Any) -> dict[str, Any]:
    """What the form of a date begins with."""
    kind = OFF if found.kind is Kind.OFF else WORKED if found.is_special else OFF
    return {
        "kind": kind,
        "intervals": hours_in_words(found.intervals),
        "reason": found.override.reason if found.override else "",
        "legal_basis": found.override.legal_basis if found.override else "",
        "confirmed": found.override.confirmed if found.override else True,
    }


class _WeekForm(forms.Form):
    """Seven days, Monday first."""

    day0 = HoursField(label=gettext_lazy("Monday"))
    day1 = HoursField(label=gettext_lazy("Tuesday"))
    day2 = HoursField(label=gettext_lazy("Wednesday"))
    day3 = HoursField(label=gettext_lazy("Thursday"))
    day4 = HoursField(label=gettext_lazy("Friday"))
    day5 = HoursField(label=gettext_lazy("Saturday"))
    day6 = HoursField(label=gettext_lazy("Sunday"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
    legal_basis = forms.CharField(label=gettext_lazy("Legal basis"), max_length=500, required=False)

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day{number}"] for number in range(7)]

    def weekly(self) -> Weekly:
        """The week as it is stored: days without hours are left out."""
        return {str(n): self.cleaned_data[f"day{n}"] for n in range(7) if self.cleaned_data[f"day{n}"]}


def week_initial(days: Sequence[Intervals]) -> dict[str, str]:
    """What the form of a week begins with."""
    return {f"day{number}": hours_in_words(intervals) for number, intervals in enumerate(days)}


class HoursForm(_WeekForm):
    """A week and from when on it holds."""

    valid_from = forms.DateField(label=gettext_lazy("Holds from"), widget=DAY_INPUT)

    def hours(self) -> Hours:
        """What was typed, once the form is valid."""
        chosen = self.cleaned_data
        return Hours(chosen["valid_from"], self.weekly(), chosen["reason"], chosen["legal_basis"])


class CalendarForm(_WeekForm):
    """A new calendar."""

    name = forms.CharField(label=gettext_lazy("Name of the calendar"), max_length=150)
    follows = forms.ChoiceField(label=gettext_lazy("Holidays and days worked instead"), required=False)

    def __init__(self, *args: Any, followable: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["follows"].choices = [  # type: ignore[attr-defined]
            *((slug, _("as in “%(name)s”") % {"name": name}) for slug, name in followable),
            ("", _("entered here only")),
        ]

    def calendar(self) -> NewCalendar:
        """What was typed, once the form is valid."""
        chosen = self.cleaned_data
        return NewCalendar(chosen["name"], self.weekly(), chosen["reason"], chosen["follows"], chosen["legal_basis"])


class UnitForm(forms.Form):
    """A unit that joins a calendar, or leaves it."""

    unit = forms.ChoiceField(label=gettext_lazy("Unit"))
    joins = forms.ChoiceField(
        label=gettext_lazy("From now on"),
        choices=[
            ("join", gettext_lazy("counts by this calendar")),
            ("leave", gettext_lazy("no longer counts by it, but by those of the policies")),
        ],
    )
    reason = forms.CharField(label=gettext_lazy("Reason or legal basis"), max_length=500)

    def __init__(self, *args: Any, units: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [("", "…"), *units]  # type: ignore[attr-defined]
