"""Imitation of an app that pushes: it sends signed messages to a hook when told to, and takes answers by callback.

Beyond SOURCES.md we assume: an answer is repeated under its `webhook-id` without a second effect; 409 once others have
settled the complaint, 422 for a message that cannot be understood.
"""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug import Request, Response

from connectors import signatures
from connectors.errors import AuthError
from connectors.sandbox.call import Call
from connectors.sandbox.catalogue import ACCOUNTS
from connectors.sandbox.complaints import Answer, Complaint, Stage
from connectors.sandbox.fault_data import ISO_WITH_ZONE, Row, Shape
from connectors.sandbox.faults import FaultBoard, Operation
from connectors.sandbox.store import Store
from connectors.sandbox.systems.base import System, json_body, json_response

_TIMEOUT = 10  # seconds


class MiniApp(System):
    """`POST /callback/<id>`, and `push` for the control API."""

    slug = "mini-app"
    mount = "/mini-app"
    label = "Ứng dụng nhỏ (tự gửi)"
    stages = {
        Stage.WAITING: "new",
        Stage.ACCEPTED: "accepted",
        Stage.IN_PROGRESS: "in_progress",
        Stage.ANSWERED: "resolved",
        Stage.REFUSED: "refused",
        Stage.TRANSFERRED: "transferred",
    }
    statuses = {
        "new": "Mới",
        "accepted": "Đã tiếp nhận",
        "in_progress": "Đang xử lý",
        "waiting_citizen": "Chờ bổ sung",
        "resolved": "Đã xử lý",
        "refused": "Từ chối",
        "returned": "Trả lại",
        "transferred": "Đã chuyển",
    }
    closed = frozenset({"resolved", "refused", "returned", "transferred"})
    shape = Shape(
        ids=("id",),
        texts=("text", "title"),
        dates={"created_at": ISO_WITH_ZONE, "updated_at": ISO_WITH_ZONE},
        status="status",
    )
    keeps_withdrawn = True
    is_seeded = False

    def __init__(self, *, store: Store, board: FaultBoard, now: Callable[[], datetime]) -> None:
        super().__init__(store=store, board=board, now=now)
        self._pushed: dict[str, datetime] = {}  # of this process: a restart sends everything again, as apps do

    def ids(self, number: int, sent_at: datetime) -> tuple[str, str]:
        return f"MA-{number:06d}", ""

    def operation(self, request: Request, path: str) -> Operation:
        return Operation.FILE if path.startswith("/media/") else Operation.WRITE

    def handle(self, call: Call) -> Response:
        if call.path.startswith("/media/"):
            return self.file(call, call.path.removeprefix("/media/"))
        complaint = self.find(call.path.removeprefix("/callback/"))
        if call.request.method != "POST" or complaint is None:
            return json_response({"error": "not found"}, 404)
        headers = {name.lower(): value for name, value in call.request.headers.items()}
        try:
            secret = self.account(call).password
            key = signatures.verified_id([secret], headers, call.request.get_data(), now=datetime.now(UTC))
        except AuthError as error:
            return json_response({"error": error.code}, 401)
        return self._answered(call, complaint, key)

    def push(self, base_url: str, to: str, wanted: Mapping[str, Any], call: Call) -> dict[str, int]:
        """Send what changed since the last push (`all`: everything) to a hook, each `repeat` times, `shuffle`d.

        Returns how often which status was answered; 0 stands for no answer.
        """
        pushed = {} if wanted.get("all") else self._pushed
        fresh = [c for c in self.store.complaints(self.slug) if pushed.get(c.external_id) != c.updated_at]
        messages = [(f"msg_{uuid.uuid4().hex}", self._message(base_url, c, call)) for c in fresh]
        sent = messages * max(1, int(wanted.get("repeat", 1)))
        if wanted.get("shuffle"):
            random.Random(call.draw().random()).shuffle(sent)
        answers = Counter(self._send(to, message_id, body) for message_id, body in sent)
        self._pushed.update({c.external_id: c.updated_at for c in fresh})
        return {str(status): count for status, count in answers.items()}

    def _message(self, base_url: str, complaint: Complaint, call: Call) -> bytes:
        changed = complaint.updated_at > complaint.sent_at
        kind = "withdrawn" if complaint.withdrawn else "updated" if changed else "created"
        row = self.spoiled(call, _row(complaint, base_url))
        stamp = complaint.updated_at.astimezone(UTC).isoformat()
        message = {"type": f"complaint.{kind}", "timestamp": stamp, "data": row}
        return json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace")

    def _send(self, to: str, message_id: str, body: bytes) -> int:
        secret = ACCOUNTS[self.slug].password
        headers = signatures.headers_for(secret, message_id=message_id, at=datetime.now(UTC), body=body)
        headers["Content-Type"] = "application/json"
        request = urllib.request.Request(to, data=body, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  whoever runs it says where
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def _answered(self, call: Call, complaint: Complaint, key: str) -> Response:
        data = json_body(call.request).get("data")
        data = data if isinstance(data, dict) else {}
        status, text = str(data.get("status") or ""), str(data.get("text") or "")
        step = Answer(text, self.now(), key, "", status, ours=True)
        if any(write.key == key and write.outcome == "applied" for write in self.store.writes(self.slug)):
            self.note(complaint.external_id, step, "repeated")
            return json_response({"ok": True})
        code = self._refusal(call, complaint, status)
        if code:
            self.note(complaint.external_id, step, f"refused:{code}")
            return json_response({"error": "refused"}, code)
        self.apply(call, complaint, step)
        return json_response({"ok": True})

    def _refusal(self, call: Call, complaint: Complaint, status: str) -> int:
        if status not in self.statuses or call.take("refuse_id", external_id=complaint.external_id):
            return 422
        settled = complaint.withdrawn or (complaint.status in self.closed and complaint.handled_by_others)
        return 409 if settled else 0


def _row(complaint: Complaint, base_url: str) -> Row:
    citizen, spot = complaint.citizen, complaint.spot
    return {
        "id": complaint.external_id,
        "title": complaint.title,
        "text": complaint.text,
        "category": complaint.category,
        "status": "withdrawn" if complaint.withdrawn else complaint.status,
        "created_at": complaint.sent_at.isoformat(),
        "updated_at": complaint.updated_at.isoformat(),
        "address": spot.text,
        "ward_code": spot.code,
        "lat": spot.lat,
        "lng": spot.lng,
        "reporter": {
            "name": citizen.name,
            "phone": citizen.phone,
            "email": citizen.email,
            "anonymous": citizen.anonymous,
        },
        "attachments": [{"name": name, "url": f"{base_url}{MiniApp.mount}/media/{name}"} for name in complaint.photos],
        "callback_url": f"{base_url}{MiniApp.mount}/callback/{complaint.external_id}",
    }
