"""How the web server runs: one process of threads on a laptop, WEB_CONCURRENCY processes in production."""

import os

from config.collector import look_seldom

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = 8
timeout = 60
graceful_timeout = 10
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True


def post_worker_init(_worker: object) -> None:
    """Called in each process once the application is loaded."""
    look_seldom()
