"""Charts: what is drawn must be legible, however few points there are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inbox.web import charts


@pytest.mark.parametrize(
    ("rates", "labelled", "why"),
    [
        ([90.0, *[None] * 10, 95.0], [90.0, 95.0], "the first and the last week"),
        ([*[None] * 10, 90.0, 95.0], [95.0], "two weeks lie so close that only one value can be read"),
        ([*[None] * 11, 95.0], [95.0], "one week"),
        ([None] * 12, [], "none"),
    ],
)
@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
def test_values_of_a_trend_do_not_lie_on_each_other(
    rates: Sequence[float | None], labelled: list[float], why: str, width: int
) -> None:
    drawn = charts.trend(rates, [1] * 12, target=90, width=width)
    assert [dot.value for dot in drawn.dots if dot.has_label] == labelled, why


@pytest.mark.parametrize(
    ("rates", "first_is_below", "last_is_below"),
    [([82.0, 88.0, 80.0, 85.0], True, False), ([88.0, 82.0, 85.0, 80.0], False, True)],
    ids=["rises at both ends", "falls at both ends"],
)
def test_values_of_a_trend_do_not_lie_on_its_line(
    rates: Sequence[float], first_is_below: bool, last_is_below: bool
) -> None:
    drawn = charts.trend(rates, [1] * len(rates), target=None, width=charts.WIDE)
    first, last = drawn.dots[0], drawn.dots[-1]
    assert (first.label_y > first.y, last.label_y > last.y) == (first_is_below, last_is_below)
