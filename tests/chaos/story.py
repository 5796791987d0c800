"""One story of everything going wrong at once, and the check that nothing came of it. Told by a seed.

Three sources serve complaints over real HTTP while every fault that the sandbox knows is switched on in a random
order, citizens write, edit and withdraw, others answer in the sources, and the workers that read them are killed. Then
the faults end, and the tickets must be what a reader who saw none of this has: field by field.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.sandbox.faults import KINDS
from inbox.core import clock
from inbox.intake.sync import sync_source
from inbox.management import demo
from inbox.outbox.models import OutboxMessage
from inbox.sla.models import ClockPause, SlaClock
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.tickets import records as said
from inbox.tickets.models import Attachment, ChainHead, ExternalRef, Message, Reporter, Ticket, TicketEvent
from inbox.tickets.verification import verify
from tests.processes import GOPY, HOTLINE, PORTAL, ROOT, SYSTEMS, Sandbox, database_url

#: So that a fault lasts a moment and not a minute; what is not named here takes its defaults.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "outage": {"times": 6},
    "latency": {"seconds": 0.3, "times": 4},
    "hang": {"seconds": 2.0, "times": 1},
    "slow_drip": {"seconds": 0.2, "times": 1},
    "http_503": {"retry_after": 1, "times": 3},
    "http_429": {"retry_after": 1, "http_date": True, "times": 3},
    "shifting_rows": {"by": 3, "times": 3},
    "clock_skew": {"shift_minutes": 10, "times": 2},
    "huge_text": {"megabytes": 1.5, "times": 1},
    "attachment_huge": {"megabytes": 1},
    "attachment_zip_bomb": {"megabytes": 1},
}
#: What somebody else does to a complaint in the source, one step further each time.
STEPS: Mapping[str, tuple[str, ...]] = {
    PORTAL: ("2", "4"),
    HOTLINE: ("DA_TIEP_NHAN", "DA_XU_LY"),
    GOPY: ("DANG_XU_LY", "DA_XU_LY"),
}
#: How the complaints are shared out: the app is asked about each of its own one by one, so it has fewer.
SHARES: Mapping[str, float] = {PORTAL: 0.48, HOTLINE: 0.42, GOPY: 0.10}
_COMPARED = (
    "title", "text", "search_key", "status", "category", "urgency", "address", "lat", "lng", "sent_at", "source_due_at",
)  # fmt: skip
_SEEN = ("write_id", "seen_status", "seen_status_raw", "seen_answer_hash", "seen_category", "content_hash")


@dataclass(slots=True)
class Told:
    """What happened."""

    seed: int
    complaints: int = 0
    faults: list[str] = field(default_factory=list)
    killed: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __str__(self) -> str:
        runs = ", ".join(f"{number} {outcome}" for outcome, number in sorted(self.runs.items()))
        return (
            f"seed {self.seed}: {self.complaints} complaints, {len(self.faults)} faults, {self.killed} workers killed,"
            f" readings: {runs}; {self.seconds:.0f} s"
        )


def tell(sandbox: Sandbox, *, seed: int, number: int, beats: int) -> Told:
    """Let it happen and check the end. `number` complaints, `beats` moments in which faults are switched on.

    Needs units, calendars and policies, and a sandbox without complaints. Raises AssertionError.
    """
    begin = time.monotonic()
    told, chance = Told(seed), random.Random(seed)
    demo.load_sources(sandbox.url)
    Source.objects.filter(slug__in=SYSTEMS).update(poll_seconds=1)
    _write(sandbox, number // 3)
    with _Workers(seed, told):
        for beat, kinds in enumerate(_order(chance, beats)):
            for system, kind in kinds:
                sandbox.fault(system, kind=kind, **{"times": 2, **OPTIONS.get(kind, {})})
                told.faults.append(kind)
            if beat % 4 == 3:
                _write(sandbox, (number - number // 3) // (beats // 4))
            _live(sandbox, chance)
            time.sleep(0.25)
    for system in SYSTEMS:
        sandbox.fault(system, clear=True)
    _check(sandbox, told)
    told.seconds = time.monotonic() - begin
    return told


def _order(chance: random.Random, beats: int) -> Iterator[list[tuple[str, str]]]:
    """Every kind of fault at least once, on one to three sources, in random order."""
    kinds = list(KINDS)
    chance.shuffle(kinds)
    for beat in range(beats):
        share = kinds[beat::beats] or [chance.choice(kinds)]
        yield [(system, kind) for kind in share for system in chance.sample(SYSTEMS, k=chance.randint(1, 3))]


def _write(sandbox: Sandbox, number: int) -> None:
    """New complaints, many of them with one and the same stamp."""
    for system, share in SHARES.items():
        sandbox.change(system, count=max(1, round(number * share)))


def _live(sandbox: Sandbox, chance: random.Random) -> None:
    """Citizens edit and withdraw, others answer in the source."""
    for system in SYSTEMS:
        complaints = [one for one in sandbox.complaints(system).values() if not one["withdrawn"]]
        for complaint in chance.sample(complaints, k=min(3, len(complaints))):
            external_id, steps = complaint["external_id"], STEPS[system]
            doing = chance.random()
            if doing < 0.4:
                text = f"{complaint['text']} Bổ sung lần {chance.randint(1, 10**6)}."
                sandbox.change(system, external_id=external_id, edit={"text": text})
            elif doing < 0.9:
                done = complaint["status_code"]
                ahead = steps[steps.index(done) + 1 :] if done in steps else steps
                if (ahead and not complaint["answers"]) or done in steps[:-1]:
                    sandbox.change(system, external_id=external_id, handle={"status": ahead[0], "text": "Đã xử lý."})
            else:
                sandbox.change(system, external_id=external_id, withdraw=True)


class _Workers:
    """Workers that are killed, as long as the block lasts."""

    def __init__(self, seed: int, told: Told) -> None:
        self._seed, self._told = seed, told

    def __enter__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.workers", "--seed", str(self._seed)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database_url()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def __exit__(self, *error: object) -> None:
        out, _ = self._process.communicate("", timeout=30)
        if error[0] is None:
            ended = json.loads(out.splitlines()[-1])
            self._told.killed = ended["killed"]
            assert ended["failed"] == 0, "a worker ended by itself"
            assert self._told.killed >= 5


# --- The end ----------------------------------------------------------------------------------------------------------


def _check(sandbox: Sandbox, told: Told) -> None:
    truth = {system: sandbox.complaints(system) for system in SYSTEMS}
    told.complaints = sum(map(len, truth.values()))
    for system in SYSTEMS:
        source = Source.objects.get(slug=system)
        _wait_for_lease(source)
        assert sync_source(source).outcome == "ok", (source.last_error_code, source.last_error_detail)
        shown = {key for key, one in truth[system].items() if not one["withdrawn"]}
        lost = shown - set(_refs(source))
        assert not lost, f"{system}: lost without a full reading: {sorted(lost)[:5]}"
    for system in SYSTEMS:
        assert sync_source(Source.objects.get(slug=system), full=True).outcome == "ok"
    before = everything()
    for system in SYSTEMS:
        run = sync_source(Source.objects.get(slug=system), full=True)
        assert (run.created, run.updated, run.rejected) == (0, 0, 0), system
    assert everything() == before, "a second full reading writes nothing"
    for system in SYSTEMS:
        _compare(Source.objects.get(slug=system), truth[system])
    _once()
    assert verify().findings == []
    for outcome in SyncRun.objects.values_list("outcome", flat=True):
        told.runs[outcome] = told.runs.get(outcome, 0) + 1
    assert not SyncRun.objects.filter(outcome="running").exists()


def _wait_for_lease(source: Source) -> None:
    source.refresh_from_db()
    left = (source.lease_until or clock.now()) - clock.now()
    time.sleep(max(timedelta(0), left).total_seconds() + 0.05)


def _refs(source: Source) -> dict[str, ExternalRef]:
    refs = ExternalRef.objects.filter(source=source).select_related("ticket__reporter")
    return {ref.external_id: ref for ref in refs}


def _compare(source: Source, truth: Mapping[str, Mapping[str, Any]]) -> None:
    """With the source's own books, and with the tickets of a reader that saw nothing of all this."""
    calm = Source.objects.get(pk=source.pk)
    calm.pk, calm.slug, calm.cursor = None, f"calm-{source.slug}", {}
    calm.lease_owner, calm.lease_until = "", None
    calm.save()
    assert sync_source(calm, full=True).outcome == "ok"
    ours, theirs = _refs(source), _refs(calm)
    gone = {key for key, one in truth.items() if one["withdrawn"]}
    assert set(ours) <= set(truth), "a complaint that never was"
    assert set(ours) | gone == set(truth)
    assert set(theirs) <= set(ours)
    for external_id, expected in theirs.items():
        found = ours[external_id]
        for columns, one, other in (
            (_COMPARED, found.ticket, expected.ticket),
            (_SEEN, found, expected),
        ):
            differing = {
                name: (getattr(one, name), getattr(other, name))
                for name in columns
                if getattr(one, name) != getattr(other, name)
            }
            assert not differing, f"{source.slug} {external_id}: {differing}"
        assert said.reporter_values(found.ticket.reporter) == said.reporter_values(expected.ticket.reporter)
        words = truth[external_id]["text"].split()
        assert found.ticket.text.split() == words, f"{source.slug} {external_id}: not the words of the source"
    files = Attachment.objects.filter(ticket__in=[ours[key].ticket_id for key in theirs])
    wanted = Attachment.objects.filter(source=calm).count()
    assert files.count() >= wanted


def _once() -> None:
    """One ticket and one beginning of a history for each complaint."""
    assert ExternalRef.objects.count() == Ticket.objects.count() == Reporter.objects.count()
    assert TicketEvent.objects.filter(kind="received").count() == Ticket.objects.count()
    assert ChainHead.objects.count() == Ticket.objects.count()


def everything() -> dict[str, Any]:
    """All rows that a reading could touch."""
    tables = (
        Ticket, Reporter, ExternalRef, TicketEvent, ChainHead, Message, Attachment, SlaClock, ClockPause,
        InboundPayload, OutboxMessage,
    )  # fmt: skip
    return {table.__name__: list(table._default_manager.order_by("pk").values_list()) for table in tables}
