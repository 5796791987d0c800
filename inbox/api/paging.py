"""Pages by cursor: "what comes after this row", never "row number n". Page 30,000 costs as much as page 1.

A cursor is the sort value and the key of the last row a caller has seen. It is opaque to them and worthless as a way
in: it only narrows a list that is already limited to what they may see.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Any, Protocol, cast

from django.db.models import Q
from django.utils import timezone
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from inbox.core.errors import Invalid

CURSOR, PAGE_SIZE = "cursor", "page_size"
PARAMETERS = frozenset({CURSOR, PAGE_SIZE})
DEFAULT_PAGE_SIZE, LARGEST_PAGE = 50, 200
_LARGEST_KEY = 2**63 - 1
_YEARS = range(1900, 2300)


class PagedView(Protocol):
    """A view whose list is ordered by `sort_column` (with `-` when descending, nulls last), then by primary key."""

    sort_column: str


class KeysetPagination(BasePagination):
    """`{"results": […], "next": address of the next page or null}`."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """One page of the rows. Raises Invalid for a page size or cursor that makes no sense."""
        column = cast(PagedView, view).sort_column
        size = _page_size(request.query_params.get(PAGE_SIZE))
        nullable = not _is_key(column) and queryset.model._meta.get_field(column.lstrip("-")).null
        text = request.query_params.get(CURSOR)
        after = decode_cursor(text, column, nullable=nullable) if text is not None else None
        rows = list((queryset.filter(_rows_after(column, *after)) if after else queryset)[: size + 1])
        page = rows[:size]
        self._next = self._address_after(request, column, page, more=len(rows) > size, after=after, nullable=nullable)
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        next_page = {"type": "string", "format": "uri", "nullable": True, "description": "Address of the next page."}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": next_page, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": DEFAULT_PAGE_SIZE}
        cursor_help = "Opaque; taken from `next` of the page before."
        return [
            {"name": CURSOR, "in": "query", "schema": {"type": "string"}, "description": cursor_help},
            {"name": PAGE_SIZE, "in": "query", "schema": size, "description": "Rows a page."},
        ]

    @staticmethod
    def _address_after(
        request: Request, column: str, page: list[Any], *, more: bool, after: tuple[Any, int] | None, nullable: bool
    ) -> str | None:
        """The next page's address, None on the last one.

        Rows with a value and rows without one are walked one after the other, each by one range of the index: a page
        that runs out of rows with a value is short, and its `next` starts with the rows that have none.
        """
        if more:
            last = page[-1]
            cursor = encode_cursor(column, None if _is_key(column) else getattr(last, column.lstrip("-")), last.pk)
        elif nullable and after and after[0] is not None:
            cursor = encode_cursor(column, None, _LARGEST_KEY if column.startswith("-") else 0)
        else:
            return None
        return replace_query_param(request.build_absolute_uri(), CURSOR, cursor)


def encode_cursor(column: str, value: datetime | None, pk: int) -> str:
    """The cursor behind a row. It names its order, so that it cannot be used with another."""
    text = json.dumps([column, value.isoformat() if value else None, pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(text: str, column: str, *, nullable: bool) -> tuple[datetime | None, int]:
    """The sort value and key in a cursor made for `column`. Raises Invalid for anything else."""
    try:
        made_for, stamp, pk = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        value = None if stamp is None else datetime.fromisoformat(stamp)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise _bad_cursor() from None
    if made_for != column or type(pk) is not int or not 0 <= pk <= _LARGEST_KEY:
        raise _bad_cursor()
    fits = (nullable or _is_key(column)) if value is None else _is_usable(value) and not _is_key(column)
    if not fits:
        raise _bad_cursor()
    return value, pk


def _rows_after(column: str, value: datetime | None, pk: int) -> Q:
    """Rows behind (value, pk). Written so that an index starts at `value`: "a < x OR (a = x AND id < y)", which says
    the same, makes databases read every row before it, and SQLite has no row comparison in Django.
    """
    name, beyond = column.lstrip("-"), "lt" if column.startswith("-") else "gt"
    later = Q(**{f"pk__{beyond}": pk})
    if _is_key(column):
        return later
    if value is None:
        return Q(**{f"{name}__isnull": True}) & later
    return Q(**{f"{name}__{beyond}e": value}) & (Q(**{f"{name}__{beyond}": value}) | later)


def _page_size(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_SIZE
    size = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if not 1 <= size <= LARGEST_PAGE:
        raise Invalid(f"A number from 1 to {LARGEST_PAGE}", field=PAGE_SIZE)
    return size


def _is_key(column: str) -> bool:
    return column.lstrip("-") == "pk"


def _is_usable(value: datetime) -> bool:
    return timezone.is_aware(value) and value.year in _YEARS


def _bad_cursor() -> Invalid:
    return Invalid("This cursor does not belong to this list and order", field=CURSOR)
