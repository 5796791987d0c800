"""What the commands share: exit codes (0 done, 1 failed, 2 wrong usage), reports as text or JSON, looking things up."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox.sources.models import Source
from inbox.tickets.models import Ticket


class UsageError(CommandError):
    """The call's words are off."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class Command(BaseCommand):
    """A command that can report as JSON."""

    def report(self, facts: dict[str, Any], *, as_json: bool, text: str) -> None:
        """Print `facts` for scripts or `text` for people."""
        self.stdout.write(json.dumps(facts, ensure_ascii=False, default=str) if as_json else text)


def source_or_error(slug: str) -> Source:
    """The source with this slug. Raises UsageError naming those there are."""
    source = Source.objects.filter(slug=slug).first()
    if source is None:
        there = ", ".join(Source.objects.values_list("slug", flat=True)) or "none yet"
        raise UsageError(f"No source named {slug!r}; there are: {there}")
    return source


def ticket_or_error(code: str) -> Ticket:
    """The ticket with this code. Raises UsageError."""
    ticket = Ticket.objects.with_code(code).first()
    if ticket is None:
        raise UsageError(f"No ticket {code!r}")
    return ticket


def moment_or_error(value: str) -> datetime:
    """An ISO 8601 instant; without an offset it is local time. Raises UsageError."""
    try:
        moment = parse_datetime(value)
    except ValueError:
        moment = None
    if moment is None:
        raise UsageError(f"Not an ISO 8601 date and time: {value!r}")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
