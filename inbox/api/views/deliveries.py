"""Messages to sources: where they stand, and sending one again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions.retry_delivery import retry_delivery
from inbox.api.documents import DeliveryDocument, ProblemDocument
from inbox.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from inbox.api.idempotency import idempotent
from inbox.api.parameters import DeliveryParameters
from inbox.api.views.base import PROBLEMS, CommandView, ListView, official_of
from inbox.outbox import queries


class DeliveryList(ListView):
    """Messages about the tickets one may see, newest first."""

    serializer_class = DeliveryDocument
    parameters = DeliveryParameters
    sort_column = "-pk"

    @extend_schema(
        operation_id="deliveries_list",
        parameters=[DeliveryParameters],
        responses={200: DeliveryDocument(many=True), **PROBLEMS},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return queries.deliveries(official_of(request), **asked)


class DeliveryRetry(CommandView):
    """Send a message again."""

    @extend_schema(
        operation_id="deliveries_retry",
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={
            200: DeliveryDocument,
            409: OpenApiResponse(ProblemDocument, description="Already delivered, or under way"),
            **PROBLEMS,
        },
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        official = official_of(request)
        retry_delivery(pk, actor=official)
        return Response(DeliveryDocument(queries.delivery(pk, official)).data)
