"""`new_connector` writes a beginning that is really one: in a copy of the repository its tests pass at once."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[2]


def begin(*words: str) -> dict[str, object]:
    said = io.StringIO()
    call_command("new_connector", *words, "--json", stdout=said)
    return dict(json.loads(said.getvalue()))


def test_what_it_writes_runs_and_is_clean(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "connectors", tmp_path / "connectors", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests" / "connectors").mkdir(parents=True)
    for name in ("__init__.py", "connectors/__init__.py", "connectors/conftest.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    facts = begin("zalo_city", "--label", "Zalo của Thành phố", "--root", str(tmp_path))
    files = facts["files"]
    assert isinstance(files, list)
    assert len(files) == 6
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", str(facts["test"])]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert "passed" in ran.stdout
    python = [name for name in files if name.endswith(".py")]
    ruff = [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), *python]
    checked = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    shaped = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), *python],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert shaped.returncode == 0, shaped.stdout


@pytest.mark.parametrize("slug", ["Zalo", "zalo-city", "../zalo", "1zalo", "zalo__city", "x" * 41, "open311"])
def test_a_slug_that_cannot_be_one_writes_nothing(tmp_path: Path, slug: str) -> None:
    with pytest.raises(CommandError) as caught:
        begin(slug, "--root", str(tmp_path))
    assert caught.value.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    begin("zalo_city", "--root", str(tmp_path))
    source = tmp_path / "connectors" / "sources" / "zalo_city.py"
    source.write_text("mine", encoding="utf-8")
    with pytest.raises(CommandError, match="Nothing was written"):
        begin("zalo_city", "--root", str(tmp_path))
    assert source.read_text(encoding="utf-8") == "mine"
