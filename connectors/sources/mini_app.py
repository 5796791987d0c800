"""Apps that push: signed messages come in at /hooks/<slug>/, answers go to each complaint's `callback_url`.

Nothing is polled. A callback is only followed to the host that an administrator set up: the address inside a message
is somebody else's word. Code tables are in profiles/mini_app.toml.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors import profile, signatures
from connectors.errors import BadPayload, Conflict, Permanent
from connectors.http import HttpClient, parse_json
from connectors.mapping import Reader, title_from, with_revision
from connectors.protocol import Capabilities, Connector, Setting, SourceConfig
from connectors.records import (
    Delivered,
    InboundRecord,
    OpenItem,
    OutboundUpdate,
    Page,
    Place,
    RawItem,
    Receipt,
    Reporter,
    SourceStatus,
)

PROFILE = profile.load("mini_app")
STATUSES, CATEGORIES, ACTIONS = profile.statuses(PROFILE), profile.categories(PROFILE), profile.actions(PROFILE)
CONFLICT_ON_409: Mapping[int, type[Conflict]] = {409: Conflict}
TYPES = frozenset({"complaint.created", "complaint.updated", "complaint.withdrawn"})
LONGEST_CALLBACK = 200  # what the inbox keeps as the id that writes want


class MiniApp(Connector):
    """One app that pushes."""

    slug = "mini_app"
    label = "Mini app"
    settings = (
        Setting("base_url", "address of the app's server; callbacks to any other host are refused"),
        Setting("secret", "signing secret, whsec_ and base64", secret=True),
        Setting("old_secret", "the secret before, while it is being replaced", required=False, secret=True),
    )

    def __init__(self, config: SourceConfig, http: HttpClient) -> None:
        """Raises ConfigError when a secret is not one."""
        super().__init__(config, http)
        self._secrets = [config.get(name) for name in ("secret", "old_secret") if config.get(name)]
        for secret in self._secrets:
            signatures.key_of(secret)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(pushes=frozenset(ACTIONS), idempotent_push=True, polls=False)

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        """Nothing: this system speaks first."""
        return iter(())

    def receive(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Delivered:
        """A message that was really sent by this app. One that is signed but unreadable goes to quarantine as text."""
        message_id = signatures.verified_id(self._secrets, headers, body, now=now)
        try:
            payload = parse_json(body)
        except BadPayload:
            payload = None
        if not isinstance(payload, dict):
            return Delivered(message_id, RawItem({"unreadable": body.decode(errors="replace")}))
        data = payload.get("data")
        name = str(data.get("id", "")) if isinstance(data, dict) else ""
        return Delivered(message_id, RawItem(payload, name[:200]))

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        envelope = Reader(item.payload, now=now)
        kind = envelope.line("type", required=True)
        if kind not in TYPES:
            raise BadPayload(f"Unknown type {kind[:50]}", code="unknown_type", field="type")
        row = Reader(envelope.get("data"), now=now)
        status, status_raw = row.status("status", STATUSES)
        if kind == "complaint.withdrawn":
            status = SourceStatus.WITHDRAWN
        category, category_raw = row.category("category", CATEGORIES)
        lat, lng = row.coordinates("lat", "lng")
        updated_at = row.date("updated_at") or envelope.date("timestamp", required=True)
        text = row.text("text", required=True)
        callback = row.line("callback_url", limit=2000)
        if len(callback) > LONGEST_CALLBACK:
            row.remark("callback_too_long")
            callback = ""
        record = InboundRecord(
            external_id=row.identifier("id"),
            revision="",
            title=row.line("title") or title_from(text),
            text=text,
            status=status,
            status_raw=status_raw,
            category=category,
            category_raw=category_raw,
            place=Place(text=row.line("address"), ward_code=row.line("ward_code"), lat=lat, lng=lng),
            reporter=Reporter(
                name=row.line("reporter.name"),
                phone=row.phone("reporter.phone"),
                email=row.line("reporter.email"),
                anonymous=row.flag("reporter.anonymous"),
            ),
            sent_at=row.date("created_at", required=True),
            updated_at=updated_at,
            write_id=callback,
            attachments=row.attachments("attachments", name="name", url="url"),
            remarks=row.remarks,
        )
        return with_revision(record, updated_at.isoformat())

    def check(self) -> str:
        """Nothing can be asked of a system that speaks first; the secrets were checked when this was built."""
        return f"Waits for signed messages; {len(self._secrets)} secret(s) in use"

    def download(self, url: str) -> bytes:
        """The content of an attachment of a record."""
        return self.http.get_bytes(url)

    def push(self, update: OutboundUpdate) -> Receipt:
        """Tell the app, signed. The key is the message's id: a repeat is the same message to the app."""
        status = ACTIONS.get(update.action)
        if status is None:
            raise Permanent("This app is not told of this", code="read_only")
        self._check_callback(update.write_id)
        message = {
            "type": "complaint.answered" if update.text else "complaint.status",
            "timestamp": update.at.astimezone(UTC).isoformat(),
            "data": {"id": update.external_id, "status": status, "text": update.text},
        }
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = signatures.headers_for(self._secrets[0], message_id=update.key, at=datetime.now(UTC), body=body)
        headers["Content-Type"] = "application/json"
        self.http.post_bytes(update.write_id, body, headers=headers, errors=CONFLICT_ON_409)
        return Receipt()

    def _check_callback(self, url: str) -> None:
        if not url:
            raise Permanent("The complaint came without a callback address", code="no_callback")
        own, asked = urlsplit(self.config.get("base_url")), urlsplit(url)
        if (own.scheme, own.netloc) != (asked.scheme, asked.netloc):
            raise Permanent("The callback address is not on the app's own server", code="foreign_callback")
