"""How alike two complaints are: words in percent, and how far apart they happened. Knows no tables."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

#: From this on two texts are worth showing side by side, wherever they happened.
ALIKE = 72.0
#: Less is enough where both say that it is the same place.
ALIKE_NEARBY = 50.0
NEARBY = 150.0  # metres
#: What is said first says what it is about; the rest of a long text only costs time.
LONGEST = 600


@dataclass(frozen=True, slots=True)
class Likeness:
    """`percent` of the words, `metres` apart (None: one of them has no place)."""

    percent: int
    metres: int | None


def likeness(folded: str, other: str, *, metres: float | None) -> Likeness | None:
    """How alike two folded texts are; None when it is not worth showing."""
    needed = ALIKE_NEARBY if metres is not None and metres <= NEARBY else ALIKE
    score = fuzz.token_sort_ratio(folded[:LONGEST], other[:LONGEST], score_cutoff=needed)
    if score < needed:
        return None
    return Likeness(round(score), None if metres is None else round(metres))
