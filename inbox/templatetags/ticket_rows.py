"""The rows of the list. Written here and not as a template of its own, like `deadline_chip`: a page has dozens of them,
and as a template they took a third of the time of the whole page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.templatetags.mot_moi import avatar, deadline_chip, from_list, icon, query_with
from inbox.tickets.vocabulary import Status, Urgency, Verb
from inbox.web import highlights, labels, moments
from inbox.web.markup import joined, markup

if TYPE_CHECKING:
    from inbox.tickets.queries import Line
    from inbox.web.rows import Row

register = template.Library()

_NOTHING = SafeString("")
_ROW = """<li class="tk{unread}" id="tk-{key}"{oob} data-verbs="{verbs}">
  <input class="form-check-input tk-check" type="checkbox" form="bulk" name="ticket" value="{key}:{version}" \
autocomplete="off" aria-label="{choose}">
  {deadline}
  <div class="tk-main">
    <a class="tk-title" href="{href}{listed}" id="t{key}" hx-get="{preview}{code}/{query}" hx-target="#preview" \
hx-swap="outerHTML" hx-sync="#main:replace"{current}>{mark}{urgent}{title}</a>
    <div class="tk-meta">{icon} {category}{place}</div>{hit}
    <div class="tk-foot"><span class="src">{source}</span>{channels}{status}{risk}\
<span class="tk-age ms-auto">{age}</span>{person}</div>
  </div>
</li>"""
_CLAIM = (
    '<button class="av av-none tk-claim" type="submit" form="claim" formaction="{href}claim/" name="version" '
    'value="{version}" hx-post="{href}claim/" hx-include="#claim" hx-target="#drawer" hx-sync="this:drop" '
    'title="{words}" aria-label="{words}: {code}">{icon}</button>'
)


@register.simple_tag(takes_context=True)
def ticket_rows(context: dict[str, Any], rows: Sequence[Row], oob: bool = False) -> SafeString:
    """These rows of `web.rows`. `oob`: to be put where they stand in the page already.

    Of the page they take `now`, `query` and `current`, the ticket that is open in the preview.
    """
    page = {
        "oob": SafeString(' hx-swap-oob="true"') if oob else _NOTHING,
        "listed": from_list(context),
        "query": query_with(context, ticket=None, after=None, than=None, since=None, shown=None),
        "preview": SafeString(reverse("inbox")),
    }
    now, typed, current = context["now"], context.get("query", ""), context.get("current")
    opened = current.pk if current else None
    return joined(_row(row, page, now=now, typed=typed, is_current=row.ticket.pk == opened) for row in rows)


def _row(row: Row, page: dict[str, Any], *, now: datetime, typed: str, is_current: bool) -> SafeString:
    ticket, category = row.ticket, labels.label_of("category", row.ticket.category)
    return markup(
        _ROW,
        **page,
        unread=" unread" if ticket.is_unread else "",
        key=row.key,
        version=row.version,
        code=row.code,
        href=row.href,
        verbs=row.verb_names,
        choose=_("Choose %(code)s") % {"code": row.code},
        deadline=deadline_chip(row.deadline),
        current=SafeString(' aria-current="true"') if is_current else _NOTHING,
        mark=_unread() if ticket.is_unread else _NOTHING,
        urgent=_urgent() if ticket.urgency == Urgency.URGENT else _NOTHING,
        title=highlights.marked(ticket.title, typed),
        icon=icon(category.icon),
        category=category.words,
        place=markup(" · {place}", place=highlights.marked(ticket.address, typed)) if ticket.address else _NOTHING,
        hit=_hit(ticket, typed) if typed else _NOTHING,
        source=ticket.source_name,
        channels=_channels(ticket.channels) if ticket.channels > 1 else _NOTHING,
        status=_status(ticket.status) if ticket.status != Status.NEW else _NOTHING,
        risk=_risk(row.deadline.risk) if row.deadline.risk else _NOTHING,
        age=moments.age(ticket.received_at, now=now),
        person=_claim(row) if row.may_be_claimed else avatar(ticket.assignee_id, ticket.assignee_name),
    )


def _unread() -> SafeString:
    return markup('<span class="dot"></span><span class="visually-hidden">{words} </span>', words=_("Unread:"))


def _urgent() -> SafeString:
    return markup('<span class="late strong">{icon}{words}</span> ', icon=icon("bolt"), words=_("Urgent"))


def _hit(ticket: Line, typed: str) -> SafeString:
    hit = highlights.excerpt(ticket, typed)
    return markup('<div class="tk-hit">{hit}</div>', hit=hit) if hit else _NOTHING


def _channels(count: int) -> SafeString:
    words = ngettext("%(count)s channel", "%(count)s channels", count) % {"count": count}
    return markup('<span class="chan">{icon}{words}</span>', icon=icon("channels"), words=words)


def _status(status: str) -> SafeString:
    return markup('<span class="text-truncate">{words}</span>', words=labels.STATUS[status].words)


def _risk(percent: int) -> SafeString:
    words = _("%(percent)s%% likely late") % {"percent": percent}
    return markup('<span class="soon text-nowrap">{words}</span>', words=words)


def _claim(row: Row) -> SafeString:
    words = labels.VERB[Verb.CLAIM].words
    return markup(_CLAIM, href=row.href, version=row.version, words=words, code=row.code, icon=icon("user-plus"))
