"""Change what a policy promises from a date on. Tickets keep the version that they were given."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from inbox.accounts.models import Official
from inbox.actions.add_policy import Terms, store
from inbox.actions.base import require_deadlines
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.sla.models import SELECTORS, SlaPolicy


def add_policy_version(policy_id: int, terms: Terms, *, actor: Official, at: datetime | None = None) -> SlaPolicy:
    """The next version of the policy that `policy_id` is a version of; the one before ends where it begins.

    Raises NotAllowed, NotFound, and Invalid for terms that make no sense or begin before a version that is planned.
    """
    require_deadlines(actor)
    at = at or clock.now()
    with transaction.atomic():
        versions = locked_versions(policy_id)
        newest = max(versions, key=lambda row: row.version)
        if any(row.valid_from > terms.valid_from for row in versions):
            raise Invalid("A later version is planned already: choose its date or a later one", field="valid_from")
        selectors = {name: getattr(newest, name) for name in (*SELECTORS, "unit")}
        row = store(SlaPolicy(name=newest.name, version=newest.version + 1, **selectors), terms, actor=actor, at=at)
        # Of versions that begin on the same day the newest counts; a range without a day cannot be stored.
        SlaPolicy.objects.filter(name=row.name, valid_from__lt=row.valid_from).filter(
            Q(valid_to=None) | Q(valid_to__gt=row.valid_from)
        ).update(valid_to=row.valid_from)
    return row


def locked_versions(policy_id: int) -> list[SlaPolicy]:
    """All versions of a policy, locked until the transaction ends. Raises NotFound."""
    name = SlaPolicy.objects.filter(pk=policy_id).values_list("name", flat=True).first()
    if name is None:
        raise NotFound("No such policy")
    return list(SlaPolicy.objects.select_for_update(of=("self",)).filter(name=name).order_by("version"))
