"""Recompute the hashes of every history and name what was tampered with."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError, moment_or_error, ticket_or_error
from inbox.tickets.verification import Report, verify


class Command(BaseCommand):
    help = "Recompute the hash chains of all histories and the daily anchors; exit 1 and name what does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", nargs="?", default="", help="PA-000123: only this ticket")
        parser.add_argument("--ticket", default="", metavar="CODE", help="the same")
        parser.add_argument("--since", metavar="ISO", help="only tickets whose history moved since")
        parser.add_argument("--anchors", metavar="FILE", help="anchors as exported earlier: they must still stand")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        code = options["ticket"] or options["code"]
        report = verify(
            ticket=ticket_or_error(code) if code else None,
            since=moment_or_error(options["since"]) if options["since"] else None,
            handed_out=_anchors_in(options["anchors"]) if options["anchors"] else (),
        )
        self.report(_facts(report), as_json=options["json"], text=_text(report))
        if report.findings:
            raise CommandError(f"{len(report.findings)} findings")


def _anchors_in(path: str) -> list[dict[str, Any]]:
    """Raises UsageError when the file is not an export of anchors."""
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        return [{"date": row["date"], "hash": row["hash"]} for row in rows]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path} is not an export of anchors: {type(error).__name__}") from None


def _facts(report: Report) -> dict[str, Any]:
    facts = asdict(report)
    facts["findings"] = [asdict(finding) | {"text": str(finding)} for finding in report.findings]
    return facts


def _text(report: Report) -> str:
    looked_at = f"{report.tickets} tickets, {report.events} events, {report.anchors} anchors checked"
    erased = f"; {report.erased_texts} texts were erased" if report.erased_texts else ""
    return "\n".join([*map(str, report.findings), looked_at + erased])
