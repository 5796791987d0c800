"""Say how a unit wants to work: whether an officer's final answer waits for a leader."""

from __future__ import annotations

from inbox.accounts.models import Official
from inbox.actions.change_canned_reply import require_desk_of
from inbox.core import clock
from inbox.desk.models import UnitRule


def change_unit_rule(unit_id: int, *, needs_approval: bool, actor: Official) -> None:
    """Holds from the next answer on; what waits for a leader already goes on waiting. Raises NotAllowed."""
    require_desk_of(actor, unit_id)
    UnitRule.objects.update_or_create(
        unit_id=unit_id,
        defaults={"needs_approval": needs_approval, "changed_by": actor, "changed_at": clock.now()},
    )
