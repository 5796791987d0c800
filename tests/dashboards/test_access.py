"""Who sees whose figures: supervisors the units they may, leaders their ward, officers only their own."""

from __future__ import annotations

import pytest
from django.test import Client

from inbox.accounts.models import Official
from inbox.accounts.vocabulary import Role
from inbox.dashboards import rollups
from inbox.sources.models import Source
from inbox.tickets.vocabulary import Status
from inbox.units.models import Unit
from tests.factories import TUESDAY, make_official, make_source, make_ticket, make_unit

SEES, REFUSED = 200, 404


@pytest.fixture
def people(city: None) -> dict[str, Official]:
    ward, other = Unit.objects.get(code="26929"), make_unit("99001", "Phường Kín")
    people = {
        "officer": make_official(Role.OFFICER, ward),
        "colleague": make_official(Role.OFFICER, ward),
        "leader": make_official(Role.LEADER, ward),
        "stranger": make_official(Role.OFFICER, other),
        "supervisor": make_official(Role.SUPERVISOR),
        "auditor": make_official(Role.AUDITOR),
        "admin": make_official(Role.ADMIN),
        "triage": make_official(Role.TRIAGE),
        "nobody": make_official(Role.OFFICER, ward),
    }
    people["nobody"].memberships.all().delete()
    source = make_source("cong", connector="national_portal")
    for number, (unit, person) in enumerate(((ward, "officer"), (ward, "colleague"), (other, "stranger")), start=1):
        for _ in range(number):
            make_ticket(unit, source, assignee=people[person], status=Status.IN_PROGRESS, sent_at=TUESDAY)
    make_ticket(None, source)
    rollups.rebuild(TUESDAY)
    return people


# address, and who of all people is let in
CASES = [
    (
        "/dashboard/",
        {"officer", "colleague", "leader", "stranger", "supervisor", "auditor", "admin", "triage", "nobody"},
    ),
    ("/dashboard/?unit=26929", {"officer", "colleague", "leader", "supervisor", "auditor", "admin"}),
    ("/dashboard/units/26929/", {"officer", "colleague", "leader", "supervisor", "auditor", "admin"}),
    ("/dashboard/units/99001/", {"stranger", "supervisor", "auditor", "admin"}),
    ("/dashboard/units/no-such/", set()),
    ("/dashboard/officers/{colleague}/", {"colleague", "leader", "supervisor", "auditor", "admin"}),
    ("/dashboard/officers/{officer}/", {"officer", "leader", "supervisor", "auditor", "admin"}),
    ("/dashboard/officers/{stranger}/", {"stranger", "supervisor", "auditor", "admin"}),
    ("/dashboard/officers/987654321/", set()),
    (
        "/dashboard/sources/cong/",
        {"officer", "colleague", "leader", "stranger", "supervisor", "auditor", "admin", "triage", "nobody"},
    ),
    ("/dashboard/sources/no-such/", set()),
    ("/api/v1/metrics/open/?unit=26929", {"officer", "colleague", "leader", "supervisor", "auditor", "admin"}),
    ("/api/v1/metrics/open/?official={colleague}", {"colleague", "leader", "supervisor", "auditor", "admin"}),
    (
        "/api/v1/metrics/open/?unit=26929&official={colleague}",
        {"colleague", "leader", "supervisor", "auditor", "admin"},
    ),
    ("/api/v1/metrics/open/?unit=99001&official={colleague}", set()),
]


def test_every_kind_of_person_at_every_address(people: dict[str, Official]) -> None:
    """Whoever is refused is tried each; of those who are let in, two, because drawing a page takes its time."""
    for number, (template, let_in) in enumerate(CASES):
        address = template.format(**{name: person.pk for name, person in people.items()})
        ordered = sorted(let_in)
        tried = {ordered[number % len(ordered)], ordered[(number + 2) % len(ordered)]} if ordered else set()
        for name in tried | (set(people) - let_in):
            client = Client()
            client.force_login(people[name])
            assert client.get(address).status_code == (SEES if name in let_in else REFUSED), f"{name}: {address}"


@pytest.mark.parametrize(
    ("person", "unit", "open_tickets"),
    [
        ("supervisor", "", 7),  # one of them without a unit
        ("supervisor", "26929", 3),
        ("leader", "", 3),
        ("officer", "", 1),  # their own
        ("officer", "26929", 1),  # naming the ward shows no more of it
        ("colleague", "", 2),
        ("stranger", "", 3),
        ("triage", "", 1),  # what nobody has been given
        ("nobody", "", 0),
    ],
)
def test_figures_count_what_one_may_see(people: dict[str, Official], person: str, unit: str, open_tickets: int) -> None:
    client = Client()
    client.force_login(people[person])
    found = client.get("/api/v1/metrics/open/" + (f"?unit={unit}" if unit else "")).json()
    assert (found["name"], found["unit"], found["value"]) == ("open", "tickets", open_tickets)


def test_an_officer_meets_no_colleague_on_any_page(people: dict[str, Official]) -> None:
    client = Client()
    client.force_login(people["officer"])
    colleague = people["colleague"].display_name
    for address in ("/dashboard/", "/dashboard/?unit=26929", "/dashboard/units/26929/", "/dashboard/sources/cong/"):
        assert colleague not in client.get(address).content.decode(), address
    rows = client.get("/api/v1/metrics/open/?by=official").json()["rows"]
    assert [row["key"] for row in rows] == [str(people["officer"].pk)]
    client.force_login(people["leader"])
    assert colleague in client.get("/dashboard/").content.decode()


def test_the_api_gives_rows_and_names_what_is_wrong(people: dict[str, Official]) -> None:
    client = Client()
    client.force_login(people["supervisor"])
    address = "/api/v1/metrics/new/"
    assert client.get(f"{address}?from=2026-11-20&to=2026-11-01").status_code == 400
    assert client.get(f"{address}?by=colour").status_code == 400
    assert client.get(f"{address}?by=official").status_code == 400, "not without a unit"
    assert client.get("/api/v1/metrics/happiness/").status_code == 404
    assert client.get("/api/v1/metrics/satisfaction/").json()["value"] is None
    by_source = client.get("/api/v1/metrics/open/?by=source").json()["rows"]
    assert by_source == [{"key": "cong", "name": Source.objects.get().label, "value": 7.0}]
