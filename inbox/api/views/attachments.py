"""Files of complaints, by reference to where their source keeps them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.api.documents import AttachmentDocument
from inbox.api.parameters import AttachmentParameters
from inbox.api.views.base import PROBLEMS, ListView, official_of
from inbox.outbox import queries


class AttachmentList(ListView):
    """Files of the tickets one may see, newest first."""

    serializer_class = AttachmentDocument
    parameters = AttachmentParameters
    sort_column = "-pk"

    @extend_schema(
        operation_id="attachments_list",
        parameters=[AttachmentParameters],
        responses={200: AttachmentDocument(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return queries.attachments(official_of(request), **asked)


class AttachmentDetail(APIView):
    """One file."""

    @extend_schema(operation_id="attachments_retrieve", responses={200: AttachmentDocument, **PROBLEMS})
    def get(self, request: Request, pk: int) -> Response:
        return Response(AttachmentDocument(queries.attachment(pk, official_of(request))).data)
