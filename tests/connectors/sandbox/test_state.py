"""What the sandbox believes: kept over restarts, the same for the same seed, safe under many hands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import requests

from connectors.sandbox.citizens import let_something_happen
from connectors.sandbox.complaints import LOCAL
from connectors.sandbox.sandbox import Options
from connectors.sandbox.server import Running, start
from tests.connectors.sandbox.clients import TIMEOUT, Control, Hotline, Portal

AT = datetime(2026, 11, 20, 10, 30, tzinfo=LOCAL)
REPOSITORY = Path(__file__).parents[3]


def launch(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The sandbox as a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.sandbox", "--port", "0", "--rate", "0", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    return process, found[0].rstrip("/")


def test_a_killed_sandbox_goes_on_where_it_was(tmp_path: Path) -> None:
    state = str(tmp_path / "sandbox.sqlite3")
    process, url = launch("--state", state, "--count", "3")
    try:
        external_id = Control(url, "national-portal").complain(text="trước khi tắt")["external_id"]
        Portal(url).update(external_id)
        before = {source: Control(url, source).state() for source in ("national-portal", "hotline-1022")}
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    process, url = launch("--state", state, "--count", "3", "--seed", "another")
    try:
        after = {source: Control(url, source).state() for source in before}
        new_id = Control(url, "national-portal").complain(text="sau khi bật")["external_id"]
        repeated = Portal(url).update(external_id)
    finally:
        process.terminate()
        process.communicate()

    assert after == before
    assert new_id not in {c["external_id"] for c in before["national-portal"]["complaints"]}
    assert repeated["trung"] == "1"
    assert process.returncode == 0


def test_the_same_seed_and_now_give_the_same_systems() -> None:
    states = []
    for seed in ("5", "5", "6"):
        running = start(Options(seed=seed, count=8, at=AT))
        states.append([Control(running.url, slug).state() for slug in running.sandbox.systems])
        running.stop()

    assert states[0] == states[1]
    assert states[0] != states[2]


def test_about_as_many_complaints_as_asked_in_every_system() -> None:
    running = start(Options(count=40, at=AT))
    try:
        for slug in (slug for slug, one in running.sandbox.systems.items() if one.is_seeded):
            assert 40 <= len(running.sandbox.store.complaints(slug)) <= 50
    finally:
        running.stop()


def test_citizens_complain_edit_and_withdraw_while_it_runs(running: Running) -> None:
    for _ in range(120):
        let_something_happen(running.sandbox)

    found = [c for slug in running.sandbox.systems for c in running.sandbox.store.complaints(slug)]
    assert 60 < len(found) < 120
    assert any(complaint.withdrawn for complaint in found)
    assert any("Bổ sung" in c.text or "Đính chính" in c.text for c in found)
    hidden = [c for c in found if c.withdrawn and not running.sandbox.systems[c.source].keeps_withdrawn]
    assert hidden == [], "citizens withdraw by themselves only where a client can see it"


def test_a_rate_makes_complaints_by_itself() -> None:
    running = start(Options(count=0, rate=6000))
    try:
        while not any(running.sandbox.store.complaints(slug) for slug in running.sandbox.systems):
            assert requests.get(f"{running.url}/healthz", timeout=TIMEOUT).ok
    finally:
        running.stop()


def test_many_hands_lose_and_double_nothing(hotline: Hotline, hotline_control: Control) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: hotline.update(external_id, MaYeuCau=f"k{n}"), range(24)))
        list(pool.map(lambda _: hotline_control.complain(), range(24)))

    state = hotline_control.state()
    assert {answer["key"] for answer in hotline_control.complaint(external_id)["answers"]} == {
        f"k{n}" for n in range(24)
    }
    assert len({complaint["external_id"] for complaint in state["complaints"]}) == 25


def test_a_taken_port_is_an_error_that_says_so(running: Running) -> None:
    port = int(running.url.rpartition(":")[2])

    with pytest.raises(OSError, match=f"port {port} is in use"):
        start(Options(count=0), port=port)


@pytest.mark.parametrize("arguments", [["--data", "/nowhere.json"], ["--now", "yesterday"]])
def test_wrong_options_stop_the_start_with_one_line(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connectors.sandbox", "--port", "0", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
