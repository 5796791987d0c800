"""Clocks as they were: what is kept of a ticket's clocks before an act, and put back when that act is undone.

Called inside the transaction of the act or of its undoing, on a locked ticket.
"""

from __future__ import annotations

from typing import Any

from inbox.core.rows import kept, put_back
from inbox.sla.models import ClockPause, ExtensionRequest, ExtensionState, SlaClock

_CLOCK = (
    "state",
    "met_at",
    "paused_at",
    "policy_id",
    "calendar_id",
    "target_amount",
    "target_unit",
    "extension",
    "started_at",
    "due_at",
    "warn_at",
    "late_at",
)
#: Who has been told of a due date stays told when nothing but the telling happened in between.
_TOLD = ("warned_at", "breached_at", "escalated_at")


def remember(ticket_id: int) -> dict[str, Any]:
    """The clocks of a ticket, their pauses and the open request for more time, as JSON."""
    clocks = kept(SlaClock.objects.filter(ticket=ticket_id), ("pk", *_CLOCK, *_TOLD))
    pauses = kept(ClockPause.objects.filter(clock__ticket=ticket_id), ("pk", "to_at"))
    asked = ExtensionRequest.objects.filter(ticket=ticket_id, state=ExtensionState.OPEN)
    return {
        "clocks": {str(clock.pop("pk")): clock for clock in clocks},
        "pauses": {str(pause.pop("pk")): pause for pause in pauses},
        "asked": list(asked.values_list("pk", flat=True)),
    }


def put_clocks_back(ticket_id: int, before: dict[str, Any]) -> None:
    """Make the clocks what `remember` saw. Rounds and pauses that came since are taken away."""
    for clock in SlaClock.objects.filter(ticket=ticket_id):
        values = before["clocks"].get(str(clock.pk))
        if values is None:
            clock.delete()
            continue
        told = {name: getattr(clock, name) for name in _TOLD}
        due_at = clock.due_at
        put_back(clock, values)
        for name, at in told.items():
            if at is not None and due_at == clock.due_at:
                setattr(clock, name, at)
        clock.save(update_fields=[*_CLOCK, *_TOLD])
    for pause in ClockPause.objects.filter(clock__ticket=ticket_id):
        values = before["pauses"].get(str(pause.pk))
        if values is None:
            pause.delete()
            continue
        put_back(pause, values)
        pause.save(update_fields=["to_at"])
    ExtensionRequest.objects.filter(pk__in=before["asked"], state=ExtensionState.CLOSED).update(
        state=ExtensionState.OPEN, decided_at=None
    )
