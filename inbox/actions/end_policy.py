"""Let a policy count no longer from a date on. Tickets that have it keep it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from inbox.accounts.models import Official
from inbox.actions.add_policy_version import locked_versions
from inbox.actions.base import clean_text, require_deadlines
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla.models import SlaClock, SlaPolicy

LONGEST_REASON = 500


def end_policy(
    policy_id: int, first_day_without: date, reason: str, *, actor: Official, at: datetime | None = None
) -> SlaPolicy:
    """End the policy that `policy_id` is a version of; versions planned for later, which nothing has used, go.

    Raises NotAllowed, NotFound, and Invalid for a date in the past, before its beginning or after its end.
    """
    require_deadlines(actor)
    at, body = at or clock.now(), clean_text(reason, field="reason")
    if len(body) > LONGEST_REASON:
        raise Invalid("This text is too long", field="reason")
    if first_day_without < timezone.localdate(at):
        raise Invalid("This must not lie in the past: what has come in keeps its deadline", field="valid_to")
    with transaction.atomic():
        versions = locked_versions(policy_id)
        begun = [row for row in versions if row.valid_from < first_day_without]
        planned = [row for row in versions if row.valid_from >= first_day_without]
        counting = [row for row in begun if row.valid_to is None or row.valid_to > first_day_without]
        if not begun or not (counting or planned) or SlaClock.objects.filter(policy__in=planned).exists():
            raise Invalid("It does not count then anyway, or has counted already", field="valid_to")
        SlaPolicy.objects.filter(pk__in=[row.pk for row in planned]).delete()
        for row in counting:
            row.valid_to, row.ended_by, row.ended_at, row.end_reason = first_day_without, actor, at, body
            row.save(update_fields=["valid_to", "ended_by", "ended_at", "end_reason"])
    return max(begun, key=lambda row: (row.valid_from, row.version))
