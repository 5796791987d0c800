"""Both languages are complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import translations

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_left_untranslated() -> None:
    done = subprocess.run(
        [sys.executable, "tools/translations.py", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_compiling_never_shows_half_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that starts while another compiles once died of an empty file."""
    path = translations.po_path("vi").with_suffix(".mo")
    translations.compile_all()
    whole = path.read_bytes()
    seen = []
    real = translations.write_mo

    def look(file: object, catalog: object) -> None:
        seen.append(path.read_bytes())
        real(file, catalog)

    monkeypatch.setattr(translations, "write_mo", look)
    translations.compile_all()
    assert seen == [whole]
