"""Doors of a source's own, beside the address that all sources share: over TLS with any kind of certificate, or one
that really is closed while the fault `refused` is on. Opened on demand, on free ports of loopback.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from connectors.sandbox.certificates import KINDS, Authority, new_authority, server_context

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PLAIN = "plain"
_LOOK = 0.1  # seconds between two looks at the faults


class QuietHandler(WSGIRequestHandler):
    """HTTP/1.1, done with a connection once a fault has broken it, and silent: requests carry what citizens wrote."""

    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        super().run_wsgi()
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log_error(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
        """Say nothing either: broken handshakes are the point of these doors."""


@dataclass(slots=True)
class _Door:
    source: str
    kind: str
    port: int
    context: ssl.SSLContext | None
    server: BaseWSGIServer | None = None


class Doors:
    """The open doors of one sandbox. `is_closed` says whether a source refuses connections right now."""

    def __init__(self, app: WSGIApplication, is_closed: Callable[[str], bool], stopping: threading.Event) -> None:
        self._app = app
        self._is_closed = is_closed
        self._stopping = stopping
        self._lock = threading.Lock()
        self._doors: dict[tuple[str, str], _Door] = {}
        self._authority: Authority | None = None
        self._watch: threading.Thread | None = None

    def open(self, source: str, kind: str) -> tuple[str, str]:
        """Scheme, host and port of the door, and what a client would have to trust. Raises ValueError."""
        if kind != PLAIN and kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join((PLAIN, *KINDS))}")
        with self._lock:
            self._authority = self._authority or new_authority()
            door = self._doors.get((source, kind))
            if door is None:
                context = None if kind == PLAIN else server_context(kind, self._authority)
                door = self._doors[source, kind] = _Door(source, kind, 0, context)
                self._let_in(door)
            if self._watch is None:
                self._watch = threading.Thread(target=self._keep_watch, daemon=True)
                self._watch.start()
        self.look()
        return f"{'https' if door.context else 'http'}://127.0.0.1:{door.port}", self._authority.pem

    def look(self) -> None:
        """Close the doors of sources that refuse connections now, and open those of the others again."""
        with self._lock:
            for door in self._doors.values():
                closed = self._is_closed(door.source)
                if closed and door.server is not None:
                    _shut(door)
                elif not closed and door.server is None:
                    self._let_in(door)

    def close(self) -> None:
        """Shut them all."""
        with self._lock:
            for door in self._doors.values():
                if door.server is not None:
                    _shut(door)
            self._doors.clear()

    def _keep_watch(self) -> None:
        while not self._stopping.wait(_LOOK):
            self.look()

    def _let_in(self, door: _Door) -> None:
        server = make_server(
            "127.0.0.1", door.port, self._app, threaded=True, request_handler=QuietHandler, ssl_context=door.context
        )
        door.server, door.port = server, server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


def _shut(door: _Door) -> None:
    assert door.server is not None  # noqa: S101  for the type checker
    door.server.shutdown()
    door.server.server_close()
    door.server = None
