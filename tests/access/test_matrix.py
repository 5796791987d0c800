"""Every route as every kind of person. What is not for somebody looks to them exactly like what never existed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.authentication import SessionAuthentication

from inbox.api.authentication import TokenAuthentication
from inbox.core import clock
from inbox.evidence.models import EvidenceRecord, EvidenceVersion
from inbox.outbox.models import BulkRetry, Difference, OutboxMessage
from inbox.sources.models import InboundPayload, Source
from inbox.tickets.models import Message, ReadMark, Ticket, TicketEvent
from inbox.tickets.vocabulary import Verb
from tests.access.conftest import INSIDERS, ONLOOKERS, OUTSIDERS, City, things_in
from tests.access.routes import (
    KEYS,
    NOTHING,
    Route,
    all_routes,
    filled,
    is_ticket_bound,
    product_routes,
    thing_of,
)

ROUTES = product_routes()
WITH_PARAMETERS = [route for route in ROUTES if route.parameters]
TICKET_ROUTES = [route for route in WITH_PARAMETERS if is_ticket_bound(route)]
QUARANTINE_ROUTES = [route for route in WITH_PARAMETERS if KEYS.get(route.name) == "payload"]
PLAIN_ROUTES = [route for route in ROUTES if not route.parameters]

#: Open to everybody, each for a reason.
PUBLIC = {
    "login": "how else to get in",
    "set_language": "chooses a language, knows nobody",
    "healthz": "whether the process lives; says nothing else",
    "readyz": "whether its services live; says nothing else",
    "metrics": "counters without names or texts, and only to this machine, where tests run too",
    "hook": "sources push here; a signature is their log-in (tests/intake/test_webhooks.py)",
    "verify": "whoever holds a printed record may check it; says only whether number and hash belong together",
    "verified": "where the QR code of a printed record leads; likewise",
    "open311-discovery": "says where the public address is",
    "open311-services": "the list of fields, the same for everybody",
    "open311-service": "likewise",
    "open311-requests": "what officials made public (tests/api/test_open311.py); POST wants a token",
    "open311-request": "likewise; what is not public is not found",
    "open-data": "says what is public, and is public",
    "open-data-file": "anonymous data of whole months, for everybody (tests/reports/test_open_data.py)",
    "api-unknown": "says of everything that it does not exist",
}
#: Answers both GET and POST, each for a reason.
FORMS = {
    "change-password": "a form and its target; GET only draws it",
    "login": "a form and its target",
    "ticket-act": "the form of a verb and its target; GET only draws it",
    "new-ticket": "a form and its target; GET only draws it",
    "notification-settings": "a form and its target; GET only draws it",
    "calendar-new": "a form and its target; GET only draws it",
    "calendar-date": "a form, its preview and its target; GET only draws it",
    "calendar-hours": "a form, its preview and its target; GET only draws it",
    "calendar-units": "a form, its preview and its target; GET only draws it",
    "policy-new": "a form and its target; GET only draws it",
    "policy-version": "a form and its target; GET only draws it",
    "bulk-retry": "GET shows how far bulk retries are, POST starts one; GET changes nothing",
    "saved-view": "a form and its target; GET only draws it",
    "desk-new-reply": "a form and its target; GET only draws it",
    "desk-reply": "a form and its target; GET only draws it",
    "api-tickets": "GET lists, POST writes one down; GET changes nothing",
    "open311-requests": "GET lists what is public, POST with a token writes one down; GET changes nothing",
    "new-export": "a form and its target; GET only draws it",
    "source-replay": "GET says what would happen, and takes it back; POST does it",
    "source-code": "likewise, for what a code stands for",
    "api-exports": "GET lists, POST asks for a file; GET changes nothing",
}

#: Takes POST like GET, and does nothing either way.
HARMLESS = {
    "home": "only sends on to the inbox",
    "metrics": "only counts",
    "set_language": "sends back where one came from",
}
#: What those who see every ticket may also do: the last part of an address.
THEIRS_TO_DO: dict[str, set[str]] = {
    "supervisor": {"transfer", "reopen", "urge", "follow", "presence"},
    "admin": {"retry", "give-up", "original", "follow", "presence"},
    "auditor": {"follow", "presence"},
}

#: A body that every action accepts as far as its form goes.
BODY = {
    "list": "",
    "name": "Thử",
    "text": "Thử",
    "reason": "Thử",
    "main": "PA-000001",
    "unit": "",
    "category": "noise",
    "assignee": "",
    "until": "2099-01-05T09:00",
    "version": "1",
}
API_BODIES: dict[str, dict[str, str]] = {
    **{key: {"text": "Thử"} for key in ("add_note", "reply", "resolve", "approve", "publish")},
    **{
        key: {"reason": "Thử"}
        for key in (
            "return",
            "refuse",
            "pause",
            "reopen",
            "refuse_extension",
            "mark_several_agencies",
            "urge",
            "send_back",
        )
    },
    "link": {"main": "PA-000001"},
    "change_category": {"category": "noise"},
    "extend": {"until": "2099-01-05T09:00:00+07:00", "reason": "Thử"},
}


def logged_in(city: City, person: str, *, csrf: bool = False) -> Client:
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(city.people[person])
    return client


def send(client: Client, method: str, route: Route, address: str, city: City) -> Any:
    """GET, or POST with a body that would be acted on if the person were allowed to."""
    if method == "get":
        return client.get(address)
    verb = next((verb for verb in Verb if address.rstrip("/").endswith(f"/{verb}")), None)
    assignee, unit = city.people["own leader"].username, city.elsewhere.code
    if route.is_api:
        body = {"assign": {"assignee": assignee}, "transfer": {"unit": unit, "reason": "Thử"}}.get(
            verb or "", API_BODIES.get(verb or "", {})
        )
        return client.post(address, body, content_type="application/json")
    return client.post(address, BODY | {"unit": unit, "assignee": assignee})


def words(response: Any, address: str, city: City) -> str:
    """The body without what differs from answer to answer: CSRF tokens, and what was asked for."""
    text = response.content.decode()
    for asked in (address, city.home.code, NOTHING.code, city.home.number, NOTHING.number):
        text = text.replace(asked, "…")
    return re.sub(r"[A-Za-z0-9]{64}", "", text)


def everything() -> list[Any]:
    """All rows that a refused request must leave alone."""
    return [
        list(model._default_manager.order_by("pk").values())
        for model in (
            Ticket,
            TicketEvent,
            Message,
            OutboxMessage,
            ReadMark,
            InboundPayload,
            Difference,
            BulkRetry,
            Source,
            EvidenceRecord,
            EvidenceVersion,
        )
    ]


# --- The matrix is complete -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", WITH_PARAMETERS, ids=str)
def test_the_matrix_knows_what_every_parameter_stands_for(route: Route) -> None:
    for parameter in route.parameters:
        assert thing_of(route, parameter)


def test_the_resolver_was_read() -> None:
    assert {"ticket", "ticket-act", "inbox", "sources", "api-ticket", "api-delivery-retry"} <= {r.name for r in ROUTES}
    assert any(route.is_admin for route in all_routes())
    assert all(re.fullmatch(r"[\w/.<>:-]*", route.template) for route in ROUTES)


# --- Nobody logged in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [route for route in ROUTES if route.name not in PUBLIC], ids=str)
def test_without_logging_in_there_is_nothing(city: City, route: Route) -> None:
    before = everything()
    for method, address in product(("get", "post"), filled(route, city.home)):
        answer = send(Client(), method, route, address, city)
        if route.is_api or route.name == "api-schema":
            assert answer.status_code == 401, address
            assert answer["Content-Type"] == "application/problem+json", address
        elif answer.status_code != 405:
            assert answer.status_code == 302, address
            assert answer["Location"].startswith(("/login/", "/inbox/")), address
    assert everything() == before


# --- Other wards ------------------------------------------------------------------------------------------------------


def foreign(route: Route, city: City) -> Iterator[tuple[str, str]]:
    """Pairs of addresses: with something of the home ward, and with something that never existed in its place.

    Every combination of the parameters is foreign once; the others stay the outsider's own.
    """
    bound = [parameter for parameter in route.parameters if thing_of(route, parameter) in {"code", *KEYS.values()}]
    for size in range(1, len(bound) + 1):
        for chosen in combinations(bound, size):
            yield from zip(
                filled(route, city.away, instead=dict.fromkeys(chosen, city.home)),
                filled(route, city.away, instead=dict.fromkeys(chosen, NOTHING)),
                strict=True,
            )


@pytest.mark.parametrize("route", TICKET_ROUTES, ids=str)
def test_what_is_another_wards_looks_like_what_never_was(city: City, route: Route) -> None:
    before = everything()
    for person, method in product(OUTSIDERS, ("get", "post")):
        client = logged_in(city, person)
        for theirs, nothing in foreign(route, city):
            case = f"{person}: {method} {theirs}"
            with time_machine.travel(clock.now(), tick=False):  # pages show the time
                answer, never = send(client, method, route, theirs, city), send(client, method, route, nothing, city)
            assert answer.status_code in {404, 405}, case
            assert answer.status_code == never.status_code, case
            assert words(answer, theirs, city) == words(never, nothing, city), case
    assert everything() == before


@pytest.mark.parametrize("route", TICKET_ROUTES, ids=str)
def test_the_addresses_are_right(city: City, route: Route) -> None:
    """Those who may see the ticket find every address: the 404s above are not for want of a page."""
    for person in (*INSIDERS, *ONLOOKERS):
        client = logged_in(city, person)
        for address in filled(route, city.home):
            assert client.get(address).status_code != 404, f"{person}: {address}"


@pytest.mark.parametrize("route", TICKET_ROUTES, ids=str)
def test_seeing_is_not_touching(city: City, route: Route) -> None:
    """City roles see every ticket; only what their role names is theirs to do."""
    before = everything()
    for person in ONLOOKERS:
        client = logged_in(city, person)
        for address in filled(route, city.home):
            if address.rstrip("/").rpartition("/")[2] not in THEIRS_TO_DO[person]:
                answer = send(client, "post", route, address, city)
                assert answer.status_code in {403, 405}, f"{person}: {address}"
    assert everything() == before


# --- Lists, counts, search --------------------------------------------------------------------------------------------

QUERIES = ("", "?q=Bimat", "?q=PA-", "?ordering=next_due", "?ordering=-updated", "?status=new")


def steady(response: Any) -> str:
    """A body without CSRF tokens, nonces and the keys of new forms."""
    return re.sub(r"[A-Za-z0-9]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", response.content.decode())


@pytest.mark.parametrize("person", ["other officer", "triage"])
@pytest.mark.parametrize("route", [route for route in PLAIN_ROUTES if route.name not in PUBLIC], ids=str)
def test_no_list_count_or_search_notices_another_wards_ticket(city: City, route: Route, person: str) -> None:
    """The same page, letter for letter, before and after another ward gets a ticket."""
    with time_machine.travel("2026-11-17T03:00:00Z", tick=False):
        client = logged_in(city, person)
        Source.objects.update(last_success_at=None)
        addresses = [f"/{route.template}{query}" for query in QUERIES]
        before = [steady(client.get(address)) for address in addresses]
        things = things_in(city.ward, city.source)
        InboundPayload.objects.filter(pk=things.payload).delete()  # quarantine belongs to the source, not to a ward
        after = [steady(client.get(address)) for address in addresses]
    for address, one, other in zip(addresses, before, after, strict=True):
        assert one == other, address


@pytest.mark.parametrize("person", INSIDERS)
def test_ones_own_ticket_is_noticed(city: City, person: str) -> None:
    """The test above can fail."""
    client = logged_in(city, person)
    for address in ("/inbox/", "/api/v1/tickets/", "/api/v1/attachments/", "/api/v1/deliveries/"):
        assert city.home.code in client.get(address).content.decode(), address


@pytest.mark.parametrize("route", [r for r in WITH_PARAMETERS if r not in TICKET_ROUTES], ids=str)
def test_a_source_shows_nothing_of_another_wards_ticket(city: City, route: Route) -> None:
    """Sources serve every ward; what hangs on them and belongs to a ticket does not."""
    client = logged_in(city, "other officer")
    for address in filled(route, city.home):
        text = client.get(address).content.decode()
        for secret in (city.home.code, f"Bimat{city.ward.pk}", city.ticket.refs.get().external_id + '"'):
            assert secret not in text, address


# --- Quarantine -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", QUARANTINE_ROUTES, ids=str)
def test_only_who_manages_sources_gets_at_payloads(city: City, route: Route) -> None:
    before = everything()
    for person, method in product((*INSIDERS, *OUTSIDERS, "auditor", "supervisor"), ("get", "post")):
        client = logged_in(city, person)
        for address in filled(route, city.home):
            answer = send(client, method, route, address, city)
            assert answer.status_code in {403, 405}, f"{person}: {method} {address}"
    assert everything() == before


# --- Changing things --------------------------------------------------------------------------------------------------


def takes_posts(route: Route, city: City) -> bool:
    address = filled(route, NOTHING)[0]
    return bool(send(logged_in(city, "own leader"), "post", route, address, city).status_code != 405)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.name not in {"api-unknown", *FORMS, *HARMLESS}], ids=str)
def test_what_changes_something_is_not_done_by_a_link(city: City, route: Route) -> None:
    """An address that takes POST refuses GET, except where a form is drawn."""
    client, before = logged_in(city, "own leader"), everything()
    if takes_posts(route, city):
        for address in filled(route, city.home):
            assert client.get(address).status_code == 405, address
        assert everything() == before


@pytest.mark.parametrize("route", TICKET_ROUTES, ids=str)
def test_looking_changes_nothing_but_what_has_been_read(city: City, route: Route) -> None:
    client = logged_in(city, "own leader")
    before = everything()
    for address in filled(route, city.home):
        client.get(address)
        client.head(address)
    changed = [index for index, rows in enumerate(everything()) if rows != before[index]]
    assert set(changed) <= {4}, "only ReadMark"


@pytest.mark.parametrize("route", [r for r in ROUTES if r.name not in PUBLIC or r.name == "login"], ids=str)
def test_a_form_of_another_site_changes_nothing(city: City, route: Route) -> None:
    """A session cookie alone is not enough to change anything, whichever content type the other site sends."""
    before = everything()
    types = ("application/x-www-form-urlencoded", "text/plain", "application/json")
    for person, content_type in product(("own leader", "admin"), types):
        client = logged_in(city, person, csrf=True)
        for address in filled(route, city.home):
            answer = client.generic("POST", address, b"{}", content_type)
            assert answer.status_code in {403, 405}, f"{person}: {content_type} to {address}"
    assert everything() == before


@pytest.mark.parametrize("route", all_routes(), ids=str)
def test_only_tokens_are_exempt_from_csrf(route: Route) -> None:
    """DRF exempts its views and has SessionAuthentication check instead; a hook knows no session, only signatures."""
    if getattr(route.view, "csrf_exempt", False) and route.name != "hook":
        authenticators = set(route.view.cls.authentication_classes)  # type: ignore[attr-defined]
        assert authenticators <= {TokenAuthentication, SessionAuthentication}, route
        assert authenticators or route.name == "api-unknown", route
