"""What may differ from city to city of one source system: endpoints, code tables, field names. Data, not code.

A profile is a TOML file in `connectors/profiles/`. It ships with the program and is trusted; it is read once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from connectors.mapping import CATEGORIES
from connectors.records import OutboundAction, SourceStatus

_FOLDER = Path(__file__).parent / "profiles"


@cache
def load(name: str) -> Mapping[str, Any]:
    """The profile `name` as plain data. Raises ValueError when its tables use codes that we do not have."""
    data = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    unknown = set(data.get("categories", {}).values()) - CATEGORIES
    if unknown:
        raise ValueError(f"connectors/profiles/{name}.toml maps to unknown categories: {', '.join(sorted(unknown))}")
    statuses(data)
    actions(data)
    return MappingProxyType(data)


def statuses(profile: Mapping[str, Any]) -> dict[str, SourceStatus]:
    """The source's status codes in our words."""
    return {code: SourceStatus(ours) for code, ours in profile["statuses"].items()}


def categories(profile: Mapping[str, Any]) -> dict[str, str]:
    """The source's categories, by code or by label in any case, as ours."""
    return {code.casefold(): ours for code, ours in profile["categories"].items()}


def actions(profile: Mapping[str, Any]) -> dict[OutboundAction, Any]:
    """What the source can be told, and in which of its codes."""
    return {OutboundAction(action): code for action, code in profile.get("actions", {}).items()}
