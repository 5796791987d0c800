"""The story of everything going wrong at once (tests/chaos), told with a random seed that is said first."""

from __future__ import annotations

import random

from tests.chaos import story
from tests.processes import running_sandbox


def run(number: int) -> None:
    """Print what happened. A story that ends badly raises AssertionError. Needs a database without tickets."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"Chaos, {number:,} complaints over three sources, seed {seed}", flush=True)
    with running_sandbox("--count", "0") as sandbox:
        print(f"  {story.tell(sandbox, seed=seed, number=number, beats=48)}\n")
