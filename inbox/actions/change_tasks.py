"""The list of what is to be done for a ticket: add something, tick it off, take the tick away."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission
from inbox.actions.base import locked_ticket, require
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.desk.models import Task
from inbox.desk.queries import task_lines
from inbox.tickets.events import NewEvent, record
from inbox.tickets.models import Ticket
from inbox.tickets.vocabulary import EventKind

MOST_TASKS = 40
LONGEST_TASK = 200


def change_tasks(
    ticket_id: int, *, actor: Official, done: int | None = None, undone: int | None = None, add: str = ""
) -> None:
    """One change: tick off the task `done`, untick `undone`, or add one with the words `add`.

    A list is not the matter itself: the ticket keeps its version, so nobody who is writing is disturbed.
    Raises NotFound, NotAllowed, Invalid.
    """
    at = clock.now()
    with transaction.atomic():
        ticket = locked_ticket(ticket_id, actor=actor)
        require(actor, Permission.WORK_TICKET, ticket=ticket)
        key = done if done is not None else undone
        if key is None:
            _add(ticket, add, actor, at)
        else:
            _tick(ticket, key, is_done=done is not None, actor=actor, at=at)


def start_tasks(ticket: Ticket, *, at: datetime) -> None:
    """Within the act that accepts a ticket: the tasks that its field has, once."""
    lines = task_lines(ticket.category, ticket.unit_id)
    if lines and not Task.objects.filter(ticket=ticket).exists():
        Task.objects.bulk_create(
            Task(ticket=ticket, position=number, words=words, added_at=at) for number, words in enumerate(lines, 1)
        )


def _add(ticket: Ticket, words: str, actor: Official, at: datetime) -> None:
    text = " ".join(words.replace("\x00", "").split())
    if not text:
        raise Invalid("This text is required", field="words")
    if len(text) > LONGEST_TASK:
        raise Invalid("At most 200 characters", field="words")
    number = Task.objects.filter(ticket=ticket).count()
    if number >= MOST_TASKS:
        raise Invalid("There are enough tasks on this ticket", field="words")
    task = Task.objects.create(ticket=ticket, position=number + 1, words=text, added_at=at, added_by=actor)
    _record(EventKind.TASK_ADDED, task, actor, at)


def _tick(ticket: Ticket, pk: int, *, is_done: bool, actor: Official, at: datetime) -> None:
    task = Task.objects.filter(ticket=ticket, pk=pk).first()
    if task is None:
        raise NotFound("No such task")
    if (task.done_at is not None) == is_done:
        return  # pressed twice
    task.done_at, task.done_by = (at, actor) if is_done else (None, None)
    task.save(update_fields=["done_at", "done_by"])
    _record(EventKind.TASK_DONE if is_done else EventKind.TASK_REOPENED, task, actor, at)


def _record(kind: EventKind, task: Task, actor: Official, at: datetime) -> None:
    record(NewEvent(task.ticket_id, kind, at, {"task": task.pk, "words": task.words}, actor_id=actor.pk))
