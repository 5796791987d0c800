"""Addresses of the API, below `/api/`. An unknown one answers with a problem document, not with a page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import IsAuthenticated

from inbox.api.views.attachments import AttachmentDetail, AttachmentList
from inbox.api.views.deliveries import DeliveryList, DeliveryRetry
from inbox.api.views.evidence import EvidenceList, OutageList
from inbox.api.views.exports import ExportDetail, ExportFile, ExportList
from inbox.api.views.metrics import MetricDetail
from inbox.api.views.payloads import PayloadList, PayloadReplay
from inbox.api.views.sources import SourceDetail, SourceList, SourceRuns, SourceSync
from inbox.api.views.tickets import TicketAction, TicketDetail, TicketEvents, TicketExplanation, TicketList
from inbox.api.views.unknown import UnknownAddress

v1 = [
    path("tickets/", TicketList.as_view(), name="api-tickets"),
    path("tickets/<str:code>/", TicketDetail.as_view(), name="api-ticket"),
    path("tickets/<str:code>/explanation/", TicketExplanation.as_view(), name="api-ticket-explanation"),
    path("tickets/<str:code>/events/", TicketEvents.as_view(), name="api-ticket-events"),
    path("tickets/<str:code>/actions/<str:verb>/", TicketAction.as_view(), name="api-ticket-action"),
    path("attachments/", AttachmentList.as_view(), name="api-attachments"),
    path("attachments/<int:pk>/", AttachmentDetail.as_view(), name="api-attachment"),
    path("sources/", SourceList.as_view(), name="api-sources"),
    path("sources/<slug:slug>/", SourceDetail.as_view(), name="api-source"),
    path("sources/<slug:slug>/runs/", SourceRuns.as_view(), name="api-source-runs"),
    path("sources/<slug:slug>/sync/", SourceSync.as_view(), name="api-source-sync"),
    path("payloads/", PayloadList.as_view(), name="api-payloads"),
    path("payloads/<int:pk>/replay/", PayloadReplay.as_view(), name="api-payload-replay"),
    path("metrics/<slug:name>/", MetricDetail.as_view(), name="api-metric"),
    path("outages/", OutageList.as_view(), name="api-outages"),
    path("evidence/", EvidenceList.as_view(), name="api-evidence"),
    path("exports/", ExportList.as_view(), name="api-exports"),
    path("exports/<uuid:key>/", ExportDetail.as_view(), name="api-export"),
    path("exports/<uuid:key>/download/", ExportFile.as_view(), name="api-export-download"),
    path("deliveries/", DeliveryList.as_view(), name="api-deliveries"),
    path("deliveries/<int:pk>/retry/", DeliveryRetry.as_view(), name="api-delivery-retry"),
]
schema = SpectacularAPIView.as_view(permission_classes=[IsAuthenticated])
docs = SpectacularSwaggerView.as_view(url_name="api-schema")

urlpatterns = [
    path("v1/", include(v1)),
    path("schema/", schema, name="api-schema"),
    path("docs/", login_required(docs), name="api-docs"),
    re_path(r"^.*$", UnknownAddress.as_view(), name="api-unknown"),
]
