"""The pull loop: pages of a connector → batches of records, refused payloads and the cursor that goes with them.

One bad payload never stops a page, and no payload leaves here without being in exactly one list (of several versions
of one complaint on a page only the newest counts). It must not store, retry or decide anything: errors that concern
the whole source pass through to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import BadPayload
from connectors.protocol import Connector
from connectors.records import InboundRecord, OpenItem, Page, RawItem

MAX_PAGES = 50_000
MAX_EMPTY_PAGES = 1_000  # a source read in windows of time has empty ones; a source gone mad has nothing else


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record and the payload it came from."""

    record: InboundRecord
    raw: RawItem


@dataclass(frozen=True, slots=True)
class Rejected:
    """A payload that could not be understood, and why."""

    raw: RawItem
    error: BadPayload


@dataclass(frozen=True, slots=True)
class Batch:
    """What one page brought. `cursor` may be stored together with its rows, never before them."""

    accepted: tuple[Accepted, ...]
    rejected: tuple[Rejected, ...]
    cursor: dict[str, Any]


def read(
    connector: Connector,
    cursor: Mapping[str, Any],
    *,
    now: datetime,
    full: bool = False,
    open_items: Iterable[OpenItem] = (),
) -> Iterator[Batch]:
    """Read everything that changed since `cursor`, page by page. Raises what `pages` raises."""
    for page in pages(connector, cursor, now=now, full=full, open_items=open_items):
        yield batch_of(connector, page, now=now)


def pages(
    connector: Connector,
    cursor: Mapping[str, Any],
    *,
    now: datetime,
    full: bool = False,
    open_items: Iterable[OpenItem] = (),
) -> Iterator[Page]:
    """The pages of everything that changed since `cursor`, as they come.

    Raises what the connector raises for the whole source, and BadPayload (code `cursor_loop`) when the source sends
    the same page again and again or never ends.
    """
    watch = _LoopWatch()
    for page in connector.pages(cursor, now=now, full=full, open_items=open_items):
        watch.see(page)
        yield page


def parse_one(connector: Connector, raw: RawItem, *, now: datetime) -> Accepted | Rejected:
    """Parse one payload, whatever it is: the same path for pages, pushed payloads and replays."""
    try:
        return Accepted(connector.parse(raw, now=now), raw)
    except BadPayload as error:
        return Rejected(raw, error)
    except Exception as error:
        return Rejected(raw, BadPayload(f"The parser failed: {type(error).__name__}", code="parser_bug"))


def batch_of(connector: Connector, page: Page, *, now: datetime) -> Batch:
    """What the payloads of a page are, once parsed; of several versions of a complaint the newest."""
    newest: dict[str, Accepted] = {}
    rejected: list[Rejected] = []
    for raw in page.items:
        result = parse_one(connector, raw, now=now)
        if isinstance(result, Rejected):
            rejected.append(result)
            continue
        key = result.record.external_id
        if key not in newest or not _older(result.record, newest[key].record):
            newest[key] = result
    return Batch(tuple(newest.values()), tuple(rejected), page.cursor)


def _older(record: InboundRecord, other: InboundRecord) -> bool:
    return record.updated_at is not None and other.updated_at is not None and record.updated_at < other.updated_at


class _LoopWatch:
    """Notices a source whose pages never end. A page that only moves the cursor is progress."""

    def __init__(self) -> None:
        self._pages = 0
        self._empty = 0
        self._last: Page | None = None

    def see(self, page: Page) -> None:
        self._pages += 1
        self._empty = 0 if page.items else self._empty + 1
        repeated = bool(page.items) and page == self._last
        if repeated or self._empty > MAX_EMPTY_PAGES or self._pages > MAX_PAGES:
            raise BadPayload("The source sends the same page again and again", code="cursor_loop")
        self._last = page
