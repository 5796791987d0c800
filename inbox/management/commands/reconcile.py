"""Compare a source with what is here."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from inbox.core.errors import Busy, Invalid
from inbox.intake.reconcile import reconcile
from inbox.management.base import Command as BaseCommand
from inbox.management.base import moment_or_error, source_or_error
from inbox.outbox.models import Difference, Reconciliation
from inbox.outbox.vocabulary import Decision
from inbox.sources.vocabulary import RunOutcome

_COUNTS = ("compared", "agree", "differ", "under_way", "not_read_yet", "not_asked", "lookups", "repeated")
MOST_LISTED = 1000


class Command(BaseCommand):
    help = "Compare both sides of a source and say where they differ; answers that it dropped are sent once more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--since", metavar="ISO", help="What moved since then; default: 30 days ago.")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        source = source_or_error(options["slug"])
        since = moment_or_error(options["since"]) if options["since"] else None
        try:
            run = reconcile(source, since=since)
        except Busy as busy:
            raise CommandError(f"{source.slug}: {busy}") from busy
        except Invalid as invalid:
            raise CommandError(f"{source.slug}: {invalid}") from invalid
        facts = _facts(run)
        self.report(facts, as_json=options["json"], text=_text(facts))
        if run.outcome != RunOutcome.OK:
            raise CommandError(f"{source.slug}: {run.error_code}")


def _facts(run: Reconciliation) -> dict[str, Any]:
    rows = Difference.objects.filter(source=run.source_id, decision=Decision.OPEN).select_related("ticket")
    return {
        "source": run.source.slug,
        "since": run.since.isoformat(),
        "outcome": run.outcome,
        **{name: getattr(run, name) for name in _COUNTS},
        "kinds": run.kinds,
        "sides_agree": run.outcome == RunOutcome.OK and run.differ == 0 and run.repeated == 0,
        "differences": [
            {
                "id": row.pk,
                "kind": row.kind,
                "external_id": row.external_id,
                "ticket": row.ticket.code if row.ticket else None,
                "ours": row.ours.get("status", ""),
                "theirs": row.theirs.get("status", ""),
            }
            for row in rows.order_by("pk")[:MOST_LISTED]
        ],
    }


def _text(facts: dict[str, Any]) -> str:
    head = "both sides agree" if facts["sides_agree"] else "the sides differ" if facts["differ"] else facts["outcome"]
    lines = [f"{facts['source']}: {head}; " + ", ".join(f"{facts[name]} {name}" for name in _COUNTS)]
    lines += [
        f"  {row['kind']}: {row['ticket'] or '-'} = {row['external_id']}"
        f" (here {row['ours'] or '-'}, there {row['theirs'] or '-'})"
        for row in facts["differences"]
    ]
    return "\n".join(lines)
