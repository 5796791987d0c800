"""A storm of pushed messages is answered at the door: so many a second of one source go on, the others get 429.

First of all middleware, because saying no must cost next to nothing: what is let in is then stored within its time, and
the officials' pages go on. It knows nothing of sources; each web process has its own gate.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

PREFIX = "/hooks/"
RATE = 100.0  # messages a second of one source that one process takes: what a slow office server can store
BURST = 200.0  # messages that may come at once after a quiet time
MOST_SOURCES = 200  # more names than this are nobody's and share one measure


class Gate:
    """One measure of messages per source, filled again with time."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}  # source → messages left, and when that was counted

    def admits(self, source: str) -> bool:
        """Whether one more message of this source may come in now; counts it."""
        now = time.monotonic()
        with self._lock:
            if source not in self._left and len(self._left) >= MOST_SOURCES:
                source = ""
            left, counted = self._left.get(source, (self._burst, now))
            left = min(self._burst, left + (now - counted) * self._rate)
            admitted = left >= 1
            self._left[source] = (left - admitted, now)
            return admitted


class PushGateMiddleware:
    """Answers 429 to the messages beyond the measure, before anything else is done for them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.gate = Gate(RATE, BURST)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX) and not self.gate.admits(request.path_info[len(PREFIX) :].strip("/")):
            return HttpResponse(status=429, headers={"Retry-After": "1"})
        return self.get_response(request)
