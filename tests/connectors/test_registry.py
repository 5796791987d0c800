"""Finding the sources, refusing wrong settings, stopping at a bad source file."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from connectors import profile, registry
from connectors.errors import ConfigError
from connectors.protocol import Connector, SourceConfig
from connectors.records import OutboundAction
from connectors.sources.open311 import Open311
from tests.connectors import sources

URL = "http://127.0.0.1:9"


def test_the_shipped_sources_are_found_under_their_slugs() -> None:
    found = registry.all()
    assert {"national_portal", "hotline_1022", "district_app", "open311"} <= found.keys()
    assert all(kind.slug == slug and issubclass(kind, Connector) and kind.label for slug, kind in found.items())


def test_secrets_are_declared_as_such() -> None:
    secret = {"password", "token", "api_key", "secret", "old_secret", "private_key"}
    for kind in registry.all().values():
        for setting in kind.settings:
            assert setting.secret == (setting.name in secret), f"{kind.slug}.{setting.name}"


def test_an_unknown_connector_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="national_portal"):
        registry.get("zalo")


@pytest.mark.parametrize(
    ("config", "connector", "names"),
    [
        (replace(sources.national_portal(URL), secrets={}), "national_portal", "password"),
        (replace(sources.national_portal(URL), settings={"base_url": URL}), "national_portal", "username"),
        (SourceConfig("x", {"username": "u"}, secrets={"password": "p"}), "national_portal", "base_url"),
        (replace(sources.hotline_1022(URL), secrets={"token": "  "}), "hotline_1022", "token"),
        (replace(sources.gopy(URL), secrets={}), "district_app", "password"),
        (replace(sources.ioc(URL), secrets={}), "district_app", "token"),
        (replace(sources.gopy(URL), profile=""), "district_app", "profile"),
        (replace(sources.gopy(URL), profile="../../etc"), "district_app", "profile"),
        (replace(sources.open311(URL), settings={"base_url": "file:///etc/passwd"}), "open311", "base_url"),
    ],
)
def test_a_missing_or_wrong_setting_is_named(config: SourceConfig, connector: str, names: str) -> None:
    with pytest.raises(ConfigError, match=names):
        registry.build(config, connector=connector)


def test_a_source_may_be_named_otherwise_than_its_connector() -> None:
    config = replace(sources.hotline_1022(URL), slug="tong-dai-1022")
    built = registry.build(config, connector="hotline_1022")
    assert (built.slug, built.config.slug) == ("hotline_1022", "tong-dai-1022")


def test_abilities_depend_on_the_profile() -> None:
    gopy = registry.build(sources.gopy(URL), connector="district_app").capabilities
    ioc = registry.build(sources.ioc(URL), connector="district_app").capabilities
    assert OutboundAction.ACCEPT not in gopy.pushes
    assert {OutboundAction.RESOLVE, OutboundAction.REPLY} <= gopy.pushes
    assert (gopy.lookup, ioc.lookup, ioc.pushes) == (True, False, frozenset())


def _module(name: str, **content: object) -> ModuleType:
    module = ModuleType(f"connectors.sources.{name}")
    for key, value in content.items():
        if isinstance(value, type):
            value.__module__ = module.__name__
        setattr(module, key, value)
    return module


def test_a_bad_source_file_stops_loudly() -> None:
    one, two = type("One", (Open311,), {"slug": "one"}), type("Two", (Open311,), {"slug": "two"})
    half = type("Half", (Connector,), {"slug": "half", "label": "", "settings": ()})
    for module in (
        _module("empty"),
        _module("imported_only", Open311=Connector),
        _module("double", One=one, Two=two),
        _module("other_name", One=one),
        _module("half", Half=half),
    ):
        with pytest.raises(RuntimeError, match=module.__name__.rpartition(".")[2]):
            registry._connector_in(module)


def test_every_shipped_profile_uses_our_own_codes() -> None:
    for name in ("national_portal", "hotline_1022", "gopy", "ioc", "open311"):
        data = profile.load(name)
        assert profile.statuses(data)
        assert profile.categories(data)
