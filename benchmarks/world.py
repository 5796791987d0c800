"""The world that the benchmarks measure in: units, calendars, policies, one source, synthetic records."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from django.db import connection

from connectors.records import InboundRecord, Place, Reporter, SourceStatus
from inbox.core import clock
from inbox.sla.seed import load_calendars, load_policies
from inbox.sources.models import Source
from inbox.units.seed import load_units

PAGE = 1_000
_WORDS = ("rác", "ngập", "tiếng ồn", "đèn đường", "ổ gà", "lấn chiếm", "cây xanh", "hồ sơ", "căn cước", "xe buýt")
_STREETS = ("Nơ Trang Long", "Đinh Bộ Lĩnh", "Bùi Đình Túy", "Phan Văn Trị", "Chu Văn An", "Nguyễn Xí")


def load() -> None:
    """What every installation has."""
    load_units()
    load_calendars()
    load_policies()


def source(slug: str) -> Source:
    """A source whose policy is the national portal's."""
    return Source.objects.get_or_create(slug=slug, defaults={"label": slug, "connector": "national_portal"})[0]


def records(start: int, number: int, *, revision: str = "1", suffix: str = "") -> list[InboundRecord]:
    """Complaints as a connector would hand them over, all over one ward, sent during the last days."""
    now = clock.now()
    return [
        InboundRecord(
            external_id=f"B-{index}",
            revision=revision,
            title=f"Phản ánh {_WORDS[index % 10]} số {index}{suffix}",
            text=f"Tình trạng {_WORDS[index % 10]} kéo dài nhiều ngày, đề nghị phường xử lý.{suffix} " * 4,
            status=SourceStatus.NEW,
            status_raw="1",
            category="environment",
            category_raw="4",
            place=Place(text=f"{index % 400} {_STREETS[index % 6]}, P.26, Q. Bình Thạnh"),
            reporter=Reporter(name="Lê Thị Thử", phone="+84903111227"),
            sent_at=now - timedelta(minutes=index % 9_000),
            updated_at=now,
        )
        for index in range(start, start + number)
    ]


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of `work`, here and in the database where seen: fairer than the clock when busy."""
    begin = time.process_time() + _of_database()
    work()
    return time.process_time() + _of_database() - begin


def _of_database() -> float:
    """Processor time of the server process of our connection; 0 where it runs elsewhere, or in ours as SQLite does."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def work() -> None:
    """A fixed piece of work of the kind that pages are made of: many small objects and strings."""
    made = [{"key": number, "words": f"{number}".zfill(6), "more": (number, str(number))} for number in range(4_000)]
    json.loads(json.dumps(made))


def machine() -> str:
    """How fast this machine is now: a year-old figure means nothing without it, and on a shared one it changes."""
    times = [seconds(work) for _ in range(60)]
    median, p95 = spread(times)
    return f"a fixed piece of work takes {min(times) * 1000:.1f} ms at best, {median:.1f} median, {p95:.1f} p95"


def spread(times: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2] * 1000, ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] * 1000
