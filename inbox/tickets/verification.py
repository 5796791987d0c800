"""Recompute every history and every anchor, and name what does not fit. Reads only; trusts no stored hash.

What it can show and what it cannot is in docs/evidence.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Q, QuerySet

from inbox.tickets import chain
from inbox.tickets.models import HASHED, AnchoredHead, ChainAnchor, ChainHead, Message, Ticket, TicketEvent, code_of

#: Tickets whose histories are in memory at a time.
BATCH = 2000


class Wrong(StrEnum):
    """What can be wrong, by a name for scripts."""

    ALTERED = "altered"  # content, place or predecessor is not what it was when it was written
    MISSING = "missing"
    UNKNOWN = "unknown"  # behind the end that was kept: put in past the writer
    TEXT_ALTERED = "text_altered"
    NO_HEAD = "no_head"
    ANCHOR_ALTERED = "anchor_altered"
    ANCHOR_MISSING = "anchor_missing"
    NOT_AS_ANCHORED = "not_as_anchored"


_SENTENCE: Mapping[Wrong, str] = {
    Wrong.ALTERED: "does not fit its hash: its content, its place or the event before it was changed",
    Wrong.MISSING: "is missing",
    Wrong.UNKNOWN: "stands behind the end of the history: it was put in past the writer",
    Wrong.TEXT_ALTERED: "has another text than the one that was written",
    Wrong.NO_HEAD: "has no record of where its history ends",
    Wrong.ANCHOR_ALTERED: "does not fit its hash, its ends or the anchor before it",
    Wrong.ANCHOR_MISSING: "is missing or differs from the one that was handed out",
    Wrong.NOT_AS_ANCHORED: "is not what was anchored",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: an event (`ticket`, `sequence`), a ticket (`sequence` 0) or an anchor (`anchor`)."""

    wrong: Wrong
    ticket: str = ""
    sequence: int = 0
    anchor: str = ""

    def __str__(self) -> str:
        where = f"{self.ticket} event {self.sequence}" if self.sequence else self.ticket
        if self.anchor:
            where = f"{where} of anchor {self.anchor}" if where else f"anchor {self.anchor}"
        return f"{where}: {_SENTENCE[self.wrong]}"


@dataclass(slots=True)
class Report:
    """What was looked at and what was found."""

    tickets: int = 0
    events: int = 0
    anchors: int = 0
    erased_texts: int = 0
    findings: list[Finding] = field(default_factory=list)


def verify(
    *, ticket: Ticket | None = None, since: datetime | None = None, handed_out: Iterable[Mapping[str, Any]] = ()
) -> Report:
    """Check all histories, or one, or those that moved since an instant; and all anchors.

    `handed_out`: anchors as they were exported earlier; each must still stand as it is there.
    """
    report = Report()
    for keys in _batches(_chosen(ticket, since)):
        _check_histories(keys, report)
        _check_anchored(AnchoredHead.objects.filter(ticket__in=keys), report)
    _check_anchors(report)
    _check_handed_out(handed_out, report)
    return report


def _chosen(ticket: Ticket | None, since: datetime | None) -> QuerySet[Ticket]:
    tickets = Ticket.objects.order_by("pk")
    if ticket is not None:
        return tickets.filter(pk=ticket.pk)
    return tickets.filter(Q(pk__in=TicketEvent.objects.filter(at__gte=since).values("ticket"))) if since else tickets


def _batches(tickets: QuerySet[Ticket]) -> Iterator[list[int]]:
    last = 0
    while keys := list(tickets.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        last = keys[-1]
        yield keys


def _check_histories(keys: list[int], report: Report) -> None:
    heads = dict(ChainHead.objects.filter(ticket__in=keys).values_list("ticket_id", "sequence"))
    texts = _texts(keys)
    rows = TicketEvent.objects.filter(ticket__in=keys).order_by("ticket", "sequence").values("id", "hash", *HASHED)
    histories = {pk: list(events) for pk, events in groupby(rows, key=itemgetter("ticket_id"))}
    for pk in keys:
        report.tickets += 1
        _check_history(pk, histories.get(pk, []), heads.get(pk), texts, report)


def _texts(keys: list[int]) -> dict[int, tuple[str, str, str]]:
    """By event."""
    rows = Message.objects.filter(ticket__in=keys).values_list("event_id", "salt", "kind", "body")
    return {event_id: (salt, kind, body) for event_id, salt, kind, body in rows}


def _check_history(
    pk: int, events: list[dict[str, Any]], end: int | None, texts: Mapping[int, tuple[str, str, str]], report: Report
) -> None:
    code, expected, previous = code_of(pk), 1, chain.GENESIS
    if end is None:
        report.findings.append(Finding(Wrong.NO_HEAD, code))
    for event in events:
        report.events += 1
        sequence, stored = event["sequence"], event["hash"]
        report.findings += _missing(code, expected, sequence)
        content = chain.event_content(**{name: event[name] for name in HASHED})
        if end is not None and sequence > end:
            report.findings.append(Finding(Wrong.UNKNOWN, code, sequence))
        elif stored != chain.linked(previous, content) and sequence <= expected:
            report.findings.append(Finding(Wrong.ALTERED, code, sequence))
        _check_text(code, event, texts.get(event["id"]), report)
        expected, previous = max(expected, sequence) + 1, stored
    report.findings += _missing(code, expected, (end or 0) + 1)


def _missing(code: str, expected: int, found: int) -> list[Finding]:
    return [Finding(Wrong.MISSING, code, sequence) for sequence in range(expected, found)]


def _check_text(code: str, event: Mapping[str, Any], text: tuple[str, str, str] | None, report: Report) -> None:
    """An empty text beside a hash was erased; that leaves the chain whole and is only counted."""
    if text is not None and not text[2]:
        report.erased_texts += 1
    elif (chain.text_hash(*text) if text else "") != event["message_hash"]:
        report.findings.append(Finding(Wrong.TEXT_ALTERED, code, event["sequence"]))


def _check_anchored(heads: QuerySet[AnchoredHead], report: Report) -> None:
    """Every anchored end is still an event with that hash."""
    anchored = list(heads.order_by("pk").values_list("ticket_id", "sequence", "hash", "anchor__day"))
    events = TicketEvent.objects.filter(ticket__in={pk for pk, *_ in anchored})
    hashes = {(pk, sequence): digest for pk, sequence, digest in events.values_list("ticket_id", "sequence", "hash")}
    report.findings += [
        Finding(Wrong.NOT_AS_ANCHORED, code_of(pk), sequence, day.isoformat())
        for pk, sequence, digest, day in anchored
        if hashes.get((pk, sequence)) != digest
    ]


def _check_anchors(report: Report) -> None:
    previous = chain.GENESIS
    for anchor in ChainAnchor.objects.order_by("day"):
        report.anchors += 1
        heads = anchor.heads.order_by("ticket").values_list("ticket_id", "sequence", "hash")
        content = chain.anchor_content(day=anchor.day, tickets=anchor.tickets, changed=anchor.changed, root=anchor.root)
        fits = (
            anchor.root == chain.root_of(heads.iterator(chunk_size=BATCH))
            and anchor.previous_hash == previous
            and anchor.hash == chain.linked(previous, content)
        )
        if not fits:
            report.findings.append(Finding(Wrong.ANCHOR_ALTERED, anchor=anchor.day.isoformat()))
        previous = anchor.hash


def _check_handed_out(handed_out: Iterable[Mapping[str, Any]], report: Report) -> None:
    stored = {day.isoformat(): digest for day, digest in ChainAnchor.objects.values_list("day", "hash")}
    report.findings += [
        Finding(Wrong.ANCHOR_MISSING, anchor=str(row["date"]))
        for row in handed_out
        if stored.get(str(row["date"])) != row["hash"]
    ]
