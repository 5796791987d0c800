"""How often long-lived processes look for rings of objects that nobody needs any more.

What Python does by itself suits small scripts: with Django loaded, nearly a tenth of the time of intake went into
looking through modules and rows that are still in use (benchmarks/ingest.py).
"""

from __future__ import annotations

import gc
from typing import Any

#: New objects between two looks at the young ones, and how many of those come before a look at the older ones.
THRESHOLDS = (10_000, 50, 100)


def look_seldom(**_signal: Any) -> None:
    """Call it once all modules are loaded: what lives now lives as long as the process and is left out from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
