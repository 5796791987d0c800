"""Closed sets about sources: health, outcomes of runs, states of payloads."""

from __future__ import annotations

from enum import StrEnum

#: The `connector` of a source that no machine reads: officials enter what citizens tell them in person.
MANUAL = "manual"


class Channel(StrEnum):
    """How a complaint that an official enters reached them."""

    WALK_IN = "walk_in"  # trực tiếp tại phường
    PHONE = "phone"  # gọi điện cho phường
    LETTER = "letter"  # đơn thư


class Health(StrEnum):
    """How a source is doing, in the operator's words."""

    UNKNOWN = "unknown"  # never asked yet
    OK = "ok"
    DEGRADED = "degraded"  # answers, but something is wrong: rejected payloads, single failures
    DOWN = "down"  # several failures in a row
    NEEDS_PERSON = "needs_person"  # wrong password, wrong settings: retrying cannot help
    OFF = "off"  # switched off by hand


class Breaker(StrEnum):
    """Whether a source is asked at all, derived from its failures: see `runtime.breaker_of`."""

    CLOSED = "closed"  # asked as usual
    OPEN = "open"  # left in peace until a named instant
    HALF_OPEN = "half_open"  # the next request is a trial
    OFF = "off"  # switched off by hand


class CodeKind(StrEnum):
    """What a code of a source stands for."""

    STATUS = "status"
    CATEGORY = "category"


class RunOutcome(StrEnum):
    """How a sync run ended."""

    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"  # a named error; the next run goes on from the stored cursor
    ABANDONED = "abandoned"  # the process died; found and closed by the next run


#: The `error_code` of an abandoned run.
PROCESS_DIED = "process_died"


class PayloadState(StrEnum):
    """What became of a payload."""

    RECEIVED = "received"  # pushed by its source and kept; not looked into yet
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # quarantined with a reason, waiting for a person
    REPLAYED = "replayed"  # was rejected, went in when it was tried again
    SUPERSEDED = "superseded"  # was rejected; a later payload of the same complaint went in
