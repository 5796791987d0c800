"""Real processes for tests: the sandbox, and commands of the product on the test's own database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
PORTAL, HOTLINE, GOPY = "national-portal", "hotline-1022", "gopy"
SYSTEMS = (PORTAL, HOTLINE, GOPY)


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox and its control API."""

    url: str

    def state(self, system: str) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self.url}/control/{system}/state", timeout=20).json()
        return answer

    def complaints(self, system: str) -> dict[str, dict[str, Any]]:
        return {c["external_id"]: c for c in self.state(system)["complaints"]}

    def change(self, system: str, **body: Any) -> dict[str, Any]:
        return self._post(system, "complaints", body)

    def fault(self, system: str, **body: Any) -> dict[str, Any]:
        return self._post(system, "faults", body)

    def _post(self, system: str, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/control/{system}/{what}", json=body, timeout=60)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def running_sandbox(*options: str) -> Iterator[Sandbox]:
    """Start `python -m connectors.sandbox`, wait until it answers, stop it at the end."""
    port = free_port()
    command = [sys.executable, "-m", "connectors.sandbox", "--port", str(port), "--rate", "0", "--seed", "7", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sandbox = Sandbox(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: answers(f"{sandbox.url}/healthz"), seconds=30)
        yield sandbox
    finally:
        process.terminate()
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def wait_until(check: Any, *, seconds: float, what: str = "") -> Any:
    """What `check` returns once it is true. Fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s for {what or check}"
        time.sleep(0.1)


def database_url() -> str:
    """Address of the test's own database, for processes of their own."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    login = values["USER"] + (f":{values['PASSWORD']}" if values["PASSWORD"] else "")
    return f"postgres://{login}@{values['HOST']}:{values['PORT'] or 5432}/{values['NAME']}"


def start_command(*words: str) -> subprocess.Popen[str]:
    """Start a management command on the test's database."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
