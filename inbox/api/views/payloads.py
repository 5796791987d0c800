"""Payloads as sources sent them, for those who mend sources: look at what was refused, and try it again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.documents import PayloadDocument, ReplayDocument
from inbox.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from inbox.api.idempotency import idempotent
from inbox.api.parameters import PayloadParameters
from inbox.api.views.base import PROBLEMS, CommandView, ListView, official_of
from inbox.intake.replay import replay_payload
from inbox.sources import queries


class PayloadList(ListView):
    """Payloads with their bodies, newest first."""

    serializer_class = PayloadDocument
    parameters = PayloadParameters
    sort_column = "-received_at"

    @extend_schema(
        operation_id="payloads_list",
        parameters=[PayloadParameters],
        responses={200: PayloadDocument(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return queries.payloads(official_of(request), **asked)


class PayloadReplay(CommandView):
    """Try a quarantined payload again."""

    @extend_schema(
        operation_id="payloads_replay",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={200: ReplayDocument, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        return Response(ReplayDocument(replay_payload(pk, actor=official_of(request))).data)
