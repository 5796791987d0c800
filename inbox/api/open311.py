"""The forms of Open311 GeoReport v2: documents as JSON and XML, errors, and what callers may ask. Reads no rows.

JSON and XML come from one document, so they cannot differ. An empty value is null in JSON and an empty element in XML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox.reports.published import PublicTicket
from inbox.tickets.vocabulary import Category

TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
#: The standard's own limits: what one question may span, and how much one answer holds.
LONGEST_SPAN = timedelta(days=90)
MOST_ROWS = 1000
USUAL_ROWS = 50
#: Control characters that XML cannot hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Document = Mapping[str, Any] | Sequence[Any]


class Refused(Exception):
    """A question that is answered with an error of the standard."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller wants to know of published tickets."""

    begin: datetime | None
    end: datetime | None
    updated_after: datetime | None
    categories: list[str]
    codes: list[str]
    is_open: bool | None
    page: int
    size: int


def asked(params: Mapping[str, str], *, now: datetime) -> Question:
    """The question behind the parameters; unknown ones are ignored, as the standard wants. Raises Refused.

    Ids override everything else. Without dates the last 90 days are meant; one date alone reaches 90 days from it.
    """
    codes = _list(params, "service_request_id")
    begin, end = _moment(params, "start_date"), _moment(params, "end_date")
    updated = _moment(params, "updated_after")
    if begin and end and not timedelta(0) <= end - begin <= LONGEST_SPAN:
        raise Refused(400, "start_date and end_date must span at most 90 days")
    if codes:
        begin = end = updated = None
    elif updated is None:
        end = end or (min(begin + LONGEST_SPAN, now) if begin else now)
        begin = begin or end - LONGEST_SPAN
    categories = [] if codes else _list(params, "service_code")
    if unknown := set(categories) - set(Category):
        raise Refused(404, f"service_code {min(unknown)[:50]} was not found")
    return Question(
        begin=begin,
        end=end,
        updated_after=updated,
        categories=categories,
        codes=codes,
        is_open=None if codes else _status(params),
        page=_number(params, "page", usual=1, most=100_000),
        size=_number(params, "page_size", usual=MOST_ROWS if codes else USUAL_ROWS, most=MOST_ROWS),
    )


def _list(params: Mapping[str, str], name: str) -> list[str]:
    values = [value.strip() for value in params.get(name, "").split(",") if value.strip()]
    if len(values) > MOST_ROWS:
        raise Refused(400, f"{name}: at most {MOST_ROWS} values")
    return values


def _moment(params: Mapping[str, str], name: str) -> datetime | None:
    text = params.get(name, "").strip().replace(" ", "+")
    if not text:
        return None
    try:
        moment = parse_datetime(text) or parse_datetime(f"{text}T00:00:00")
    except ValueError:
        moment = None
    if moment is None or not 1970 <= moment.year <= 2200:
        raise Refused(400, f"{name} is not a date and time (W3C, such as 2026-11-24T00:00:00Z)")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _status(params: Mapping[str, str]) -> bool | None:
    wanted = set(_list(params, "status"))
    if not wanted <= {"open", "closed"}:
        raise Refused(400, "status is open or closed")
    return None if len(wanted) != 1 else wanted == {"open"}


def _number(params: Mapping[str, str], name: str, *, usual: int, most: int) -> int:
    text = params.get(name, "").strip()
    if not text:
        return usual
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise Refused(400, f"{name} is a number from 1 on")
    return min(int(text), most)


# --- Documents --------------------------------------------------------------------------------------------------------


def request_document(ticket: PublicTicket) -> dict[str, Any]:
    """One published ticket. The place is rough and there is no address: see `reports.published`."""
    return {
        "service_request_id": ticket.code,
        "status": "open" if ticket.is_open else "closed",
        "status_notes": ticket.standing,
        "service_name": ticket.category_name,
        "service_code": ticket.category,
        "description": ticket.text[:4000],
        "agency_responsible": ticket.unit or None,
        "service_notice": None,
        "requested_datetime": _stamp(ticket.requested_at),
        "updated_datetime": _stamp(ticket.updated_at),
        "expected_datetime": _stamp(ticket.due_at) if ticket.due_at else None,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": ticket.lat,
        "long": ticket.lng,
        "media_url": None,
    }


def service_document(code: str, name: str) -> dict[str, Any]:
    """One field of complaint."""
    return {
        "service_code": code,
        "service_name": name,
        "description": name,
        "metadata": False,
        "type": "realtime",
        "keywords": None,
        "group": None,
    }


def definition_document(code: str) -> dict[str, Any]:
    """What is asked for a service beyond the standard's own fields: nothing."""
    return {"service_code": code, "attributes": []}


def discovery_document(base_url: str) -> dict[str, Any]:
    """Where this server is and what it speaks."""
    return {
        "changeset": "2026-11-25T00:00:00+07:00",
        "contact": base_url,
        "key_service": "Keys are API tokens: manage.py create_api_token",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": f"{base_url}/open311/v2",
                "changeset": "2026-11-25T00:00:00+07:00",
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


# --- JSON and XML -----------------------------------------------------------------------------------------------------

#: What the elements of a list are called, by the name of the list.
_ELEMENTS = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}


def answer(document: Document, *, root: str, suffix: str, status: int = 200) -> HttpResponse:
    """A document in the format of the address."""
    body = json.dumps(document, ensure_ascii=False) if suffix == "json" else _xml(document, root)
    return HttpResponse(body, status=status, content_type=TYPES[suffix])


def refusal(status: int, description: str, *, suffix: str) -> HttpResponse:
    """An error as the standard writes it: a list with one entry."""
    errors = [{"code": status, "description": description}]
    return answer(errors, root="errors", suffix=suffix, status=status)


def _xml(document: Document, root: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_element(root, document)}\n'


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(key, one) for key, one in value.items())
    elif isinstance(value, list | tuple):
        inner = "".join(_element(_ELEMENTS[name], one) for one in value)
    elif isinstance(value, bool):
        inner = str(value).lower()
    else:
        inner = "" if value is None else escape(_NOT_XML.sub("", str(value)))
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"
