"""Parts of addresses: codes, numbers and verbs. What does not look like one is a 404 before any view runs."""

from __future__ import annotations

from datetime import date

from inbox.reports.vocabulary import Report
from inbox.tickets.vocabulary import Verb


class TicketCode:
    """PA-000123, also in lower case."""

    regex = r"[Pp][Aa]-\d{6,18}"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return value


class EvidenceNumber:
    """BB-2026-000123, also in lower case."""

    regex = r"[Bb][Bb]-\d{4}-\d{6,9}"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return value


class OpenDataSuffix:
    """As what kind of file public data are wanted."""

    regex = "csv|json"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class PaperSuffix:
    """As what kind of file a report is wanted."""

    regex = "pdf|xlsx"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class ReportName:
    """Which report."""

    regex = "|".join(report.value for report in Report)

    def to_python(self, value: str) -> Report:
        return Report(value)

    def to_url(self, value: str) -> str:
        return str(Report(value))


class Day:
    """A date like 2026-11-24."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        return str(value)


class VerbName:
    """The name of something that can be done to a ticket."""

    regex = "|".join(verb.value for verb in Verb)

    def to_python(self, value: str) -> Verb:
        return Verb(value)

    def to_url(self, value: str) -> str:
        return str(Verb(value))
