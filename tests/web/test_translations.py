"""Both languages are complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_left_untranslated() -> None:
    done = subprocess.run(
        [sys.executable, "tools/translations.py", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
