"""The control API and the doors of the control page: switch faults, act as a citizen, see what a source believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from werkzeug import Request, Response

from connectors.sandbox import clock
from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import CATEGORIES
from connectors.sandbox.changes import WrongChange, content_of, edit, handle_elsewhere, reuse_id, withdraw
from connectors.sandbox.complaints import Citizen, Complaint, Draft, Spot, to_json
from connectors.sandbox.control_page import STYLES, control_page, form_values
from connectors.sandbox.doors import Doors
from connectors.sandbox.faults import FaultBoard, Operation, WrongFault
from connectors.sandbox.generator import Generator
from connectors.sandbox.store import Store
from connectors.sandbox.systems.base import System, json_body, json_response
from connectors.sandbox.systems.mini_app import MiniApp

_COUNTER = "control"
_MOST_AT_ONCE = 10_000


class Control:
    """Everything under `/control/` and the page `/`."""

    def __init__(
        self,
        *,
        systems: Mapping[str, System],
        board: FaultBoard,
        store: Store,
        generator: Generator,
        doors: Doors,
    ) -> None:
        self._systems = systems
        self._board = board
        self._store = store
        self._generator = generator
        self._doors = doors

    def respond(self, request: Request) -> Response:
        """Answer a control request; every error is JSON with `error`."""
        match (request.method, request.path.strip("/").split("/")):
            case ("GET", [""]):
                return self._page(request)
            case ("GET", ["control.css"]):
                return Response(STYLES, content_type="text/css; charset=utf-8")
            case ("POST", ["page", slug, what]) if slug in self._systems:
                return self._form(self._systems[slug], what, request)
            case (method, ["control", slug, what]):
                system = self._systems.get(slug)
                if system is None:
                    return json_response({"error": f"unknown source; known: {', '.join(self._systems)}"}, 404)
                try:
                    return self._control(method, system, what, request)
                except (WrongFault, WrongChange) as error:
                    return json_response({"error": str(error)}, 400)
        return json_response({"error": "not found"}, 404)

    def _page(self, request: Request, *, chosen: str = "", error: str = "") -> Response:
        """The page about one system, the first one unless the address names another."""
        systems = list(self._systems.values())
        system = self._systems.get(chosen or request.args.get("source", ""), systems[0])
        faults = {slug: self._board.active(slug) for slug in self._systems}
        refresh = "refresh" in request.args
        page = control_page(
            systems, system, faults=faults, wards=self._generator.ward_names(), refresh=refresh, error=error
        )
        return Response(page, status=400 if error else 200, content_type="text/html; charset=utf-8")

    def _form(self, system: System, what: str, request: Request) -> Response:
        """A form of the page: the same changes as by the API, then back to the page."""
        try:
            self._submit(system, what, request.form)
        except (WrongFault, WrongChange) as error:
            return self._page(request, chosen=system.slug, error=str(error))
        return Response(status=303, headers={"Location": f"/?source={system.slug}"})

    def _submit(self, system: System, what: str, form: Mapping[str, str]) -> None:
        external_id = form.get("external_id", "")
        match what:
            case "complaint":
                fields = form_values(
                    form, "title", "text", "category", "address", "ward_code", "name", "phone", "email"
                )
                self.change_complaints(system, fields | {"anonymous": bool(form.get("anonymous"))})
            case "generate":
                self.change_complaints(system, {"count": 1})
            case "edit":
                self.change_complaints(system, {"external_id": external_id, "edit": form_values(form, "text")})
            case "withdraw":
                self.change_complaints(system, {"external_id": external_id, "withdraw": True})
            case "fault":
                self.change_faults(system, _fault_of(form))
            case "clear":
                self.change_faults(system, {"clear": True, "kind": form.get("kind", "")})
            case _:
                raise WrongChange(f"unknown form {what}")

    def _control(self, method: str, system: System, what: str, request: Request) -> Response:
        match (method, what):
            case ("GET", "state"):
                return json_response(self.state(system))
            case ("POST", "faults"):
                return json_response(self.change_faults(system, json_body(request)))
            case ("POST", "complaints"):
                return json_response(self.change_complaints(system, json_body(request)))
            case ("POST", "push") if isinstance(system, MiniApp):
                return json_response(self.push(system, request))
            case ("POST", "doors"):
                return json_response(self.open_door(system, json_body(request)))
        return json_response({"error": "not found"}, 404)

    def state(self, system: System) -> dict[str, Any]:
        """What the source believes, every write it received, and the faults that are on."""
        return {
            "source": system.slug,
            "complaints": [_seen(system, complaint) for complaint in self._store.complaints(system.slug)],
            "writes": [to_json(write) for write in self._store.writes(system.slug)],
            "faults": [fault.as_json() for fault in self._board.active(system.slug)],
        }

    def change_faults(self, system: System, body: Mapping[str, Any]) -> dict[str, Any]:
        """Switch a fault on, or clear all or one kind. Raises WrongFault."""
        if body.get("clear"):
            self._board.clear(system.slug, str(body.get("kind") or ""))
        else:
            self._board.switch_on(system.slug, body)
        self._doors.look()
        return {"faults": [fault.as_json() for fault in self._board.active(system.slug)]}

    def push(self, system: MiniApp, request: Request) -> dict[str, Any]:
        """Let the app send what changed to a hook. Raises WrongChange."""
        body = json_body(request)
        to = str(body.get("to", ""))
        if not to.startswith(("http://", "https://")):
            raise WrongChange("to must be the address of a hook")
        call = Call(request, system.slug, "", Operation.READ, self._board)
        return {"answers": system.push(call.base_url, to, body, call)}

    def open_door(self, system: System, body: Mapping[str, Any]) -> dict[str, Any]:
        """A door of this source's own, of the kind that `kind` names. Raises WrongChange."""
        try:
            address, authority = self._doors.open(system.slug, str(body.get("kind", "plain")))
        except ValueError as error:
            raise WrongChange(str(error)) from error
        return {"url": address + system.mount, "authority": authority}

    def change_complaints(self, system: System, body: Mapping[str, Any]) -> dict[str, Any]:
        """Act as a citizen, or as an official of the source itself. Raises WrongChange."""
        if "external_id" in body:
            changed = [self._change_one(system, body)]
        elif "count" in body:
            count = body["count"]
            if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_AT_ONCE:
                raise WrongChange(f"count must be a whole number from 1 to {_MOST_AT_ONCE}")
            with self._store.transaction():
                changed = [system.take_complaint(self._generated(system)) for _ in range(count)]
        else:
            changed = [system.take_complaint(self._written(system, body))]
        return {"complaints": [_seen(system, complaint) for complaint in changed]}

    def _change_one(self, system: System, body: Mapping[str, Any]) -> Complaint:
        with self._store.transaction():
            complaint = self._store.find(system.slug, str(body["external_id"]))
            if complaint is None:
                raise WrongChange(f"no complaint {body['external_id']} in {system.slug}")
            if body.get("withdraw"):
                return withdraw(self._store, complaint, at=clock.now())
            if isinstance(body.get("edit"), Mapping):
                return edit(self._store, complaint, body["edit"], at=clock.now())
            if isinstance(body.get("reuse"), Mapping):
                return reuse_id(system, complaint, self._written(system, body["reuse"]), at=clock.now())
            if isinstance(body.get("handle"), Mapping):
                handled = body["handle"]
                status, text = str(handled.get("status")), str(handled.get("text") or "")
                return handle_elsewhere(system, complaint, status, text, at=clock.now())
            raise WrongChange("with external_id give one of: edit, withdraw, reuse, handle")

    def _generated(self, system: System) -> Draft:
        name = f"{_COUNTER}:{self._store.next_number(_COUNTER)}"
        return self._generator.one(system.slug, name=name, at=clock.now())

    def _written(self, system: System, body: Mapping[str, Any]) -> Draft:
        """A complaint from the fields given. Without a text it is a generated one, with the fields given on top."""
        category = body.get("category")
        if category is not None and category not in CATEGORIES:
            raise WrongChange(f"category must be one of {', '.join(CATEGORIES)}")
        fields = {name: value for name, value in body.items() if name != "category"}
        if "ward_code" in fields:
            fields.setdefault("ward_name", self._generator.ward_names().get(str(fields["ward_code"]), ""))
        draft = self._generated(system)
        if "text" in fields:
            draft = Draft("", "", category or "other", draft.sent_at, Citizen(), Spot())
        content = content_of(fields, citizen=draft.citizen, spot=draft.spot)
        return replace(draft, **content, category=category or draft.category)


def _fault_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The fault a filled-in form asks for. Raises WrongFault for numbers that are none."""
    wanted: dict[str, Any] = form_values(form, "kind", "external_id")
    try:
        if form.get("times"):
            wanted["times"] = int(form["times"])
        if form.get("minutes"):
            wanted["minutes"] = float(form["minutes"])
        if form.get("percent"):
            wanted["probability"] = float(form["percent"]) / 100
    except ValueError as error:
        raise WrongFault(str(error)) from error
    return wanted


def _seen(system: System, complaint: Complaint) -> dict[str, Any]:
    """A complaint for the control API: `to_json` with the status also in words."""
    shown = to_json(complaint)
    shown["status_code"] = complaint.status
    shown["status"] = system.statuses.get(complaint.status, complaint.status)
    return shown
