"""Deadlines in words, in the active language: for the API, for commands and for whoever cannot see the ruler."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

if TYPE_CHECKING:
    from inbox.sla.explain import ClockExplanation, Explanation

_HOUR = timedelta(hours=1)
_KINDS = {"accept": gettext_lazy("Acceptance"), "resolve": gettext_lazy("Resolution")}


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


def sentences(explanation: Explanation) -> list[str]:
    """Why the deadlines of a ticket are what they are, a sentence each."""
    found = [sentence for clock in explanation.clocks for sentence in _of_clock(clock)]
    if not explanation.clocks:
        found.append(_("No deadline policy fits this ticket."))
    found += [
        _("%(giver)s gave more time until %(until)s on %(at)s; asked by %(asker)s: %(reason)s")
        % {
            "giver": one.given_by,
            "until": _moment(one.until),
            "at": _moment(one.given_at),
            "asker": one.asked_by,
            "reason": one.reason,
        }
        for one in explanation.extensions
    ]
    if explanation.source_due_at is not None:
        due = {"time": _moment(explanation.source_due_at)}
        found.append(_("The source asks for an answer by %(time)s. The earlier date counts.") % due)
    return found


def _of_clock(clock: ClockExplanation) -> Iterator[str]:
    yield _("%(clock)s: %(target)s, by policy “%(policy)s”, version %(version)s, from %(valid_from)s") % {
        "clock": str(_KINDS[clock.kind]),
        "target": target(clock.target_amount, clock.target_unit),
        "policy": clock.policy,
        "version": clock.policy_version,
        "valid_from": f"{clock.policy_valid_from:%d/%m/%Y}",
    }
    yield _("Counted from %(start)s, due %(due)s, %(total)s in all") % {
        "start": _moment(clock.started_at),
        "due": _moment(clock.due_at),
        "total": _length(clock.total),
    }
    if not clock.is_round_the_clock:
        yield _("Working time by the calendar “%(calendar)s”") % {"calendar": clock.calendar}
    if clock.changed_since:
        yield _("The calendar was changed after this was done; the deadline that counted then stays.")
    if clock.met_at is not None:
        yield _("Done %(time)s") % {"time": _moment(clock.met_at)}
    for pause in clock.pauses:
        begin, end = _moment(pause.begin), _moment(pause.end) if pause.end else _("now")
        yield _("Paused from %(start)s to %(end)s: %(reason)s") % {"start": begin, "end": end, "reason": pause.reason}
    for day in clock.days:
        if day.note:
            counted = _length(day.counted) if day.counted else _("does not count")
            doubt = f" ({_('to be confirmed')})" if day.to_be_confirmed else ""
            yield f"{day.date:%d/%m/%Y}: {counted}, {day.note}{doubt}"


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%H:%M %d/%m/%Y}"


def _length(amount: timedelta) -> str:
    hours, rest = divmod(amount, _HOUR)
    minutes = rest // timedelta(minutes=1)
    if not minutes:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return _("%(hours)dh %(minutes)02dm") % {"hours": hours, "minutes": minutes}
