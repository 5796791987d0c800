"""Faults of the transport: what a client sees when servers, proxies and lines fail. They happen on the real socket.

`before` acts ahead of the system's own work (nothing is read or written there), `after` acts on its finished answer.
Both either return a response to send or raise `Dropped` when they have dealt with the connection themselves.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from werkzeug import Response

from connectors.sandbox.call import Call
from connectors.sandbox.faults import Fault

_HTML_ERROR = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>nginx</body></html>"
_TONE_MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323")


class Dropped(ConnectionError):
    """The connection was dealt with on the wire: there is no response to send any more."""


class Wire:
    """Plays transport faults. `stopping` ends every wait when the sandbox shuts down."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def before(self, call: Call) -> Response | None:
        """The answer that takes the place of the system's own, or None to go on. Raises Dropped."""
        if fault := call.take("outage"):
            return self._outage(call, fault)
        if call.take("refused"):
            _reset(_socket_of(call))  # the address that all share cannot be closed for one: see doors.py
        if fault := call.take("hang"):
            self._hang(call, fault)
        if fault := call.take("latency"):
            self._stopping.wait(fault.options["seconds"])
        for kind, reply in _REPLIES.items():
            if fault := call.take(kind):
                return reply(fault)
        if fault := call.take("late_write"):
            self._stopping.wait(fault.options["seconds"])
        return None

    def after(self, call: Call, response: Response) -> Response:
        """The system's answer as it reaches the client, if it does. Raises Dropped."""
        if call.take("answer_lost"):
            _reset(_socket_of(call))
        for kind, change in _CHANGES.items():
            if fault := call.take(kind):
                response = change(response, fault, call.draw())
        if call.take("reset"):
            self._send_half_and_reset(call, response)
        if fault := call.take("truncated_json"):
            return self._truncated(call, response, fault)
        if fault := call.take("slow_drip"):
            self._drip(call, response, fault.options["seconds"])
        return response

    def _outage(self, call: Call, fault: Fault) -> Response:
        if fault.options["mode"] == "http_503":
            return _html(503, "503 Service Temporarily Unavailable")
        if fault.options["mode"] == "hang":
            self._stopping.wait(3600)
        _reset(_socket_of(call))
        raise Dropped

    def _hang(self, call: Call, fault: Fault) -> None:
        line = _socket_of(call)
        if fault.options["after_headers"]:
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n")
        self._stopping.wait(fault.options["seconds"])
        _reset(line)

    def _drip(self, call: Call, response: Response, pause: float) -> None:
        line = _socket_of(call)
        line.sendall(_head(response))
        for byte in response.get_data():
            if self._stopping.wait(pause):
                break
            line.sendall(bytes((byte,)))
        line.shutdown(socket.SHUT_WR)
        raise Dropped

    def _send_half_and_reset(self, call: Call, response: Response) -> None:
        line = _socket_of(call)
        body = response.get_data()
        line.sendall(_head(response) + body[: len(body) // 2])
        self._stopping.wait(0.05)  # the half must leave before the reset overtakes it
        _reset(line)

    def _truncated(self, call: Call, response: Response, fault: Fault) -> Response:
        body = response.get_data()
        half = body[: len(body) // 2]
        if not fault.options["announce_full_length"]:
            response.set_data(half)
            return response
        line = _socket_of(call)
        line.sendall(_head(response) + half)
        line.shutdown(socket.SHUT_WR)
        raise Dropped


def _socket_of(call: Call) -> socket.socket:
    line = call.request.environ["werkzeug.socket"]
    assert isinstance(line, socket.socket)  # noqa: S101  the sandbox only runs under werkzeug's own server
    return line


def _head(response: Response) -> bytes:
    """Status line and headers announcing the whole body."""
    headers = {"Content-Type": response.content_type, "Content-Length": str(len(response.get_data()))}
    lines = [
        f"HTTP/1.1 {response.status}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Connection: close",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reset(line: socket.socket) -> None:
    """Close at once with a TCP reset, so that the client sees a broken line and no orderly end. Raises Dropped."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(line.detach())
    raise Dropped


def _html(status: int, title: str) -> Response:
    return Response(_HTML_ERROR.format(title), status=status, content_type="text/html; charset=utf-8")


def _with_retry_after(status: int, title: str) -> Callable[[Fault], Response]:
    def reply(fault: Fault) -> Response:
        response = _html(status, title)
        seconds = int(fault.options["retry_after"])
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        response.headers["Retry-After"] = (
            format_datetime(until, usegmt=True) if fault.options["http_date"] else str(seconds)
        )
        return response

    return reply


_REPLIES: Mapping[str, Callable[[Fault], Response]] = {
    "http_500": lambda fault: _html(500, "500 Internal Server Error"),
    "http_502_html": lambda fault: _html(502, "502 Bad Gateway"),
    "http_503": _with_retry_after(503, "503 Service Temporarily Unavailable"),
    "http_429": _with_retry_after(429, "429 Too Many Requests"),
    "html_200": lambda fault: _html(200, "Hệ thống đang bảo trì"),
}


def _garble(response: Response, fault: Fault, chance: random.Random) -> Response:
    """Announces gzip and sends its magic number followed by noise."""
    response.set_data(b"\x1f\x8b\x08\x00" + chance.randbytes(400))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _mislabel(response: Response, fault: Fault, chance: random.Random) -> Response:
    response.headers["Content-Type"] = fault.options["content_type"]
    return response


def _as_cp1258(response: Response, fault: Fault, chance: random.Random) -> Response:
    """The body in Windows-1258, where tones are separate characters; says so, or claims UTF-8 when not `declared`."""
    response.set_data(_with_loose_tones(response.get_data().decode("utf-8", "replace")).encode("cp1258", "replace"))
    if fault.options["declared"]:
        response.headers["Content-Type"] = f"{response.mimetype}; charset=windows-1258"
    return response


def _with_loose_tones(text: str) -> str:
    """Vietnamese letters as Windows-1258 has them: circumflex, breve and horn joined, the five tones apart."""
    joined = ""
    tones = ""
    for letter in unicodedata.normalize("NFD", text):
        if letter in _TONE_MARKS:
            tones += letter
        elif unicodedata.combining(letter) and joined:
            joined = joined[:-1] + unicodedata.normalize("NFC", joined[-1] + letter)
        else:
            joined, tones = joined + tones + letter, ""
    return joined + tones


_CHANGES: Mapping[str, Callable[[Response, Fault, random.Random], Response]] = {
    "cp1258_text": _as_cp1258,
    "gzip_garbage": _garble,
    "wrong_content_type": _mislabel,
}
