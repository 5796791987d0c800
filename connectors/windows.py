"""How far a pull has come, and how to walk through pages that shift under the reader.

The cursor is the instant up to which everything was read. A pull starts a little before it, because rows become visible
late and clocks differ: what is read twice costs nothing, what is skipped is lost. The order of rows is never trusted,
so the cursor moves only behind a window of time that was read to its end. Nothing here speaks HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any

from connectors.errors import BadPayload
from connectors.mapping import CLOCK_TOLERANCE, VIETNAM, instant, raw_items
from connectors.records import Page, RawItem

OVERLAP = timedelta(minutes=20)  # more than ten minutes of clock skew, and rows that appear minutes after their stamp
BEGINNING = datetime(1970, 1, 1, tzinfo=VIETNAM)
FAR_FUTURE = datetime(2099, 12, 31, 23, 59, 59, tzinfo=VIETNAM)
RECENT_DAYS = 31
_MAX_PASSES = 4
_STALE_PAGES = 2
_QUIET_PASSES = 2


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time to ask for, both ends included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """One numbered page as the source sent it. `total`: rows in all pages together, 0 where the source is silent."""

    rows: list[Any]
    total: int
    last: bool


Fetch = Callable[[Window, int, int], Listing]  # window, page number from 1, page size


def reached(cursor: Mapping[str, Any]) -> datetime | None:
    """Up to when everything was read, or None for an empty or unusable cursor (then: from the beginning)."""
    try:
        return instant(str(cursor["since"]))
    except (KeyError, ValueError):
        return None


def cursor_at(at: datetime) -> dict[str, Any]:
    """The cursor that says "everything up to `at` was read"."""
    return {"since": at.astimezone(VIETNAM).replace(microsecond=0).isoformat()}


def windows(start: datetime, since: datetime, now: datetime) -> Iterator[Window]:
    """From `start` to the end of the day of `since`, then day by day, today open-ended.

    Windows of a day let the cursor advance while a backlog is read; what is older than a month is one window. The last
    one has no end, because a row with a date in the future is a row too.
    """
    today = _midnight(now)
    edge = _midnight(max(since, today - timedelta(days=RECENT_DAYS))) + timedelta(days=1)
    while edge <= today:
        yield Window(start, edge - timedelta(seconds=1))
        start, edge = edge, edge + timedelta(days=1)
    yield Window(start, FAR_FUTURE)


def pull(
    cursor: Mapping[str, Any],
    fetch: Fetch,
    *,
    now: datetime,
    key: str,
    page_size: int,
    stamp: str = "",
    overlap: timedelta = OVERLAP,
    wrap: Callable[[list[Any]], tuple[RawItem, ...]] | None = None,
) -> Iterator[Page]:
    """Pages of everything since the cursor. Pages of a window carry the cursor from before it, its end the next one.

    A window without rows never moves the cursor: an empty answer is more often a fault of the source than the truth.
    `key` names the field that identifies a row, `stamp` the one by which the source filters where it is a change
    stamp. `wrap` turns the rows of a page into items, where that takes more than wrapping.
    """
    since = reached(cursor) or BEGINNING
    held = dict(cursor)
    for window in windows(max(BEGINNING, since - overlap), since, now):
        newest, empty = window.start, True
        walked = walk(partial(fetch, window), key=key, page_size=page_size, stamp=stamp)
        try:
            while True:
                rows = next(walked)
                newest, empty = _newest(newest, rows, stamp, now), False
                yield Page(wrap(rows) if wrap else raw_items(rows, key), held)
        except StopIteration as end:
            if not end.value:
                return
        upto = newest if stamp and window.end is FAR_FUTURE else min(window.end, now)
        if not empty and upto > since:
            since, held = upto, cursor_at(upto)
            yield Page((), held)


def walk(
    fetch: Callable[[int, int], Listing], *, key: str, page_size: int, stamp: str = ""
) -> Generator[list[Any], None, bool]:
    """Read numbered pages (from 1) that may shift while they are read; yield the rows not shown yet.

    Returns whether everything was seen: as many different rows as the source counts. While some are missing, all pages
    are read again with other page boundaries, as a row hides best at a boundary; a source whose count stays higher
    than anything it shows is believed to miscount. Two pages without news are the end where the source does not
    count, and an error where it does: BadPayload (code `cursor_loop`).
    """
    known: set[str] = set()
    shown: set[tuple[str, str]] = set()
    quiet = 0  # passes in a row that brought no news
    for attempt in range(_MAX_PASSES):
        before, expected, stale = len(known), 0, 0
        this_pass: set[str] = set()
        for number in count(1):
            listing = fetch(number, max(1, page_size - attempt))
            versions = [(name_of(row, key), _field(row, stamp)) for row in listing.rows]
            names = {name for name, _ in versions}
            fresh = [row for row, version in zip(listing.rows, versions, strict=True) if version not in shown]
            stale = 0 if names - this_pass else stale + 1
            this_pass |= names
            shown.update(versions)
            expected = max(expected, listing.total)
            if fresh:
                yield fresh
            if listing.last or not listing.rows or (stale >= _STALE_PAGES and not listing.total):
                break
            if stale >= _STALE_PAGES:
                raise BadPayload("The source repeats its pages instead of turning them", code="cursor_loop")
        known |= this_pass
        if len(known) >= expected:
            return True
        quiet = quiet + 1 if len(known) == before else 0
    return quiet >= _QUIET_PASSES


def _newest(newest: datetime, rows: list[Any], stamp: str, now: datetime) -> datetime:
    """The latest believable stamp: never later than now, and dates far in the future prove nothing."""
    for row in rows:
        try:
            at = instant(_field(row, stamp))
        except ValueError:
            continue
        if newest < at <= now + CLOCK_TOLERANCE:
            newest = min(at, now)
    return newest


def whole_number(value: object) -> int:
    """A count out of an envelope, 0 where it is absent or senseless."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value.strip()[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(VIETNAM).date(), time(), VIETNAM)


def name_of(row: object, key: str) -> str:
    """What tells a row from others: its key, or all of it where it has none."""
    return _field(row, key) or repr(row)


def _field(row: object, name: str) -> str:
    value = row.get(name) if isinstance(row, Mapping) else None
    return str(value) if isinstance(value, str | int) else ""
