"""Profiles as data files: a new app without a line of code, and a wrong key named before anything is read."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from connectors import profile, registry
from connectors.engine import read
from connectors.errors import ConfigError
from connectors.protocol import SourceConfig
from connectors.records import SourceStatus

SHIPPED = Path(profile.__file__).parent / "profiles"
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of an installation's own profiles."""
    monkeypatch.setattr(profile, "_FOLDERS", list(profile._FOLDERS))
    profile.look_also_in(tmp_path)
    profile.load.cache_clear()
    yield tmp_path
    profile.load.cache_clear()


def shipped(name: str) -> dict[str, Any]:
    return tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


def toml(value: Any, prefix: str = "") -> str:
    """Just enough of a TOML writer for these tests."""
    plain = {key: one for key, one in value.items() if not isinstance(one, dict)}
    lines = [f"{json.dumps(key)} = {json.dumps(one, ensure_ascii=False)}" for key, one in plain.items()]
    for key, one in value.items():
        if isinstance(one, dict):
            name = f"{prefix}{json.dumps(key, ensure_ascii=False)}"
            lines += [f"[{name}]", toml(one, f"{name}.")]
    return "\n".join(lines)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_can_be_followed(path: Path) -> None:
    assert profile.statuses(profile.load(path.stem))


WRONG: list[tuple[str, str, Change, str]] = [
    ("gopy", "a way to log in nobody knows", lambda p: p.update(auth="oauth"), "auth"),
    ("gopy", "no paging", lambda p: p["list"].pop("page_size"), "list.page_size"),
    ("gopy", "pages of none", lambda p: p["list"].update(page_size=0), "list.page_size"),
    ("gopy", "a path that is none", lambda p: p["list"].update(rows="data[["), "list.rows"),
    ("gopy", "the field that everything hangs on", lambda p: p["fields"].pop("external_id"), "fields.external_id"),
    ("gopy", "a field of a name we do not know", lambda p: p["fields"].update(titel="x"), "fields.titel"),
    ("gopy", "a status of theirs as ours", lambda p: p["statuses"].update(X="DA_XU_LY"), "statuses.X"),
    ("gopy", "a category of theirs as ours", lambda p: p["categories"].update({"9": "Khác"}), "categories.9"),
    ("gopy", "an action we do not know", lambda p: p["actions"].update(close="done"), "actions.close"),
    ("gopy", "an action without its body", lambda p: p["writes"].pop("done"), "writes.done.status"),
    ("gopy", "writing without looking up", lambda p: p.pop("detail"), "detail"),
    ("gopy", "an address without the id", lambda p: p["detail"].update(path="/x"), "detail.path"),
    ("gopy", "an address with something else", lambda p: p["detail"].update(path="/{write_id}/{x}"), "detail.path"),
    ("gopy", "a family nobody has", lambda p: p.update(family="zalo"), "family"),
    ("gopy", "days as words", lambda p: p.update(overlap_days="two"), "overlap_days"),
    ("ioc", "no statuses", lambda p: p.pop("statuses"), "statuses"),
    ("file_drop", "no column for the text", lambda p: p["columns"].pop("text"), "columns.text"),
    ("file_drop", "one title instead of a list", lambda p: p["columns"].update(text="Nội dung"), "columns.text"),
    ("file_drop", "a column that means nothing", lambda p: p["columns"].update(x=["y"]), "columns.x"),
    ("file_drop", "no title for answers", lambda p: p["results"].pop("answer"), "results.answer"),
]


@pytest.mark.parametrize(("name", "change", "key"), [(n, c, k) for n, _, c, k in WRONG], ids=[c[1] for c in WRONG])
def test_a_wrong_key_is_named(own_folder: Path, name: str, change: Change, key: str) -> None:
    data = copy.deepcopy(shipped(name))
    change(data)
    (own_folder / "app_moi.toml").write_text(toml(data), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        profile.load("app_moi")
    assert caught.value.code == "bad_profile"
    assert f"The profile app_moi: {key} " in caught.value.detail


def test_a_source_with_a_wrong_profile_is_refused_when_it_is_set_up(own_folder: Path) -> None:
    (own_folder / "app_moi.toml").write_text('family = "district_app"\n', encoding="utf-8")
    config = SourceConfig("x", {"base_url": "http://127.0.0.1:9"}, profile="app_moi", secrets={"token": "t"})
    with pytest.raises(ConfigError, match="statuses"):
        registry.build(config, connector="district_app")


@pytest.mark.parametrize("content", [b"not toml [", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_nobodys_profile(own_folder: Path, content: bytes) -> None:
    (own_folder / "app_moi.toml").write_bytes(content)
    assert "app_moi" not in profile.names("district_app")
    with pytest.raises(ConfigError, match="not TOML"):
        profile.load("app_moi")


def test_a_new_app_is_a_data_file(own_folder: Path, httpserver: HTTPServer) -> None:
    """The example of docs/connectors.md, as it stands there."""
    docs = (Path(__file__).resolve().parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
    example = docs.split("```toml", 1)[1].split("```", 1)[0]
    (own_folder / "app_quan_x.toml").write_text(example, encoding="utf-8")
    rows = [{"ma": n, "noi_dung": f"Ngập {n}", "trang_thai": "moi", "gui_luc": "19/11/2026"} for n in range(3)]
    httpserver.expect_request("/api/phan-anh").respond_with_json({"ket_qua": rows, "tong": 3})
    config = SourceConfig("quan-x", {"base_url": httpserver.url_for("")}, profile="app_quan_x", secrets={"token": "t"})
    source = registry.build(config, connector="district_app")
    assert source.capabilities.pushes == frozenset()
    found = [one.record for batch in read(source, {}, now=datetime.now(UTC)) for one in batch.accepted]
    assert {record.external_id for record in found} == {"0", "1", "2"}
    assert {record.status for record in found} == {SourceStatus.NEW}
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer t"
