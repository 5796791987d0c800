"""Is the process alive (`/healthz`), and can it do its work (`/readyz`)? For load balancers and watchmen."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.core.heartbeat import age

#: How old the sign of life of each job may be: several rounds of its schedule.
OLDEST = {
    "scheduler": timedelta(seconds=60),
    "sla_sweep": timedelta(seconds=120),
    "outbox": timedelta(seconds=120),
    "tell": timedelta(seconds=120),
    "send_letters": timedelta(minutes=5),
}
#: Acts are judged by the clock of the machine they arrive at.
LARGEST_SKEW = timedelta(seconds=5)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus: to this machine itself and to administrators; to others there is no such page."""
    direct = "HTTP_X_FORWARDED_FOR" not in request.META and ip_address(request.META["REMOTE_ADDR"]).is_loopback
    if not direct and not (request.user.is_authenticated and may(request.user, Permission.MANAGE_SOURCES)):
        raise Http404
    figures: HttpResponse = ExportToDjangoView(request)
    return figures


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, broker, jobs, and whether this machine's clock is right. 503 with the names of what is wrong."""
    problems = _database()
    if not problems:
        problems |= _heartbeats() | _skew()
    problems |= _broker()
    status = "ok" if not problems else "not ready"
    return JsonResponse({"status": status, "problems": problems}, status=503 if problems else 200)


def _database() -> dict[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return {"database": "does not answer"}
    return {}


def _broker() -> dict[str, str]:
    client = redis.from_url(settings.REDIS_CLIENT_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        client.ping()
    except redis.RedisError:
        return {"broker": "does not answer"}
    finally:
        client.close()
    return {}


def _skew() -> dict[str, str]:
    apart = abs(clock.shared_now() - clock.now())
    if apart <= LARGEST_SKEW:
        return {}
    return {"clock": f"{int(apart.total_seconds())} s apart from the database's"}


def _heartbeats() -> dict[str, str]:
    now = clock.now()
    problems = {}
    for name, oldest in OLDEST.items():
        found = age(name, now)
        if found is None:
            problems[name] = "has never run"
        elif found > oldest:
            problems[name] = f"last ran {int(found.total_seconds())} s ago"
    return problems
