"""Leave a difference between a source and us as it is, for a reason."""

from __future__ import annotations

from django.db import transaction

from inbox.accounts.models import Official
from inbox.actions.base import clean_text, decide, locked_difference
from inbox.core import clock
from inbox.outbox.models import Difference
from inbox.outbox.vocabulary import Decision


def dismiss_difference(difference_id: int, *, actor: Official, reason: str) -> Difference:
    """Nothing is changed on either side. Raises NotFound, NotAllowed, IllegalMove, Invalid."""
    body = clean_text(reason, field="reason")
    with transaction.atomic():
        difference, ticket = locked_difference(difference_id, actor=actor)
        decide(difference, ticket, Decision.DISMISSED, actor=actor, at=clock.now(), reason=body)
    return difference
