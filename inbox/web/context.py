"""What the frame around every page shows: where one is, for which units, and which sources are in trouble.

Everything is lazy: a fragment that does not draw the frame costs no query.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from inbox.accounts.permissions import Permission, may
from inbox.core import clock
from inbox.sources import queries as sources
from inbox.web import deadlines, labels, moments

SECTIONS = {"inbox": "inbox", "ticket": "inbox", "ticket-act": "inbox", "sources": "sources", "source": "sources"}


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
    sees_sources = may(official, Permission.VIEW_SOURCES)
    return {
        "now": now,
        "section": SECTIONS.get(name or "", ""),
        "units": [membership.unit.name for membership in memberships if membership.unit] or [_("Whole city")],
        "roles": [labels.label_of("role", membership.role).words for membership in memberships],
        "sees_sources": sees_sources,
        "troubles": _troubles(request) if sees_sources else [],
        "clock": moments.time(now),
        "date": f"{moments.weekday_name(now)} {moments.date(now)}",
        "office": _office(now),
    }


def _troubles(request: HttpRequest) -> list[Any]:
    """The sources in trouble; a page that has read the sources anyway is not asked to read them twice."""
    known = getattr(request, "known_sources", None)
    if known is None:
        return sources.in_trouble()
    return [source for source in known if source.is_enabled and source.health in sources.TROUBLE]


def _office(now: datetime) -> str:
    """Whether working time runs, and until when or from when."""
    office = deadlines.office_hours()
    if office is None:
        return ""
    if not office.is_open(now):
        opening = moments.short(office.next_open(now), now=now)
        return _("Outside working hours, opens %(time)s") % {"time": opening}
    closing = deadlines.closing_today(now)
    return _("Working hours, until %(time)s") % {"time": moments.time(closing)} if closing else _("Working hours")
