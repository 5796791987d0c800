"""The sandbox put together: systems over one store, with their faults, as one WSGI application.

Routing and the order of things on each request live here; wire formats, faults and pages do not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from connectors.sandbox import clock
from connectors.sandbox.call import Call
from connectors.sandbox.control import Control
from connectors.sandbox.doors import Doors
from connectors.sandbox.fault_wire import Wire
from connectors.sandbox.faults import FaultBoard, Operation
from connectors.sandbox.generator import Generator
from connectors.sandbox.store import Store
from connectors.sandbox.systems.base import System, json_response
from connectors.sandbox.systems.gopy import Gopy
from connectors.sandbox.systems.hotline_1022 import Hotline1022
from connectors.sandbox.systems.ioc import Ioc
from connectors.sandbox.systems.mini_app import MiniApp
from connectors.sandbox.systems.national_portal import NationalPortal
from connectors.sandbox.systems.open311 import Open311

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_SYSTEMS: tuple[type[System], ...] = (NationalPortal, Hotline1022, Gopy, Ioc, Open311, MiniApp)


class WrongData(ValueError):
    """A --data file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """How one sandbox is set up. `at` is the instant that seeded complaints lead up to; None = the real now."""

    seed: str = "1"
    count: int = 40  # complaints per system
    rate: float = 0.0  # citizens' doings per minute
    state: str = ""  # path of the SQLite file; "" = memory only
    data: tuple[str, ...] = ()  # JSON files of Open311 requests
    at: datetime | None = None


class Sandbox:
    """All imitated systems. Use `server.start` to put it on a port."""

    def __init__(self, options: Options) -> None:
        """Seeds complaints if the store is empty. Raises WrongData."""
        self.options = options
        self.stopping = threading.Event()
        self.store = Store(options.state)
        self.board = FaultBoard(seed=options.seed, now=clock.now)
        self.systems: Mapping[str, System] = {
            kind.slug: kind(store=self.store, board=self.board, now=clock.now) for kind in _SYSTEMS
        }
        self.generator = Generator(options.seed)
        self._wire = Wire(self.stopping)
        self.doors = Doors(self, lambda source: self.board.is_on(source, "refused"), self.stopping)
        self._control = Control(
            systems=self.systems, board=self.board, store=self.store, generator=self.generator, doors=self.doors
        )
        if self.store.is_empty():
            self._seed()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI entry. Raises Dropped where a fault has dealt with the connection itself."""
        request = Request(environ)
        request.max_content_length = None
        return self.respond(request)(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answer a request to any system, the control API or the control page."""
        if request.path == "/healthz":
            return json_response({"status": "ok"})
        for system in self.systems.values():
            if request.path.startswith(system.mount + "/"):
                return self._respond_as(system, request)
        return self._control.respond(request)

    def _respond_as(self, system: System, request: Request) -> Response:
        path = request.path.removeprefix(system.mount)
        operation: Operation = system.operation(request, path)
        call = Call(request, system.slug, path, operation, self.board)
        return self._wire.before(call) or self._wire.after(call, system.handle(call))

    def _seed(self) -> None:
        with self.store.transaction():
            archive_only = {Open311.slug} if self.options.data else set()
            generated = [slug for slug, one in self.systems.items() if one.is_seeded and slug not in archive_only]
            drafts = self.generator.seed_drafts(generated, count=self.options.count, at=self.options.at or clock.now())
            for slug, draft in drafts:
                self.systems[slug].take_complaint(draft)
            archive = self.systems[Open311.slug]
            assert isinstance(archive, Open311)  # noqa: S101  for the type checker
            for path in self.options.data:
                for payload in _requests_in(path):
                    archive.take_file(payload)


def _requests_in(path: str) -> list[Mapping[str, Any]]:
    """The Open311 requests in a JSON file: a list of objects. Raises WrongData."""
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise WrongData(f"{path}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise WrongData(f"{path}: must be a JSON list of objects")
    return rows
