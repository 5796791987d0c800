"""Ask for a file. It is made in the background; see `make`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from inbox.accounts.models import Official
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.core.wake import after_commit
from inbox.reports.formats import MOST_ROWS
from inbox.reports.models import Export
from inbox.reports.queries import narrowed, query_of
from inbox.reports.vocabulary import UNFINISHED, ExportFormat, ExportKind

#: As many as one person may have under way: one who presses a button often shall not hold up the others.
MOST_AT_ONCE = 5


def ask_export(
    *,
    actor: Official,
    file_format: str,
    filters: Mapping[str, Sequence[str]],
    with_mark: bool = False,
    at: datetime | None = None,
) -> Export:
    """A list of tickets as a file. `filters`: those of the inbox and its `view`.

    Raises NotAllowed, and Invalid for a format or filter that does not exist and for more than the format can hold.
    """
    at = at or clock.now()
    if file_format not in {known.value for known in ExportFormat}:
        raise Invalid("There is no such format", field="format")
    wanted = {name: list(values) for name, values in filters.items() if any(values)}
    found = narrowed(query_of(wanted), official=actor, at=at)
    most = MOST_ROWS[ExportFormat(file_format)]
    total = found.order_by()[: most + 1].count()
    if total > most:
        raise Invalid("Too many rows for this format: narrow the list or choose CSV", field="format")
    with transaction.atomic():
        Official.objects.select_for_update().get(pk=actor.pk)  # counts and adds in one go
        if Export.objects.filter(asked_by=actor, state__in=list(UNFINISHED)).count() >= MOST_AT_ONCE:
            raise Invalid("Several files are being made for you already: wait until one is ready", field="format")
        export = Export.objects.create(
            kind=ExportKind.TICKETS,
            format=file_format,
            asked_by=actor,
            asked_at=at,
            parameters=wanted,
            with_mark=with_mark and file_format == ExportFormat.CSV,
            total=total,
        )
        after_commit("inbox.reports.tasks.make_exports")
    return export
