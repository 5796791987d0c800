"""Files for other software: asked for, looked after and fetched; made in the background."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.api.documents import ExportBody, ExportDocument
from inbox.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from inbox.api.idempotency import idempotent
from inbox.api.views.base import PROBLEMS, JSONBody, ListView, official_of
from inbox.reports import keep, queries
from inbox.reports.ask import ask_export


class ExportList(ListView):
    """One's own files, newest first. `POST` asks for another one."""

    parser_classes = (JSONBody,)
    serializer_class = ExportDocument
    sort_column = "-pk"

    @extend_schema(operation_id="exports_list", responses={200: ExportDocument(many=True), **PROBLEMS})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    @extend_schema(
        operation_id="exports_create",
        parameters=[IDEMPOTENCY_KEY],
        request=ExportBody,
        responses={202: ExportDocument, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = ExportBody(data=request.data)
        body.is_valid(raise_exception=True)
        export = ask_export(actor=official_of(request), **body.wanted())
        return Response(ExportDocument(export).data, status=202)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return queries.exports(official_of(request))


class ExportDetail(APIView):
    """One file: how far it is, and where it can be fetched. `DELETE` deletes it or stops its making."""

    @extend_schema(operation_id="exports_retrieve", responses={200: ExportDocument, **PROBLEMS})
    def get(self, request: Request, key: uuid.UUID) -> Response:
        return Response(ExportDocument(queries.export(key, official_of(request))).data)

    @extend_schema(operation_id="exports_delete", responses={204: None, **PROBLEMS})
    def delete(self, request: Request, key: uuid.UUID) -> Response:
        keep.delete_export(key, actor=official_of(request))
        return Response(status=204)


class ExportFile(APIView):
    """The file itself, if the caller may still see all that is in it; 409 while it is being made."""

    @extend_schema(
        operation_id="exports_download",
        responses={200: OpenApiResponse(OpenApiTypes.BINARY, description="The file"), **PROBLEMS},
    )
    def get(self, request: Request, key: uuid.UUID) -> HttpResponseBase:
        file = keep.fetch(key, actor=official_of(request))
        return FileResponse(
            file.path.open("rb"), as_attachment=True, filename=file.name, content_type=file.content_type
        )
