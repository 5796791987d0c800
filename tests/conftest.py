"""What every test shares: no real broker, cheap passwords, no pages' manifest, and the units of the city on request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import current_app
from django.conf import settings

from tests.processes import Sandbox, running_sandbox


def pytest_configure() -> None:
    """Tests never talk to the broker of a product that runs on this machine, and hash passwords cheaply."""
    current_app.conf.broker_url = "memory://"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def city(db: None) -> None:
    """Units, calendars and policies, as every installation has them."""
    from inbox.sla.seed import load_calendars, load_policies
    from inbox.units.seed import load_units

    load_units()
    load_calendars()
    load_policies()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox with 40 complaints in each system."""
    with running_sandbox("--count", "40") as running:
        yield running
