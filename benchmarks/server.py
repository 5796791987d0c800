"""The product's own web server, in one process of its own, on the scratch database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def web_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address and its process. However it ends, it is gone afterwards."""
    from tests.processes import answers, free_port, wait_until

    port = free_port()
    environment = os.environ | {"PORT": str(port), "REDIS_URL": "", "WEB_CONCURRENCY": "1"}
    gather = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(gather, cwd=ROOT, env=environment, check=True)
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)
            yield f"http://127.0.0.1:{port}", server
        finally:
            if server.poll() is None:
                server.terminate()
