"""`make bench`: run every benchmark on a scratch database that is thrown away afterwards."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Tickets that the screens are measured on, records per ingest measurement, and open clocks that are swept.
SCALES = {"small": (5_000, 5_000, 200_000), "full": (1_000_000, 50_000, 1_000_000)}


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database of its own: a file on SQLite, a created and dropped one where DATABASE_URL names PostgreSQL."""
    url = os.environ.get("DATABASE_URL", "")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = folder
        if not url.startswith("postgres"):
            yield
            return
        import psycopg

        name = f"mot_moi_bench_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")  # a name of our own making
            os.environ["DATABASE_URL"] = f"{url.rpartition('/')[0]}/{name}"
            try:
                yield
            finally:
                from django.db import connections

                connections.close_all()
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--scale", choices=sorted(SCALES), default="small")
    parser.add_argument("--only", default="", help="the name of one benchmark")
    parser.add_argument("--tickets", type=int, default=0, help="as many instead of the scale's")
    options = parser.parse_args()
    tickets, records, clocks = SCALES[options.scale]
    tickets = options.tickets or tickets
    with scratch_database():
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        import django
        from celery import current_app
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        current_app.conf.broker_url = "memory://"
        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        settings.STATIC_ROOT.mkdir()
        call_command("migrate", verbosity=0)

        from benchmarks import (
            chaos,
            dashboard,
            exports,
            foresight,
            inbox,
            ingest,
            outage,
            outbox,
            paint,
            sla,
            storm,
            world,
        )
        from benchmarks import clocks as clock_benchmark
        from config.collector import look_seldom

        world.load()
        look_seldom()  # as the web server and the workers do
        print(f"Database: {settings.DATABASES['default']['ENGINE'].rpartition('.')[2]}\n")
        for name, work in {
            "chaos": lambda: chaos.run(min(tickets, 5_000)),  # first: it wants a database without tickets
            "sla": sla.run,
            "foresight": foresight.run,
            "ingest": lambda: ingest.run(records),
            "memory": lambda: ingest.run_flat(tickets),
            "outage": lambda: outage.run(60_000 if options.scale == "full" else 6_000),
            "storm": lambda: storm.run(10),
            "inbox": lambda: inbox.run(tickets),
            "paint": lambda: paint.run(tickets),
            "outbox": lambda: outbox.run(records // 10, clocks // 20),
            "dashboard": lambda: dashboard.run(tickets),
            "clocks": lambda: clock_benchmark.run(clocks),
            "exports": lambda: exports.run(tickets, min(tickets, 100_000)),
        }.items():
            if options.only in {"", name}:
                work()


if __name__ == "__main__":
    main()
