"""What people read for each code: words, icon, tone. One table per closed set; templates ask through `|label`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connectors import registry
from connectors.records import OutboundAction
from inbox.accounts.vocabulary import Role
from inbox.outbox.vocabulary import Decision, DeliveryState, DifferenceKind
from inbox.reports.vocabulary import Every, ExportKind, ExportState, Problem, Report
from inbox.sla.foresight import Alike
from inbox.sla.yearbook import Kind
from inbox.sources.vocabulary import MANUAL, Breaker, Channel, CodeKind, Health, PayloadState, RunOutcome
from inbox.tickets.queries import Order, View
from inbox.tickets.vocabulary import Category, PhotoStage, Status, Verb

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Label:
    """Words for a code, the icon beside them and the tone of a pill: "", info, ok, soon, late or hold."""

    words: Words
    icon: str = "tag"
    tone: str = ""


STATUS: Mapping[str, Label] = {
    Status.NEW: Label(_("New"), "inbox"),
    Status.ACCEPTED: Label(_("Accepted"), "check", "info"),
    Status.IN_PROGRESS: Label(_("In progress"), "play", "info"),
    Status.AWAITING_APPROVAL: Label(_("Awaiting approval"), "user-check", "info"),
    Status.WAITING_CITIZEN: Label(_("Waiting for the citizen"), "pause", "hold"),
    Status.WAITING_OTHER: Label(_("Waiting for another unit"), "pause", "hold"),
    Status.RESOLVED: Label(_("Resolved"), "check-circle", "ok"),
    Status.CLOSED: Label(_("Closed"), "check-circle", "ok"),
    Status.TRANSFERRED: Label(_("Transferred"), "forward", "hold"),
    Status.RETURNED: Label(_("Returned"), "back", "hold"),
    Status.REFUSED: Label(_("Refused"), "ban", "hold"),
    Status.WITHDRAWN: Label(_("Withdrawn by the citizen"), "ban", "hold"),
}

CATEGORY: Mapping[str, Label] = {
    Category.PROCEDURES: Label(_("Administrative procedures"), "file"),
    Category.INFRASTRUCTURE: Label(_("Roads and infrastructure"), "cone"),
    Category.FLOODING: Label(_("Flooding"), "drops"),
    Category.LIGHTING: Label(_("Street lighting"), "bulb"),
    Category.NOISE: Label(_("Noise"), "sound"),
    Category.URBAN_ORDER: Label(_("Pavement and road encroachment"), "shop"),
    Category.CONSTRUCTION: Label(_("Building order"), "crane"),
    Category.ENVIRONMENT: Label(_("Environment and waste"), "trash"),
    Category.SECURITY: Label(_("Security and order"), "shield"),
    Category.TRAFFIC: Label(_("Traffic"), "traffic"),
    Category.BUS: Label(_("Buses"), "bus"),
    Category.ELECTRICITY: Label(_("Electricity"), "bolt"),
    Category.WATER: Label(_("Water supply"), "drop"),
    Category.TELECOM: Label(_("Telecommunications"), "antenna"),
    Category.TREES: Label(_("Trees"), "tree"),
    Category.FOOD_SAFETY: Label(_("Food safety"), "food"),
    Category.FIRE_SAFETY: Label(_("Fire safety"), "fire"),
    Category.HEALTH: Label(_("Health"), "heart"),
    Category.CONDUCT: Label(_("Conduct of officials"), "users"),
    Category.OTHER: Label(_("Other field"), "tag"),
}

VERB: Mapping[str, Label] = {
    Verb.ACCEPT: Label(_("Accept"), "check"),
    Verb.ASSIGN: Label(_("Assign"), "user-plus"),
    Verb.CLAIM: Label(_("Take it"), "user-check"),
    Verb.START: Label(_("Start work"), "play"),
    Verb.ADD_NOTE: Label(_("Add a note"), "lock"),
    Verb.REPLY: Label(_("Reply, not finished yet"), "message"),
    Verb.RESOLVE: Label(_("Answer and finish"), "send"),
    Verb.RETURN: Label(_("Return to the source"), "back"),
    Verb.REFUSE: Label(_("Refuse"), "ban"),
    Verb.TRANSFER: Label(_("Transfer to a unit"), "forward"),
    Verb.PAUSE: Label(_("Pause"), "pause"),
    Verb.RESUME: Label(_("Resume"), "play"),
    Verb.REOPEN: Label(_("Reopen"), "reopen"),
    Verb.EXTEND: Label(_("Ask for more time"), "calendar"),
    Verb.APPROVE_EXTENSION: Label(_("Approve more time"), "check"),
    Verb.REFUSE_EXTENSION: Label(_("Do not give more time"), "x"),
    Verb.MARK_SEVERAL_AGENCIES: Label(_("Needs several agencies"), "users"),
    Verb.CHANGE_CATEGORY: Label(_("Change the field"), "list"),
    Verb.URGE: Label(_("Urge"), "clock-alert"),
    Verb.APPROVE: Label(_("Approve the answer"), "check"),
    Verb.SEND_BACK: Label(_("Send the answer back"), "back"),
    Verb.LINK: Label(_("Same matter as another ticket"), "channels"),
    Verb.UNLINK: Label(_("Separate from the other ticket"), "x"),
    Verb.PUBLISH: Label(_("Make public"), "eye"),
    Verb.UNPUBLISH: Label(_("No longer public"), "lock"),
}

#: What the page says after the verb was done.
DONE: Mapping[str, Words] = {
    Verb.ACCEPT: _("Accepted"),
    Verb.ASSIGN: _("Assigned"),
    Verb.CLAIM: _("Yours now"),
    Verb.START: _("Work has started"),
    Verb.ADD_NOTE: _("Note saved"),
    Verb.REPLY: _("Reply recorded, on its way to the sources"),
    Verb.RESOLVE: _("Finished. The time counts from now; the answer is on its way to the sources"),
    Verb.RETURN: _("Returned"),
    Verb.REFUSE: _("Refused"),
    Verb.TRANSFER: _("Transferred"),
    Verb.PAUSE: _("Paused, the clock stands still"),
    Verb.RESUME: _("Resumed, the clock runs again"),
    Verb.REOPEN: _("Reopened"),
    Verb.EXTEND: _("Asked for more time"),
    Verb.APPROVE_EXTENSION: _("More time given, the deadline has moved"),
    Verb.REFUSE_EXTENSION: _("Not given, the deadline stays"),
    Verb.MARK_SEVERAL_AGENCIES: _("Marked: several agencies; the deadline has moved"),
    Verb.CHANGE_CATEGORY: _("Moved to another field"),
    Verb.URGE: _("Urged: the officer and the leaders are told"),
    Verb.APPROVE: _("Approved. The time counts from now; the answer is on its way to the sources"),
    Verb.SEND_BACK: _("Sent back with the reason"),
    Verb.LINK: _("Linked: answers of the main ticket go to both"),
    Verb.UNLINK: _("Separated: it gets answers of its own again"),
    Verb.PUBLISH: _("Public now"),
    Verb.UNPUBLISH: _("No longer public"),
}
PROPOSED: Words = _("The answer waits for a leader’s approval. The clock goes on until then")

#: Who will read what is typed into a verb's form, and what it does.
HINT: Mapping[str, Words] = {
    Verb.ASSIGN: _("The person sees the ticket under “My work”."),
    Verb.ADD_NOTE: _("Only officials see this."),
    Verb.REPLY: _("The citizen reads this. The ticket stays open and the clock goes on."),
    Verb.RESOLVE: _(
        "The citizen reads this. The ticket is finished at the moment you press the button, "
        "even if a source is not reachable."
    ),
    Verb.RETURN: _("For complaints that are not for this unit. The citizen and the source read the reason."),
    Verb.REFUSE: _("For what is outside complaints and suggestions. The citizen reads the reason, with guidance."),
    Verb.TRANSFER: _("The ticket leaves your list and becomes new for the other unit."),
    Verb.PAUSE: _("Asks the citizen through the sources. The clock for resolving stands still."),
    Verb.REOPEN: _("The ticket is in progress again."),
    Verb.EXTEND: _("A leader of the ward decides. The deadline stays where it is until then."),
    Verb.APPROVE_EXTENSION: _("The deadline moves to the date asked for; sources that can take it are told."),
    Verb.REFUSE_EXTENSION: _("The officer reads the reason."),
    Verb.MARK_SEVERAL_AGENCIES: _("The limit for several agencies counts from the same start. Say which agencies."),
    Verb.CHANGE_CATEGORY: _(
        "The deadline counts by the rules of the new field, from the same start. What is late stays late, and nobody "
        "becomes late by this."
    ),
    Verb.URGE: _("The officer and the leaders of the ward read this. The citizen does not."),
    Verb.APPROVE: _("The citizen reads this, in your name. You may improve the text first."),
    Verb.SEND_BACK: _("The officer reads the reason and writes a new answer."),
    Verb.PUBLISH: _(
        "Everybody reads these words, with field, unit and a rough place; nothing that the citizen wrote is shown. "
        "Write no names, addresses or numbers."
    ),
    Verb.LINK: _("This ticket keeps its own sources and history. What the main ticket answers goes to both."),
}
HINT_PROPOSE: Words = _("A leader of the ward reads this first; after approval the citizen does.")

FIELD: Mapping[str, Words] = {
    "text": _("Text"),
    "reason": _("Reason"),
    "assignee": _("Who works on it"),
    "unit": _("Receiving unit"),
    "category": _("Field"),
    "until": _("Look again at"),
    "main": _("Code of the main ticket"),
    "files": _("Photos and files that go with it"),
}

MOMENT_FIELD: Mapping[str, Words] = {Verb.EXTEND: _("New deadline")}

TEXT_FIELD: Mapping[str, Words] = {
    Verb.ADD_NOTE: _("Internal note"),
    Verb.REPLY: _("Message to the citizen"),
    Verb.RESOLVE: _("Answer to the citizen"),
    Verb.PAUSE: _("What the citizen should add"),
    Verb.PUBLISH: _("What everybody may read"),
    Verb.EXTEND: _("Why more time is needed"),
    Verb.APPROVE: _("Answer to the citizen"),
}

VIEW: Mapping[str, Label] = {
    View.OPEN: Label(_("All open"), "list"),
    View.MINE: Label(_("My work"), "user"),
    View.UNASSIGNED: Label(_("Not assigned"), "user-off"),
    View.DUE_SOON: Label(_("Due soon"), "clock-alert", "soon"),
    View.AT_RISK: Label(_("Likely late"), "alert", "soon"),
    View.OVERDUE: Label(_("Overdue"), "alert", "late"),
    View.WAITING: Label(_("Waiting for citizen / other unit"), "pause"),
    View.RESOLVED: Label(_("Resolved, 7 days"), "check-circle"),
    View.NO_UNIT: Label(_("Ward not known"), "map-question"),
    View.ALL: Label(_("All, closed ones too"), "inbox"),
}

ORDER: Mapping[str, Label] = {
    Order.DEADLINE: Label(_("Next deadline first")),
    Order.NEWEST: Label(_("Newest first")),
    Order.CHANGED: Label(_("Changed last first")),
    Order.RESOLVED: Label(_("Resolved last first")),
    Order.RISK: Label(_("Most at risk first")),
}

SLA: Mapping[str, Label] = {
    "ok": Label(_("In time")),
    "due_soon": Label(_("Due soon"), "clock-alert", "soon"),
    "overdue": Label(_("Overdue"), "alert", "late"),
    "paused": Label(_("Paused"), "pause", "hold"),
    "none": Label(_("Without a deadline")),
}

DELIVERY: Mapping[str, Label] = {
    DeliveryState.PENDING: Label(_("Waiting to be sent"), "clock", "wait"),
    DeliveryState.IN_FLIGHT: Label(_("Being sent"), "send", "wait"),
    DeliveryState.UNKNOWN: Label(_("Sent, confirmation is being checked"), "clock", "wait"),
    DeliveryState.DELIVERED: Label(_("Sent"), "check", "ok"),
    DeliveryState.BY_HAND: Label(_("To be entered by hand"), "hand", "soon"),
    DeliveryState.DEAD: Label(_("Not accepted by the source"), "alert", "late"),
    DeliveryState.CANCELLED: Label(_("Cancelled"), "x", "hold"),
}

DIFFERENCE: Mapping[str, Label] = {
    DifferenceKind.ANSWERED_THERE: Label(_("Ended there by somebody else"), "users", "soon"),
    DifferenceKind.WITHDRAWN_THERE: Label(_("Withdrawn there"), "ban", "soon"),
    DifferenceKind.TRANSFERRED_THERE: Label(_("Transferred there"), "forward", "soon"),
    DifferenceKind.STATUS: Label(_("Status differs"), "alert", "soon"),
    DifferenceKind.ANSWER: Label(_("Answer differs"), "message", "soon"),
    DifferenceKind.DEADLINE: Label(_("Deadline differs"), "calendar", "soon"),
    DifferenceKind.LOST_THERE: Label(_("Confirmed but not shown there"), "alert", "late"),
    DifferenceKind.ONLY_HERE: Label(_("Only here"), "inbox", "soon"),
    DifferenceKind.ONLY_THERE: Label(_("Only there"), "plug", "soon"),
}

DECISION: Mapping[str, Label] = {
    Decision.OPEN: Label(_("Not decided yet"), "clock", "soon"),
    Decision.KEEP_OURS: Label(_("our side counts, the source is told again"), "send", "ok"),
    Decision.TAKE_THEIRS: Label(_("the source’s side counts"), "plug", "ok"),
    Decision.DISMISSED: Label(_("it may stay as it is"), "x", "hold"),
    Decision.AGREED: Label(_("both sides agree again"), "check", "ok"),
}

ATTEMPT: Mapping[str, Label] = {
    "delivered": Label(_("Arrived"), "check", "ok"),
    "absent": Label(_("Asked: not there yet"), "clock", "hold"),
    "retry": Label(_("Not sent"), "plug-off", "soon"),
    "unknown": Label(_("Sent, no confirmation"), "clock", "soon"),
    "refused": Label(_("Refused"), "alert", "late"),
    "paused": Label(_("Log-in refused"), "hand", "late"),
    "lease_lost": Label(_("Another worker went on"), "refresh", "hold"),
}

OUTBOUND: Mapping[str, Label] = {
    OutboundAction.ACCEPT: Label(_("acceptance"), "check"),
    OutboundAction.START: Label(_("start of work"), "play"),
    OutboundAction.REPLY: Label(_("reply"), "message"),
    OutboundAction.ASK_CITIZEN: Label(_("question to the citizen"), "message"),
    OutboundAction.RESOLVE: Label(_("answer"), "send"),
    OutboundAction.RETURN: Label(_("return"), "back"),
    OutboundAction.REFUSE: Label(_("refusal"), "ban"),
    OutboundAction.TRANSFER: Label(_("transfer"), "forward"),
    OutboundAction.REOPEN: Label(_("reopening"), "reopen"),
    OutboundAction.EXTEND: Label(_("extension"), "calendar"),
}

HEALTH: Mapping[str, Label] = {
    Health.UNKNOWN: Label(_("Not asked yet"), "clock", "hold"),
    Health.OK: Label(_("Normal"), "check-circle", "ok"),
    Health.DEGRADED: Label(_("Slow or partly failing"), "clock-alert", "soon"),
    Health.DOWN: Label(_("Interrupted"), "plug-off", "late"),
    Health.NEEDS_PERSON: Label(_("Needs a person"), "hand", "late"),
    Health.OFF: Label(_("Switched off"), "power", "hold"),
}

BREAKER: Mapping[str, Label] = {
    Breaker.CLOSED: Label(_("Connected"), "link"),
    Breaker.OPEN: Label(_("Disconnected"), "unlink", "late"),
    Breaker.HALF_OPEN: Label(_("Trying to connect again"), "refresh", "soon"),
    Breaker.OFF: Label(_("Switched off by hand"), "power", "hold"),
}

CODE_KIND: Mapping[str, Label] = {
    CodeKind.STATUS: Label(_("Status code")),
    CodeKind.CATEGORY: Label(_("Category code")),
}

RUN: Mapping[str, Label] = {
    RunOutcome.RUNNING: Label(_("Running"), "refresh", "info"),
    RunOutcome.OK: Label(_("Done"), "check", "ok"),
    RunOutcome.FAILED: Label(_("Failed"), "alert", "late"),
    RunOutcome.ABANDONED: Label(_("Broken off"), "alert", "soon"),
}

TRIGGER: Mapping[str, Label] = {
    "schedule": Label(_("on schedule"), "calendar"),
    "by_hand": Label(_("by hand"), "hand"),
    "replay": Label(_("replay"), "reopen"),
    "push": Label(_("sent by the source"), "antenna"),
}

PAYLOAD: Mapping[str, Label] = {
    PayloadState.RECEIVED: Label(_("Waits to be read"), "clock"),
    PayloadState.ACCEPTED: Label(_("Taken in"), "check", "ok"),
    PayloadState.REJECTED: Label(_("In quarantine"), "shield-alert", "soon"),
    PayloadState.REPLAYED: Label(_("Taken in later"), "check", "ok"),
    PayloadState.SUPERSEDED: Label(_("Replaced by a later one"), "check", "ok"),
}

ROUTING: Mapping[str, Label] = {
    "coordinates": Label(_("By the coordinates"), "map-pin"),
    "old_ward": Label(_("By the old ward and district"), "map-pin"),
    "new_ward": Label(_("By the name of the ward"), "map-pin"),
    "source_unit": Label(_("As the source assigned it"), "plug"),
    "by_person": Label(_("Decided by a person"), "user-check"),
    "triage": Label(_("Not decided: a person has to look"), "map-question", "soon"),
}

CLOCK: Mapping[str, Label] = {
    "accept": Label(_("Acceptance"), "check"),
    "resolve": Label(_("Resolution"), "send"),
    "source": Label(_("Source’s date"), "calendar"),
}

CHANNEL: Mapping[str, Label] = {
    Channel.WALK_IN: Label(_("At the counter"), "user"),
    Channel.PHONE: Label(_("By phone"), "message"),
    Channel.LETTER: Label(_("By letter"), "file"),
}

ROLE: Mapping[str, Label] = {
    Role.OFFICER: Label(_("Officer"), "user"),
    Role.LEADER: Label(_("Ward leader"), "user"),
    Role.SUPERVISOR: Label(_("City supervisor"), "user"),
    Role.TRIAGE: Label(_("Triage"), "user"),
    Role.ADMIN: Label(_("Administrator"), "user"),
    Role.AUDITOR: Label(_("Auditor"), "user"),
}

#: How a promise is counted.
TARGET: Mapping[str, Label] = {
    "minutes": Label(_("minutes, round the clock")),
    "hours": Label(_("hours, round the clock")),
    "working_minutes": Label(_("working minutes")),
    "working_hours": Label(_("working hours")),
    "working_days": Label(_("working days")),
    "calendar_days": Label(_("days, days off counted in")),
}

PROMISE: Mapping[str, Label] = {
    "accept": Label(_("Acceptance"), "check"),
    "resolve": Label(_("Resolution"), "send"),
    "several_agencies": Label(_("Resolution with several agencies"), "users"),
}

LEVEL: Mapping[str, Label] = {
    "warn": Label(_("when due soon")),
    "due": Label(_("when due")),
    "late": Label(_("when late for long")),
}

TOLD: Mapping[str, Label] = {
    "officer": Label(_("officer who works on it")),
    "leader": Label(_("leaders of the ward")),
    "supervisor": Label(_("city supervisors")),
}

URGENCY: Mapping[str, Label] = {"normal": Label(_("ordinary")), "urgent": Label(_("urgent"))}

#: The conditions of a policy, and why one does not fit.
CONDITION: Mapping[str, Label] = {
    "connector": Label(_("kind of source")),
    "source_slug": Label(_("source")),
    "category": Label(_("field")),
    "urgency": Label(_("urgency")),
    "unit": Label(_("unit")),
    "valid_from": Label(_("does not count yet")),
    "valid_to": Label(_("no longer counts")),
}

DATE: Mapping[str, Label] = {
    Kind.WORKED: Label(_("worked"), "check"),
    Kind.FREE: Label(_("weekly day off"), "moon"),
    Kind.OFF: Label(_("day off"), "sun", "hold"),
    Kind.EXTRA: Label(_("worked instead"), "check", "info"),
    Kind.OTHER_HOURS: Label(_("other hours"), "clock", "soon"),
}

#: What a ticket's chances were reckoned from.
ALIKE: Mapping[str, Label] = {
    Alike.WARD_AND_CATEGORY: Label(_("of this field in this ward")),
    Alike.CATEGORY: Label(_("of this field in all wards")),
    Alike.ALL: Label(_("of all fields and wards")),
}

STAGE: Mapping[str, Label] = {
    PhotoStage.BEFORE: Label(_("Before"), "camera"),
    PhotoStage.AFTER: Label(_("After"), "camera", "ok"),
}

#: What the history can be narrowed to.
SHOW: Mapping[str, Label] = {
    "all": Label(_("Everything"), "list"),
    "public": Label(_("With the citizen"), "send"),
    "internal": Label(_("Internal"), "lock"),
    "system": Label(_("System"), "info"),
    "deliveries": Label(_("Deliveries"), "channels"),
}

#: What each variable of a ready-made reply becomes.
VARIABLE: Mapping[str, Words] = {
    "code": _("the ticket’s code"),
    "title": _("what the complaint is about"),
    "address": _("where it happened"),
    "category": _("the field"),
    "citizen": _("the citizen’s name, shortened"),
    "unit": _("your unit"),
    "officer": _("your name"),
    "sent_on": _("the day the citizen wrote"),
    "today": _("today’s date"),
}
#: What a source can change of what was said, in the middle of a sentence.
SOURCE_FIELD: Mapping[str, Label] = {
    "external_id": Label(_("number in the source")),
    "title": Label(_("title")),
    "text": Label(_("text")),
    "address": Label(_("place")),
    "lat": Label(_("latitude")),
    "lng": Label(_("longitude")),
    "sent_at": Label(_("time of sending")),
    "source_due_at": Label(_("the source’s deadline")),
    "urgency": Label(_("urgency")),
    "category": Label(_("category")),
    "reporter": Label(_("contact")),
    "attachments": Label(_("files")),
}

EXPORT: Mapping[str, Label] = {
    ExportState.WAITING: Label(_("Waits its turn"), "clock", "hold"),
    ExportState.RUNNING: Label(_("Being made"), "refresh", "info"),
    ExportState.DONE: Label(_("Ready"), "check-circle", "ok"),
    ExportState.FAILED: Label(_("Not made"), "alert", "late"),
    ExportState.EXPIRED: Label(_("Expired"), "clock", "hold"),
    ExportState.DELETED: Label(_("Deleted"), "trash", "hold"),
}

EXPORT_KIND: Mapping[str, Label] = {
    ExportKind.TICKETS: Label(_("List of tickets"), "list"),
}

REPORT: Mapping[str, Label] = {
    Report.WARD: Label(_("Report of the ward"), "file"),
    Report.RANKING: Label(_("Ranking of the wards"), "list"),
    Report.FIGURES: Label(_("Page of figures"), "file"),
}

EVERY: Mapping[str, Label] = {Every.MONTH: Label(_("each month")), Every.WEEK: Label(_("each week"))}

EXPORT_PROBLEM: Mapping[str, Label] = {
    Problem.NOT_ALLOWED: Label(_("Your role no longer includes it.")),
    Problem.INVALID: Label(_("The filters no longer fit: a person, unit or source is gone. Ask again.")),
    Problem.DISK: Label(_("The server had no room for it. Tell an administrator.")),
    Problem.GAVE_UP: Label(_("It broke off several times. Ask for fewer rows, or as CSV.")),
    Problem.FAULT: Label(_("Something went wrong on our side. Ask again; if it stays so, tell an administrator.")),
}

#: The lists behind the figures of the dashboards.
FIGURE: Mapping[str, Label] = {
    "new": Label(_("New in the period")),
    "accepted": Label(_("Accepted")),
    "accept_on_time": Label(_("Accepted on time")),
    "accept_late": Label(_("Accepted late")),
    "resolved": Label(_("Resolved")),
    "resolve_judged": Label(_("Resolved, with a deadline")),
    "resolve_on_time": Label(_("Resolved on time")),
    "resolve_late": Label(_("Resolved late")),
    "source_on_time": Label(_("On time for the source")),
    "source_late": Label(_("Late for the source")),
    "late_elsewhere": Label(_("Late through others")),
    "first_time_right": Label(_("Right the first time")),
    "outside_hours": Label(_("Answered outside working hours")),
    "ended": Label(_("Finished")),
    "became_late": Label(_("Missed deadlines")),
    "reopened": Label(_("Reopened")),
    "returned": Label(_("Returned")),
    "transferred": Label(_("Taken over")),
}

_TABLES: Mapping[str, Mapping[str, Label]] = {
    "status": STATUS,
    "category": CATEGORY,
    "verb": VERB,
    "view": VIEW,
    "delivery": DELIVERY,
    "difference": DIFFERENCE,
    "decision": DECISION,
    "attempt": ATTEMPT,
    "sla": SLA,
    "order": ORDER,
    "outbound": OUTBOUND,
    "health": HEALTH,
    "breaker": BREAKER,
    "code_kind": CODE_KIND,
    "run": RUN,
    "trigger": TRIGGER,
    "payload": PAYLOAD,
    "routing": ROUTING,
    "clock": CLOCK,
    "role": ROLE,
    "channel": CHANNEL,
    "alike": ALIKE,
    "stage": STAGE,
    "show": SHOW,
    "field": SOURCE_FIELD,
    "export": EXPORT,
    "export_kind": EXPORT_KIND,
    "report": REPORT,
    "every": EVERY,
    "export_problem": EXPORT_PROBLEM,
    "date": DATE,
    "target": TARGET,
    "promise": PROMISE,
    "level": LEVEL,
    "told": TOLD,
    "urgency": URGENCY,
    "condition": CONDITION,
    "figure": FIGURE,
}


def label_of(kind: str, code: Any) -> Label:
    """The label of a code; one nobody named is shown as it is."""
    return _TABLES[kind].get(str(code)) or Label(str(code))


def field_label(verb: Verb, name: str) -> Words:
    """The label of one input of a verb's form."""
    if name == "until":
        return MOMENT_FIELD.get(verb, FIELD[name])
    return TEXT_FIELD.get(verb, FIELD[name]) if name in {"text", "reason"} else FIELD[name]


def connector(slug: str) -> Words:
    """The name of the kind of system behind a source."""
    kind = registry.all().get(slug)
    return kind.label if kind else _("Entered here by officials") if slug == MANUAL else slug
