"""Say what has to be done in a field of complaint: the tasks that each ticket of it gets when it is accepted."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from inbox.accounts.models import Official
from inbox.actions.change_canned_reply import require_desk_of
from inbox.actions.change_tasks import LONGEST_TASK, MOST_TASKS
from inbox.core.errors import Invalid
from inbox.desk.models import TaskTemplate
from inbox.tickets.vocabulary import Category


def change_task_list(category: str, lines: Sequence[str], *, unit_id: int | None, actor: Official) -> None:
    """Replaces the list of a unit (or, None, of the city) for one field. Tickets that have theirs keep them.

    Raises NotAllowed, Invalid.
    """
    require_desk_of(actor, unit_id)
    if category not in set(Category):
        raise Invalid("There is no such field", field="category")
    wanted = [words for words in (" ".join(line.replace("\x00", "").split()) for line in lines) if words]
    if len(wanted) > MOST_TASKS or any(len(words) > LONGEST_TASK for words in wanted):
        raise Invalid("At most 40 lines of 200 characters", field="lines")
    with transaction.atomic():
        TaskTemplate.objects.filter(category=category, unit=unit_id).delete()
        TaskTemplate.objects.bulk_create(
            TaskTemplate(category=category, unit_id=unit_id, position=number, words=words)
            for number, words in enumerate(wanted, 1)
        )
