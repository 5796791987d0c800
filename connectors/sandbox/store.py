"""Everything the imitated systems believe: complaints, answers, received writes, counters. The only state there is.

Held in memory for speed and written through to SQLite at once, so that a process killed at any instant goes on with
the same complaints, answers and ids. Thread-safe: one lock around everything. It must not know wire formats or faults.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sandbox.complaints import Complaint, Write, complaint_from_json, to_json, write_from_json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS complaint (
    source TEXT NOT NULL, number INTEGER NOT NULL, external_id TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (source, number), UNIQUE (source, external_id));
CREATE TABLE IF NOT EXISTS received_write (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Store:
    """Complaints, writes and counters of all sources. `path` "" keeps them in memory only."""

    def __init__(self, path: str = "") -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)
        self._complaints: dict[str, dict[str, Complaint]] = {}
        self._by_second_id: dict[tuple[str, str], str] = {}
        self._writes: dict[str, list[Write]] = {}
        self._load()

    def close(self) -> None:
        """Release the database file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and commit everything inside at once: for read, decide, write. Nests.

        The memory copy is not rolled back: callers decide first and write last, so an error leaves nothing half done.
        """
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._db.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def complaints(self, source: str) -> list[Complaint]:
        """All complaints of a source in the order they were made, withdrawn ones included."""
        with self._lock:
            return list(self._complaints.get(source, {}).values())

    def find(self, source: str, external_id: str) -> Complaint | None:
        """The complaint with this stable key, or None."""
        with self._lock:
            return self._complaints.get(source, {}).get(external_id)

    def find_by_second_id(self, source: str, second_id: str) -> Complaint | None:
        """The complaint with this other id (the one writes or accepted complaints use), or None."""
        with self._lock:
            external_id = self._by_second_id.get((source, second_id))
            return self.find(source, external_id) if external_id is not None else None

    def save(self, complaint: Complaint) -> None:
        """Insert or replace one complaint, by its source and number."""
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO complaint (source, number, external_id, body) VALUES (?, ?, ?, ?)",
                (complaint.source, complaint.number, complaint.external_id, json.dumps(to_json(complaint))),
            )
            self._remember(complaint)

    def writes(self, source: str) -> list[Write]:
        """Every write this source received, in order."""
        with self._lock:
            return list(self._writes.get(source, []))

    def log_write(self, write: Write) -> None:
        """Note a received write, applied or not."""
        with self.transaction():
            body = json.dumps(to_json(write))
            self._db.execute("INSERT INTO received_write (source, body) VALUES (?, ?)", (write.source, body))
            self._writes.setdefault(write.source, []).append(write)

    def next_number(self, name: str) -> int:
        """The next value (1, 2, …) of a named counter; survives restarts."""
        with self.transaction():
            row = self._db.execute(
                "INSERT INTO counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
                " RETURNING value",
                (name,),
            ).fetchone()
            return int(row[0])

    def is_empty(self) -> bool:
        """Whether nothing was ever stored: only then does a start seed complaints."""
        with self._lock:
            return not self._complaints

    def _load(self) -> None:
        for (body,) in self._db.execute("SELECT body FROM complaint ORDER BY source, number"):
            self._remember(complaint_from_json(json.loads(body)))
        for (body,) in self._db.execute("SELECT body FROM received_write ORDER BY seq"):
            write = write_from_json(json.loads(body))
            self._writes.setdefault(write.source, []).append(write)

    def _remember(self, complaint: Complaint) -> None:
        self._complaints.setdefault(complaint.source, {})[complaint.external_id] = complaint
        if complaint.second_id:
            self._by_second_id[complaint.source, complaint.second_id] = complaint.external_id
