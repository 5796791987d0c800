"""Finding tickets by words: without accents, whole words in any order, the last one perhaps not typed to its end.

A number is a word of its own and never a part of another: 42/7 finds 42/7 and 42/7/3, not 142/7 and not 47/2. On
PostgreSQL the words of a ticket stand in a column that the database keeps itself (`search_words`, see the migration)
under an index that begins with the unit; elsewhere the folded text is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.db.models import BooleanField, Expression, F

from inbox.core.text import search_key

MOST_WORDS = 10
#: Longer than any word; the database keeps no more of one either.
LONGEST_WORD = 64
#: What stands between words; a slash holds numbers of houses together, and nothing else.
_BETWEEN = re.compile(r"(?:[^\w/]|_|/(?![0-9]))+")


@dataclass(frozen=True, slots=True)
class Word:
    """One folded word. `is_open`: more letters may follow."""

    text: str
    is_open: bool

    @property
    def is_number(self) -> bool:
        return any(letter.isdigit() for letter in self.text)

    @property
    def tsquery(self) -> str:
        """For PostgreSQL. Words are letters, digits and slashes, so there is nothing to escape."""
        if self.is_number:
            return f"('{self.text}' | '{self.text}/':*)"
        return f"'{self.text}'" + (":*" if self.is_open else "")

    @property
    def pattern(self) -> str:
        """The same as a regular expression on folded text."""
        if self.is_number:
            return rf"(?<![\w/]){re.escape(self.text)}(?:/[0-9]|(?![\w/]))"
        return rf"(?<![^\W_]){re.escape(self.text)}" + ("" if self.is_open else r"(?![^\W_])")


class Among(Enum):
    """Which tickets are searched in."""

    ALL = auto()
    OPEN = auto()  # of the city, or of many units
    FEW = auto()  # the open ones of a ward: reading them takes less than an index of the whole city's


def words_of(typed: str) -> list[Word]:
    """The words of what somebody typed, at most ten."""
    found = [word.strip("/")[:LONGEST_WORD] for word in _BETWEEN.split(search_key(typed))]
    found = [word for word in found if word][:MOST_WORDS]
    return [Word(word, is_open=at == len(found) - 1) for at, word in enumerate(found)]


class HasWords(Expression):
    """Whether a ticket has all the words, in what the citizen wrote or in what was answered.

    On PostgreSQL all tickets have an index, and the open ones one of their own: `among` says which are asked.
    """

    conditional = True
    contains_aggregate = False

    def __init__(self, words: Sequence[Word], *, among: Among = Among.ALL) -> None:
        super().__init__(output_field=BooleanField())
        self.words, self.among = tuple(words), among
        self.asked, self.answered = F("search_key"), F("answer_key")

    def get_source_expressions(self) -> list[Any]:
        return [self.asked, self.answered]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.asked, self.answered = exprs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        asked, _params = compiler.compile(self.asked)
        answered, _params = compiler.compile(self.answered)
        conditions: list[str] = []
        params: list[str] = []
        for word in self.words:
            has = "({0} LIKE %s ESCAPE '\\' AND {0} REGEXP %s)"
            conditions.append(f"({has.format(asked)} OR {has.format(answered)})")
            params += 2 * [f"%{word.text}%", word.pattern]
        return " AND ".join(conditions), tuple(params)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        table = connection.ops.quote_name(self.asked.alias)  # type: ignore[attr-defined]  # resolved: a column
        query = " & ".join(word.tsquery for word in self.words)
        return _ASKED[self.among].format(f"{table}.search_words"), (query,)


#: All say the same. The index of open tickets is on the second (see the migration that makes it), none on the third.
_ASKED = {
    Among.ALL: "{} @@ %s::tsquery",
    Among.OPEN: "({} || ''::tsvector) @@ %s::tsquery",
    Among.FEW: "({} @@ %s::tsquery) IS TRUE",
}
