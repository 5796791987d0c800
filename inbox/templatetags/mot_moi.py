"""Template tags and filters: icons, words for codes, times and highlighted search words. No queries here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from inbox.accounts.models import initials_of
from inbox.accounts.permissions import Permission, may
from inbox.sla.words import target
from inbox.web import bulk, calendar_forms, exports, labels, listing, moments, toasts
from inbox.web.advice import Advice, advice_for
from inbox.web.markup import joined, markup

register = template.Library()
_SELECTED = SafeString(" selected")
_MENTION = re.compile(r"(?<![\w@.+&;-])(@[\w.+-]{2,150})")


class IconNode(template.Node):
    """An `icon`. Not a simple tag: a page has a hundred, and most of what that does there is for nothing."""

    def __init__(self, *arguments: FilterExpression) -> None:
        self.arguments = arguments

    def render(self, context: template.Context) -> SafeString:
        return icon(*(argument.resolve(context) for argument in self.arguments))


@register.tag("icon")
def icon_tag(parser: Parser, token: Token) -> IconNode:
    """`{% icon "x" %}` or `{% icon "x" "class" %}`."""
    return IconNode(*map(parser.compile_filter, token.split_contents()[1:]))


@lru_cache(maxsize=512)
def icon(name: str, cls: str = "") -> SafeString:
    """A decorative icon. It always stands next to words, or its parent carries an aria-label."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        cls,
        static("inbox/icons.svg"),
        name,
    )


@register.simple_tag
def deadline_chip(deadline: Any, cls: str = "") -> SafeString:
    """A deadline as a chip. Written here and not as a template of its own, like `avatar`: long lists have many."""
    shape = '<span class="dl-s" aria-hidden="true">{under}</span>'
    return markup(
        '<span class="dl dl-{state} {cls}" style="--p:{used}%"><span class="visually-hidden">{spoken}</span>'
        '<span class="dl-t" aria-hidden="true">{mark}{words}</span>{under}</span>',
        state=deadline.state,
        cls=cls,
        used=deadline.used,
        spoken=deadline.spoken,
        mark=icon(deadline.icon) if deadline.icon else "",
        words=deadline.words,
        under=markup(shape, under=deadline.under) if deadline.under else "",
    )


def avatar(pk: int | None, name: str) -> SafeString:
    """The initials of whoever has a ticket, or (no key) that nobody has it."""
    shape = '<span class="av av-{tone}" title="{title}" role="img" aria-label="{words}">{inside}</span>'
    if pk is None:
        nobody = _("Not assigned")
        return markup(shape, tone="none", title=nobody, words=nobody, inside=icon("user-plus"))
    words = _("Assigned to %(name)s") % {"name": name}
    return markup(shape, tone=avatar_tone(pk), title=name, words=words, inside=initials_of(name))


@register.simple_tag
def options(choices: Iterable[tuple[Any, Any]], chosen: Any = "") -> SafeString:
    """The options of a select from pairs of value and words; the chosen one is selected."""
    shape = '<option value="{value}"{selected}>{words}</option>'
    return joined(
        markup(shape, value=value, selected=_SELECTED if value == chosen else "", words=words)
        for value, words in choices
    )


@register.filter
def label(code: Any, kind: str) -> labels.Words:
    """The words for a code: `{{ ticket.status|label:"status" }}`."""
    return labels.label_of(kind, code).words


@register.filter
def label_icon(code: Any, kind: str) -> str:
    """The icon that goes with a code."""
    return labels.label_of(kind, code).icon


@register.filter
def label_tone(code: Any, kind: str) -> str:
    """The tone of a code's pill."""
    return labels.label_of(kind, code).tone


@register.filter
def moment(at: datetime | None, now: datetime) -> str:
    """ "16:10" today, else "16:10 T4 25/11"; empty for None."""
    return moments.short(at, now=now) if at else ""


@register.filter
def clock_time(at: datetime | None) -> str:
    """ "16:10", local."""
    return moments.time(at) if at else ""


@register.filter
def avatar_tone(pk: int | None) -> int:
    """One of six background tones; they help the eye and mean nothing."""
    return (pk or 0) % 6


@register.filter
def capped(count: int, limit: int = 1000) -> str:
    """ "1.000+" for counts that were not counted further."""
    return moments.number(limit) + "+" if count > limit else moments.number(count)


@register.filter
def amount(count: int) -> str:
    """ "1.179" in Vietnamese."""
    return moments.number(count)


@register.filter
def export_filters(export: Any) -> list[tuple[str, labels.Words]]:
    """What an export was narrowed by, in words."""
    return exports.filters_in_words(export.parameters)


@register.simple_tag
def figures_query(scope: Any, period: Any) -> str:
    """The filters of a page of figures as those of its report: a query string."""
    asked = {
        "unit": scope.unit.code if scope.unit else "",
        "source": scope.source.slug if scope.source else "",
        "person": scope.person.pk if scope.person else "",
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
    }
    return urlencode({name: value for name, value in asked.items() if value})


@register.simple_tag(takes_context=True)
def query_with(context: dict[str, Any], **changes: Any) -> SafeString:
    """The list's filters as a query string, changed by `changes`; None or empty takes one away.

    They are those of the address, unless the view says with `list_params` that the list has another one.
    """
    params = dict(context.get("list_params", context["request"].GET).lists())
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = [value]
    return mark_safe("?" + conditional_escape(urlencode(params, doseq=True)))  # noqa: S308  urlencoded and escaped


@register.filter
def toast_tone(level: str) -> str:
    """The tone of a toast for a level of Django's messages."""
    return {"success": "ok", "info": "ok", "warning": "soon", "error": "late"}.get(level, "ok")


@register.filter
def undo_of(message: Any) -> int | None:
    """The way back that one of Django's messages carries."""
    return toasts.undo_of(message)


@register.filter
def bulk_summary(progress: Any) -> str:
    """How many tickets of a job went how."""
    return bulk.summary(progress)


@register.filter
def bulk_reason(item: Any) -> labels.Words:
    """Why one ticket of a job was refused."""
    return bulk.reason(item)


@register.filter
def lower_first(words: Any) -> str:
    """The words in the middle of a sentence."""
    text = str(words)
    return text[:1].lower() + text[1:]


@register.filter
def pill_tone(tone: str) -> str:
    """A delivery's tone as that of a pill: what only waits is calm."""
    return "hold" if tone == "wait" else tone


@register.filter
def length_of(amount: timedelta, round_the_clock: bool = False) -> str:
    """ "3g 58p"."""
    return moments.length(amount, working=not round_the_clock)


@register.filter
def instant(stamp: str) -> datetime:
    """An instant that is kept as ISO 8601."""
    return datetime.fromisoformat(stamp)


@register.simple_tag
def lasted(start: datetime, end: datetime) -> str:
    """How long something lasted, round the clock: "3g 44p"."""
    return moments.length(end - start, working=False)


@register.filter
def day_of(day: date, now: datetime) -> str:
    """ "T4 25/11" for a date."""
    return moments.day(timezone.make_aware(datetime(day.year, day.month, day.day, 12)), now=now)


@register.filter
def block_share(block: Any) -> int:
    """How wide an opening is drawn: its minutes."""
    return int((block[-1].end - block[0].begin) / timedelta(minutes=1))


@register.simple_tag(takes_context=True)
def from_list(context: dict[str, Any]) -> SafeString:
    """On a page with a list: what its links to tickets end with."""
    params = context.get("list_params", context["request"].GET)
    return mark_safe(conditional_escape(listing.in_list(params)))  # noqa: S308  urlencoded and escaped


@register.simple_tag(takes_context=True)
def in_same_list(context: dict[str, Any]) -> SafeString:
    """On a ticket's page: what links end with that lead to a ticket of the list one came from."""
    came_from = listing.came_from(context["request"])
    return mark_safe(conditional_escape(listing.in_list(came_from)))  # noqa: S308  urlencoded and escaped


@register.simple_tag(takes_context=True)
def came_from(context: dict[str, Any]) -> Any:
    """On a ticket's page: the list one came from, None without one."""
    return listing.came_from(context["request"])


@register.simple_tag
def query_only(**params: Any) -> SafeString:
    """A query string with nothing but these parameters; empty ones are left out."""
    kept = {name: str(value) for name, value in params.items() if value not in (None, "")}
    return mark_safe("?" + conditional_escape(urlencode(kept)))  # noqa: S308  urlencoded and escaped


@register.filter
def advice(code: str) -> Advice:
    """What an error code means and what to do: `.what` and `.todo`."""
    return advice_for(code)


@register.filter
def percent(share: float) -> str:
    """ "85%" for 0.85."""
    return f"{share:.0%}"


@register.filter
def pretty_json(body: Any) -> str:
    """A payload as text to read."""
    return json.dumps(body, ensure_ascii=False, indent=2)


@register.filter
def status_there(ref: Any) -> str:
    """The status a source shows: in our words, or as it is when we do not know it."""
    known = ref.seen_status in labels.STATUS
    return str(labels.STATUS[ref.seen_status].words) if known else ref.seen_status_raw or ref.seen_status


@register.filter
def connector_label(slug: str) -> labels.Words:
    """The name of the kind of system behind a source."""
    return labels.connector(slug)


@register.filter
def hours(intervals: Any) -> str:
    """ "07:30–11:30, 13:00–17:00" for the openings of a day."""
    return calendar_forms.hours_in_words(intervals)


@register.filter
def stored_hours(stored: Any) -> str:
    """The same for hours as history keeps them."""
    return calendar_forms.stored_hours(stored or ())


@register.simple_tag
def target_words(amount: int, unit: str) -> str:
    """ "4 giờ làm việc"."""
    return target(amount, unit)


@register.filter
def may_look_at_deadlines(official: Any) -> bool:
    """Whether calendars and policies are open to this person."""
    return may(official, Permission.VIEW_DEADLINES)


@register.filter
def mentions(text: str) -> SafeString:
    """Escaped text in which the names after an @ stand out."""
    return mark_safe(_MENTION.sub(r'<b class="at">\1</b>', conditional_escape(text)))  # noqa: S308  escaped first
