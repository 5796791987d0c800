"""The forms of the desk: ready-made replies, lists of tasks, and how a unit wants to work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.actions.base import LONGEST_TEXT
from inbox.actions.change_canned_reply import LONGEST_TITLE, ReplyText
from inbox.desk import queries
from inbox.tickets.vocabulary import Category
from inbox.web import labels

if TYPE_CHECKING:
    from inbox.accounts.models import Official
    from inbox.desk.models import CannedReply

CITY = "city"


def categories() -> list[tuple[str, str | Promise]]:
    """Every field of complaint with its words."""
    return [(category.value, labels.label_of("category", category).words) for category in Category]


def owners(official: Official) -> list[tuple[str, str | Promise]]:
    """For whom somebody may keep replies and lists: each of their units, and the city."""
    found: list[tuple[str, str | Promise]] = [(str(u.pk), u.name) for u in queries.managed_units(official)]
    return [*found, (CITY, _("The whole city"))] if queries.manages_city(official) else found


def unit_of(owner: str) -> int | None:
    """The unit behind a choice of `owners`; None is the city."""
    return None if owner == CITY else int(owner)


class ReplyForm(forms.Form):
    """A ready-made reply."""

    title = forms.CharField(label=_("Title, as you look for it"), max_length=LONGEST_TITLE)
    owner = forms.ChoiceField(label=_("For whom"))
    category = forms.ChoiceField(label=_("Category"), required=False)
    body = forms.CharField(label=_("Text"), max_length=LONGEST_TEXT, widget=forms.Textarea)
    is_active = forms.BooleanField(label=_("Offered when somebody writes to a citizen"), required=False)

    def __init__(self, *args: Any, official: Official, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = owners(official)  # type: ignore[attr-defined]
        self.fields["category"].choices = [("", _("Every field")), *categories()]  # type: ignore[attr-defined]

    @classmethod
    def filled(cls, reply: CannedReply | None, *, official: Official) -> ReplyForm:
        """With what is there, or empty for a new one."""
        if reply is None:
            return cls(official=official, initial={"is_active": True})
        initial = {
            "title": reply.title,
            "owner": CITY if reply.unit_id is None else str(reply.unit_id),
            "category": reply.category,
            "body": reply.body,
            "is_active": reply.is_active,
        }
        return cls(official=official, initial=initial)

    def wanted(self) -> ReplyText:
        """What was typed, once the form is valid."""
        typed = dict(self.cleaned_data)
        return ReplyText(unit_id=unit_of(typed.pop("owner")), **typed)
