"""What one can do to a ticket, as buttons. Written here like `ticket_rows`: as templates they were half a preview."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.urls import reverse
from django.utils.safestring import SafeString

from inbox.templatetags.mot_moi import icon
from inbox.web import labels
from inbox.web.markup import joined, markup
from inbox.web.tickets import Button

register = template.Library()

_AT_ONCE = (
    '<form class="d-inline" method="post" action="{address}" hx-post="{address}" hx-target="#drawer" '
    'hx-disabled-elt="find button" hx-sync="this:drop">{token}<input type="hidden" name="version" value="{version}">'
    '<input type="hidden" name="place" value="{place}">'
    '<button class="{look}" type="submit" data-verb="{verb}">{icon}{words}</button></form>\n'
)
_WITH_FORM = (
    '<a class="{look}" href="{address}" hx-get="{address}?place={place}" hx-target="#drawer" hx-push-url="false" '
    'data-verb="{verb}">{icon}{words}</a>\n'
)


@register.simple_tag(takes_context=True)
def verb_buttons(context: template.Context, buttons: Iterable[Button], plain: bool = False) -> SafeString:
    """The buttons of the page's `ticket`, pressed at its `place`. `plain`: as entries of a menu."""
    ticket, token = context["ticket"], CsrfTokenNode().render(context)
    page = reverse("ticket", args=[ticket.code])
    return joined(
        markup(
            _AT_ONCE if button.at_once else _WITH_FORM,
            address=f"{page}{button.verb}/",
            look="" if plain else "btn btn-primary" if button.primary else "btn",
            token=token,
            version=ticket.version,
            place=context["place"],
            verb=button.verb,
            icon=icon(label.icon),
            words=label.words,
        )
        for button in buttons
        for label in [labels.VERB[button.verb]]
    )
