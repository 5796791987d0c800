"""Which files of our dependencies are served: what our pages use, not everything that a wheel contains."""

from __future__ import annotations

from django.contrib.staticfiles.apps import StaticFilesConfig


class ServedFilesConfig(StaticFilesConfig):
    """Compressing the unused rest took half a minute of the first start."""

    ignore_patterns = [
        "CVS",
        ".*",
        "*~",
        "*LICENSE*",
        "rest_framework/*",
        "drf_spectacular_sidecar/redoc/*",
        "js-lib-bootstrap5/js/*",
        "js-lib-bootstrap5/css/bootstrap-*",
        "js-lib-bootstrap5/css/bootstrap.rtl*",
        "js-lib-bootstrap5/css/bootstrap.css*",
        "django_htmx/ext/*",
        "django_htmx/htmax*",
        "django_htmx/htmx-4*",
        "django_htmx/htmx-2.js",
    ]
