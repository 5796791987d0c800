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
from typing import Any
from urllib.parse import urlsplit

from benchmarks import world
from benchmarks.server import ROOT, web_server
from connectors import signatures
from inbox.api.gate import RATE
from inbox.core import clock
from inbox.sources.models import PushedMessage, Source

STORM = 2_000
SECRET = "whsec_bW90LW1vaS1iZW5jaC1zZWNyZXQtMDAwMQ=="  # noqa: S105  of this benchmark only


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
        body = json.dumps(_complaint(f"{name}-{index}"), ensure_ascii=False).encode()
        signed = signatures.headers_for(SECRET, message_id=f"{name}-{index}", at=clock.now(), body=body)
        lines = [f"{name}: {value}" for name, value in signed.items()]
        head = ["POST /hooks/bench-app/ HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", *lines]
        head.append(f"content-length: {len(body)}")
        made.append((f"{name}-{index}", "\r\n".join(head) + "\r\n\r\n" + body.decode()))
    twice = made * 2
    random.Random(7).shuffle(twice)
    return twice


def _complaint(name: str) -> dict[str, Any]:
    data = {
        "id": name,
        "title": f"Ngập hẻm {name}",
        "text": "Nước ngập đến đầu gối, đề nghị phường xử lý.",
        "category": "flooding",
        "status": "new",
        "created_at": "2026-11-20T02:58:00Z",
        "updated_at": "2026-11-20T02:59:00Z",
        "address": "42/7 Đinh Bộ Lĩnh",
        "ward_code": "26929",
        "reporter": {"name": "Lê Thị Thử", "phone": "0903111227", "email": "", "anonymous": False},
        "attachments": [],
        "callback_url": "https://app.example/callback/1",
    }
    return {"type": "complaint.created", "timestamp": "2026-11-20T03:00:00Z", "data": data}
