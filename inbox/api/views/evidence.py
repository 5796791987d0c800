"""When sources were away, and what was done in time all the same."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.documents import EvidenceDocument, OutageDocument
from inbox.api.parameters import EvidenceParameters, OutageParameters
from inbox.api.views.base import PROBLEMS, ListView, official_of
from inbox.evidence import queries as evidence
from inbox.sources import queries as sources


class OutageList(ListView):
    """When sources were away, the newest first."""

    serializer_class = OutageDocument
    parameters = OutageParameters
    sort_column = "-began"

    @extend_schema(
        operation_id="outages_list",
        parameters=[OutageParameters],
        responses={200: OutageDocument(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return sources.outages(official_of(request), **asked)


class EvidenceList(ListView):
    """Records of the tickets one may see, newest first; for those whose role has the list."""

    serializer_class = EvidenceDocument
    parameters = EvidenceParameters
    sort_column = "-pk"

    @extend_schema(
        operation_id="evidence_list",
        parameters=[EvidenceParameters],
        responses={200: EvidenceDocument(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return evidence.records(official_of(request), **asked)
