"""Django's admin: who gets in, what cannot be changed there, and that secrets never come out."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inbox.accounts.models import ApiToken, Official
from inbox.accounts.tokens import token_of
from inbox.accounts.vocabulary import Role
from inbox.admin import site
from inbox.core import clock
from inbox.sla.models import SlaPolicy, WorkCalendar
from inbox.sources.models import InboundPayload, Source, SyncRun
from inbox.tickets.models import Attachment, Message, Reporter, Ticket, TicketEvent
from inbox.units.models import Unit
from tests.access.conftest import City
from tests.access.routes import all_routes
from tests.factories import make_official

ADMIN_ROUTES = [route for route in all_routes() if route.is_admin]
SECRET = "khong-ai-thay-duoc"
#: Send on to a page that asks who is there.
MOVED = {"logout", ""}
#: What the parameters of Django's own addresses can be filled with.
VALUES = {"object_id": "1", "app_label": "inbox", "content_type_id": "1", "url": "x", "id": "1"}


def staff(role: Role | None, city: City) -> Official:
    """Somebody who is staff, with a role or without one."""
    unit = city.ward if role in {None, Role.OFFICER, Role.LEADER} else None
    person = make_official(role or Role.OFFICER, unit)
    if role is None:
        person.memberships.all().delete()
    person.is_staff = True
    person.save()
    return person


def client_of(person: Official) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def admin(city: City) -> Client:
    return client_of(staff(Role.ADMIN, city))


# --- Who gets in ------------------------------------------------------------------------------------------------------


def test_only_administrators_get_in(city: City) -> None:
    superuser = staff(None, city)
    Official.objects.filter(pk=superuser.pk).update(is_superuser=True)
    clients = [Client(), *map(client_of, (city.people["admin"], superuser, staff(Role.AUDITOR, city)))]
    assert len(ADMIN_ROUTES) > 50
    for route, client in product(ADMIN_ROUTES, clients):
        answer = client.get(route.address(VALUES))
        assert answer.status_code in {302, 403, 404}, route.template
        assert answer.status_code != 302 or "/login/" in answer["Location"] or route.name in MOVED, route.template


def test_no_other_role_gets_in(city: City) -> None:
    for role in set(Role) - {Role.ADMIN}:
        assert client_of(staff(role, city)).get("/admin/", follow=True).status_code == 403, role


def test_there_is_one_login_page(city: City) -> None:
    assert Client().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/login/?next=")
    assert client_of(staff(Role.OFFICER, city)).get("/admin/login/").status_code == 403


def test_the_product_uses_this_admin(admin: Client) -> None:
    assert admin.get("/admin/").status_code == 200
    assert reverse("admin:inbox_source_changelist") == "/admin/inbox/source/"


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model.__name__)
def test_every_page_of_the_admin_opens(admin: Client, city: City, model: Any) -> None:
    name = f"admin:inbox_{model._meta.model_name}"
    assert admin.get(reverse(f"{name}_changelist")).status_code == 200
    row = model._default_manager.first()
    if row is not None:
        assert admin.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    if site._registry[model].has_add_permission(admin.get("/admin/").wsgi_request):
        assert admin.get(reverse(f"{name}_add")).status_code == 200


# --- What cannot be changed -------------------------------------------------------------------------------------------


def test_tickets_and_what_hangs_on_them_are_not_edited_here() -> None:
    assert {Ticket, Reporter, Message, Attachment}.isdisjoint(site._registry)


@pytest.mark.parametrize(
    "model", [TicketEvent, SyncRun, InboundPayload, Unit, WorkCalendar, SlaPolicy], ids=lambda model: model.__name__
)
def test_what_is_only_shown_is_neither_added_changed_nor_deleted(admin: Client, city: City, model: Any) -> None:
    if model is SyncRun:
        SyncRun.objects.create(source=city.source, trigger="by_hand", owner="w", started_at=clock.now())
    before = list(model._default_manager.order_by("pk").values())
    name, pk = f"admin:inbox_{model._meta.model_name}", before[0]["id"]
    assert admin.post(reverse(f"{name}_add"), {}).status_code == 403
    assert admin.post(reverse(f"{name}_change", args=[pk]), {}).status_code == 403
    assert admin.post(reverse(f"{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    admin.post(reverse(f"{name}_changelist"), selected)
    assert list(model._default_manager.order_by("pk").values()) == before


def test_what_a_citizen_wrote_is_not_shown(admin: Client, city: City) -> None:
    page = admin.get(reverse("admin:inbox_inboundpayload_change", args=[city.home.payload]))
    assert "0903111227" not in page.content.decode()
    assert "missing_field" in page.content.decode()


# --- Secrets ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(city: City) -> Source:
    return Source.objects.create(
        slug="cong",
        label="Cổng",
        connector="national_portal",
        settings={"base_url": "https://cong.example", "username": "w58"},
        secrets={"password": SECRET},
    )


def posted(admin: Client, source: Source, **changes: str) -> Any:
    """Save the source's form as it is shown, with `changes`."""
    address = reverse("admin:inbox_source_change", args=[source.pk])
    form = admin.get(address).context["adminform"].form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: value for name, value in values.items() if value not in (None, False)}
    return admin.post(address, data | changes)


def test_a_secret_is_never_in_a_page(admin: Client, source: Source) -> None:
    page = admin.get(reverse("admin:inbox_source_change", args=[source.pk])).content.decode()
    assert SECRET not in page
    assert "https://cong.example" in page
    assert 'type="password"' in page


def test_an_empty_secret_keeps_what_is_stored(admin: Client, source: Source) -> None:
    answer = posted(admin, source, label="Cổng mới")
    assert answer.status_code == 302, answer.context["adminform"].errors
    source.refresh_from_db()
    assert (source.label, source.secrets) == ("Cổng mới", {"password": SECRET})
    assert source.settings["username"] == "w58"


def test_a_new_secret_replaces_the_old_one_and_is_stored_apart(admin: Client, source: Source) -> None:
    assert posted(admin, source, setting_password="moi").status_code == 302
    source.refresh_from_db()
    assert source.secrets["password"] == "moi"
    assert "moi" not in str(source.settings)


def test_a_source_that_lacks_a_setting_cannot_be_switched_on(admin: Client, source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(is_enabled=False, settings={})
    answer = posted(admin, source, is_enabled="on", setting_base_url="")
    assert answer.status_code == 200
    source.refresh_from_db()
    assert not source.is_enabled


def test_a_new_source_starts_switched_off_and_leads_on_to_its_settings(admin: Client, city: City) -> None:
    data = {"slug": "moi", "label": "Mới", "connector": "national_portal"}
    answer = admin.post(reverse("admin:inbox_source_add"), data)
    created = Source.objects.get(slug="moi")
    assert not created.is_enabled
    assert answer["Location"] == reverse("admin:inbox_source_change", args=[created.pk])


def test_a_key_is_shown_once(admin: Client, city: City) -> None:
    expires = clock.now() + timedelta(days=30)
    answer = admin.post(
        reverse("admin:inbox_apitoken_add"),
        {
            "official": city.people["own officer"].pk,
            "name": "sync",
            "expires_at_0": f"{expires:%Y-%m-%d}",
            "expires_at_1": f"{expires:%H:%M:%S}",
        },
        follow=True,
    )
    token = ApiToken.objects.get()
    (message,) = [str(message) for message in answer.context["messages"] if "mm_" in str(message)]
    key = message.rpartition(" ")[2]
    assert token_of(key, at=clock.now()) == token
    assert key not in admin.get(reverse("admin:inbox_apitoken_changelist")).content.decode()
    assert key not in admin.get(reverse("admin:inbox_apitoken_change", args=[token.pk])).content.decode()


def test_a_revoked_key_is_dead(admin: Client, city: City) -> None:
    token = ApiToken.objects.create(
        official=city.people["own officer"],
        name="sync",
        key_hash="x",
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(days=1),
    )
    admin.post(reverse("admin:inbox_apitoken_changelist"), {"action": "revoke", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_person_is_made_with_a_hashed_password_and_no_more_than_was_given(admin: Client) -> None:
    data = {
        "username": "can.bo.moi",
        "password1": "mat-khau-rat-dai",
        "password2": "mat-khau-rat-dai",
        "usable_password": "true",
        "is_superuser": "on",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert admin.post(reverse("admin:inbox_official_add"), data).status_code == 302
    person = Official.objects.get(username="can.bo.moi")
    assert person.check_password("mat-khau-rat-dai")
    assert (person.is_superuser, person.is_staff, person.roles()) == (False, False, [])
