"""What the connectors' tests share: a running sandbox, and HTTP that does not wait between retries."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
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
        "60",
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


Talk = Callable[[socket.socket], None]


@pytest.fixture
def raw_server() -> Iterator[Callable[[Talk], str]]:
    """Start a server that says exactly what a function writes to the socket; returns its address."""
    listeners: list[socket.socket] = []

    def serve(talk: Talk) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_talk_and_close, args=(talk, connection), daemon=True).start()

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listeners:
        listener.close()


def _talk_and_close(talk: Talk, connection: socket.socket) -> None:
    with connection:
        try:
            connection.recv(65536)
            talk(connection)
        except OSError:
            return  # the client hung up, as it should


@pytest.fixture
def canary() -> Iterator[tuple[int, list[Any]]]:
    """A listener on loopback that nobody may reach, and the list of those who did."""
    hits: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        stop = threading.Event()

        def watch() -> None:
            while not stop.is_set():
                try:
                    connection, peer = listener.accept()
                except TimeoutError:
                    continue
                hits.append(peer)
                connection.close()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        yield listener.getsockname()[1], hits
        stop.set()
        thread.join()
