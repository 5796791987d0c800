"""Django's admin, for those with the role of administrator: people, sources, calendars, policies, keys.

Tickets, their history and messages to sources are not edited here: what happens to them happens through actions.
Secrets go in and never come out.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connectors import registry
from connectors.errors import ConfigError
from connectors.protocol import Setting
from inbox.accounts.models import ApiToken, Membership, Official
from inbox.accounts.tokens import issue_token
from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.sla.models import CalendarOverride, SlaPolicy, WorkCalendar
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.sources.runtime import build_connector
from inbox.tickets.models import TicketEvent
from inbox.units.models import Unit


class AdministratorSite(admin.AdminSite):
    """Lets in who is staff *and* holds the role of administrator. There is one log-in page, and it is not here."""

    site_header = site_title = "Một Mối"
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        person = request.user
        if not isinstance(person, Official) or not person.is_staff:
            return False
        return any(role is Role.ADMIN for role, _unit in person.roles())

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path())


site = AdministratorSite()


class GuardedByRole:
    """Inside, the role decides; Django's own permission rows are not used. Rows are switched off, not deleted."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OnlyShown(GuardedByRole):
    """Rows to look at."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Removable(GuardedByRole):
    """Rows that may be taken away again."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return site.has_permission(request)


# --- People -----------------------------------------------------------------------------------------------------------


class OfficialCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = Official
        fields = ("username",)


class OfficialChangeForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = Official
        fields = ("username", "password", "full_name", "position", "email", "is_active", "is_staff")


class MembershipInline(Removable, admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    extra = 0
    autocomplete_fields = ("unit",)


@admin.register(Official, site=site)
class OfficialAdmin(GuardedByRole, UserAdmin):  # type: ignore[type-arg]
    form = OfficialChangeForm
    add_form = OfficialCreationForm
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("username", "password", "full_name", "position", "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "full_name", "position", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "memberships__role")
    search_fields = ("username", "full_name", "email")
    filter_horizontal = ()
    ordering = ("username",)


@admin.register(ApiToken, site=site)
class ApiTokenAdmin(GuardedByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """A key is shown in the answer to the form that makes it, and never again."""

    list_display = ("name", "official", "can_write", "expires_at", "revoked_at", "last_used_at")
    fields = ("official", "name", "can_write", "expires_at")
    autocomplete_fields = ("official",)
    search_fields = ("name", "official__username")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.fields, "created_at", "revoked_at", "last_used_at") if obj else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: forms.ModelForm[ApiToken], change: bool) -> None:
        now = clock.now()
        token, key = issue_token(
            obj.official, name=obj.name, lifetime=obj.expires_at - now, can_write=obj.can_write, at=now
        )
        obj.pk = token.pk
        messages.warning(request, gettext("The key, shown only this once: %(key)s") % {"key": key})

    @admin.action(description=_("Revoke the selected keys"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        queryset.filter(revoked_at__isnull=True).update(revoked_at=clock.now())


# --- Sources ----------------------------------------------------------------------------------------------------------


class SourceCreationForm(forms.ModelForm):  # type: ignore[type-arg]
    """The first step: which kind of system. Its settings depend on that and are asked for next."""

    class Meta:
        model = Source
        fields = ("slug", "label", "connector")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted(registry.all().items())
        self.fields["connector"] = forms.ChoiceField(choices=[(slug, kind.label) for slug, kind in kinds])
        self.instance.is_enabled = False


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a source needs. Fields of its connector's settings are added by `source_form`."""

    connector_settings: tuple[Setting, ...] = ()

    class Meta:
        model = Source
        fields = ("label", "short_label", "profile", "unit", "poll_seconds", "is_enabled", "deliveries_paused")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for setting in self.connector_settings:
            if not setting.secret:
                self.initial[field_name(setting)] = self.instance.settings.get(setting.name, setting.default)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        values = {setting: (given.get(field_name(setting)) or "").strip() for setting in self.connector_settings}
        self.instance.settings = {s.name: value for s, value in values.items() if value and not s.secret}
        new_secrets = {s.name: value for s, value in values.items() if value and s.secret}
        self.instance.secrets = {**self.instance.secrets, **new_secrets}
        return given

    def _post_clean(self) -> None:
        """After the row has its new values: a source that is switched on must be able to work."""
        super()._post_clean()  # type: ignore[misc]
        if self.instance.is_enabled and not self.errors:
            try:
                build_connector(self.instance)
            except ConfigError as error:
                self.add_error(None, error.detail)


def field_name(setting: Setting) -> str:
    """The form field of a setting, apart from the columns of the row."""
    return f"setting_{setting.name}"


def source_form(connector: str) -> type[SourceForm]:
    """The form for sources of this kind: its settings, secrets as passwords that are never filled in."""
    kind = registry.all().get(connector)
    settings = kind.settings if kind else ()
    fields = {field_name(setting): _setting_field(setting) for setting in settings}
    return type("SourceForm", (SourceForm,), {**fields, "connector_settings": settings})


def _setting_field(setting: Setting) -> forms.CharField:
    if not setting.secret:
        return forms.CharField(label=setting.name, help_text=setting.help, required=False)
    keep = _("%(help)s Never shown. Leave empty to keep what is stored.") % {"help": setting.help}
    never_shown = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
    return forms.CharField(label=setting.name, help_text=keep, required=False, widget=never_shown)


@admin.register(Source, site=site)
class SourceAdmin(GuardedByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("slug", "label", "connector", "is_enabled", "health", "last_success_at")
    list_filter = ("connector", "is_enabled", "health")
    search_fields = ("slug", "label")
    autocomplete_fields = ("unit",)

    def get_form(
        self, request: HttpRequest, obj: Source | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Source]]:
        kwargs["form"] = source_form(obj.connector) if obj else SourceCreationForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Source | None = None) -> tuple[str, ...]:
        return ("slug", "connector", "health", "last_error_code", "last_error_detail") if obj else ()

    def response_add(self, request: HttpRequest, obj: Source, post_url_continue: str | None = None) -> HttpResponse:
        """On to the settings."""
        return redirect("admin:inbox_source_change", obj.pk)


@admin.register(SyncRun, site=site)
class SyncRunAdmin(OnlyShown, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("source", "started_at", "trigger", "outcome", "fetched", "created", "rejected", "error_code")
    list_filter = ("source", "outcome")
    list_select_related = ("source",)


@admin.register(InboundPayload, site=site)
class InboundPayloadAdmin(OnlyShown, admin.ModelAdmin):  # type: ignore[type-arg]
    """Without the body: it is what a citizen wrote."""

    list_display = ("source", "external_id", "received_at", "state", "reason_code", "reason_field")
    list_filter = ("source", "state")
    list_select_related = ("source",)
    exclude = ("body",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).defer("body")


# --- Deadlines --------------------------------------------------------------------------------------------------------


class CalendarOverrideInline(OnlyShown, admin.TabularInline):  # type: ignore[type-arg]
    model = CalendarOverride
    extra = 0


@admin.register(WorkCalendar, site=site)
class WorkCalendarAdmin(OnlyShown, admin.ModelAdmin):  # type: ignore[type-arg]
    """Changed on the pages under /calendars/, which show what would move and keep who decided it."""

    list_display = ("slug", "name", "time_zone", "follows", "is_default")
    inlines = (CalendarOverrideInline,)


@admin.register(SlaPolicy, site=site)
class SlaPolicyAdmin(OnlyShown, admin.ModelAdmin):  # type: ignore[type-arg]
    """Made on the pages under /policies/: a version that tickets have is never changed."""

    list_display = ("name", "version", "valid_from", "valid_to", "connector", "source_slug", "category", "urgency")
    list_filter = ("connector", "category", "urgency")


# --- To look at -------------------------------------------------------------------------------------------------------


@admin.register(Unit, site=site)
class UnitAdmin(OnlyShown, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "name", "kind", "valid_from", "valid_to")
    list_filter = ("kind",)
    search_fields = ("code", "name", "search_key")


@admin.register(TicketEvent, site=site)
class TicketEventAdmin(OnlyShown, admin.ModelAdmin):  # type: ignore[type-arg]
    """History cannot be changed, by anybody."""

    list_display = ("at", "ticket", "kind", "actor", "source")
    list_filter = ("kind",)
    list_select_related = ("ticket", "actor", "source")
