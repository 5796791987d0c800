"""Everything periodic, in one dictionary. Each task only looks at what is due, so a second scheduler is harmless."""

from __future__ import annotations

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "sync-due-sources": {"task": "inbox.intake.tasks.sync_due_sources", "schedule": 5.0, "options": {"expires": 5}},
    "fetch-files": {"task": "inbox.intake.tasks.fetch_files", "schedule": 15.0, "options": {"expires": 15}},
    "dispatch-outbox": {"task": "inbox.outbox.tasks.dispatch_due", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-sla": {"task": "inbox.sla.tasks.sweep_clocks", "schedule": 30.0, "options": {"expires": 30}},
    "beat-alive": {"task": "inbox.core.tasks.beat_alive", "schedule": 10.0, "options": {"expires": 10}},
}
