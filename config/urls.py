"""All addresses of the product. What is behind each stands in the door's own `urls.py`."""

from django.urls import include, path

from inbox.admin import site
from inbox.api.views import hooks
from inbox.web.views import health

urlpatterns = [
    path("admin/", site.urls),
    path("api/", include("inbox.api.urls")),
    path("open311/v2/", include("inbox.api.open311_urls")),
    path("hooks/<slug:slug>/", hooks.hook, name="hook"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("", include("inbox.web.urls")),
]

handler400 = "inbox.web.views.errors.bad_request"
handler403 = "inbox.web.views.errors.forbidden"
handler404 = "inbox.web.views.errors.not_found"
handler500 = "inbox.web.views.errors.server_error"
