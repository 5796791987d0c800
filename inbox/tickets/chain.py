"""The arithmetic of history that cannot be changed unnoticed. Pure: docs/evidence.md does the same sums without us.

Each event's hash covers the hash of the event before it on the same ticket, so a change anywhere shows from there on.
Texts enter by their own salted hash: a text can be erased for privacy and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

#: What stands before the first link of every chain.
GENESIS = ""


def canonical(content: Mapping[str, Any]) -> str:
    """One spelling for one content: sorted keys, no spaces, ASCII, and 1.0 written as 1.

    Databases give numbers back in another spelling; without the last rule the same number would have two hashes.
    """
    return _ENCODER.encode(_plain(content))


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


_AS_IT_IS = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    """The same with every whole number written as one, at any depth."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict | Mapping):
        return {name: part if type(part) in _AS_IT_IS else _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [part if type(part) in _AS_IT_IS else _plain(part) for part in value]
    return value


def linked(previous: str, content: Mapping[str, Any]) -> str:
    """The hash of a link that follows `previous`."""
    return hashlib.sha256((previous + canonical(content)).encode()).hexdigest()


def event_content(
    *,
    ticket_id: int,
    sequence: int,
    kind: str,
    at: datetime,
    actor_id: int | None,
    source_id: int | None,
    data: Mapping[str, Any],
    message_hash: str,
) -> dict[str, Any]:
    """What an event's hash covers. `sequence` counts the events of the ticket from 1."""
    return {
        "ticket": ticket_id,
        "sequence": sequence,
        "kind": str(kind),
        "at": stamp(at),
        "actor": actor_id,
        "source": source_id,
        "data": data,
        "message": message_hash,
    }


def stamp(at: datetime) -> str:
    """An instant as it is hashed: UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def text_hash(salt: str, kind: str, body: str) -> str:
    """What stands for a text in the chain. The salt goes with the text: without both, nobody can guess it back."""
    return hashlib.sha256("\n".join((salt, str(kind), body)).encode()).hexdigest()


def root_of(heads: Iterable[tuple[int, int, str]]) -> str:
    """One hash for many ends of chains: (ticket, sequence, hash), in the order of the tickets."""
    total = hashlib.sha256()
    for ticket_id, sequence, head in heads:
        total.update(f"{ticket_id}:{sequence}:{head}\n".encode())
    return total.hexdigest()


def anchor_content(*, day: date, tickets: int, changed: int, root: str) -> dict[str, Any]:
    """What an anchor's hash covers, beside the anchor before it."""
    return {"date": day.isoformat(), "tickets": tickets, "changed": changed, "root": root}
