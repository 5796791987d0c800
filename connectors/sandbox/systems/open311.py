"""Imitation of an Open311 GeoReport v2 server, JSON and XML, over generated complaints or real requests from a file.

What the standard leaves open is decided here so that archives of 2011 can be read as well as today's complaints:
- `start_date` and `end_date` span at most 90 days (400 beyond); with one of them the other end lies 90 days away;
- with neither, the 90 days end at the newest request there is, and at most the latest 1000 of them are shown;
- `updated_after` and `service_request_id` are not limited to 90 days; nothing ever shows more than 1000 on a page;
- newest first by requested_datetime; times in a file that name no zone are read as UTC and served as they are;
- `jurisdiction_id` is not needed and any value is served; only `POST requests` needs the `api_key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from xml.etree import ElementTree

from werkzeug import Request, Response

from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import CATEGORIES
from connectors.sandbox.complaints import LOCAL, Citizen, Complaint, Draft, Spot, Stage
from connectors.sandbox.fault_data import ISO_WITH_ZONE, Row, Shape
from connectors.sandbox.faults import Operation
from connectors.sandbox.systems.base import SANE_YEARS, System, json_response, whole_number

_WINDOW = timedelta(days=90)
_MOST = 1000
#: XML element names: list → its items, and the fields that are lists themselves.
_ITEM_NAMES = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "notes": "note",
    "endpoints": "endpoint",
    "formats": "format",
}


class Refusal(Exception):
    """The request cannot be served: `code` is the HTTP status and the code in the error list."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


class Open311(System):
    """`services`, `services/<code>`, `requests`, `requests/<id>`, `POST requests` and `discovery`, .json and .xml."""

    slug = "open311"
    mount = "/open311/v2"
    label = "Open311 (GeoReport v2)"
    stages = {
        Stage.WAITING: "open",
        Stage.ACCEPTED: "open",
        Stage.IN_PROGRESS: "open",
        Stage.ANSWERED: "closed",
        Stage.REFUSED: "closed",
        Stage.TRANSFERRED: "closed",
    }
    statuses: ClassVar[Mapping[str, str]] = {"open": "Đang mở", "closed": "Đã đóng"}
    closed = frozenset({"closed"})
    shape = Shape(
        ids=("service_request_id",),
        texts=("description", "status_notes"),
        dates={
            "requested_datetime": ISO_WITH_ZONE,
            "updated_datetime": ISO_WITH_ZONE,
            "expected_datetime": ISO_WITH_ZONE,
        },
        status="status",
    )
    keeps_withdrawn = True

    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        return f"{sent_at.astimezone(LOCAL):%y}-{number:06d}", ""

    def due_at(self, draft: Draft) -> datetime | None:
        """A week."""
        return draft.sent_at + timedelta(days=7)

    def operation(self, request: Request, path: str) -> Operation:
        if path.startswith("/media/"):
            return Operation.FILE
        return Operation.WRITE if request.method == "POST" else Operation.READ

    def handle(self, call: Call) -> Response:
        if call.path.startswith("/media/"):
            return self.file(call, call.path.removeprefix("/media/"))
        path, _, extension = call.path.rpartition(".")
        if extension not in ("json", "xml"):
            path, extension = call.path, "xml" if "xml" in call.request.headers.get("Accept", "") else "json"
        try:
            if call.take("session_expired"):
                raise Refusal(403, "api_key is not valid any more")
            name, body, status = self._route(call, path)
        except Refusal as refusal:
            name, status = "errors", refusal.code
            body = [{"code": refusal.code, "description": refusal.description}]
        return _formatted(name, body, status, extension)

    def take_file(self, payload: Mapping[str, Any]) -> Complaint | None:
        """Take one request of a --data file as it is; None when it has no id or no usable time of sending."""
        external_id = str(payload.get("service_request_id") or "")
        sent_at = _instant(payload.get("requested_datetime"))
        if not external_id or sent_at is None or self.store.find(self.slug, external_id):
            return None
        complaint = Complaint(
            source=self.slug,
            number=self.store.next_number(self.slug),
            external_id=external_id,
            second_id="",
            status=str(payload.get("status") or "open").lower(),
            title=str(payload.get("service_name") or ""),
            text=str(payload.get("description") or ""),
            category="other",
            sent_at=sent_at,
            updated_at=_instant(payload.get("updated_datetime")) or sent_at,
            citizen=Citizen(),
            spot=Spot(text=str(payload.get("address") or "")),
            raw=dict(payload),
        )
        self.store.save(complaint)
        return complaint

    def _route(self, call: Call, path: str) -> tuple[str, Any, int]:
        match (call.request.method, path.strip("/").split("/")):
            case ("GET", ["discovery"]):
                return "discovery", _discovery(call), 200
            case ("GET", ["services"]):
                return "services", self._services(), 200
            case ("GET", ["services", code]):
                return "service_definition", self._definition(code), 200
            case ("GET", ["requests"]):
                return "service_requests", self._requests(call), 200
            case ("GET", ["requests", external_id]):
                return "service_requests", [self._request(call, external_id)], 200
            case ("GET", ["tokens", token]):
                return "service_requests", [self._of_token(token)], 200
            case ("POST", ["requests"]):
                return "service_requests", self._create(call), 201
        raise Refusal(404, "Not found")

    def _services(self) -> list[Row]:
        """Our categories, or the services that occur in the loaded files."""
        known = {c.raw["service_code"]: c.raw for c in self.store.complaints(self.slug) if c.raw.get("service_code")}
        if known:
            return [_service(code, str(raw.get("service_name") or code)) for code, raw in sorted(known.items())]
        return [_service(category.code, category.label) for category in CATEGORIES.values()]

    def _definition(self, code: str) -> Row:
        if all(service["service_code"] != code for service in self._services()):
            raise Refusal(404, f"service_code {code} was not found")
        return {"service_code": code, "attributes": []}

    def _requests(self, call: Call) -> list[Row]:
        args = call.request.args
        number = whole_number(args.get("page", 1), least=1, most=1_000_000)
        size = whole_number(args.get("page_size", args.get("per_page", _MOST)), least=1, most=_MOST)
        if number is None or size is None:
            raise Refusal(400, "page and page_size must be whole numbers, page_size at most 1000")
        found = self._found(args)
        if call.take("empty_list"):
            found = []
        return self.page(call, found, number=number, size=size, render=lambda c: _row(c, call))

    def _found(self, args: Mapping[str, str]) -> list[Complaint]:
        found = sorted(self.visible(), key=lambda c: (c.sent_at, c.number), reverse=True)
        if args.get("service_request_id"):
            wanted = set(args["service_request_id"].split(","))
            return [c for c in found if c.external_id in wanted]
        updated_after = _date_argument(args, "updated_after")
        if updated_after:
            found = [c for c in found if c.updated_at >= updated_after]
        dated = args.get("start_date") or args.get("end_date")
        if found and (dated or not updated_after):
            since, until = _window(args, newest=found[0].sent_at)
            found = [c for c in found if since <= c.sent_at <= until]
            if not dated:
                found = found[:_MOST]
        for field in ("status", "service_code"):
            if args.get(field):
                wanted = set(args[field].lower().split(","))
                found = [c for c in found if _field(c, field).lower() in wanted]
        return found

    def _request(self, call: Call, external_id: str) -> Row:
        complaint = self.find(external_id)
        if complaint is None:
            raise Refusal(404, f"service_request_id {external_id} was not found")
        return self.spoiled(call, _row(complaint, call))

    def _create(self, call: Call) -> list[Row]:
        form = call.request.form
        if form.get("api_key", call.request.args.get("api_key")) != self.account(call).password:
            raise Refusal(403, "Invalid api_key received -- can't proceed with create_request.")
        code = form.get("service_code", "")
        if not code:
            raise Refusal(400, "service_code was not provided")
        if all(service["service_code"] != code for service in self._services()):
            raise Refusal(404, f"service_code {code} was not found")
        place = _place(form)
        name = " ".join(filter(None, (form.get("last_name"), form.get("first_name"))))
        draft = Draft(
            title="",
            text=form.get("description", ""),
            category=code if code in CATEGORIES else "other",
            sent_at=self.now(),
            citizen=Citizen(name=name, phone=form.get("phone", ""), email=form.get("email", "")),
            spot=place,
        )
        complaint = self.take_complaint(draft)
        if code not in CATEGORIES:
            self.store.save(replace(complaint, raw=_row(complaint, call) | {"service_code": code}))
        if call.take("token_first"):
            return [{"token": _token(complaint), "service_notice": None, "account_id": None}]
        return [{"service_request_id": complaint.external_id, "service_notice": None, "account_id": None}]

    def _of_token(self, token: str) -> Row:
        found = next((c for c in self.visible() if _token(c) == token), None)
        if found is None:
            raise Refusal(404, f"Service request not found with id or token {token}")
        return {"service_request_id": found.external_id, "token": token}


def _token(complaint: Complaint) -> str:
    """What stands for a request before its id is known."""
    return f"t{complaint.number:08d}"


def _place(form: Mapping[str, str]) -> Spot:
    address = form.get("address_string", "") or form.get("address_id", "")
    try:
        lat, lng = (float(form[name]) if form.get(name) else None for name in ("lat", "long"))
    except ValueError:
        raise Refusal(400, "lat and long must be numbers") from None
    if not address and (lat is None or lng is None):
        raise Refusal(400, "lat and long, address_string or address_id must be provided")
    return Spot(text=address, lat=lat, lng=lng)


def _window(args: Mapping[str, str], *, newest: datetime) -> tuple[datetime, datetime]:
    """First and last instant to show. Raises Refusal beyond 90 days."""
    since, until = _date_argument(args, "start_date"), _date_argument(args, "end_date")
    if since is None and until is None:
        until = newest
    since = since if since is not None else (until or newest) - _WINDOW
    until = until if until is not None else since + _WINDOW
    if until - since > _WINDOW:
        raise Refusal(400, "start_date and end_date must not span more than 90 days")
    return since, until


def _date_argument(args: Mapping[str, str], name: str) -> datetime | None:
    text = args.get(name)
    if not text:
        return None
    # An unescaped "+" of a zone arrives as a space.
    at = _instant(text.replace(" ", "+") if "T" in text else text)
    if at is None:
        raise Refusal(400, f"{name} must be a W3C date-time")
    return at


def _instant(text: object) -> datetime | None:
    """An ISO 8601 time, UTC where it names no zone; None when it cannot be read."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if at.year not in SANE_YEARS:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _field(complaint: Complaint, name: str) -> str:
    if name == "status":
        return complaint.status
    return str(complaint.raw.get("service_code") or complaint.category)


def _row(complaint: Complaint, call: Call) -> Row:
    """The request as served: a loaded one as it is, but for what happened to it here since."""
    untouched = not complaint.answers and not complaint.withdrawn
    if complaint.raw and untouched and complaint.text == str(complaint.raw.get("description") or ""):
        return dict(complaint.raw)
    spot, answer = complaint.spot, complaint.last_answer
    notes = "Người dân đã rút phản ánh" if complaint.withdrawn else (answer.text if answer else None)
    photo = complaint.photos[0] if complaint.photos else ""
    row = {
        "service_request_id": complaint.external_id,
        "status": complaint.status,
        "status_notes": notes,
        "service_name": CATEGORIES[complaint.category].label,
        "service_code": complaint.category,
        "description": complaint.text,
        "agency_responsible": f"UBND {spot.name}" if spot.name else None,
        "service_notice": None,
        "requested_datetime": complaint.sent_at.isoformat(),
        "updated_datetime": complaint.updated_at.isoformat(),
        "expected_datetime": complaint.due_at.isoformat() if complaint.due_at else None,
        "address": spot.text or None,
        "address_id": None,
        "zipcode": None,
        "lat": spot.lat,
        "long": spot.lng,
        "media_url": f"{call.base_url}{Open311.mount}/media/{photo}" if photo else None,
    }
    if not complaint.raw:
        return row
    changed = ("status", "status_notes", "updated_datetime", "description")
    return {**complaint.raw, **{name: row[name] for name in changed}}


def _service(code: str, name: str) -> Row:
    return {
        "service_code": code,
        "service_name": name,
        "description": None,
        "metadata": False,
        "type": "realtime",
        "keywords": None,
        "group": None,
    }


def _discovery(call: Call) -> Row:
    url = f"{call.base_url}{Open311.mount}"
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": url,
        "changeset": "2026-11-01T00:00:00+07:00",
        "type": "test",
        "formats": ["application/json", "text/xml"],
    }
    return {
        "changeset": "2026-11-01T00:00:00+07:00",
        "contact": "Sandbox: synthetic data",
        "key_service": "See the sandbox README",
        "endpoints": [endpoint],
    }


def _formatted(name: str, body: Any, status: int, extension: str) -> Response:
    if extension == "json":
        return json_response(body, status)
    content = ElementTree.tostring(_element(name, body), encoding="utf-8", xml_declaration=True)
    return Response(content, status=status, content_type="text/xml; charset=utf-8")


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, part) for key, part in value.items())
    elif isinstance(value, list):
        element.extend(_element(_ITEM_NAMES.get(name, "item"), part) for part in value)
    elif isinstance(value, bool):
        element.text = str(value).lower()
    elif value is not None:
        element.text = "".join(letter for letter in str(value) if letter in "\t\n\r" or letter >= " ")
    return element
