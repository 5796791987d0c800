"""Pushed messages on the real web server: at the rate that one process lets in, and a storm of 2,000 a second.

Each comes twice and in no order. What was answered with 202 has to be there after the server was killed right behind
the last answer; what is too much is turned away with 429. Sender and server share the processors of this machine.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from urllib.parse import urlsplit

from benchmarks import world
from benchmarks.server import ROOT, web_server
from inbox.api.gate import RATE
from inbox.core import clock
from inbox.sources.models import PushedMessage, Source
from tests.connectors.sources import SECRET
from tests.connectors.test_mini_app import body_of, message, signed

STORM = 2_000


def run(seconds: int) -> None:
    """Print what became of the messages, how long answers took, and whether anything let in is missing afterwards."""
    Source.objects.create(
        slug="bench-app",
        label="Ứng dụng",
        connector="mini_app",
        settings={"base_url": "https://app.example"},
        secrets={"secret": SECRET},
    )
    let_in: set[str] = set()
    with web_server() as (url, server):
        port = urlsplit(url).port or 0
        for rate in (int(RATE * 0.9), STORM):
            took, answers = _sent(port, rate, _messages(f"r{rate}", rate * seconds // 2))
            _print(rate, took, answers)
            let_in |= {message_id for message_id, status, _ in answers if status == 202}
        os.killpg(server.pid, signal.SIGKILL)
    kept = set(PushedMessage.objects.values_list("message_id", flat=True))
    print(f"  of {len(let_in):,} let in, {len(let_in - kept)} are missing after a kill right behind the last answer\n")


_Answers = list[tuple[str, int, float]]


def _sent(port: int, rate: int, messages: list[tuple[str, str]]) -> tuple[float, _Answers]:
    asked = json.dumps({"port": port, "rate": rate, "messages": messages})
    sender = [sys.executable, "-m", "benchmarks.sender"]
    done = subprocess.run(sender, cwd=ROOT, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    took, answers = json.loads(done.stdout)
    return took, answers


def _print(rate: int, took: float, answers: _Answers) -> None:
    counted = Counter(status for _, status, _ in answers)
    print(f"Pushed messages, {rate:,} a second: {len(answers):,} answered in {took:.1f} s")
    for status, number in sorted(counted.items()):
        half, most = world.spread([passed for _, one, passed in answers if one == status])
        print(f"  {status}: {number:7,} {half:8.1f} median {most:8.1f} p95 (milliseconds)")


def _messages(name: str, number: int) -> list[tuple[str, str]]:
    """Signed requests, each twice, shuffled: the id of the message and the whole request."""
    made = []
    for index in range(number):
        message_id = f"{name}-{index}"
        body = body_of(message(id=message_id, attachments=[]))
        signature = signed(body, message_id=message_id, at=clock.now())
        head = {"host": "127.0.0.1", "content-type": "application/json", "content-length": len(body), **signature}
        lines = ["POST /hooks/bench-app/ HTTP/1.1", *(f"{field}: {value}" for field, value in head.items())]
        made.append((message_id, "\r\n".join(lines) + "\r\n\r\n" + body.decode()))
    twice = made * 2
    random.Random(7).shuffle(twice)
    return twice
