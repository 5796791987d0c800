"""How long things take, learnt also from what is not finished yet: Kaplan and Meier's estimate. Pure.

Leaving out what is still open would learn from the quick cases only and promise too much: measured on real requests,
see docs/clock.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

#: A curve is kept in steps of at least this much: a hundred numbers say as much as a million.
FINEST = 0.005
#: Fewer comparable cases than this say nothing.
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Curve:
    """The share of cases still open after so many seconds. `steps`: rising seconds with the share from there on."""

    steps: Sequence[tuple[float, float]]
    count: int

    @classmethod
    def of(cls, cases: Iterable[tuple[float, bool]]) -> Curve:
        """From (seconds, finished) of each case; an unfinished one has lasted so long so far."""
        ordered = sorted(cases)
        at_risk, share = len(ordered), 1.0
        steps: list[tuple[float, float]] = []
        for seconds, same in groupby(ordered, key=lambda case: case[0]):
            ended = [finished for _, finished in same]
            if finished := sum(ended):
                share *= 1 - finished / at_risk
                if not steps or steps[-1][1] - share >= FINEST or share == 0:
                    steps.append((seconds, share))
            at_risk -= len(ended)
        return cls(steps, len(ordered))

    def open_after(self, seconds: float) -> float:
        """The share that is still open after so long."""
        index = bisect_right(self.steps, seconds, key=lambda step: step[0])
        return self.steps[index - 1][1] if index else 1.0

    def comparable(self, seconds: float) -> int:
        """About how many cases have lasted at least so long."""
        return round(self.open_after(seconds) * self.count)

    def longer(self, than: float, *, given: float) -> float | None:
        """The share of cases open after `given` seconds that take longer than `than`; None when too few are known."""
        alike = self.open_after(given) * self.count
        if alike < FEWEST:
            return None
        # One of each added, so that few cases never give certainty.
        return min(1.0, (self.open_after(than) * self.count + 1) / (alike + 2))

    def median(self) -> float | None:
        """After how many seconds half of all cases are finished; None when fewer than half ever are."""
        return next((seconds for seconds, share in self.steps if share <= 0.5), None)
