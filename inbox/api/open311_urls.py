"""Addresses of Open311 GeoReport v2, below `/open311/v2/`."""

from __future__ import annotations

from django.urls import path, register_converter

from inbox.api.views.open311 import Discovery, RequestDetail, Requests, ServiceDefinition, Services


class Suffix:
    """The format of an answer."""

    regex = "json|xml"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Suffix, "open311_suffix")

urlpatterns = [
    path("discovery.<open311_suffix:suffix>", Discovery.as_view(), name="open311-discovery"),
    path("services.<open311_suffix:suffix>", Services.as_view(), name="open311-services"),
    path("services/<slug:service>.<open311_suffix:suffix>", ServiceDefinition.as_view(), name="open311-service"),
    path("requests.<open311_suffix:suffix>", Requests.as_view(), name="open311-requests"),
    path("requests/<str:published_code>.<open311_suffix:suffix>", RequestDetail.as_view(), name="open311-request"),
]
