"""House rules that import contracts cannot express, read off the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "connectors", "inbox")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "services", "managers", "signals"}


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def test_a_status_is_set_in_one_place() -> None:
    """`ticket.status = …` only in Ticket.set_status, and that is called only by actions."""
    offenders = []
    for name, tree in sources(*PACKAGES):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    is_status = isinstance(target, ast.Attribute) and target.attr == "status"
                    owner = ast.unparse(target.value) if isinstance(target, ast.Attribute) else ""
                    if is_status and "ticket" in owner and not name.startswith("inbox/actions/"):
                        offenders.append(name)
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "set_status"
                and not name.startswith("inbox/actions/")
            ):
                offenders.append(name)
    assert offenders == []


def test_doors_do_not_touch_tables() -> None:
    """`.objects` neither in web, nor in api views, nor in a tasks.py that is not intake's loader."""
    offenders = [
        f"{name}:{node.lineno}"
        for name, tree in sources("inbox/web", "inbox/api")
        if not name.endswith(("api/models.py", "api/authentication.py", "api/idempotency.py"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
    assert offenders == []


def test_nobody_asks_the_time_but_the_clock() -> None:
    offenders = [
        f"{name}:{node.lineno}"
        for name, tree in sources("inbox")
        if name != "inbox/core/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {"timezone.now", "datetime.now", "datetime.utcnow", "date.today", "datetime.today", "time.time"}
    ]
    assert offenders == []


def test_no_signal_receivers() -> None:
    offenders = [
        name
        for name, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in {"django.db.models.signals", "django.dispatch"}
    ]
    assert offenders == []


def test_files_are_named_after_what_they_are() -> None:
    offenders = [name for name, _ in sources(*PACKAGES) if Path(name).stem in FORBIDDEN_NAMES]
    assert offenders == []


def test_every_module_says_what_it_is_for() -> None:
    offenders = [name for name, tree in sources(*PACKAGES) if tree.body and not ast.get_docstring(tree)]
    assert offenders == []


@pytest.mark.parametrize("folder", ["inbox/actions"])
def test_an_action_file_holds_the_function_of_its_name(folder: str) -> None:
    """The folder listing is the feature list."""
    apart = {"__init__", "base", "registry"}
    for name, tree in sources(folder):
        stem = Path(name).stem
        if stem not in apart:
            public = {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")}
            assert stem in public, name


def test_the_environment_is_read_in_one_place() -> None:
    offenders = [
        name
        for name, tree in sources("inbox", "config", "connectors")
        if name not in {"config/env.py", "config/gunicorn.py", "inbox/management/commands/add_source.py"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"os.environ", "os.getenv"}
        and "setdefault" not in ast.unparse(tree).split("os.environ", 1)[1][:12]
    ]
    assert offenders == []


def test_nothing_names_a_package_index_or_this_machine() -> None:
    for path in [*ROOT.glob("requirements*"), *ROOT.glob("*.toml"), ROOT / "README.md", ROOT / "Makefile"]:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert not re.search(r"pypi\.|pythonhosted|/simple/|registry\.npmjs", text), path
    for path in ROOT.glob("requirements*.lock"):
        assert "://" not in path.read_text(encoding="utf-8")
