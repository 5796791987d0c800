"""Confirm dates of a calendar that waited for their decree. Nothing moves: they counted already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from inbox.accounts.models import Official
from inbox.actions.base import locked_calendar, require_deadlines
from inbox.actions.change_calendar import facts_of
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.sla.models import CalendarChange, CalendarOverride

LONGEST_BASIS = 500


def confirm_dates(
    slug: str, dates: Sequence[date], legal_basis: str, *, actor: Official, at: datetime | None = None
) -> int:
    """Put the legal basis of these dates on record; returns how many were still to be confirmed.

    Raises NotAllowed, NotFound, and Invalid without a legal basis or when none of the dates waits.
    """
    require_deadlines(actor)
    basis, at = legal_basis.strip(), at or clock.now()
    if not basis:
        raise Invalid("Name the legal basis", field="legal_basis")
    if len(basis) > LONGEST_BASIS:
        raise Invalid("This text is too long", field="legal_basis")
    with transaction.atomic():
        calendar = locked_calendar(slug)
        rows = list(CalendarOverride.objects.filter(calendar=calendar, date__in=dates, confirmed=False))
        if not rows:
            raise Invalid("Choose at least one date that waits to be confirmed", field="dates")
        for row in rows:
            before = facts_of(row)
            row.legal_basis, row.confirmed = basis, True
            row.save(update_fields=["legal_basis", "confirmed"])
            CalendarChange.objects.create(
                calendar=calendar, date=row.date, before=before, after=facts_of(row), actor=actor, at=at
            )
    return len(rows)
