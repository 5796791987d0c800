"""Addresses of the pages. The names of the tickets' verbs are those of `inbox.tickets.vocabulary.Verb`."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from inbox.web.converters import TicketCode, VerbName
from inbox.web.views import inbox, sources, ticket, ticket_actions

register_converter(TicketCode, "ticket_code")
register_converter(VerbName, "verb")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="inbox"), name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/fresh/", inbox.fresh, name="inbox-fresh"),
    path("inbox/<ticket_code:code>/", inbox.preview, name="inbox-preview"),
    path("tickets/<ticket_code:code>/", ticket.ticket, name="ticket"),
    path("tickets/<ticket_code:code>/attachments/<int:pk>/", ticket.attachment, name="ticket-attachment"),
    path("tickets/<ticket_code:code>/reveal-reporter/", ticket_actions.reveal, name="ticket-reveal"),
    path("tickets/<ticket_code:code>/deliveries/<int:pk>/retry/", ticket_actions.retry, name="delivery-retry"),
    path("tickets/<ticket_code:code>/deliveries/<int:pk>/entered/", ticket_actions.entered, name="delivery-entered"),
    path("tickets/<ticket_code:code>/<verb:verb>/", ticket_actions.act, name="ticket-act"),
    path("sources/", sources.sources, name="sources"),
    path("sources/<slug:slug>/", sources.source, name="source"),
    path("sources/<slug:slug>/sync/", sources.sync, name="source-sync"),
    path("sources/<slug:slug>/payloads/<int:pk>/", sources.payload, name="payload"),
    path("sources/<slug:slug>/payloads/<int:pk>/replay/", sources.replay, name="payload-replay"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
]
