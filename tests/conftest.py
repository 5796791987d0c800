"""What every test shares: no real broker, cheap passwords, no pages' manifest, and the units of the city on request."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from celery import current_app
from django.conf import settings
from hypothesis import settings as hypothesis_settings

from tests.processes import Sandbox, running_sandbox

LONGEST_ID = 80


def pytest_configure() -> None:
    """Tests never talk to the broker of a product that runs on this machine, and hash passwords cheaply."""
    # Property tests try the same examples each time; HYPOTHESIS_PROFILE=search looks for new ones, and longer.
    hypothesis_settings.register_profile("fixed", derandomize=True, database=None, deadline=None, max_examples=100)
    hypothesis_settings.register_profile("search", deadline=None, max_examples=2_000)
    hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
    current_app.conf.broker_url = "memory://"
    gc.set_threshold(100_000, 50, 50)  # modules and tests are most of what lives; looking through them often is a tenth
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test is not named after a whole file: names go over the wire between the workers, and into reports."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_ID else None


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages keep calendars for a minute: the next test has other ones, and none ends while statements are counted."""
    from inbox.web import deadlines

    deadlines.forget_calendars()
    monkeypatch.setattr(deadlines, "_minute", lambda: 0)


@pytest.fixture
def city(db: None) -> None:
    """Units, calendars and policies, as every installation has them."""
    from tests.city import put_city

    put_city()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox with 40 complaints in each system."""
    with running_sandbox("--count", "40") as running:
        yield running
