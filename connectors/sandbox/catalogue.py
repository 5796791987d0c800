"""The small tables the imitations share: categories with each system's code, and the accounts that may log in.

Read once from connectors/sandbox/data/. Nothing here changes at run time.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Category:
    """One category of ours and its name in each system. `weight` is its share of all complaints."""

    code: str
    label: str
    weight: float
    national: str
    hotline: int
    gopy: int


@dataclass(frozen=True, slots=True)
class Account:
    """What one imitated system accepts. Token systems have no user name."""

    password: str
    username: str = ""


def read_toml(name: str) -> dict[str, Any]:
    """The parsed content of a TOML file in data/."""
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


CATEGORIES: Mapping[str, Category] = {
    code: Category(code=code, **values) for code, values in read_toml("categories.toml").items()
}
ACCOUNTS: Mapping[str, Account] = {
    source: Account(**values) for source, values in read_toml("credentials.toml").items()
}
