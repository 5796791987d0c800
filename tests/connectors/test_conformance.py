"""Every source through the same suite, over HTTP against the sandbox."""

from __future__ import annotations

from connectors.protocol import SourceConfig
from connectors.testing import ConnectorConformance
from tests.connectors import sources


class TestNationalPortal(ConnectorConformance):
    connector = "national_portal"

    def config(self, sandbox_url: str) -> SourceConfig:
        return sources.national_portal(sandbox_url)


class TestHotline1022(ConnectorConformance):
    connector = "hotline_1022"

    def config(self, sandbox_url: str) -> SourceConfig:
        return sources.hotline_1022(sandbox_url)


class TestGopy(ConnectorConformance):
    connector = "district_app"

    def config(self, sandbox_url: str) -> SourceConfig:
        return sources.gopy(sandbox_url)


class TestIoc(ConnectorConformance):
    connector = "district_app"

    def config(self, sandbox_url: str) -> SourceConfig:
        return sources.ioc(sandbox_url)


class TestOpen311(ConnectorConformance):
    connector = "open311"

    def config(self, sandbox_url: str) -> SourceConfig:
        return sources.open311(sandbox_url)
