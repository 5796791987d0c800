"""Times, lengths and numbers as officials write them. Pure apart from the active language.

A day of working time is eight hours: "1 ngày 3g" is eleven hours at the desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

HOURS_A_DAY = 8
_WEEKDAYS = (noop("Mon"), noop("Tue"), noop("Wed"), noop("Thu"), noop("Fri"), noop("Sat"), noop("Sun"))


def local(at: datetime) -> datetime:
    """The instant in the office's time. Django's own asks each time which zone is active; here there is one."""
    return at.astimezone(timezone.get_default_timezone())


def weekday(at: datetime) -> str:
    """The short name of a weekday."""
    return _(_WEEKDAYS[local(at).weekday()])


def weekday_name(at: datetime) -> str:
    """The full name of a weekday."""
    return formats.date_format(local(at), "l")


def time(at: datetime) -> str:
    """ "16:10"."""
    return f"{local(at):%H:%M}"


def date(at: datetime, *, now: datetime | None = None) -> str:
    """The date as "25/11/2026", or as "25/11" in the year of `now`."""
    here = local(at) if timezone.is_aware(at) else at
    return f"{here:%d/%m}" if now and here.year == local(now).year else f"{here:%d/%m/%Y}"


def day(at: datetime, *, now: datetime) -> str:
    """The day as "T4 25/11"; with the year when it is another one."""
    return f"{weekday(at)} {date(at, now=now)}"


def short(at: datetime, *, now: datetime) -> str:
    """ "16:10" today, else "16:10 T4 25/11"."""
    return time(at) if is_today(at, now=now) else f"{time(at)} {day(at, now=now)}"


def midnight(at: datetime, *, days: int = 0) -> datetime:
    """When the local day of `at` began, or `days` later."""
    return (local(at) + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def is_today(at: datetime, *, now: datetime) -> bool:
    """Whether both lie on the same local day."""
    return local(at).date() == local(now).date()


def age(at: datetime, *, now: datetime) -> str:
    """How long ago something came in: "5 phút trước", "3 giờ trước", else the date."""
    passed = now - at
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed < timedelta(hours=1):
        minutes = int(passed / timedelta(minutes=1))
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    if is_today(at, now=now):
        hours = int(passed / timedelta(hours=1))
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    return f"{local(at):%d/%m}"


def length(amount: timedelta, *, working: bool = True) -> str:
    """ "3g 58p", "1 ngày 3g", "42p". A day has eight hours of `working` time, else 24. Rounded down to minutes."""
    minutes = int(abs(amount) / timedelta(minutes=1))
    days, minutes = divmod(minutes, (HOURS_A_DAY if working else 24) * 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        whole = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
        return _("%(days)s %(hours)dh") % {"days": whole, "hours": hours} if hours else whole
    if hours and not minutes:
        return _("%(count)dh") % {"count": hours}
    if hours:
        return _("%(hours)dh %(minutes)02dm") % {"hours": hours, "minutes": minutes}
    return _("%(count)dm") % {"count": minutes}


def length_in_words(amount: timedelta, *, working: bool = True) -> str:
    """The same for screen readers: "3 giờ 58 phút"."""
    minutes = int(abs(amount) / timedelta(minutes=1))
    days, minutes = divmod(minutes, (HOURS_A_DAY if working else 24) * 60)
    hours, minutes = divmod(minutes, 60)
    parts = []
    if days:
        parts.append(ngettext("%(count)d day", "%(count)d days", days) % {"count": days})
    if hours:
        parts.append(ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours})
    if minutes or not parts:
        parts.append(ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes})
    return " ".join(parts)


def percent(share: float) -> str:
    """ "41,2%" in Vietnamese, "41.2%" in English."""
    return f"{formats.number_format(share * 100, decimal_pos=1, use_l10n=True)}%"


def number(value: int) -> str:
    """ "1.179" in Vietnamese, "1,179" in English."""
    if -1000 < value < 1000:  # nothing to group, and pages have hundreds of these
        return str(value)
    return formats.number_format(value, use_l10n=True, force_grouping=True)
