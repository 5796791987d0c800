"""How coarse the public data must be so that nobody is alone in them (k-anonymity). Pure: counts in, classes out.

What somebody may know of a neighbour's complaint is where, about what and when. Each published row shares these three
with at least K - 1 others; where too few are alike, first the field is left out, then the ward (keeping the field),
then both. What is still rarer is left out of the data and only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeAlias

K = 5

#: (ward, field) within one month; empty where it is not said.
Class: TypeAlias = tuple[str, str]
_COARSER: tuple[Callable[[Class], Class], ...] = (
    lambda exact: exact,
    lambda exact: (exact[0], ""),
    lambda exact: ("", exact[1]),
    lambda exact: ("", ""),
)


def published_as(counts: Mapping[Class, int], *, k: int = K) -> dict[Class, Class | None]:
    """For each exact class of a month the class it is published as, None for not at all.

    Every class that is published has at least `k` rows: those that a coarser one takes in are counted there only.
    """
    found: dict[Class, Class | None] = {}
    left = {exact: number for exact, number in counts.items() if number}
    for coarser in _COARSER:
        sizes: Counter[Class] = Counter()
        for exact, number in left.items():
            sizes[coarser(exact)] += number
        # A class of tickets without a ward looks like one whose ward is left out; it is counted with those.
        big = {published for published, size in sizes.items() if size >= k}
        found |= {exact: coarser(exact) for exact in left if coarser(exact) in big}
        left = {exact: number for exact, number in left.items() if exact not in found}
    return found | dict.fromkeys(left)
