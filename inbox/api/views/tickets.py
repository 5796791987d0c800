"""Tickets: the list, one, its history, and what can be done to it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inbox.actions.create_ticket import create_ticket
from inbox.actions.registry import perform
from inbox.api import etags
from inbox.api.documents import (
    ActionBody,
    EventDocument,
    ExplanationDocument,
    NewTicketBody,
    NewTicketCodeDocument,
    ProblemDocument,
    TicketDocument,
)
from inbox.api.idempotency import PARAMETER as IDEMPOTENCY_KEY
from inbox.api.idempotency import idempotent
from inbox.api.parameters import TicketFilterBackend
from inbox.api.views.base import PROBLEMS, CommandView, JSONBody, ListView, official_of
from inbox.core import clock
from inbox.core.errors import Invalid, NotFound
from inbox.outbox.queries import events_of, ticket_with_deliveries, tickets_with_deliveries
from inbox.sla.explain import explain
from inbox.sla.words import sentences
from inbox.tickets import queries
from inbox.tickets.vocabulary import Verb

_CODE = OpenApiParameter("code", location="path", description="Code of a ticket: PA-000123.")


class TicketList(ListView):
    """The tickets one may see; `POST` writes down one that came in person, by phone or by letter."""

    serializer_class = TicketDocument
    parser_classes = (JSONBody,)
    filter_backends = (TicketFilterBackend,)

    @extend_schema(operation_id="tickets_list", responses={200: TicketDocument(many=True), **PROBLEMS})
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(tickets_with_deliveries(official_of(request))))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="tickets_create",
        parameters=[IDEMPOTENCY_KEY],
        request=NewTicketBody,
        responses={
            201: TicketDocument,
            202: OpenApiResponse(NewTicketCodeDocument, description="It belongs to a ward that one may not see"),
            **PROBLEMS,
        },
        filters=False,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = NewTicketBody(data=request.data)
        body.is_valid(raise_exception=True)
        official = official_of(request)
        code = create_ticket(body.complaint(), actor=official).code
        try:
            ticket = ticket_with_deliveries(code, official)
        except NotFound:
            return Response(NewTicketCodeDocument({"code": code}).data, status=202)
        document = TicketDocument(ticket).data
        headers = {
            "Location": reverse("api-ticket", args=[code]),
            "ETag": etags.etag_of(document, version=ticket.version),
        }
        return Response(document, status=201, headers=headers)


class TicketDetail(APIView):
    """One ticket."""

    @extend_schema(
        operation_id="tickets_retrieve",
        parameters=[_CODE, OpenApiParameter("If-None-Match", location="header")],
        responses={200: TicketDocument, 304: OpenApiResponse(description="Not changed"), **PROBLEMS},
    )
    def get(self, request: Request, code: str) -> Response:
        ticket = ticket_with_deliveries(code, official_of(request))
        return etags.conditional(request, TicketDocument(ticket).data, version=ticket.version)


class TicketExplanation(APIView):
    """Why a ticket's deadlines are what they are."""

    @extend_schema(
        operation_id="tickets_explanation", parameters=[_CODE], responses={200: ExplanationDocument, **PROBLEMS}
    )
    def get(self, request: Request, code: str) -> Response:
        ticket = queries.ticket(code, official_of(request))
        explanation = explain(ticket, at=clock.now())
        facts = {
            "code": ticket.code,
            "source_due": explanation.source_due_at,
            "clocks": explanation.clocks,
            "extensions": explanation.extensions,
            "text": sentences(explanation),
        }
        return Response(ExplanationDocument(facts).data)


class TicketEvents(ListView):
    """What happened to a ticket, oldest first."""

    serializer_class = EventDocument
    sort_column = "at"

    @extend_schema(
        operation_id="tickets_events", parameters=[_CODE], responses={200: EventDocument(many=True), **PROBLEMS}
    )
    def get(self, request: Request, code: str) -> Response:
        return super().get(request, code=code)

    def rows(self, request: Request, asked: dict[str, str], **kwargs: Any) -> QuerySet[Any]:
        return events_of(kwargs["code"], official_of(request))


class TicketAction(CommandView):
    """Do something to a ticket."""

    @extend_schema(
        operation_id="tickets_act",
        description=f"The body holds what the verb needs:\n\n{ActionBody.DESCRIPTION}",
        parameters=[
            _CODE,
            OpenApiParameter("verb", location="path", enum=[verb.value for verb in Verb]),
            OpenApiParameter("If-Match", location="header", description="An ETag; 412 when the ticket has moved on."),
            IDEMPOTENCY_KEY,
        ],
        request=ActionBody,
        responses={
            200: TicketDocument,
            204: OpenApiResponse(description="Done; the ticket is now somebody else's to see"),
            409: OpenApiResponse(ProblemDocument, description="Not possible in the ticket's status"),
            412: OpenApiResponse(ProblemDocument, description="The ticket changed since `If-Match`"),
            **PROBLEMS,
        },
    )
    @idempotent
    def post(self, request: Request, code: str, verb: str) -> Response:
        official = official_of(request)
        version = etags.wanted_version(request)
        ticket = ticket_with_deliveries(code, official)
        perform(_verb(verb), ticket.pk, actor=official, data=_fields(request.data), version=version)
        try:
            ticket = ticket_with_deliveries(code, official)
        except NotFound:
            return Response(status=204)
        document = TicketDocument(ticket).data
        return Response(document, headers={"ETag": etags.etag_of(document, version=ticket.version)})


def _verb(name: str) -> Verb:
    """The verb in an address. Raises NotFound: an address that does not exist is not a bad value."""
    try:
        return Verb(name)
    except ValueError:
        raise NotFound("No such action") from None


def _fields(body: Any) -> dict[str, Any]:
    """The body as the registry takes it: an object of plain values. Raises Invalid."""
    if not isinstance(body, dict):
        raise Invalid("Expected an object")
    for name, value in body.items():
        if not (value is None or isinstance(value, str) or type(value) is int):
            raise Invalid("Expected a text", field=name[:50])
    return body
