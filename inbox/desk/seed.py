"""The replies and task lists that an installation starts with, for the whole city; people change them afterwards."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

from inbox.desk.models import CannedReply, TaskTemplate

STANDARD = Path(__file__).parent / "data" / "replies.toml"


def load_desk(*, at: datetime) -> None:
    """Does nothing where the city has replies or lists of its own already."""
    standard = tomllib.loads(STANDARD.read_text(encoding="utf-8"))
    if not CannedReply.objects.filter(unit__isnull=True).exists():
        CannedReply.objects.bulk_create(
            CannedReply(
                title=reply["title"], category=reply.get("category", ""), body=reply["body"].strip(), changed_at=at
            )
            for reply in standard["replies"]
        )
    if not TaskTemplate.objects.filter(unit__isnull=True).exists():
        TaskTemplate.objects.bulk_create(
            TaskTemplate(category=category, position=number, words=words)
            for category, lines in standard["tasks"].items()
            for number, words in enumerate(lines, 1)
        )
