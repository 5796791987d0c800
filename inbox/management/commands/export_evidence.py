"""Write a record of evidence as a PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from inbox.evidence.document import document_of
from inbox.evidence.models import EvidenceRecord
from inbox.evidence.pdf import pdf_of
from inbox.evidence.queries import address_of
from inbox.management.base import Command as BaseCommand
from inbox.management.base import UsageError


class Command(BaseCommand):
    help = "Write the newest version of a record of evidence as a PDF (PDF/UA)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="BB-2026-000123")
        parser.add_argument("--out", required=True, metavar="FILE.pdf")

    def handle(self, *args: Any, **options: Any) -> None:
        record = EvidenceRecord.objects.filter(number=options["number"].upper()).first()
        if record is None:
            raise UsageError(f"No record {options['number']!r}")
        latest = record.latest
        document = document_of(latest.facts, digest=latest.hash, address=address_of(record.number, latest.hash))
        Path(options["out"]).write_bytes(pdf_of(document, made_at=latest.made_at))
        self.stdout.write(f"{record.number}, version {latest.version}, {latest.hash}")
