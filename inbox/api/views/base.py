"""What the views share. A view reads from `queries`, calls `actions`, and writes no SQL and no rules of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import ParseError
from rest_framework.filters import BaseFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.accounts.models import Official
from inbox.api.documents import ProblemDocument
from inbox.api.paging import KeysetPagination
from inbox.api.parameters import NoParameters, Parameters

PROBLEMS = {
    status: OpenApiResponse(ProblemDocument, description=description)
    for status, description in (
        (400, "A value is missing or makes no sense"),
        (401, "Nobody is logged in"),
        (403, "Not among what one's roles may do"),
        (404, "Does not exist, or not for this caller"),
    )
}


def official_of(request: Request) -> Official:
    """Who is calling. Every view requires somebody."""
    return cast(Official, request.user)


class JSONBody(JSONParser):
    """JSON; a body that is nested without end is as unreadable as a broken one."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError from None


class CommandView(APIView):
    """`POST` something to be done."""

    parser_classes = (JSONBody,)


class ListView(GenericAPIView):  # type: ignore[type-arg]
    """`GET` a page of rows. Subclasses say which rows, in which order, narrowed by which parameters."""

    pagination_class = KeysetPagination
    filter_backends: Sequence[type[BaseFilterBackend]] = ()
    parameters: type[Parameters] = NoParameters
    sort_column: str

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        """The rows this caller may see, ordered by `sort_column`."""
        raise NotImplementedError

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.rows(request, self.parameters.read(request), **kwargs)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
