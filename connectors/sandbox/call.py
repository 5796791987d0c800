"""One request to one imitated system, with the faults that may fire on it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from werkzeug import Request

from connectors.sandbox.faults import Fault, FaultBoard, Operation


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one system. `path` is what follows the system's mount point."""

    request: Request
    source: str
    path: str
    operation: Operation
    board: FaultBoard

    def take(self, kind: str, *, external_id: str = "") -> Fault | None:
        """The fault of this kind if it fires on this call, which uses up one of its times."""
        return self.board.take(self.source, kind, self.operation, external_id=external_id)

    def draw(self) -> random.Random:
        """Seeded randomness for a fault's own choices."""
        return self.board.draw()

    @property
    def base_url(self) -> str:
        """Absolute address of the sandbox as the client used it, without a slash at the end."""
        return self.request.host_url.rstrip("/")
