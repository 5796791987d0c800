"""The JSON of the API: names here are a promise to integrators. Read-only; what may be written stands in the actions.

Serializers name each field, so that a new column never becomes public by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from inbox.actions.base import LONGEST_TEXT
from inbox.actions.create_ticket import NewComplaint
from inbox.actions.registry import ACTIONS
from inbox.core import clock
from inbox.core.masking import masked_email, masked_name, masked_phone
from inbox.outbox.vocabulary import DeliveryState
from inbox.reports.vocabulary import ExportFormat, ExportKind, ExportState, Problem
from inbox.sources.vocabulary import Channel, Health, PayloadState, RunOutcome
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


class DayDocument(Document):
    """A date between start and due date. Lengths are in seconds of the time that the clock counts."""

    date = serializers.DateField()
    counted_seconds = serializers.SerializerMethodField()
    paused_seconds = serializers.SerializerMethodField()
    note = serializers.CharField(help_text="Why the calendar differs from the week on this date.")
    to_be_confirmed = serializers.BooleanField()

    def get_counted_seconds(self, day: Any) -> int:
        return int(day.counted.total_seconds())

    def get_paused_seconds(self, day: Any) -> int:
        return int(day.paused.total_seconds())


class PauseDocument(Document):
    """A pause as it was taken; `end` is null while it lasts."""

    begin = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class ExtensionDocument(Document):
    """More time that a leader gave for the answer."""

    until = serializers.DateTimeField()
    asked_by = serializers.CharField()
    reason = serializers.CharField()
    given_by = serializers.CharField()
    given_at = serializers.DateTimeField()


class ExplainedClockDocument(Document):
    """One promise, day by day."""

    kind = serializers.ChoiceField(choices=["accept", "resolve"])
    round = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["running", "paused", "met", "breached", "cancelled"])
    policy = serializers.CharField()
    policy_version = serializers.IntegerField()
    policy_valid_from = serializers.DateField()
    target_amount = serializers.IntegerField()
    target_unit = serializers.CharField()
    calendar = serializers.CharField(help_text="By whose hours and holidays working time is counted.")
    changed_since = serializers.BooleanField(help_text="The calendar was changed after this was done.")
    extension_seconds = serializers.SerializerMethodField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    met_at = serializers.DateTimeField(allow_null=True)
    total_seconds = serializers.SerializerMethodField()
    pauses = PauseDocument(many=True)
    days = DayDocument(many=True)

    def get_extension_seconds(self, clock_row: Any) -> int:
        return int(clock_row.extension.total_seconds())

    def get_total_seconds(self, clock_row: Any) -> int:
        return int(clock_row.total.total_seconds())


class ExplanationDocument(Document):
    """Why the deadlines of a ticket are what they are. `text` says the same in the language of the request."""

    code = serializers.CharField()
    source_due = serializers.DateTimeField(allow_null=True)
    clocks = ExplainedClockDocument(many=True)
    extensions = ExtensionDocument(many=True)
    text = serializers.ListField(child=serializers.CharField())


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


class OutageDocument(Document):
    """That a source was away, as it was seen."""

    id = serializers.IntegerField(source="pk")
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    began = serializers.DateTimeField(help_text="The first of the failures in a row.")
    last_success_before = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True, help_text="When a probe of its own failed too.")
    ended = serializers.DateTimeField(allow_null=True, help_text="The first success; null while it is open.")
    reason_code = serializers.CharField()
    tickets_touched = serializers.IntegerField()


class EvidenceDocument(Document):
    """Something done in time although its source heard of it late: the newest version of its record."""

    number = serializers.CharField()
    ticket = serializers.CharField(source="ticket.code")
    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]
    version = serializers.IntegerField(source="latest.version")
    done_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(source="latest.made_at")
    arrived_at = serializers.DateTimeField(source="latest.arrived_at", allow_null=True)
    facts = serializers.JSONField(source="latest.facts", help_text="What the hash covers: see docs/evidence.md.")
    hash = serializers.CharField(source="latest.hash")


class ExportDocument(Document):
    """A file that was asked for, and how far it is."""

    id = serializers.UUIDField(source="key")
    kind = serializers.ChoiceField(choices=list(ExportKind))
    format = serializers.ChoiceField(choices=list(ExportFormat))
    state = serializers.ChoiceField(choices=list(ExportState))
    error_code = serializers.ChoiceField(choices=[*Problem, ""], help_text="Why there is no file; else empty.")
    percent = serializers.IntegerField(help_text="How far it is, 0 to 100.")
    rows = serializers.IntegerField(help_text="Rows written so far.")
    size = serializers.IntegerField(help_text="Bytes, once it is ready.")
    sha256 = serializers.CharField(source="content_hash")
    filters = serializers.DictField(
        source="parameters", child=serializers.ListField(child=serializers.CharField()), read_only=True
    )
    asked_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the file is deleted.")
    status_url = serializers.SerializerMethodField(help_text="Ask here until `state` is `done` or `failed`.")
    download_url = serializers.SerializerMethodField(help_text="409 until it is ready.")

    def get_status_url(self, export: Any) -> str:
        return settings.BASE_URL + reverse("api-export", kwargs={"key": export.key})

    def get_download_url(self, export: Any) -> str:
        return settings.BASE_URL + reverse("api-export-download", kwargs={"key": export.key})


class ExportBody(serializers.Serializer):  # type: ignore[type-arg]
    """What is wanted: a list of tickets, narrowed by the filters of `tickets/` and a `view` of the inbox."""

    kind = serializers.ChoiceField(choices=[ExportKind.TICKETS.value], default=ExportKind.TICKETS.value)
    format = serializers.ChoiceField(choices=[known.value for known in ExportFormat])
    filters = serializers.DictField(required=False, default=dict)
    with_mark = serializers.BooleanField(default=False, help_text="CSV begins with a byte order mark, for Excel.")

    def validate_filters(self, filters: dict[str, Any]) -> dict[str, list[str]]:
        """Each a text or a list of texts."""
        found: dict[str, list[str]] = {}
        for name, given in filters.items():
            values = given if isinstance(given, list) else [given]
            if not all(isinstance(value, str | bool | int) for value in values):
                raise serializers.ValidationError({name[:50]: "This must be a text or a list of texts."})
            found[name] = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
        return found

    def wanted(self) -> dict[str, Any]:
        """As `ask_export` takes it, once it is valid."""
        data = self.validated_data
        return {"file_format": data["format"], "filters": data["filters"], "with_mark": data["with_mark"]}


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
    "ticket": "Code of a ticket.",
    "category": "One of " + ", ".join(Category) + ".",
    "files": "Ids of files that officials added to the ticket, with commas between them.",
}


class NewTicketCodeDocument(Document):
    """The code of a ticket that went to a ward one may not see."""

    code = serializers.CharField()


class NewTicketBody(serializers.Serializer):  # type: ignore[type-arg]
    """A complaint that somebody writes down for a citizen."""

    text = serializers.CharField(max_length=LONGEST_TEXT)
    channel = serializers.ChoiceField(choices=list(Channel), default=Channel.WALK_IN)
    title = serializers.CharField(max_length=200, default="", allow_blank=True)
    category = serializers.ChoiceField(choices=list(Category), default=Category.OTHER)
    urgent = serializers.BooleanField(default=False)
    address = serializers.CharField(max_length=300, default="", allow_blank=True, help_text="Where it happened")
    lat = serializers.FloatField(default=None, allow_null=True, min_value=-90, max_value=90)
    lng = serializers.FloatField(default=None, allow_null=True, min_value=-180, max_value=180)
    name = serializers.CharField(max_length=150, default="", allow_blank=True)
    phone = serializers.CharField(max_length=30, default="", allow_blank=True)
    email = serializers.EmailField(max_length=150, default="", allow_blank=True)
    home_address = serializers.CharField(max_length=300, default="", allow_blank=True)
    anonymous = serializers.BooleanField(default=False)
    sent_at = serializers.DateTimeField(
        default=None, allow_null=True, help_text="When the citizen came, called or wrote; now, if missing"
    )

    def complaint(self) -> NewComplaint:
        """What was sent, once it is valid."""
        sent = dict(self.validated_data)
        return NewComplaint(channel=Channel(sent.pop("channel")), category=Category(sent.pop("category")), **sent)


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


class MetricRowDocument(serializers.Serializer[Any]):
    """One figure of one unit, source, field, officer, day, week or month."""

    key = serializers.CharField(allow_null=True, help_text="Code, slug, field, key of an officer, or first day.")
    name = serializers.CharField(allow_null=True)
    value = serializers.FloatField(allow_null=True)


class MetricDocument(serializers.Serializer[Any]):
    """A figure; with `by` it has rows instead of a value. An empty value means that there are no data."""

    name = serializers.CharField()
    unit = serializers.CharField(help_text="tickets, percent, working_minutes, minutes, hours or records.")
    meaning = serializers.CharField()
    value = serializers.FloatField(allow_null=True, required=False)
    rows = MetricRowDocument(many=True, required=False)
