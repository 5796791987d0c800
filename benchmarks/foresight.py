"""How good the forecast is on real requests, and how fast a chance is reckoned.

Learnt from each year, tried on the next. Beside it: always saying the share of late ones, and the same forecast learnt
from finished cases only.
"""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks import world
from inbox.sla.survival import Curve
from tests.sla import boston

YEARS = range(2014, 2024)
BANDS = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 1.01))

_Try = tuple[float, bool]  # what was said, what happened


def run() -> None:
    """Print Brier scores (0 is perfect) and how often it came true what was said."""
    if not boston.FILE.exists():
        print("Forecast: ../shared/data is not here, left out\n")
        return
    cases = [r for r in boston.requests() if r.target is not None and r.target > r.opened]
    with_open = _tries(cases, finished_only=False)
    finished = _tries(cases, finished_only=True)
    late = sum(was for _, was in with_open) / len(with_open)
    base = late * (1 - late)
    print(
        f"Forecast at the start, {len(with_open):,} real requests, {late:.1%} of them late (Brier score, 0 is perfect)"
    )
    print(f"  always the average          {base:.4f}")
    print(f"  learnt from finished only   {_brier(finished):.4f}")
    gain = 1 - _brier(with_open) / base
    print(f"  open cases counted in       {_brier(with_open):.4f}   {gain:.0%} better than average")
    for low, high in BANDS:
        band = [(said, was) for said, was in with_open if low <= said < high]
        if band:
            said, was = (sum(column) / len(band) for column in zip(*band, strict=True))
            print(f"    said {said:4.0%}  came true {was:4.0%}  ({len(band):,} requests)")
    curve = Curve.of([(float(second), second % 3 > 0) for second in range(20_000)])
    number = 100_000
    took = world.seconds(
        lambda: [curve.longer(second % 20_000 + 500, given=second % 9_000) for second in range(number)]
    )
    print(f"  chances a second {number / took:12,.0f}\n")


def _tries(cases: list[boston.Request], *, finished_only: bool) -> list[_Try]:
    found: list[_Try] = []
    for year in YEARS:
        curves = _curves([r for r in cases if r.opened.year == year - 1], year, finished_only=finished_only)
        for request in (r for r in cases if r.opened.year == year):
            target = _seconds(request.opened, request.target)
            groups = ((request.kind, request.place), (request.kind, ""), ("", ""))
            chances = (curves[g].longer(target, given=0) for g in groups if g in curves and curves[g].count >= 30)
            chance = next((one for one in chances if one is not None), None)
            if chance is not None:
                late = request.closed is None or _seconds(request.opened, request.closed) > target
                found.append((chance, late))
    return found


def _curves(cases: list[boston.Request], year: int, *, finished_only: bool) -> dict[tuple[str, str], Curve]:
    known: dict[tuple[str, str], list[tuple[float, bool]]] = {}
    learnt_on = datetime(year, 1, 1, tzinfo=UTC)
    for request in cases:
        done = request.closed is not None and request.closed < learnt_on
        if finished_only and not done:
            continue
        case = (_seconds(request.opened, request.closed if done else learnt_on), done)
        for group in ((request.kind, request.place), (request.kind, ""), ("", "")):
            known.setdefault(group, []).append(case)
    return {group: Curve.of(seen) for group, seen in known.items()}


def _seconds(begin: datetime, end: datetime | None) -> float:
    assert end is not None
    return max(0.0, (end - begin).total_seconds())


def _brier(tries: list[_Try]) -> float:
    return sum((said - was) ** 2 for said, was in tries) / len(tries)
