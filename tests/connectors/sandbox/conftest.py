"""A sandbox on a free port for every test, without citizens who complain by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.sandbox import Options
from connectors.sandbox.server import Running, start
from tests.connectors.sandbox.clients import Control, GopyApp, Hotline, Portal


@pytest.fixture
def running() -> Iterator[Running]:
    """An empty sandbox: the test makes the complaints it needs."""
    sandbox = start(Options(count=0))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def url(running: Running) -> str:
    return running.url


@pytest.fixture
def portal(url: str) -> Portal:
    return Portal(url)


@pytest.fixture
def hotline(url: str) -> Hotline:
    return Hotline(url)


@pytest.fixture
def gopy(url: str) -> GopyApp:
    return GopyApp(url)


@pytest.fixture
def portal_control(url: str) -> Control:
    return Control(url, "national-portal")


@pytest.fixture
def hotline_control(url: str) -> Control:
    return Control(url, "hotline-1022")


@pytest.fixture
def gopy_control(url: str) -> Control:
    return Control(url, "gopy")
