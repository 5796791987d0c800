"""How fast lists are taken out, and in how much memory: each file in a process of its own, so that its peak is its own.

Beside CSV on PostgreSQL: a bare COPY of the same columns to a file, without words, redaction or guards.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: As a goal says: 1 million rows of CSV, 100,000 of Excel, each below this.
MOST_MEMORY = 200  # MiB
_BARE = """COPY (SELECT t.id, t.title, t.status, t.category, t.urgency, s.label, u.code, u.name, o.full_name, t.address,
t.sent_at, t.received_at, t.accepted_at, t.resolved_at, k.due_at, k.state, t.source_due_at, t.next_due_at, t.late_risk,
t.lat, t.lng FROM inbox_ticket t JOIN inbox_source s ON s.id = t.source_id LEFT JOIN inbox_unit u ON u.id = t.unit_id
LEFT JOIN inbox_official o ON o.id = t.assignee_id LEFT JOIN LATERAL (SELECT due_at, state FROM inbox_slaclock
WHERE ticket_id = t.id AND kind = 'resolve' AND state <> 'cancelled' ORDER BY round DESC LIMIT 1) k ON true
ORDER BY t.id) TO STDOUT WITH (FORMAT csv)"""


def run(csv_rows: int, xlsx_rows: int) -> None:
    """Fill the database, make each kind of file, print rate, size and peak memory."""
    from django.db import connection, connections

    from inbox.actions.fill_tickets import fill_tickets
    from inbox.core import clock

    fill_tickets(csv_rows, months=24, seed=7, at=clock.now())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    connections.close_all()
    print(f"Exports of {csv_rows:,} tickets (Excel: {xlsx_rows:,})")
    for kind in ("bare", "csv", "parquet", "xlsx"):
        rows = xlsx_rows if kind == "xlsx" else csv_rows
        command = [sys.executable, "-m", "benchmarks.exports", kind, str(rows)]
        print(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout, end="")
    print()


def _one(kind: str, rows: int) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.db import connection

    if kind == "bare" and connection.vendor != "postgresql":
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        begin = time.perf_counter()
        written = _bare(path) if kind == "bare" else _export(kind, path, rows)
        took = time.perf_counter() - begin
        size = path.stat().st_size / 2**20
    # Not getrusage: its peak is inherited from the process that started this one.
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
    verdict = "" if peak < MOST_MEMORY else f"  ABOVE {MOST_MEMORY} MiB"
    print(f"  {kind:8} {written / took:10,.0f} rows/s {took:7.1f} s {size:7.1f} MiB  peak {peak:4.0f} MiB{verdict}")


def _bare(path: Path) -> int:
    from django.db import connection

    with connection.cursor() as cursor, path.open("wb") as file:
        with cursor.copy(_BARE) as copy:
            for block in copy:
                file.write(block)
        return int(cursor.rowcount)


def _export(kind: str, path: Path, rows: int) -> int:
    """The job's own way, without the rows that keep its progress."""
    from inbox.core import clock
    from inbox.reports.about import About
    from inbox.reports.columns import ticket_columns
    from inbox.reports.formats import opened
    from inbox.reports.make import next_batch
    from inbox.reports.vocabulary import ExportFormat
    from inbox.tickets.models import Ticket

    now = clock.now()
    about = About("Đo tốc độ", "Thành phố Hồ Chí Minh", "toàn bộ thời gian", "benchmark", now)
    file = opened(ExportFormat(kind), path, ticket_columns(now), about, with_mark=False, resume_at=0)
    last = written = 0
    while written < rows and (batch := next_batch(Ticket.objects.all(), last, file)) is not None:
        last, tickets = batch
        written += file.add(tickets)
        file.flush()
    file.close()
    return written


if __name__ == "__main__":
    _one(sys.argv[1], int(sys.argv[2]))
