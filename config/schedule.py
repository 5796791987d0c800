"""Everything periodic, in one dictionary. Each task only looks at what is due, so a second scheduler is harmless."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "sync-due-sources": {"task": "inbox.intake.tasks.sync_due_sources", "schedule": 5.0, "options": {"expires": 5}},
    "fetch-files": {"task": "inbox.intake.tasks.fetch_files", "schedule": 15.0, "options": {"expires": 15}},
    "forget-messages": {"task": "inbox.intake.tasks.forget_messages", "schedule": crontab(hour="3", minute="10")},
    "watch-sources": {"task": "inbox.intake.tasks.watch_sources", "schedule": 60.0, "options": {"expires": 60}},
    "learn-rhythms": {"task": "inbox.intake.tasks.learn_rhythms", "schedule": crontab(hour="2", minute="40")},
    "tidy-intake": {"task": "inbox.intake.tasks.tidy_intake", "schedule": crontab(hour="3", minute="20")},
    "probe-sources": {"task": "inbox.sources.tasks.probe_sources", "schedule": 60.0, "options": {"expires": 60}},
    "dispatch-outbox": {"task": "inbox.outbox.tasks.dispatch_due", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-sla": {"task": "inbox.sla.tasks.sweep_clocks", "schedule": 30.0, "options": {"expires": 30}},
    "tell-people": {"task": "inbox.notify.tasks.tell_people", "schedule": 10.0, "options": {"expires": 10}},
    "send-mail": {"task": "inbox.notify.tasks.send_mail", "schedule": 60.0, "options": {"expires": 60}},
    "learn-handling-times": {
        "task": "inbox.sla.tasks.learn_handling_times",
        "schedule": crontab(hour="2", minute="20"),
    },
    "recalculate-clocks": {"task": "inbox.sla.tasks.recalculate_clocks", "schedule": 20.0, "options": {"expires": 20}},
    "check-deadlines": {"task": "inbox.sla.tasks.check_deadlines", "schedule": crontab(hour="3", minute="40")},
    "refresh-foresight": {"task": "inbox.sla.tasks.refresh_foresight", "schedule": 600.0, "options": {"expires": 600}},
    "refresh-rollups": {"task": "inbox.dashboards.tasks.refresh_rollups", "schedule": 30.0, "options": {"expires": 30}},
    "collect-evidence": {"task": "inbox.evidence.tasks.collect_evidence", "schedule": 60.0, "options": {"expires": 60}},
    "anchor-histories": {"task": "inbox.tickets.tasks.anchor_histories", "schedule": crontab(hour="0", minute="5")},
    "make-exports": {"task": "inbox.reports.tasks.make_exports", "schedule": 15.0, "options": {"expires": 15}},
    "publish-open-data": {
        "task": "inbox.reports.tasks.publish_open_data",
        "schedule": crontab(hour="3", minute="40"),
    },
    "tell-of-reports": {"task": "inbox.reports.tasks.tell_of_reports", "schedule": 600.0, "options": {"expires": 600}},
    "expire-exports": {"task": "inbox.reports.tasks.expire_exports", "schedule": crontab(minute="40")},
    "reconcile-sources": {
        "task": "inbox.intake.tasks.reconcile_sources",
        "schedule": crontab(hour="1", minute="30"),
    },
    "bulk-jobs": {"task": "inbox.bulk.tasks.go_on_with_all", "schedule": 10.0, "options": {"expires": 10}},
    "forget-undo-steps": {"task": "inbox.bulk.tasks.forget_undo_steps", "schedule": crontab(hour="3", minute="20")},
    "beat-alive": {"task": "inbox.core.tasks.beat_alive", "schedule": 10.0, "options": {"expires": 10}},
}
