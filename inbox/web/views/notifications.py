"""What somebody is told, and how they want to be told."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.accounts.vocabulary import Role
from inbox.actions.change_notification_settings import change_notification_settings
from inbox.actions.mark_notifications_read import mark_notifications_read
from inbox.core import clock
from inbox.core.errors import Invalid
from inbox.notify import queries
from inbox.notify.vocabulary import Channel
from inbox.web.doors import PageRequest, door
from inbox.web.notifications import SettingsForm, row_of

UNPROCESSABLE = 422
#: Messages of `Invalid` that people may meet in the form.
_MESSAGES = (noop("This kind of channel is not allowed here"),)


@require_GET
@door
def notifications(request: PageRequest) -> HttpResponse:
    """One's own notifications, newest first. Looking at the list marks nothing: opening a ticket does."""
    now, unread_only = clock.now(), request.GET.get("unread") == "1"
    page = queries.page_of(request.user, at=now, unread=unread_only, before=_before(request))
    context = {
        "now": now,
        "rows": [row_of(notification) for notification in page.rows],
        "before": page.before,
        "unread_only": unread_only,
    }
    return render(request, "notifications/notifications.html", context)


@require_POST
@door
def read(request: PageRequest) -> HttpResponse:
    """Mark everything that is shown as seen."""
    mark_notifications_read(actor=request.user)
    return redirect("notifications")


@require_http_methods(["GET", "POST"])
@door
def settings(request: PageRequest) -> HttpResponse:
    """The form and its target."""
    if request.method == "GET":
        return _form(request, SettingsForm.filled(queries.preference_of(request.user)))
    form = SettingsForm(request.POST)
    if form.is_valid():
        try:
            change_notification_settings(form.chosen(), actor=request.user)
        except Invalid as invalid:
            form.add_error(invalid.field, _(str(invalid)))
        else:
            messages.success(request, _("Saved"))
            return redirect("notification-settings")
    return _form(request, form, status=UNPROCESSABLE)


def _form(request: PageRequest, form: SettingsForm, *, status: int = 200) -> HttpResponse:
    has_channel = bool(queries.preference_of(request.user).other_channel)
    context = {
        "form": form,
        "leads": any(role is Role.LEADER for role, _unit in request.user.roles()),
        "problem": queries.last_problem(request.user, Channel.EMAIL),
        "channel_hint": _("One is stored; leave this empty to keep it.")
        if has_channel
        else _("Possible here: %(kinds)s") % {"kinds": ", ".join(queries.other_channels())},
        "has_channel": has_channel,
    }
    return render(request, "notifications/settings.html", context, status=status)


def _before(request: PageRequest) -> int | None:
    """The key to go on from. Raises Invalid."""
    before = request.GET.get("before", "")
    if not before:
        return None
    if not before.isdecimal() or len(before) > 18:
        raise Invalid("Not a notification's number", field="before")
    return int(before)
