"""What notifications say, in the active language. No names of citizens and none of their words: e-mail is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inbox.notify.models import Notification
from inbox.tickets.vocabulary import EventKind

Words = str | Promise

#: %(who)s did it; %(clock)s and %(time)s are the deadline it is about.
_SENTENCES: Mapping[EventKind, Words] = {
    EventKind.ASSIGNED: _("%(who)s gave this ticket to you"),
    EventKind.TRANSFERRED: _("%(who)s transferred this ticket to your unit"),
    EventKind.REOPENED: _("%(who)s reopened this ticket"),
    EventKind.SOURCE_DISAGREES: _("The source says something else than we do: please check which is right"),
    EventKind.WITHDRAWN: _("The citizen has withdrawn the complaint"),
    EventKind.DUE_SOON: _("Due soon: %(clock)s by %(time)s"),
    EventKind.BECAME_OVERDUE: _("Overdue: %(clock)s was due %(time)s"),
    EventKind.ESCALATED: _("Overdue for long: %(clock)s was due %(time)s"),
    EventKind.EXTENSION_ASKED: _("%(who)s asks for more time, until %(time)s: please decide"),
    EventKind.EXTENSION_APPROVED: _("%(who)s approved more time, until %(time)s"),
    EventKind.EXTENSION_REFUSED: _("%(who)s did not give more time"),
    EventKind.URGED: _("%(who)s urges"),
    EventKind.CITIZEN_ANSWERED: _("The citizen has answered, the clock runs again"),
    EventKind.PAUSE_ENDED: _("The longest pause is over, the clock runs again"),
    EventKind.NOTE_ADDED: _("%(who)s wrote a note"),
    EventKind.REPLIED: _("%(who)s wrote to the citizen"),
    EventKind.RESOLVED: _("%(who)s answered and finished"),
    EventKind.ANSWER_PROPOSED: _("%(who)s proposes an answer: please decide"),
    EventKind.ANSWER_SENT_BACK: _("%(who)s sent the proposed answer back"),
    EventKind.DELIVERY_FAILED: _("The source did not take what you wrote: please look at the ticket"),
}
_CLOCKS: Mapping[str, Words] = {"accept": _("acceptance of the ticket"), "resolve": _("answer to the citizen")}


#: What is wrong with a source, by its health, or because it is silent.
SOURCE_TROUBLE: Mapping[str, Words] = {
    "down": _("%(source)s has been interrupted since %(time)s"),
    "needs_person": _("%(source)s has needed a person since %(time)s: it refuses our log-in or its settings are wrong"),
    "silent": _("%(source)s answers, but has brought nothing new since %(time)s: that is unusual for these hours"),
}


def sentence(notification: Notification) -> str:
    """What happened, without the ticket's code. Needs `event` and `event.actor` loaded."""
    event = notification.event
    words = _SENTENCES.get(EventKind(event.kind))
    if words is None:
        return event.kind
    moment = event.data.get("until") or event.data.get("due_at")
    return str(words) % {
        "who": event.actor.display_name if event.actor else gettext("System"),
        "clock": _CLOCKS.get(event.data.get("clock", ""), ""),
        "time": _moment(datetime.fromisoformat(moment)) if moment else "",
    }


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M %d/%m/%Y}"


#: Every kind that there are words for.
KINDS = frozenset(_SENTENCES)
