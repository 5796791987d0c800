"""How log lines look. No personal data and no secrets are ever logged; ids are enough to find the rest."""

from __future__ import annotations

from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname:<7} {name} {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "inbox": {"level": "INFO"},
        "connectors": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
    },
}
