"""The form of a complaint that an official writes down: what can be typed, and what it becomes."""

from __future__ import annotations

import uuid

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.actions.base import LONGEST_TEXT
from inbox.actions.create_ticket import NewComplaint
from inbox.sources.vocabulary import Channel
from inbox.tickets.vocabulary import Category
from inbox.web import labels


def _choices(table: str, codes: type[Channel] | type[Category]) -> list[tuple[str, str | Promise]]:
    return [(code.value, labels.label_of(table, code).words) for code in codes]


class NewTicketForm(forms.Form):
    """Only the text is required: at the counter the rest often comes later. `key` makes a second press harmless."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    channel = forms.ChoiceField(label=_("How it came"), choices=lambda: _choices("channel", Channel))
    phone = forms.CharField(label=_("Phone"), max_length=30, required=False)
    name = forms.CharField(label=_("Name of the citizen"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=150, required=False)
    home_address = forms.CharField(label=_("Address of the citizen"), max_length=300, required=False)
    anonymous = forms.BooleanField(label=_("The citizen asks to stay anonymous"), required=False)
    text = forms.CharField(label=_("What the citizen says"), max_length=LONGEST_TEXT, widget=forms.Textarea)
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    category = forms.ChoiceField(
        label=_("Category"), choices=lambda: _choices("category", Category), initial=Category.OTHER
    )
    address = forms.CharField(label=_("Where it happened"), max_length=300, required=False)
    urgent = forms.BooleanField(label=_("Urgent: danger to people, acts round the clock"), required=False)
    sent_at = forms.DateTimeField(
        label=_("When the citizen came, called or wrote"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    @classmethod
    def empty(cls) -> NewTicketForm:
        """A form for the next complaint."""
        return cls(initial={"key": uuid.uuid4()})

    def complaint(self) -> NewComplaint:
        """What was typed, once the form is valid."""
        typed = dict(self.cleaned_data)
        return NewComplaint(
            key=typed.pop("key").hex,
            channel=Channel(typed.pop("channel")),
            category=Category(typed.pop("category")),
            **typed,
        )
