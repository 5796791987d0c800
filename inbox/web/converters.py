"""Parts of addresses: a ticket's code and a verb. What does not look like one is a 404 before any view runs."""

from __future__ import annotations

from inbox.tickets.vocabulary import Verb


class TicketCode:
    """PA-000123, also in lower case."""

    regex = r"[Pp][Aa]-\d{6,18}"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return value


class VerbName:
    """The name of something that can be done to a ticket."""

    regex = "|".join(verb.value for verb in Verb)

    def to_python(self, value: str) -> Verb:
        return Verb(value)

    def to_url(self, value: str) -> str:
        return str(Verb(value))
