"""Open311 GeoReport v2 for anybody: published tickets, read-only; with a token that may write, new complaints."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from inbox.actions.create_ticket import NewComplaint, create_ticket
from inbox.api import open311
from inbox.api.authentication import TokenAuthentication
from inbox.api.open311 import Refused, answer, refusal
from inbox.api.views.base import official_of
from inbox.core import clock
from inbox.core.errors import InboxError, Invalid, NotAllowed, NotFound
from inbox.reports import published
from inbox.sources.vocabulary import Channel
from inbox.tickets.vocabulary import Category


class Open311Throttle(AnonRateThrottle):
    """Enough for a client that pages through everything, too little to hurt."""

    scope = "open311"
    rate = "120/min"


class AsAddressed(BaseContentNegotiation):
    """The ending of the address says the format; what a client would accept is not asked."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        media = (request.content_type or "").partition(";")[0].strip()
        return next((parser for parser in parsers if parser.media_type == media), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


@extend_schema(exclude=True)
class Open311View(APIView):
    """What all addresses share: public, throttled, errors in the standard's own form."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = ()
    throttle_classes = (Open311Throttle,)
    content_negotiation_class = AsAddressed
    renderer_classes = (JSONRenderer,)
    parser_classes = (FormParser, MultiPartParser)

    def handle_exception(self, exc: Exception) -> Any:
        """Any refusal as an error list; what is not a refusal goes on as it is."""
        suffix = self.kwargs.get("suffix", "json")
        if isinstance(exc, Refused):
            return refusal(exc.status, str(exc), suffix=suffix)
        if isinstance(exc, exceptions.APIException):
            return refusal(exc.status_code, str(exc.detail), suffix=suffix)
        if isinstance(exc, NotFound):
            return refusal(404, str(exc), suffix=suffix)
        if isinstance(exc, InboxError):
            return refusal(403 if isinstance(exc, NotAllowed) else 400, str(exc), suffix=suffix)
        return super().handle_exception(exc)


class Discovery(Open311View):
    """Where this server is."""

    def get(self, request: Request, suffix: str) -> HttpResponse:
        return answer(open311.discovery_document(settings.BASE_URL), root="discovery", suffix=suffix)


class Services(Open311View):
    """The fields of complaint."""

    def get(self, request: Request, suffix: str) -> HttpResponse:
        documents = [open311.service_document(code, name) for code, name in published.services()]
        return answer(documents, root="services", suffix=suffix)


class ServiceDefinition(Open311View):
    """One field of complaint: none asks for more than the standard's own fields."""

    def get(self, request: Request, service: str, suffix: str) -> HttpResponse:
        if service not in {code for code, _name in published.services()}:
            raise Refused(404, f"service_code {service} was not found")
        return answer(open311.definition_document(service), root="service_definition", suffix=suffix)


class Requests(Open311View):
    """Published tickets; `POST` with a token of an official who may write complaints down."""

    def get(self, request: Request, suffix: str) -> HttpResponse:
        asked = open311.asked(request.query_params, now=clock.now())
        found = published.published(
            begin=asked.begin,
            end=asked.end,
            updated_after=asked.updated_after,
            categories=asked.categories,
            codes=asked.codes,
            is_open=asked.is_open,
        )
        start = (asked.page - 1) * asked.size
        documents = [open311.request_document(published.as_public(one)) for one in found[start : start + asked.size]]
        return answer(documents, root="service_requests", suffix=suffix)

    def post(self, request: Request, suffix: str) -> HttpResponse:
        """Write down a complaint. The key goes in the `Authorization` header: addresses and bodies end up in logs."""
        if not request.user.is_authenticated:
            raise Refused(403, "An API token is needed: Authorization: Token …")
        ticket = create_ticket(_complaint(request), actor=official_of(request))
        document = [{"service_request_id": ticket.code, "service_notice": None, "account_id": None}]
        return answer(document, root="service_requests", suffix=suffix, status=201)


class RequestDetail(Open311View):
    """One published ticket, as a list of one."""

    def get(self, request: Request, published_code: str, suffix: str) -> HttpResponse:
        found = published.published_one(published_code)
        return answer([open311.request_document(found)], root="service_requests", suffix=suffix)


def _complaint(request: Request) -> NewComplaint:
    """What was posted. Raises Refused, Invalid."""
    sent = request.data if isinstance(request.data, Mapping) else {}
    said = {name: str(sent.get(name, "")).strip() for name in _FIELDS}
    if said["service_code"] not in set(Category):
        raise Refused(404 if said["service_code"] else 400, "service_code was not provided or not found")
    if not said["description"]:
        raise Refused(400, "description was not provided")
    if not said["address_string"] and not (said["lat"] and said["long"]):
        raise Refused(400, "lat and long, or address_string, must be provided")
    return NewComplaint(
        key=uuid.uuid4().hex,
        channel=Channel.PHONE,
        category=Category(said["service_code"]),
        text=said["description"],
        address=said["address_string"][:300],
        lat=_coordinate(said["lat"], 90),
        lng=_coordinate(said["long"], 180),
        name=f"{said['last_name']} {said['first_name']}".strip()[:150],
        phone=said["phone"][:30],
        email=said["email"][:150],
    )


def _coordinate(text: str, most: int) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise Invalid("lat and long are decimal degrees", field="lat") from None
    if not -most <= value <= most:
        raise Invalid("lat and long are decimal degrees", field="lat")
    return value


_FIELDS = (
    *("service_code", "description", "address_string", "lat", "long"),
    *("first_name", "last_name", "phone", "email"),
)
