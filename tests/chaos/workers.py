"""Workers that are killed: `python -m tests.chaos.workers --seed 7 --workers 3`, until its standard input closes.

Each worker is scheduler and reader in one, so that with several of them the scheduler is doubled as well. A seeded
random one is killed with -9 again and again and another takes its place. Waiting times are shortened, nothing else: a
lease of two seconds instead of thirty, time limits of one second instead of twenty. Prints how many were killed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import select
import signal
import sys
import time
from datetime import timedelta
from functools import partial


def prepare() -> None:
    """Load the product without touching its database: children must not share a connection."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from celery import current_app

    django.setup()
    current_app.conf.broker_url = "memory://"
    logging.disable(logging.WARNING)  # faults are the point here
    from connectors import registry
    from connectors.http import HttpClient
    from inbox.intake import schedule
    from inbox.sources import leases, runtime

    registry.HttpClient = partial(HttpClient, timeout=1.0, total_timeout=2.5, attempts=2)  # type: ignore[misc]
    leases.LEASE = timedelta(seconds=2)
    schedule.CLAIM = timedelta(seconds=2)
    runtime.LONGEST_WAIT = timedelta(seconds=1)


def work() -> None:
    """Claim what is due and read it, for ever."""
    from inbox.core import clock
    from inbox.core.errors import Busy
    from inbox.intake import schedule, sync
    from inbox.sources.models import Source

    while True:
        for source_id in schedule.claim_due(clock.now()):
            try:
                sync.sync_source(Source.objects.get(pk=source_id), trigger="schedule")
            except Busy:
                continue
        time.sleep(0.05)


def start_worker() -> int:
    """Fork one worker; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        work()
    except BaseException:  # a worker that fails is a finding: the parent sees how it ended
        import traceback

        traceback.print_exc()
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    options = parser.parse_args()
    prepare()
    chance = random.Random(options.seed)
    workers = [start_worker() for _ in range(options.workers)]
    killed = failed = 0
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], chance.uniform(0.2, 1.2))[0]:
        victim = chance.randrange(len(workers))
        os.kill(workers[victim], signal.SIGKILL)
        _, status = os.waitpid(workers[victim], 0)
        failed += os.WIFEXITED(status)
        killed += 1
        workers[victim] = start_worker()
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        failed += os.WIFEXITED(status)
    print(json.dumps({"killed": killed, "failed": failed}), flush=True)


if __name__ == "__main__":
    main()
