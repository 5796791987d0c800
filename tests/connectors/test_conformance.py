"""Every source through the same suite, over HTTP against the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from connectors import signatures
from connectors.protocol import Connector, SourceConfig
from connectors.records import InboundRecord, OutboundUpdate, Place, RawItem, Reporter, SourceStatus
from connectors.testing import ConnectorConformance, PushedConformance
from tests.connectors import sources
from tests.connectors.conftest import Control
from tests.connectors.test_mini_app import NOW, body_of, message


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


class TestOpen311Xml(ConnectorConformance):
    """The same server in the standard's other format."""

    connector = "open311"

    def config(self, sandbox_url: str) -> SourceConfig:
        return sources.open311_xml(sandbox_url)

    def wrong_config(self, sandbox_url: str) -> SourceConfig | None:
        """Reading needs no key there."""
        return None


SANDBOX_SECRET = "whsec_bW90LW1vaS1zYW5kYm94LXNlY3JldC0x"


class TestMiniApp(PushedConformance):
    """The app that the sandbox imitates: its messages here, our answers there."""

    connector = "mini_app"

    @pytest.fixture(autouse=True)
    def sandbox(self, control: Control) -> None:
        self.control = control

    def config(self, sandbox_url: str) -> SourceConfig:
        return SourceConfig("app", {"base_url": sandbox_url}, secrets={"secret": SANDBOX_SECRET})

    def samples(self, source: Connector) -> list[RawItem]:
        return [RawItem(message())]

    def message(self, sandbox_url: str) -> bytes:
        return body_of(message())

    def signed(self, body: bytes, *, message_id: str, at: datetime) -> Mapping[str, str]:
        return signatures.headers_for(SANDBOX_SECRET, message_id=message_id, at=at, body=body)

    def update_target(self, sandbox_url: str) -> InboundRecord:
        made: dict[str, Any] = self.control("mini-app", "complaints", text="Ngập hẻm")["complaints"][0]
        return InboundRecord(
            external_id=made["external_id"],
            revision="1",
            title="Ngập hẻm",
            text="Ngập hẻm",
            status=SourceStatus.NEW,
            status_raw="new",
            category="flooding",
            category_raw="flooding",
            place=Place(),
            reporter=Reporter(),
            sent_at=NOW,
            write_id=f"{sandbox_url}/mini-app/callback/{made['external_id']}",
        )

    def assert_arrived(self, update: OutboundUpdate) -> None:
        state = self.control("mini-app", "state")
        writes = [one["outcome"] for one in state["writes"] if one["key"] == update.key]
        answers = [one["text"] for c in state["complaints"] for one in c["answers"] if one["key"] == update.key]
        assert writes == ["applied", "repeated"]
        assert answers == [update.text]
