"""Write, change or remove a ready-made reply: leaders for their unit, administrators for the city."""

from __future__ import annotations

from dataclasses import dataclass

from inbox.accounts.models import Official
from inbox.accounts.permissions import Permission, may
from inbox.accounts.vocabulary import Role
from inbox.actions.base import clean_text
from inbox.core import clock
from inbox.core.errors import Invalid, NotAllowed, NotFound
from inbox.desk.canned import unknown_variables
from inbox.desk.models import CannedReply
from inbox.desk.queries import replies_to_manage
from inbox.tickets.vocabulary import Category

LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A ready-made reply as it shall be. `unit_id` None: for the whole city; `category` "": for every field."""

    title: str
    body: str
    category: str = ""
    unit_id: int | None = None
    is_active: bool = True


def change_canned_reply(pk: int | None, wanted: ReplyText | None, *, actor: Official) -> CannedReply | None:
    """Make one (`pk` None), change one, or remove one (`wanted` None). Raises NotFound, NotAllowed, Invalid."""
    if pk is None:
        row = CannedReply()
    else:
        found = replies_to_manage(actor).filter(pk=pk).first()
        if found is None:
            raise NotFound("No such reply")
        row = found
    if wanted is None:
        row.delete()
        return None
    require_desk_of(actor, wanted.unit_id)
    row.title = clean_text(wanted.title, field="title")[:LONGEST_TITLE]
    row.body = clean_text(wanted.body, field="body")
    unknown = unknown_variables(row.body)
    if unknown:
        raise Invalid("This text has a variable that does not exist", field="body")
    if wanted.category and wanted.category not in set(Category):
        raise Invalid("There is no such field", field="category")
    row.category, row.unit_id, row.is_active = wanted.category, wanted.unit_id, wanted.is_active
    row.changed_by, row.changed_at = actor, clock.now()
    row.save()
    return row


def require_desk_of(actor: Official, unit_id: int | None) -> None:
    """Raises NotAllowed unless the person looks after the desk of this unit; of the city, if it is None."""
    if unit_id is None:
        allowed = any(role is Role.ADMIN for role, _unit in actor.roles())
    else:
        allowed = may(actor, Permission.MANAGE_DESK, unit_id=unit_id)
    if not allowed:
        raise NotAllowed(f"{Permission.MANAGE_DESK} is not granted here")
