"""A source that was down for three days comes back with everything at once, while officials go on working.

Over real HTTP: the sandbox serves the complaints, `sync_source` reads them in a process of its own, and meanwhile this
process opens an officer's list again and again, as it did before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PORTAL = "national-portal"

ROOT = Path(__file__).resolve().parents[1]
MOST_AT_ONCE = 10_000


def run(number: int) -> None:
    """Print how long the backlog takes to be in the queue, and how the inbox answers before and meanwhile."""
    from benchmarks import world
    from inbox.intake.sync import sync_source
    from inbox.management import demo
    from inbox.sources.models import Source
    from inbox.tickets.models import Ticket
    from tests.processes import database_url, running_sandbox

    with running_sandbox("--count", "0") as sandbox:
        demo.load_sources(sandbox.url)
        source = Source.objects.get(slug=PORTAL)
        sandbox.change(PORTAL, count=500)
        sync_source(source)
        client = _officer()
        calm = world.spread([world.seconds(lambda: _open_list(client)) for _ in range(30)])
        for start in range(0, number, MOST_AT_ONCE):
            sandbox.change(PORTAL, count=min(MOST_AT_ONCE, number - start))
        begin = time.perf_counter()
        reader = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.outage"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database_url()},
            stdout=subprocess.DEVNULL,
        )
        opened = []
        while reader.poll() is None:
            opened.append(world.seconds(lambda: _open_list(client)))
            time.sleep(0.2)
        took = time.perf_counter() - begin
        assert reader.returncode == 0
    taken = Ticket.objects.filter(source=source).count() - 500
    assert taken == number, f"{taken} of {number}"
    busy = world.spread(opened)
    print(f"A backlog of {number:,} complaints over HTTP, read by one process while officials work")
    print(f"  in the queue after {took:6.1f} s, {number / took:,.0f} a second")
    print(f"  list before     {calm[0]:8.1f} median {calm[1]:8.1f} p95 (milliseconds of server time)")
    print(f"  list meanwhile  {busy[0]:8.1f} median {busy[1]:8.1f} p95, opened {len(opened)} times\n")


def read() -> None:
    """What the process of the reader does: one reading, and nobody listens for what it wakes."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from celery import current_app

    django.setup()
    current_app.conf.broker_url = "memory://"
    from inbox.intake.sync import sync_source
    from inbox.sources.models import Source

    sync_source(Source.objects.get(slug=PORTAL))


def _open_list(client: Any) -> None:
    assert client.get("/inbox/").status_code == 200


def _officer() -> Any:
    from django.conf import settings
    from django.test import Client

    from inbox.accounts.models import Membership, Official
    from inbox.accounts.vocabulary import Role
    from inbox.units.models import Unit

    officer = Official.objects.create_user("bench-outage", full_name="Bench")
    Membership.objects.create(official=officer, role=Role.OFFICER.value, unit=Unit.objects.get(code="26929"))
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(officer, backend="inbox.accounts.backends.OfficialBackend")
    return client


if __name__ == "__main__":
    read()
