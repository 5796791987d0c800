"""The JSON of the API: names here are a promise to integrators. Read-only; what may be written stands in the actions.

Serializers name each field, so that a new column never becomes public by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from inbox.actions.registry import ACTIONS
from inbox.core import clock
from inbox.core.masking import masked_email, masked_name, masked_phone
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.vocabulary import Health, PayloadState, RunOutcome
from inbox.tickets.vocabulary import Category, EventKind, FileState, MessageKind, Status, Urgency

DEADLINE_STATES = ("ok", "due_soon", "overdue", "met", "met_late", "paused", "none")
NO_DELIVERY = "none"
_FINISHED = {"met": "met", "breached": "met_late", "paused": "paused", "cancelled": "none"}


def deadline_state(clock_row: Any, *, at: datetime) -> str:
    """How one promise stands at `at`, one of DEADLINE_STATES. Exactly at the deadline is still on time."""
    if clock_row is None:
        return "none"
    if clock_row.state in _FINISHED:
        return _FINISHED[clock_row.state]
    if at > clock_row.due_at:
        return "overdue"
    return "due_soon" if at >= clock_row.warn_at else "ok"


def latest_clock(ticket: Any, kind: str) -> Any:
    """The clock of the newest round of this kind, None when there is none or it was cancelled."""
    found = max((row for row in ticket.clocks.all() if row.kind == kind), key=lambda row: row.round, default=None)
    return None if found is None or found.state == "cancelled" else found


def _as_sent(moment: datetime) -> str:
    """As every moment of the API: ISO 8601 with the offset of the product's time zone."""
    return str(serializers.DateTimeField().to_representation(moment))


class Document(serializers.Serializer):  # type: ignore[type-arg]
    """Something that is only read."""


class RefDocument(Document):
    """The complaint in one source, and how our newest message to it fared."""

    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    external_id = serializers.CharField()
    delivery = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=[*DeliveryState, NO_DELIVERY]))
    def get_delivery(self, ref: Any) -> str:
        return ref.delivery or NO_DELIVERY


class DeadlineDocument(Document):
    """One promise: where it stands and when it is or was due."""

    state = serializers.ChoiceField(choices=DEADLINE_STATES)
    due = serializers.DateTimeField(allow_null=True)


class SlaDocument(Document):
    """The two promises of a ticket."""

    accept = DeadlineDocument()
    resolve = DeadlineDocument()


class ReporterDocument(Document):
    """The citizen, always masked; of somebody who asked to stay anonymous nothing at all."""

    name = serializers.SerializerMethodField()
    phone = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    anonymous = serializers.BooleanField(source="is_anonymous")

    def get_name(self, reporter: Any) -> str:
        return "" if reporter.is_anonymous else masked_name(reporter.name)

    def get_phone(self, reporter: Any) -> str:
        return "" if reporter.is_anonymous else masked_phone(reporter.phone)

    def get_email(self, reporter: Any) -> str:
        return "" if reporter.is_anonymous else masked_email(reporter.email)


class FileDocument(Document):
    """A file of a complaint. `url` is where its source keeps it; `state` says whether a checked copy is here."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    media_type = serializers.CharField()
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    url = serializers.CharField()
    state = serializers.ChoiceField(choices=list(FileState))
    reason = serializers.CharField(source="reason_code")
    size = serializers.IntegerField(allow_null=True)
    added_at = serializers.DateTimeField()


class AttachmentDocument(FileDocument):
    """A file together with its ticket."""

    ticket = serializers.CharField(source="ticket.code")


class TicketDocument(Document):
    """One complaint. `unit` is a code, `source` a slug, `assignee` a username."""

    code = serializers.CharField()
    title = serializers.CharField()
    text = serializers.CharField()
    status = serializers.ChoiceField(choices=list(Status))
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    refs = RefDocument(many=True)
    unit = serializers.CharField(source="unit.code", default=None, allow_null=True)
    category = serializers.ChoiceField(choices=list(Category))
    assignee = serializers.CharField(source="assignee.username", default=None, allow_null=True)
    urgency = serializers.ChoiceField(choices=list(Urgency))
    address = serializers.CharField()
    lat = serializers.FloatField(allow_null=True)
    lng = serializers.FloatField(allow_null=True)
    sent_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    accept_due = serializers.SerializerMethodField()
    resolve_due = serializers.SerializerMethodField()
    source_due = serializers.DateTimeField(source="source_due_at", allow_null=True)
    next_due = serializers.DateTimeField(source="next_due_at", allow_null=True)
    sla = serializers.SerializerMethodField()
    reporter = ReporterDocument()
    attachments = FileDocument(many=True)
    version = serializers.IntegerField()

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_accept_due(self, ticket: Any) -> str | None:
        return self._due(ticket, "accept")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_resolve_due(self, ticket: Any) -> str | None:
        return self._due(ticket, "resolve")

    @extend_schema_field(SlaDocument)
    def get_sla(self, ticket: Any) -> dict[str, Any]:
        return {kind: self._deadline(ticket, kind) for kind in ("accept", "resolve")}

    def _deadline(self, ticket: Any, kind: str) -> dict[str, Any]:
        state = deadline_state(latest_clock(ticket, kind), at=clock.now())
        return {"state": state, "due": self._due(ticket, kind)}

    def _due(self, ticket: Any, kind: str) -> str | None:
        row = latest_clock(ticket, kind)
        return _as_sent(row.due_at) if row else None


class MessageDocument(Document):
    """A text that an event brought: a note to colleagues, a reply to the citizen, or the citizen's own."""

    kind = serializers.ChoiceField(choices=list(MessageKind))
    body = serializers.CharField()


class EventDocument(Document):
    """One thing that happened to a ticket. `actor` is a person of ours, `source` the system it came from."""

    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(choices=list(EventKind))
    at = serializers.DateTimeField()
    actor = serializers.CharField(source="actor.username", default=None, allow_null=True)
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]
    data = serializers.JSONField()  # type: ignore[assignment]
    message = serializers.SerializerMethodField()

    @extend_schema_field(MessageDocument(allow_null=True))
    def get_message(self, event: Any) -> dict[str, str] | None:
        message = getattr(event, "message", None)
        return None if message is None else {"kind": message.kind, "body": message.body}


class SourceDocument(Document):
    """A source and its health. Settings and credentials are never part of it."""

    slug = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    connector = serializers.CharField()
    profile = serializers.CharField()
    unit = serializers.CharField(source="unit.code", default=None, allow_null=True)
    is_enabled = serializers.BooleanField()
    poll_seconds = serializers.IntegerField()
    next_poll_at = serializers.DateTimeField(allow_null=True)
    health = serializers.ChoiceField(choices=list(Health))
    health_since = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_error_at = serializers.DateTimeField(allow_null=True)
    last_error_code = serializers.CharField()
    last_error_detail = serializers.CharField()
    failures_in_a_row = serializers.IntegerField()
    deliveries_paused = serializers.BooleanField()
    rejected = serializers.IntegerField(help_text="Payloads in quarantine.")


class RunDocument(Document):
    """One reading of a source."""

    id = serializers.IntegerField(source="pk")
    trigger = serializers.CharField()
    is_full = serializers.BooleanField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(choices=list(RunOutcome))
    pages = serializers.IntegerField()
    fetched = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = serializers.IntegerField()
    error_code = serializers.CharField()
    error_detail = serializers.CharField()


class SyncRequestedDocument(Document):
    """That a source will be read as soon as a worker is free."""

    source = serializers.CharField(source="slug")  # type: ignore[assignment]
    next_poll_at = serializers.DateTimeField(allow_null=True)


class PayloadDocument(Document):
    """A payload as its source sent it. The only place of the API that shows one, to those who mend sources."""

    id = serializers.IntegerField(source="pk")
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    external_id = serializers.CharField()
    received_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=list(PayloadState))
    reason_code = serializers.CharField()
    reason_field = serializers.CharField()
    reason_detail = serializers.CharField()
    body = serializers.JSONField()


class ReplayDocument(Document):
    """Whether a payload went in this time, else why not."""

    accepted = serializers.BooleanField()
    reason_code = serializers.CharField()
    reason_detail = serializers.CharField()


class DeliveryDocument(Document):
    """One message to a source. Its text is in the ticket's events."""

    id = serializers.IntegerField(source="pk")
    ticket = serializers.CharField(source="ticket.code")
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    external_id = serializers.CharField(source="ref.external_id")
    action = serializers.CharField()
    state = serializers.ChoiceField(choices=list(DeliveryState))
    reason_code = serializers.CharField()
    reason_detail = serializers.CharField()
    attempts_made = serializers.IntegerField()
    done_at = serializers.DateTimeField(help_text="When the official did it.")
    created_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class ProblemDocument(Document):
    """RFC 9457. `code` is stable; `errors` names the fields that are not accepted."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField(required=False)
    errors = inline_serializer(  # type: ignore[assignment]
        "ProblemError",
        {name: serializers.CharField() for name in ("field", "code", "message")},
        many=True,
        required=False,
    )


_KIND_HELP: Mapping[str, str] = {
    "text": "Text of at most 10,000 characters.",
    "official": "Username or id.",
    "unit": "Code of a unit in force.",
    "moment": "ISO 8601.",
}


class ActionBody(serializers.Serializer):  # type: ignore[type-arg]
    """What an action needs, for the description only: the registry of actions reads and checks the values."""

    DESCRIPTION: ClassVar[str] = "\n".join(
        f"- `{verb}`: "
        + (", ".join(f"`{f.name}`{'' if f.required else ' (optional)'}" for f in action.fields) or "no fields")
        for verb, action in ACTIONS.items()
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            field.name: serializers.CharField(required=False, help_text=_KIND_HELP[field.kind])
            for action in ACTIONS.values()
            for field in action.fields
        }
