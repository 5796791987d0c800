"""Addresses of the API, below `/api/`. An unknown one answers with a problem document, not with a page."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from inbox.api.views.unknown import UnknownAddress

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    re_path(r"^.*$", UnknownAddress.as_view(), name="api-unknown"),
]
