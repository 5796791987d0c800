"""What the connectors' tests share: a running sandbox, and HTTP that does not wait between retries."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 30


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Failed reads are repeated as often as in real life, without the pauses."""
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """The base address of a sandbox of our own, with the same complaints in every run."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "connectors.sandbox",
        "--port",
        str(port),
        "--seed",
        "7",
        "--rate",
        "0",
        "--count",
        "160",
    ]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            errors = process.stderr.read().decode(errors="replace") if process.stderr else ""
            pytest.fail(f"the sandbox did not start: {errors[-1000:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the sandbox did not listen within {START_SECONDS} seconds")


Control = Callable[..., dict[str, Any]]


@pytest.fixture
def control(sandbox_url: str) -> Iterator[Control]:
    """Call the sandbox's control API: `control("gopy", "faults", kind="reset")`. Faults are cleared afterwards."""
    touched: set[str] = set()

    def call(source: str, what: str, **body: Any) -> dict[str, Any]:
        touched.add(source)
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{sandbox_url}/control/{source}/{what}", data=data)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return dict(json.load(answer))

    yield call
    for source in touched:
        call(source, "faults", clear=True)
