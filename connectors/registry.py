"""Which source systems exist, and how a configured one is built. A new source is one file in `connectors/sources/`.

A file there that does not hold exactly one good connector stops the start-up: a source must not vanish silently.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType, ModuleType

from connectors import profile, sources
from connectors.errors import ConfigError
from connectors.http import HttpClient
from connectors.protocol import Connector, SourceConfig


def all() -> dict[str, type[Connector]]:  # noqa: A001 - the name is promised to integrators
    """Every connector by slug."""
    return dict(_found())


def get(slug: str) -> type[Connector]:
    """The connector with this slug; ConfigError when there is none."""
    try:
        return _found()[slug]
    except KeyError:
        raise ConfigError(f"There is no connector {slug!r}; known: {', '.join(sorted(_found()))}") from None


def build(config: SourceConfig, *, connector: str = "", http: HttpClient | None = None) -> Connector:
    """A ready connector for one configured source.

    `connector` is the connector's slug where the source itself is named differently. Raises ConfigError naming the
    setting that is missing or wrong. `http` replaces the client that would be made from `base_url`.
    """
    kind = get(connector or config.slug)
    _check_settings(kind, config)
    _check_profile(kind, config)
    return kind(config, http or HttpClient(config.get("base_url")))


def _check_settings(kind: type[Connector], config: SourceConfig) -> None:
    for setting in kind.settings:
        if setting.required and not config.get(setting.name, setting.default).strip():
            raise ConfigError(f"The setting {setting.name} is missing: {setting.help}", code="missing_setting")


def _check_profile(kind: type[Connector], config: SourceConfig) -> None:
    """Also reads it, so that a profile that cannot be followed is refused when a source is set up, not in the night."""
    if not kind.profile_family:
        return
    known = profile.names(kind.profile_family)
    name = config.profile or kind.default_profile
    if name not in known:
        raise ConfigError(f"The setting profile must be one of: {', '.join(known)}", code="unknown_profile")
    profile.load(name)


@cache
def _found() -> MappingProxyType[str, type[Connector]]:
    found: dict[str, type[Connector]] = {}
    for module_info in pkgutil.iter_modules(sources.__path__):
        kind = _connector_in(importlib.import_module(f"{sources.__name__}.{module_info.name}"))
        found[kind.slug] = kind
    return MappingProxyType(found)


def _connector_in(module: ModuleType) -> type[Connector]:
    """The one connector of a source file. Raises RuntimeError for a file that has none, two, or a wrong slug."""
    kinds = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Connector) and value.__module__ == module.__name__
    ]
    name = module.__name__.rpartition(".")[2]
    if len(kinds) != 1:
        raise RuntimeError(f"connectors/sources/{name}.py must define exactly one Connector, it has {len(kinds)}")
    kind = kinds[0]
    missing = [attribute for attribute in ("slug", "label", "settings") if not hasattr(kind, attribute)]
    if missing or kind.slug != name or kind.__abstractmethods__:
        raise RuntimeError(f"{kind.__name__} in connectors/sources/{name}.py is not a complete connector named {name}")
    return kind
