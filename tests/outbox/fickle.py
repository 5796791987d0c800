"""A source that does everything wrong that a source can do with an answer: a small HTTP server on the loopback.

It speaks as much of the 1022 portal as writing needs: `CapNhatXuLy`, which is not idempotent, and `GetByIDForMobile`.
What goes wrong is drawn from a seed. `history` is what citizens would see: every text that took effect, in order.
"""

from __future__ import annotations

import json
import random
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATIENCE = 0.25  # seconds the client waits for an answer in these tests
LATE = 0.4  # when a late answer comes


class FickleSource:
    """What it believes, and how it misbehaves: `down`, `refuses_every` (0: never), shares of writes that go wrong."""

    def __init__(self, seed: int) -> None:
        self.history: dict[str, list[dict[str, str]]] = {}
        self.played: Counter[str] = Counter()
        self.down = False
        self.refuses_every = 0
        self.drops, self.late, self.twice, self.busy = 0.03, 0.01, 0.03, 0.02
        self._chance = random.Random(seed)
        self._refused: set[str] = set()
        self._writes = 0
        self._lock = threading.Lock()

    def fault(self, external_id: str) -> str:
        """What goes wrong with this write; "" for nothing. A complaint is refused at most once."""
        with self._lock:
            self._writes += 1
            if self.refuses_every and self._writes % self.refuses_every == 0 and external_id not in self._refused:
                self._refused.add(external_id)
                return self._count("refused")
            drawn = self._chance.random()
            for name in ("drops", "late", "twice", "busy"):
                drawn -= getattr(self, name)
                if drawn < 0:
                    return self._count(name)
            return ""

    def _count(self, name: str) -> str:
        self.played[name] += 1
        return name

    def write(self, body: dict[str, Any]) -> None:
        with self._lock:
            step = {"key": body["MaYeuCau"], "status": body["MaTinhTrang"], "text": body["NoiDungXuLy"]}
            self.history.setdefault(str(body["PhanAnhKenhKhacID"]), []).append(step)

    def record(self, external_id: str) -> dict[str, Any]:
        """A complaint as the portal shows it."""
        with self._lock:
            steps = list(self.history.get(external_id, []))
        return {
            "PhanAnhKenhKhacID": int(external_id),
            "NoiDungPhanAnh": "Rác chất đống.",
            "NgayNhan": "2026-11-16T00:00:00",
            "GioNhan": "08:00:00",
            "NgayCapNhat": "2026-11-16T08:00:00",
            "MaTinhTrang": steps[-1]["status"] if steps else "DANG_XU_LY",
            "NoiDungXuLy": steps[-1]["text"] if steps else "",
            "LichSu": [
                {"MaYeuCau": s["key"], "MaTinhTrang": s["status"], "NoiDung": s["text"], "ThoiGian": None}
                for s in steps
            ],
        }


class _Handler(socketserver.StreamRequestHandler):
    """HTTP/1.1 by hand: only so can an answer be sent twice or not at all."""

    def handle(self) -> None:
        source: FickleSource = self.server.source  # type: ignore[attr-defined]
        while request := self._request():
            if source.down:
                return self._reset()
            path, body = request
            if body is None:
                external_id = parse_qs(urlsplit(path).query)["PhanAnhKenhKhacID"][0]
                self._answer({"ClassResult": source.record(external_id)})
            elif not self._written(source, body):
                return None
        return None

    def _written(self, source: FickleSource, body: dict[str, Any]) -> bool:
        """Deal with a write. Returns whether the connection goes on."""
        fault = source.fault(str(body["PhanAnhKenhKhacID"]))
        done = {"ClassResult": {"NgayCapNhat": "2026-11-17T17:30:00"}, "ThongBao": "OK"}
        if fault == "refused":
            self._answer({"ClassResult": None, "ThongBao": "Từ chối"}, status=422)
            return True
        if fault == "busy":
            self._answer({}, status=503)
            return True
        source.write(body)
        if fault == "drops":
            self._reset()
            return False
        if fault == "late":
            threading.Event().wait(LATE)
        self._answer(done)
        if fault == "twice":
            self._answer(done)
        return True

    def _request(self) -> tuple[str, dict[str, Any] | None] | None:
        line = self.rfile.readline().decode()
        if not line.strip():
            return None
        length = 0
        while (header := self.rfile.readline().decode()).strip():
            name, _, value = header.partition(":")
            length = int(value) if name.lower() == "content-length" else length
        method, path, _ = line.split(" ", 2)
        return path, json.loads(self.rfile.read(length)) if method == "POST" else None

    def _answer(self, body: dict[str, Any], *, status: int = 200) -> None:
        content = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        try:
            self.wfile.write(head.encode() + content)
        except OSError:
            return

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that break are the point here."""


@contextmanager
def fickle_source(seed: int) -> Iterator[tuple[FickleSource, str]]:
    """The source and its address."""
    source = FickleSource(seed)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.source = source  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield source, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
