"""Sources that point at the sandbox."""

from __future__ import annotations

import pytest

from inbox.management import demo
from inbox.sources.models import Source
from tests.processes import Sandbox


@pytest.fixture
def three_sources(city: None, sandbox: Sandbox) -> list[Source]:
    """The portal, the hotline and a district app, set up as the demonstration sets them up."""
    demo.load_sources(sandbox.url)
    return list(Source.objects.order_by("slug"))
