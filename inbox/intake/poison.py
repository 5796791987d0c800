"""Payloads that end the process that reads them: found one at a time, then set aside for a person.

A crash leaves nothing behind that says which payload it was. After two readings of a source in a row have died in one
place, the next takes its payloads one by one and writes down beforehand which it has in hand. What a reading dies over
twice in that way goes into quarantine, unread, and the source is read as usual again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from connectors import engine
from connectors.errors import BadPayload
from connectors.protocol import Connector
from connectors.records import Page, RawItem
from inbox.core import clock
from inbox.sources.models import InboundPayload, PayloadInHand, Source, SyncRun, payload_hash
from inbox.sources.vocabulary import PROCESS_DIED, PayloadState

KILLS_READERS = "kills_readers"
#: So many readings in a row die before one goes payload by payload,
CAREFUL_AFTER = 2
#: and so many of those must die over the same payload. A kill that has nothing to do with it rarely hits it twice.
MOST_DEATHS = 2


def set_aside(source: Source) -> set[str]:
    """The hashes of the payloads that nobody reads any more."""
    kept = InboundPayload.objects.filter(source=source, state=PayloadState.REJECTED, reason_code=KILLS_READERS)
    return set(kept.values_list("content_hash", flat=True))


def without(page: Page, known: Collection[str]) -> tuple[Page, tuple[engine.Rejected, ...]]:
    """What of a page may be read, and what of it may not, where `known` says what was set aside."""
    if not known:
        return page, ()
    hashed = [(raw, payload_hash(raw.payload)) for raw in page.items]
    good = tuple(raw for raw, digest in hashed if digest not in known)
    bad = tuple(_refused(raw) for raw, digest in hashed if digest in known)
    return Page(good, page.cursor), bad


class Caution:
    """How one reading deals with such payloads. Make one when it has begun and its dead predecessors are closed."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known = set_aside(source)
        self._is_careful = _died_in_one_place(source)
        if self._is_careful:
            self._condemn()

    def batches(self, connector: Connector, pages: Iterable[Page]) -> Iterator[engine.Batch]:
        """The pages, parsed, without what was set aside. A batch counts as dealt with once the next is asked for."""
        for page in pages:
            if self._is_careful:
                yield from self._one_by_one(connector, page)
            else:
                yield self._batch(connector, page)

    def _batch(self, connector: Connector, page: Page) -> engine.Batch:
        good, bad = without(page, self._known)
        batch = engine.batch_of(connector, good, now=clock.now())
        return replace(batch, rejected=(*batch.rejected, *bad))

    def relax(self) -> None:
        """The reading has come to an end that is not death."""
        if self._is_careful:
            PayloadInHand.objects.filter(source=self._source).delete()

    def _condemn(self) -> None:
        """What the reading before had in hand is suspect; the second time it is set aside."""
        held = PayloadInHand.objects.filter(source=self._source).exclude(in_hand="").first()
        if held is None:
            return
        held.deaths = held.deaths + 1 if held.suspect == held.in_hand else 1
        held.suspect, held.in_hand = held.in_hand, ""
        held.save()
        if held.deaths >= MOST_DEATHS:
            self._known.add(held.suspect)

    def _one_by_one(self, connector: Connector, page: Page) -> Iterator[engine.Batch]:
        """Each payload by itself. The cursor stays where it is until all of the page is in."""
        before = self._source.cursor
        for raw in page.items:
            digest = payload_hash(raw.payload)
            if digest not in self._known:
                PayloadInHand.objects.update_or_create(source=self._source, defaults={"in_hand": digest})
            yield self._batch(connector, Page((raw,), before))
        PayloadInHand.objects.filter(source=self._source).update(in_hand="")
        yield engine.Batch((), (), page.cursor)


def _died_in_one_place(source: Source) -> bool:
    """Whether the last readings before this one all died, and got no further than each other.

    A payload that kills does so on the same page each time: the first one, where the cursor moves with the pages.
    """
    before = SyncRun.objects.filter(source=source, finished_at__isnull=False).order_by("-started_at", "-pk")
    last = list(before.values_list("error_code", "pages")[:CAREFUL_AFTER])
    if [code for code, _ in last] != [PROCESS_DIED] * CAREFUL_AFTER:
        return False
    if PayloadInHand.objects.filter(source=source).exclude(in_hand="").exists():
        return True  # one that was careful died
    return all(pages in {0, last[-1][1]} for _, pages in last[:-1])


def _refused(raw: RawItem) -> engine.Rejected:
    return engine.Rejected(raw, BadPayload("Every process that read it ended at once", code=KILLS_READERS))
