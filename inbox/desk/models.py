"""What an official has at hand while working on tickets: ready-made replies, drafts, tasks, who else is there, lists
that they keep, and acts that they can still take back.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.tickets.models import HangsOnTicketManager, Ticket, TicketEvent
from inbox.tickets.vocabulary import Category, Verb
from inbox.units.models import Unit

_CATEGORIES = [(category.value, category.value) for category in Category]


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Adjectives for saved views."""

    def visible_to(self, official: Official) -> Self:
        """One's own, and those shared with a unit one belongs to now."""
        units = [unit for _, unit in official.roles() if unit is not None]
        return self.filter(Q(owner=official) | Q(shared_with__in=units))


class SavedView(models.Model):
    """A narrowing of the inbox under a name of its own. It keeps parameters, not an address."""

    owner = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    params = models.CharField(max_length=1000, help_text="Checked parameters of the list, as a query string.")
    shared_with = models.ForeignKey(
        "inbox.Unit", on_delete=models.CASCADE, null=True, blank=True, related_name="saved_views"
    )
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[SavedView]] = models.Manager.from_queryset(SavedViewQuerySet)()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name


class UndoStep(models.Model):
    """What a ticket was like before somebody's act, for as long as that act can be taken back."""

    event = models.OneToOneField(TicketEvent, on_delete=models.CASCADE, related_name="undo_step")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", db_index=False)
    actor = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="+", db_index=False)
    verb = models.CharField(max_length=30, choices=[(verb.value, verb.value) for verb in Verb])
    version = models.PositiveIntegerField(help_text="The ticket's, after the act: any other means somebody went on.")
    before: models.JSONField[Any, Any] = models.JSONField()
    until = models.DateTimeField(db_index=True)
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.verb} of {self.ticket_id} until {self.until:%H:%M:%S}"


class CannedReply(models.Model):
    """A ready-made text to citizens. `{code}` and the like are filled in when it is used: see `canned`."""

    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: the whole city."
    )
    category = models.CharField(max_length=20, choices=_CATEGORIES, blank=True, help_text="Empty: every field.")
    title = models.CharField(max_length=120)
    body = models.TextField()
    is_active = models.BooleanField(default=True)
    uses = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["title", "pk"]
        indexes = [models.Index(fields=["unit", "category"], condition=Q(is_active=True), name="canned_reply_fits")]

    def __str__(self) -> str:
        return self.title


class TaskTemplate(models.Model):
    """One line of what has to be done in a field: becomes a task of each ticket that is accepted."""

    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: the whole city."
    )
    category = models.CharField(max_length=20, choices=_CATEGORIES)
    position = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=200)

    class Meta:
        ordering = ["category", "position", "pk"]
        indexes = [models.Index(fields=["category", "unit"], name="task_template_fits")]

    def __str__(self) -> str:
        return self.words


class UnitRule(models.Model):
    """How one unit wants to work. A unit without a row has the defaults."""

    unit = models.OneToOneField(Unit, on_delete=models.CASCADE, primary_key=True, related_name="+")
    needs_approval = models.BooleanField(
        default=False, help_text="An officer's final answer waits for a leader before it goes out."
    )
    changed_by = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"rules of {self.unit_id}"


class Task(models.Model):
    """Something to do for one ticket, ticked off when it is done. The history says who did when."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="tasks")
    position = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(
        Official, on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: it came from a template."
    )
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(Official, on_delete=models.PROTECT, null=True, related_name="+")

    objects: ClassVar[Any] = HangsOnTicketManager()

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.words


class Draft(models.Model):
    """What somebody has typed and not sent yet: one per person, ticket and form."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts")
    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="drafts")
    verb = models.CharField(max_length=30)
    text = models.TextField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "official", "verb"], name="draft_once")]

    def __str__(self) -> str:
        return f"{self.verb} of {self.ticket_id} by {self.official_id}"


class Follow(models.Model):
    """That somebody wants to hear what becomes of a ticket."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="follows")
    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="follows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "official"], name="follow_once")]

    def __str__(self) -> str:
        return f"{self.official_id} follows {self.ticket_id}"


class Presence(models.Model):
    """That somebody has a ticket open now. Counts only as long as it is fresh: see `queries.EXPIRES`."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="presences")
    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="presences")
    seen_at = models.DateTimeField()
    typing_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "official"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.official_id} at {self.ticket_id}"
