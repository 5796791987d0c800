"""The Celery application. Tasks are doors only: they load, call and end; the database is the queue of record."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_process_init

from config.collector import look_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("mot-moi")
app.config_from_object("django.conf:settings", namespace="CELERY")
#: The modules of `inbox` that have tasks.
MODULES = (
    *("bulk", "core", "dashboards", "evidence", "intake", "notify", "outbox", "reports", "sla", "sources", "tickets"),
)
app.autodiscover_tasks([f"inbox.{module}" for module in MODULES])
worker_process_init.connect(look_seldom)
