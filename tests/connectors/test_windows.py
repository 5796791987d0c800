"""Walking pages that shift, and a cursor that never points past what was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from connectors.errors import BadPayload
from connectors.mapping import VIETNAM, vn_stamp
from connectors.windows import FAR_FUTURE, OVERLAP, Listing, Window, cursor_at, pull, reached, walk, windows

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=VIETNAM)
TODAY = NOW.replace(hour=0)
Rows = list[dict[str, Any]]


def _rows(*numbers: int) -> Rows:
    return [{"id": number} for number in numbers]


def _walk(fetch: Callable[[int, int], Listing], page_size: int = 3) -> tuple[list[Any], bool]:
    """Everything that was yielded, and whether the walk calls it complete."""
    found: list[Any] = []
    walked = walk(fetch, key="id", page_size=page_size, stamp="stamp")
    while True:
        try:
            found += next(walked)
        except StopIteration as end:
            return found, end.value


def _listing(rows: Rows, number: int, size: int, total: int | None = None) -> Listing:
    page = rows[(number - 1) * size : number * size]
    total = len(rows) if total is None else total
    return Listing(page, total, last=len(page) < size and number * size >= total)


def test_quiet_pages_are_read_once() -> None:
    asked: list[int] = []

    def fetch(number: int, size: int) -> Listing:
        asked.append(number)
        return _listing(_rows(*range(7)), number, size)

    assert _walk(fetch) == (_rows(*range(7)), True)
    assert asked == [1, 2, 3]


def test_rows_inserted_at_the_head_are_shown_once() -> None:
    rows = _rows(*range(7))

    def fetch(number: int, size: int) -> Listing:
        if number == 2 and len(rows) == 7:
            rows.insert(0, {"id": 100})
        return _listing(rows, number, size)

    found, complete = _walk(fetch)
    assert complete
    assert sorted(row["id"] for row in found) == [*range(7), 100]


def test_a_row_that_slips_between_two_pages_is_found_by_counting() -> None:
    """A row leaves the head while page 1 is read: what was first on page 2 is now last on page 1."""
    rows = _rows(*range(7))

    def fetch(number: int, size: int) -> Listing:
        listing = _listing(rows, number, size)
        if number == 1 and rows[0]["id"] == 0:
            del rows[0]
        return listing

    found, complete = _walk(fetch)
    assert complete
    assert sorted(row["id"] for row in found) == [*range(7)]


def test_a_row_that_hides_at_a_boundary_is_found_with_other_boundaries() -> None:
    def fetch(number: int, size: int) -> Listing:
        listing = _listing(_rows(*range(9)), number, size)
        hidden = listing.rows[:-1] if size == 3 and number == 3 else listing.rows
        return Listing(hidden, listing.total, listing.last)

    found, complete = _walk(fetch)
    assert complete
    assert sorted(row["id"] for row in found) == [*range(9)]


def test_a_source_that_miscounts_is_believed_in_the_end() -> None:
    found, complete = _walk(lambda number, size: _listing(_rows(*range(7)), number, size, total=9))
    assert complete
    assert found == _rows(*range(7))


def test_rows_that_change_while_being_read_are_shown_again() -> None:
    calls: list[int] = []

    def fetch(number: int, size: int) -> Listing:
        calls.append(number)
        rows = [{"id": 1, "stamp": str(len(calls))}, {"id": 2, "stamp": "same"}]
        return Listing(rows, 3 if len(calls) == 1 else 2, last=True)

    found, complete = _walk(fetch)
    assert complete
    assert found == [{"id": 1, "stamp": "1"}, {"id": 2, "stamp": "same"}, {"id": 1, "stamp": "2"}]


def test_pages_that_repeat_instead_of_turning_are_an_error_soon() -> None:
    asked: list[int] = []

    def fetch(number: int, size: int) -> Listing:
        asked.append(number)
        return Listing(_rows(1, 2, 3), 1000, last=False)

    with pytest.raises(BadPayload) as caught:
        _walk(fetch)
    assert caught.value.code == "cursor_loop"
    assert len(asked) == 3


def test_a_source_that_does_not_count_ends_with_a_repeated_or_an_empty_page() -> None:
    assert _walk(lambda number, size: Listing(_rows(1, 2, 3), 0, last=False)) == (_rows(1, 2, 3), True)
    assert _walk(lambda number, size: Listing(_rows(number) if number < 4 else [], 0, last=False)) == (
        _rows(1, 2, 3),
        True,
    )


def test_rows_without_a_key_are_shown_too() -> None:
    rows = [{"other": 1}, "text", None, {"id": {"a": 1}}]
    assert _walk(lambda number, size: Listing(rows, 4, last=True)) == (rows, True)


def test_windows_cover_everything_without_a_gap() -> None:
    for since in (TODAY - timedelta(days=400), TODAY - timedelta(days=3, hours=5), NOW - timedelta(minutes=5)):
        found = list(windows(since - OVERLAP, since, NOW))
        assert found[0].start == since - OVERLAP
        assert found[-1].end == FAR_FUTURE
        for one, following in pairwise(found):
            assert following.start - one.end == timedelta(seconds=1)
        assert len(found) <= 32


def test_a_young_cursor_needs_one_window() -> None:
    assert list(windows(TODAY - OVERLAP, TODAY + timedelta(minutes=1), NOW)) == [Window(TODAY - OVERLAP, FAR_FUTURE)]


@pytest.mark.parametrize("cursor", [{}, {"since": None}, {"since": "soon"}, {"since": 5}, {"since": ["x"]}, {"x": 1}])
def test_an_unusable_cursor_means_from_the_beginning(cursor: Mapping[str, Any]) -> None:
    assert reached(cursor) is None


def test_a_cursor_reads_back() -> None:
    assert reached(cursor_at(NOW)) == NOW


class _Source:
    """A list with stamps that filters as asked, in pages of two."""

    def __init__(self, *stamps: datetime, fails_after: int = 999) -> None:
        self.rows: Rows = [{"id": number, "stamp": vn_stamp(at)} for number, at in enumerate(stamps)]
        self.stamps = stamps
        self.calls_left = fails_after

    def fetch(self, window: Window, number: int, size: int) -> Listing:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise ConnectionError
        rows = [row for row, at in zip(self.rows, self.stamps, strict=True) if window.start <= at <= window.end]
        return _listing(rows, number, size)

    def pull(self, cursor: Mapping[str, Any]) -> tuple[set[int], dict[str, Any]]:
        """The ids read and the cursor stored before the source failed or ended."""
        seen: set[int] = set()
        stored = dict(cursor)
        try:
            for page in pull(cursor, self.fetch, now=NOW, key="id", page_size=2, stamp="stamp"):
                seen |= {item.payload["id"] for item in page.items}
                stored = page.cursor
        except ConnectionError:
            return seen, stored
        return seen, stored


STAMPS = [NOW - timedelta(days=day, hours=hour) for day in (200, 5, 3, 1, 0) for hour in (0, 2, 4)]


def test_the_cursor_ends_at_the_newest_stamp() -> None:
    assert _Source(*STAMPS).pull({}) == (set(range(15)), cursor_at(NOW))


def test_wherever_a_run_is_cut_the_next_one_completes_it() -> None:
    for calls in range(40):
        seen, cursor = _Source(*STAMPS, fails_after=calls).pull({})
        assert seen | _Source(*STAMPS).pull(cursor)[0] == set(range(15)), calls


def test_backlog_of_days_moves_the_cursor_day_by_day() -> None:
    start = cursor_at(NOW - timedelta(days=6))
    positions = {_Source(*STAMPS, fails_after=calls).pull(start)[1]["since"] for calls in range(20)}
    assert len(positions) >= 4


def test_an_empty_answer_moves_nothing() -> None:
    start = cursor_at(NOW - timedelta(days=6))
    assert _Source().pull(start) == (set(), start)


def test_a_stamp_in_the_future_does_not_carry_the_cursor_away() -> None:
    seen, cursor = _Source(NOW - timedelta(hours=1), NOW + timedelta(days=3000)).pull({})
    assert seen == {0, 1}
    assert cursor == cursor_at(NOW - timedelta(hours=1))


def test_a_clock_ahead_by_minutes_is_cut_to_ours() -> None:
    assert _Source(NOW + timedelta(minutes=8)).pull({})[1] == cursor_at(NOW)


def test_a_row_that_appears_late_is_found_in_the_overlap() -> None:
    _, cursor = _Source(NOW - timedelta(minutes=1)).pull({})
    late = NOW - timedelta(minutes=4)  # stamped before the newest row, committed after it was read
    assert 1 in _Source(NOW - timedelta(minutes=1), late).pull(cursor)[0]


def test_fifteen_hundred_rows_of_one_second_all_arrive() -> None:
    assert _Source(*[NOW - timedelta(hours=1)] * 1500).pull({})[0] == set(range(1500))
