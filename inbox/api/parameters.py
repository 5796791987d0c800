"""Query parameters. A name or value that is not known is refused with the field named, never ignored."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django_filters import ChoiceFilter, IsoDateTimeFilter, MultipleChoiceFilter
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from inbox.accounts.models import Official
from inbox.api import paging
from inbox.dashboards.periods import Grain
from inbox.dashboards.tally import DIMENSIONS
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.vocabulary import PayloadState
from inbox.tickets.filters import TicketFilter

_DESCRIPTIONS = {
    "unit": "Code of a unit, or `none` for tickets that have no unit yet.",
    "source": "Slug of the source a ticket first came through.",
    "assignee": "A username, `me`, or `none`.",
    "q": "Words in title, text or address, with or without marks; or a code, an external id, a phone number.",
    "ordering": "`-` puts the latest first.",
}


class TicketFilterBackend(BaseFilterBackend):
    """The filters of the ticket list, shared with the pages."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Raises Invalid. Tells the view which column orders the list."""
        asked = TicketFilter(
            request.query_params, queryset, official=cast(Official, request.user), also_allowed=paging.PARAMETERS
        )
        narrowed = asked.tickets()
        view.sort_column = asked.sort_column  # type: ignore[attr-defined]
        return narrowed

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [_parameter(name, filter_) for name, filter_ in TicketFilter.base_filters.items()]


def _parameter(name: str, filter_: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if isinstance(filter_, MultipleChoiceFilter | ChoiceFilter):
        schema["enum"] = [value for value, _label in filter_.extra["choices"]]
    if isinstance(filter_, IsoDateTimeFilter):
        schema["format"] = "date-time"
    if isinstance(filter_, MultipleChoiceFilter):
        schema = {"type": "array", "items": schema}
    return {"name": name, "in": "query", "schema": schema, "description": _DESCRIPTIONS.get(name, "")}


class Parameters(serializers.Serializer):  # type: ignore[type-arg]
    """The query parameters of a list. Subclasses name them."""

    @classmethod
    def read(cls, request: Request) -> dict[str, str]:
        """The values that were given. Raises ValidationError, also for a name that is not a parameter."""
        unknown = set(request.query_params) - set(cls().fields) - paging.PARAMETERS
        if unknown:
            raise serializers.ValidationError({min(unknown)[:50]: "There is no such parameter."})
        asked = cls(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)


class NoParameters(Parameters):
    """A list that cannot be narrowed."""


class AttachmentParameters(Parameters):
    ticket = serializers.CharField(required=False, max_length=30, help_text="Code of a ticket.")


class PayloadParameters(Parameters):
    state = serializers.ChoiceField(choices=list(PayloadState), required=False)
    source = serializers.SlugField(required=False, max_length=50)  # type: ignore[assignment]


class OutageParameters(Parameters):
    source = serializers.SlugField(required=False, max_length=50)  # type: ignore[assignment]


class EvidenceParameters(Parameters):
    source = serializers.SlugField(required=False, max_length=50)  # type: ignore[assignment]
    month = serializers.RegexField(r"^\d{4}-\d{2}$", required=False, help_text="Of the act: 2026-11.")


class DeliveryParameters(Parameters):
    state = serializers.ChoiceField(choices=list(DeliveryState), required=False)
    source = serializers.SlugField(required=False, max_length=50)  # type: ignore[assignment]
    ticket = serializers.CharField(required=False, max_length=30, help_text="Code of a ticket.")


class MetricParameters(Parameters):
    unit = serializers.CharField(required=False, max_length=20, help_text="Code of a unit.")
    source = serializers.SlugField(required=False, max_length=50)  # type: ignore[assignment]
    official = serializers.IntegerField(required=False, min_value=1, help_text="Key of an officer.")
    by = serializers.ChoiceField(
        choices=[*DIMENSIONS, *(grain.value for grain in Grain)], required=False, help_text="One row for each of these."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of the language and cannot be written as an attribute."""
        first = serializers.DateField(required=False, help_text="First local day; without it the last 30 days.")
        last = serializers.DateField(required=False, help_text="Last local day; without it today.")
        return super().get_fields() | {"from": first, "to": last}
