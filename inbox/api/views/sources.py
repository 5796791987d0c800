"""Sources and their runs, and asking for one to be read now."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.actions.request_sync import request_sync
from inbox.api.documents import RunDocument, SourceDocument, SyncRequestedDocument
from inbox.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from inbox.api.idempotency import idempotent
from inbox.api.views.base import PROBLEMS, CommandView, ListView, official_of
from inbox.sources import queries


class SourceList(ListView):
    """All sources with their health."""

    serializer_class = SourceDocument
    sort_column = "pk"

    @extend_schema(operation_id="sources_list", responses={200: SourceDocument(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return queries.sources(official_of(request)).order_by("pk")


class SourceDetail(APIView):
    """One source with its health."""

    @extend_schema(operation_id="sources_retrieve", responses={200: SourceDocument, **PROBLEMS})
    def get(self, request: Request, slug: str) -> Response:
        return Response(SourceDocument(queries.source(slug, official_of(request))).data)


class SourceRuns(ListView):
    """Runs of a source, newest first."""

    serializer_class = RunDocument
    sort_column = "-started_at"

    @extend_schema(operation_id="sources_runs", responses={200: RunDocument(many=True), **PROBLEMS})
    def get(self, request: Request, slug: str) -> Response:
        return super().get(request, slug=slug)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return queries.runs_of(kwargs["slug"], official_of(request))


class SourceSync(CommandView):
    """Ask for a source to be read now. A worker does it; `runs/` shows how it went."""

    @extend_schema(
        operation_id="sources_sync",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={202: SyncRequestedDocument, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        source = request_sync(slug, actor=official_of(request))
        return Response(SyncRequestedDocument(source).data, status=202)
