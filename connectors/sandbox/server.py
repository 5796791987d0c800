"""A running sandbox on a TCP port: the threaded HTTP server, and the citizens who go on complaining meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from werkzeug.serving import BaseWSGIServer, make_server

from connectors.sandbox.citizens import keep_complaining
from connectors.sandbox.doors import QuietHandler
from connectors.sandbox.sandbox import Options, Sandbox


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers at `url` until `stop()`."""

    sandbox: Sandbox
    url: str
    _server: BaseWSGIServer
    _threads: tuple[threading.Thread, ...]

    def stop(self) -> None:
        """End all waits, close the port and the store."""
        self.sandbox.stopping.set()
        self.sandbox.doors.close()
        self._server.shutdown()
        for thread in self._threads:
            thread.join(timeout=5)
        self._server.server_close()
        self.sandbox.store.close()


def start(options: Options | None = None, *, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Start a sandbox in threads of this process. Port 0 takes a free one. Raises OSError when the port is taken."""
    sandbox = Sandbox(options or Options())
    try:
        server = make_server(host, port, sandbox, threaded=True, request_handler=QuietHandler)
    except SystemExit:  # how werkzeug says that the port is taken
        sandbox.store.close()
        raise OSError(f"port {port} is in use") from None
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)]
    if sandbox.options.rate > 0:
        threads.append(threading.Thread(target=keep_complaining, args=(sandbox,), daemon=True))
    for thread in threads:
        thread.start()
    return Running(sandbox, f"http://{host}:{server.server_port}", server, tuple(threads))
