"""What people read for each code: words, icon, tone. One table per closed set; templates ask through `|label`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from connectors import registry
from connectors.records import OutboundAction
from inbox.accounts.vocabulary import Role
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.vocabulary import MANUAL, Health, PayloadState, RunOutcome
from inbox.tickets.queries import View
from inbox.tickets.vocabulary import Category, Status, Verb

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
}

#: What the page says after the verb was done.
DONE: Mapping[str, Words] = {
    Verb.ACCEPT: _("Accepted"),
    Verb.ASSIGN: _("Assigned"),
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
}

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
}

FIELD: Mapping[str, Words] = {
    "text": _("Text"),
    "reason": _("Reason"),
    "assignee": _("Who works on it"),
    "unit": _("Receiving unit"),
    "until": _("Look again at"),
}

TEXT_FIELD: Mapping[str, Words] = {
    Verb.ADD_NOTE: _("Internal note"),
    Verb.REPLY: _("Message to the citizen"),
    Verb.RESOLVE: _("Answer to the citizen"),
    Verb.PAUSE: _("What the citizen should add"),
}

VIEW: Mapping[str, Label] = {
    View.OPEN: Label(_("All open"), "list"),
    View.MINE: Label(_("My work"), "user"),
    View.UNASSIGNED: Label(_("Not assigned"), "user-off"),
    View.DUE_SOON: Label(_("Due soon"), "clock-alert", "soon"),
    View.OVERDUE: Label(_("Overdue"), "alert", "late"),
    View.WAITING: Label(_("Waiting for citizen / other unit"), "pause"),
    View.RESOLVED: Label(_("Resolved, 7 days"), "check-circle"),
    View.NO_UNIT: Label(_("Ward not known"), "map-question"),
    View.ALL: Label(_("All, closed ones too"), "inbox"),
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
}

PAYLOAD: Mapping[str, Label] = {
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

ROLE: Mapping[str, Label] = {
    Role.OFFICER: Label(_("Officer"), "user"),
    Role.LEADER: Label(_("Ward leader"), "user"),
    Role.SUPERVISOR: Label(_("City supervisor"), "user"),
    Role.TRIAGE: Label(_("Triage"), "user"),
    Role.ADMIN: Label(_("Administrator"), "user"),
    Role.AUDITOR: Label(_("Auditor"), "user"),
}

_TABLES: Mapping[str, Mapping[str, Label]] = {
    "status": STATUS,
    "category": CATEGORY,
    "verb": VERB,
    "view": VIEW,
    "delivery": DELIVERY,
    "outbound": OUTBOUND,
    "health": HEALTH,
    "run": RUN,
    "trigger": TRIGGER,
    "payload": PAYLOAD,
    "routing": ROUTING,
    "clock": CLOCK,
    "role": ROLE,
}


def label_of(kind: str, code: Any) -> Label:
    """The label of a code; one nobody named is shown as it is."""
    return _TABLES[kind].get(str(code)) or Label(str(code))


def field_label(verb: Verb, name: str) -> Words:
    """The label of one input of a verb's form."""
    return TEXT_FIELD.get(verb, FIELD[name]) if name in {"text", "reason"} else FIELD[name]


def connector(slug: str) -> Words:
    """The name of the kind of system behind a source."""
    kind = registry.all().get(slug)
    return kind.label if kind else _("Entered here by officials") if slug == MANUAL else slug


def target(amount: int, unit: str) -> str:
    """A promise as the policy says it: "4 giờ làm việc"."""
    words = {
        "minutes": ngettext("%(count)d minute", "%(count)d minutes", amount),
        "hours": ngettext("%(count)d hour", "%(count)d hours", amount),
        "calendar_days": ngettext("%(count)d calendar day", "%(count)d calendar days", amount),
        "working_minutes": ngettext("%(count)d working minute", "%(count)d working minutes", amount),
        "working_hours": ngettext("%(count)d working hour", "%(count)d working hours", amount),
        "working_days": ngettext("%(count)d working day", "%(count)d working days", amount),
    }
    return words[unit] % {"count": amount}
