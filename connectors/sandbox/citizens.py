"""The citizens who go on complaining while the sandbox runs: now and then one edits or withdraws a complaint."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from connectors.sandbox import clock
from connectors.sandbox.changes import edit, withdraw

if TYPE_CHECKING:
    from connectors.sandbox.sandbox import Sandbox

_COUNTER = "citizens"


def keep_complaining(sandbox: Sandbox) -> None:
    """Let one thing happen every 60 / rate seconds until the sandbox stops."""
    while not sandbox.stopping.wait(60 / sandbox.options.rate):
        let_something_happen(sandbox)


def let_something_happen(sandbox: Sandbox) -> None:
    """One new complaint, or for every eighth or so an edit or a withdrawal. Archives from files are left alone."""
    turn = str(sandbox.store.next_number(_COUNTER))
    chance = random.Random(f"{sandbox.options.seed}:{_COUNTER}:{turn}")
    sources = [
        slug
        for slug, system in sandbox.systems.items()
        if system.is_seeded and not (slug == "open311" and sandbox.options.data)
    ]
    system = sandbox.systems[chance.choice(sources)]
    with sandbox.store.transaction():
        waiting = [c for c in system.visible() if not c.answers and not c.withdrawn]
        if waiting and chance.random() < 0.12:
            complaint = chance.choice(waiting)
            if system.keeps_withdrawn and chance.random() < 0.4:
                withdraw(sandbox.store, complaint, at=clock.now())
            else:
                text = f"{complaint.text} {sandbox.generator.addition(name=turn)}"
                edit(sandbox.store, complaint, {"text": text}, at=clock.now())
        else:
            system.take_complaint(sandbox.generator.one(system.slug, name=turn, at=clock.now()))
