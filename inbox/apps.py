"""The one Django app of the product."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from connectors import profile


class InboxConfig(AppConfig):
    name = "inbox"
    verbose_name = "Một Mối"

    def ready(self) -> None:
        """Profiles that an installation wrote itself lie beside its data, where an upgrade leaves them alone."""
        profile.look_also_in(Path(settings.DATA_DIR) / "profiles")
