"""What may differ from city to city of one source system: endpoints, code tables, field names. Data, not code.

A profile is a TOML file in `connectors/profiles/`, or in a folder that the installation adds (`look_also_in`). Its
`family` names the connector that follows it, where one connector serves several. It is trusted and read once; a file
that cannot be followed is refused with the key that is wrong. How to write one: docs/connectors.md.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import jmespath

from connectors.errors import ConfigError
from connectors.mapping import CATEGORIES
from connectors.records import OutboundAction, SourceStatus

_FOLDERS = [Path(__file__).parent / "profiles"]

#: What a profile of the district apps may map, and what it must.
APP_FIELDS = frozenset(
    {
        "external_id", "write_id", "title", "text", "status", "category", "address", "ward_code", "ward_name",
        "district_name", "unit", "lat", "lng", "sent_date", "sent_time", "due_at", "answer", "answered_at", "note",
        "reporter_name", "reporter_phone", "reporter_email", "reporter_anonymous", "attachments",
    }
)  # fmt: skip
#: What a column of a spreadsheet may mean, and what a spreadsheet must have.
SHEET_FIELDS = frozenset(
    {
        "external_id", "title", "text", "status", "category", "address", "ward_code", "ward_name", "district_name",
        "lat", "lng", "sent_at", "sent_time", "updated_at", "due_at", "answer", "answered_at", "answered_by",
        "reporter_name", "reporter_phone", "reporter_email", "reporter_address", "attachments",
    }
)  # fmt: skip
APP_MUST, SHEET_MUST = ("external_id", "text", "sent_date"), ("external_id", "text", "sent_at")
AUTHS = ("basic", "bearer")


def look_also_in(folder: Path) -> None:
    """Find profiles in this folder too, after those that ship with the program."""
    if folder not in _FOLDERS:
        _FOLDERS.append(folder)


def names(family: str) -> tuple[str, ...]:
    """The profiles of a family, by name. A file that is no TOML is not one of any family."""
    found = set()
    for folder in _FOLDERS:
        for path in folder.glob("*.toml"):
            try:
                data = tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if data.get("family") == family:
                found.add(path.stem)
    return tuple(sorted(found))


@cache
def load(name: str) -> Mapping[str, Any]:
    """The profile `name` as plain data. Raises ConfigError (code `bad_profile`) naming the key that is wrong."""
    path = next((folder / f"{name}.toml" for folder in _FOLDERS if (folder / f"{name}.toml").is_file()), None)
    if path is None:
        raise ConfigError(f"There is no profile {name}", code="unknown_profile")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The profile {name} is not TOML: {error}", code="bad_profile") from None
    _Check(name, data).all()
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


class _Check:
    """Looks through a profile before anything relies on it. Every complaint names the dotted key."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self._name = name
        self._data = data

    def all(self) -> None:
        """Raises ConfigError at the first key that is wrong."""
        self._codes("statuses", {str(status) for status in SourceStatus}, "statuses")
        self._codes("categories", CATEGORIES, "categories")
        if "actions" in self._data:
            for action in self._table("actions"):
                self._one_of(f"actions.{action}", action, {str(one) for one in OutboundAction}, "actions")
        family = self._data.get("family", "")
        if family == "district_app":
            self._district_app()
        elif family == "file_drop":
            self._file_drop()
        elif family:
            self._wrong("family", "no connector has profiles of this family")

    def _district_app(self) -> None:
        self._one_of("auth", self._words("auth"), set(AUTHS), "ways to log in")
        self._words("user_agent", may_be_empty=True)
        self._number("overlap_days", least=0)
        for key in ("list.path", "list.date_format", "list.key"):
            self._words(key)
        self._words("list.write_key", may_be_empty=True)
        self._number("list.page_size", least=1)
        self._table("list.params")
        self._paths("list.rows", "list.total")
        self._paths("list.confirmed", optional=True)
        self._fields("fields", APP_FIELDS, APP_MUST, self._path)
        if "detail" in self._data:
            self._template("detail.path", {"write_id"})
            self._paths("detail.keys", "detail.steps")
        if not self._data.get("actions"):
            return
        if "detail" not in self._data:
            self._wrong("detail", "is missing: what is written must be possible to look up")
        self._template("writes.path", {"write_id"})
        self._paths("writes.confirmed")
        for kind in sorted(set(self._data["actions"].values())):
            self._words(f"writes.{kind}.status")
            self._table(f"writes.{kind}.body")
        self._words("upload.path")
        self._table("upload.body")
        self._paths("upload.url")

    def _file_drop(self) -> None:
        self._fields("columns", SHEET_FIELDS, SHEET_MUST, self._titles)
        for field in ("external_id", "status", "answer", "answered_at", "answered_by"):
            self._words(f"results.{field}")

    def _fields(
        self, table: str, known: frozenset[str], must: tuple[str, ...], check: Callable[[str, Any], None]
    ) -> None:
        entries = self._table(table)
        for field in must:
            if field not in entries:
                self._wrong(f"{table}.{field}", "is missing")
        for field, value in entries.items():
            self._one_of(f"{table}.{field}", field, known, "fields")
            check(f"{table}.{field}", value)

    def _titles(self, key: str, value: Any) -> None:
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one.strip() for one in value):
            self._wrong(key, "must be a list of column titles")

    def _codes(self, key: str, known: set[str] | frozenset[str], what: str) -> None:
        for code, ours in self._table(key).items():
            self._one_of(f"{key}.{code}", ours, known, what)

    def _one_of(self, key: str, value: Any, known: set[str] | frozenset[str], what: str) -> None:
        if value not in known:
            self._wrong(key, f"{value!r} is not one of our {what}: {', '.join(sorted(known))}")

    def _template(self, key: str, allowed: set[str]) -> None:
        words = self._words(key)
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}
        except ValueError:
            used = {"?"}
        if used != allowed:
            self._wrong(key, f"must contain {{{'}} and {{'.join(sorted(allowed))}}} and no other braces")

    def _paths(self, *keys: str, optional: bool = False) -> None:
        for key in keys:
            value = self._at(key)
            if value is not None or not optional:
                self._path(key, value)

    def _path(self, key: str, value: Any) -> None:
        try:
            jmespath.compile(value)
        except Exception:
            self._wrong(key, "must be a JMESPath expression")

    def _words(self, key: str, *, may_be_empty: bool = False) -> str:
        value = self._at(key)
        if not isinstance(value, str) or not (value.strip() or may_be_empty):
            self._wrong(key, "must be a text")
        return str(value)

    def _number(self, key: str, *, least: int) -> None:
        value = self._at(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self._wrong(key, f"must be a whole number from {least}")

    def _table(self, key: str) -> Mapping[str, Any]:
        value = self._at(key)
        if not isinstance(value, Mapping) or not value:
            self._wrong(key, "must be a table with entries")
        return value

    def _at(self, key: str) -> Any:
        value: Any = self._data
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def _wrong(self, key: str, why: str) -> NoReturn:
        found = "is missing" if self._at(key) is None and "missing" not in why else ""
        detail = f"{found}; it {why}" if found and why.startswith("must") else why
        raise ConfigError(f"The profile {self._name}: {key} {detail}", code="bad_profile")
