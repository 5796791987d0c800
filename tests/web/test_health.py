"""What watchmen see."""

from __future__ import annotations

import pytest
from django.test import Client

from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.core.heartbeat import beat
from inbox.web.views import health
from tests.factories import make_official


def test_alive_touches_no_database(client: Client) -> None:
    """Without the `db` mark any query would fail this test."""
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_not_ready_names_what_is_missing(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"]["scheduler"] == "has never run"


@pytest.mark.django_db
def test_ready_once_jobs_and_broker_live(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_broker", dict)
    for name in health.OLDEST:
        beat(name, clock.now())
    assert client.get("/readyz").json() == {"status": "ok", "problems": {}}
    beat("scheduler", clock.now() - 2 * health.OLDEST["scheduler"])
    assert client.get("/readyz").json()["problems"] == {"scheduler": "last ran 120 s ago"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "forwarded", "role", "status"),
    [
        ("127.0.0.1", "", None, 200),  # the collector on this machine
        ("127.0.0.1", "203.0.113.9", None, 404),  # somebody behind the proxy on this machine
        ("203.0.113.9", "", None, 404),
        ("203.0.113.9", "", Role.SUPERVISOR, 404),
        ("203.0.113.9", "", Role.ADMIN, 200),
    ],
)
def test_metrics_are_not_for_everybody(
    client: Client, address: str, forwarded: str, role: Role | None, status: int
) -> None:
    if role:
        client.force_login(make_official(role), backend="inbox.accounts.backends.OfficialBackend")
    extra = {"REMOTE_ADDR": address} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert client.get("/metrics", **extra).status_code == status  # type: ignore[arg-type]
