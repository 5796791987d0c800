"""What the frame around every page shows: where one is, for which units, and which sources are in trouble.

Everything is lazy: a fragment that does not draw the frame costs no query.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from inbox.accounts.permissions import Permission, may
from inbox.accounts.queries import told_of
from inbox.core import clock
from inbox.notify.queries import unread
from inbox.reports.queries import unseen
from inbox.sources import queries as sources
from inbox.web import deadlines, labels, moments

if TYPE_CHECKING:
    from inbox.sla.calendar import WorkingCalendar
    from inbox.tickets.queries import Question

SECTIONS = {
    "inbox": "inbox",
    "ticket": "inbox",
    "new-ticket": "new-ticket",
    "ticket-act": "inbox",
    "dashboard": "dashboard",
    "dashboard-unit": "dashboard",
    "dashboard-officer": "dashboard",
    "dashboard-source": "dashboard",
    "notifications": "notifications",
    "notification-settings": "notifications",
    "sources": "sources",
    "source": "sources",
    "calendars": "calendars",
    "calendar": "calendars",
    "policies": "policies",
    "policy": "policies",
    "policy-try": "policies",
    "reconciliation": "sources",
    "deliveries": "deliveries",
    "delivery": "deliveries",
    "bulk-retry": "deliveries",
    "desk": "desk",
    "desk-new-reply": "desk",
    "desk-reply": "desk",
    "evidence": "evidence",
    "evidence-record": "evidence",
    "exports": "exports",
    "new-export": "exports",
    "reports": "reports",
    "report": "reports",
}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template variables of the frame. Anonymous people get none, and cost no query."""
    official = getattr(request, "user", None)
    if official is None or not official.is_authenticated:
        return {"shell": None}
    return {"shell": SimpleLazyObject(lambda: _shell(request, official))}


def _shell(request: HttpRequest, official: Any) -> dict[str, Any]:
    now = clock.now()
    name = request.resolver_match.url_name if request.resolver_match else ""
    memberships = official.memberships_now
    sees_sources, exports = may(official, Permission.VIEW_SOURCES), may(official, Permission.EXPORT)
    behind_more = (Permission.VIEW_SOURCES, Permission.EXPORT, Permission.MANAGE_DESK, Permission.VIEW_DEADLINES)
    waits = getattr(request, "waits", None) or what_waits(official, at=now)
    return {
        "now": now,
        "section": SECTIONS.get(name or "", ""),
        "units": [membership.unit.name for membership in memberships if membership.unit] or [_("Whole city")],
        "roles": [labels.label_of("role", membership.role).words for membership in memberships],
        "sees_sources": sees_sources,
        "sees_deadlines": may(official, Permission.VIEW_DEADLINES),
        "sees_evidence": may(official, Permission.VIEW_EVIDENCE),
        "manages_desk": may(official, Permission.MANAGE_DESK),
        "exports": exports,
        "unseen_exports": waits.get("unseen", 0),
        "has_more": any(may(official, permission) for permission in behind_more),
        "enters_tickets": may(official, Permission.ENTER_TICKET),
        "unread": waits["unread"],
        "troubles": _troubles(request) if sees_sources else [],
        "clock": moments.time(now),
        "date": f"{moments.weekday_name(now)} {moments.date(now)}",
        "office": _office(now, deadlines.office_hours(membership.unit_id for membership in memberships)),
    }


def waiting(official: Any) -> dict[str, Question]:
    """What the frame says is waiting for somebody. A page that has asked it anyway leaves it in `request.waits`."""
    asked: dict[str, Question] = {"unread": lambda at, **_: unread(official, at=at)}
    return asked | {"unseen": lambda **_: unseen(official)} if may(official, Permission.EXPORT) else asked


def what_waits(official: Any, *, at: datetime) -> dict[str, int]:
    """The same, asked in a statement of its own."""
    return told_of(official, **{name: question(at=at) for name, question in waiting(official).items()})


def _troubles(request: HttpRequest) -> list[Any]:
    """The sources in trouble. A page that has read the sources anyway knows already whether there are any."""
    known = getattr(request, "known_sources", None)
    if known is not None and not any(source.is_enabled and source.health in sources.TROUBLE for source in known):
        return []
    return sources.in_trouble()


def _office(now: datetime, office: WorkingCalendar | None) -> str:
    """Whether working time runs, and until when or from when."""
    if office is None:
        return ""
    if not office.is_open(now):
        opening = moments.short(office.next_open(now), now=now)
        return _("Outside working hours, opens %(time)s") % {"time": opening}
    closing = deadlines.closing_today(now, office)
    return _("Working hours, until %(time)s") % {"time": moments.time(closing)} if closing else _("Working hours")
