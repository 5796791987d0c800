"""A storm of pushed messages on the real web server: kept before the answer, none twice, the excess turned away."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import pytest
import requests
from django.db import OperationalError, connection
from django.test import Client

from inbox.api import gate as gates
from inbox.api.gate import MOST_SOURCES, Gate
from inbox.core import clock
from inbox.intake import webhooks
from inbox.intake.sync import sync_source
from inbox.sources.models import InboundPayload, PushedMessage, Source
from inbox.tickets.models import Ticket
from tests.connectors.sources import SECRET
from tests.connectors.test_mini_app import body_of, message, signed
from tests.factories import make_source
from tests.processes import ROOT, answers, database_url, free_port, wait_until


@contextmanager
def web_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The product's own web server on the test's database. However it ends, nothing of it stays."""
    port = free_port()
    environment = os.environ | {"DATABASE_URL": database_url(), "PORT": str(port), "REDIS_URL": ""}
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def storm(url: str, waiting: list[tuple[str, bytes]], *, senders: int) -> list[tuple[str, int, float]]:
    """Send all as fast as so many senders can. Returns id, status and seconds of each; 0 where no answer came."""
    queue: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
    for one in waiting:
        queue.put(one)
    got: list[tuple[str, int, float]] = []

    def send() -> None:
        with requests.Session() as session:
            while True:
                try:
                    message_id, body = queue.get_nowait()
                except Empty:
                    return
                headers = signed(body, message_id=message_id, at=clock.now())
                started = time.monotonic()
                try:
                    status = session.post(f"{url}/hooks/app-thu/", data=body, headers=headers, timeout=30).status_code
                except requests.RequestException:
                    status = 0
                got.append((message_id, status, time.monotonic() - started))

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def an_app() -> Source:
    return make_source(
        "app-thu", connector="mini_app", settings={"base_url": "https://app.example"}, secrets={"secret": SECRET}
    )


@pytest.mark.django_db(transaction=True)
def test_what_was_answered_with_yes_survives_the_hardest_stop(city: None) -> None:
    """Every message twice, shuffled; the server is killed right after the last answer."""
    source = an_app()
    sent = [(f"m-{n}", body_of(message(id=f"A-{n}", callback_url=""))) for n in range(300)] * 2
    random.Random(7).shuffle(sent)
    connection.close()
    with web_server() as (url, process):
        got = storm(url, sent, senders=12)
        os.killpg(process.pid, signal.SIGKILL)
    statuses = Counter(status for _, status, _ in got)
    kept = {message_id for message_id, status, _ in got if status == 202}
    assert statuses.keys() <= {202, 429}, statuses
    assert set(PushedMessage.objects.values_list("message_id", flat=True)) == kept
    assert InboundPayload.objects.count() == len(kept)
    assert sorted(seconds for _, status, seconds in got if status == 202)[len(kept) // 2] < 2
    sync_source(Source.objects.get(pk=source.pk))
    assert Ticket.objects.count() == len(kept)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_repeats_at_once_have_one_effect(city: None) -> None:
    an_app()
    connection.close()
    with web_server() as (url, _):
        got = storm(url, [("m-1", body_of(message()))] * 100, senders=20)
    assert {status for _, status, _ in got} == {202}
    assert (PushedMessage.objects.count(), InboundPayload.objects.count()) == (1, 1)


def test_the_excess_is_turned_away_at_the_door(city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "RATE", 0.001)
    monkeypatch.setattr(gates, "BURST", 2.0)
    an_app()
    client = Client()
    body = body_of(message())
    got = [
        client.post(
            "/hooks/app-thu/",
            body,
            content_type="application/json",
            headers=signed(body, message_id=f"m-{number}", at=clock.now()),
        )
        for number in range(4)
    ]
    assert [answer.status_code for answer in got] == [202, 202, 429, 429]
    assert got[2]["Retry-After"] == "1"
    assert set(PushedMessage.objects.values_list("message_id", flat=True)) == {"m-0", "m-1"}
    assert client.get("/login/").status_code == 200, "the pages know nothing of it"


def test_a_database_that_is_busy_is_no_error_of_ours(city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    an_app()

    def busy(*args: object, **kwargs: object) -> bool:
        raise OperationalError("database is locked")

    monkeypatch.setattr(webhooks, "_keep", busy)
    body = body_of(message())
    answer = Client().post(
        "/hooks/app-thu/", body, content_type="application/json", headers=signed(body, at=clock.now())
    )
    assert (answer.status_code, answer["Retry-After"]) == (429, "30")


def test_the_gate_lets_in_its_measure_and_no_more() -> None:
    gate = Gate(rate=1000, burst=5)
    assert [gate.admits("a") for _ in range(5)] == [True] * 5
    assert not gate.admits("a")
    assert gate.admits("b"), "one source's storm is not another's"
    time.sleep(0.02)
    assert gate.admits("a"), "time fills it again"


def test_made_up_names_share_one_measure() -> None:
    gate = Gate(rate=0.001, burst=1)
    for number in range(MOST_SOURCES):
        assert gate.admits(f"name-{number}")
    assert gate.admits("one more")
    assert not gate.admits("another")
