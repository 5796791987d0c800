"""Try quarantined payloads again."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import CommandParser

from inbox.intake.replay import replay_payload
from inbox.management.base import Command as BaseCommand
from inbox.management.base import source_or_error
from inbox.sources.models import InboundPayload
from inbox.sources.vocabulary import PayloadState


class Command(BaseCommand):
    help = "Try quarantined payloads again; those that still cannot be read stay where they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", default="", metavar="SLUG")
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        waiting = InboundPayload.objects.filter(state=PayloadState.REJECTED).order_by("pk")
        if options["source"]:
            waiting = waiting.filter(source=source_or_error(options["source"]))
        reasons: Counter[str] = Counter()
        accepted = 0
        for payload_id in list(waiting.values_list("pk", flat=True)):
            result = replay_payload(payload_id, dry_run=options["dry_run"])
            accepted += result.accepted
            if not result.accepted:
                reasons[result.reason_code] += 1
        facts = {"accepted": accepted, "rejected": sum(reasons.values()), "reasons": dict(reasons)}
        still = ", ".join(f"{count} {code}" for code, count in reasons.most_common()) or "none"
        self.report(facts, as_json=options["json"], text=f"{accepted} went in, still rejected: {still}")
