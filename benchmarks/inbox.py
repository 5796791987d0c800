"""What officials wait for: server time of the list, preview, search and an act, beside the bare query behind the list.

Processor time is printed beside the time that passed: on a busy machine only the first says what the code costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.test import Client

from benchmarks import world
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.fill_tickets import fill_tickets
from inbox.core import clock
from inbox.tickets.models import Ticket
from inbox.units.models import Unit

ROUNDS = 30
MONTHS = 12
#: What the search field sends while one types: it is answered with the list, not with the frame around it.
TYPING = {"HX-Request": "true", "HX-Target": "queue-list"}


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    processor: float
    median: float
    p95: float

    def __str__(self) -> str:
        return f"{self.processor:8.1f} processor {self.median:8.1f} median {self.p95:8.1f} p95"


def run(number: int) -> None:
    """Print the times of each page for an officer and for somebody who sees the city, statements and weight."""
    fill(number)
    measure()


def fill(number: int) -> None:
    """Make up so many tickets of a year."""
    fill_tickets(number, months=MONTHS, seed=1, at=clock.now())
    with connection.cursor() as cursor:
        # What autovacuum has done by itself in a database that has grown like this in a year.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def measure() -> None:
    """The same on whatever the database holds already."""
    settings.ALLOWED_HOSTS.append("testserver")
    ward = busiest()
    first = Ticket.objects.filter(unit=ward, is_open=True).order_by("next_due_at", "pk")[: ROUNDS + 1]
    Ticket.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(assignee=None)  # for taking
    code = Ticket.objects.filter(unit=ward, is_open=True).latest("pk").code
    print(f"Pages with {Ticket.objects.count():,} tickets (milliseconds of server time)")
    print(f"  This machine, before: {world.machine()}")
    print(f"  {'bare list query':24} {_times(lambda: _bare_list(ward.pk))}")
    for role, unit in ((Role.OFFICER, ward), (Role.SUPERVISOR, None)):
        client = client_of(role, unit)
        print(f"  {role}")
        for name, address in (
            ("list", "/inbox/"),
            ("list, resolved", "/inbox/?view=resolved"),
            ("list + preview", f"/inbox/?ticket={code}"),
            ("preview", f"/inbox/{code}/"),
            ("search, common", "/inbox/?q=nguyen+xi"),
            ("search, common, typed", "/inbox/?q=nguyen+xi"),
            ("search, rare, typed", "/inbox/?q=477+chu+van+an"),
            ("search, no hit, typed", "/inbox/?q=khongconhuthe"),
            ("what is new", "/inbox/fresh/?than=1&since=2026-01-01T00:00:00%2B00:00&shown=1"),
            ("ticket", f"/tickets/{code}/"),
            ("API list", "/api/v1/tickets/"),
        ):
            headers = TYPING if name.endswith("typed") else {}
            statements, weight = _cost(client, address, headers)
            times = _times(
                lambda client=client, address=address, headers=headers: client.get(address, headers=headers).content
            )
            print(f"    {name:22} {times}   {statements:2} statements {weight:6.1f} KB")
        if role is Role.OFFICER:
            print(f"    {'act: note':22} {_times(_acts(client, ward, 'add_note', text='Ghi chú'))}")
            print(f"    {'act: take':22} {_times(_acts(client, ward, 'claim'))}")
    print(f"  This machine, after: {world.machine()}")


def busiest() -> Unit:
    """The ward with the most open tickets."""
    most = Ticket.objects.filter(is_open=True, unit__isnull=False).values("unit").annotate(number=Count("pk"))
    return Unit.objects.get(pk=most.order_by("-number")[0]["unit"])


def _acts(client: Client, ward: Unit, verb: str, **data: str) -> Callable[[], object]:
    """A different ticket at each call, as people work through a list."""
    rows = iter(Ticket.objects.filter(unit=ward, is_open=True).order_by("next_due_at", "pk")[: ROUNDS + 1])

    def act() -> None:
        ticket = next(rows)
        answer = client.post(
            f"/tickets/{ticket.code}/{verb}/",
            data | {"version": str(ticket.version), "place": "inbox"},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 200, answer.status_code

    return act


def _cost(client: Client, address: str, headers: dict[str, str]) -> tuple[int, float]:
    """How many statements one request takes, and the weight of its answer."""
    seen = []

    def count(execute: Callable[..., object], *call: object) -> object:
        seen.append(call[0])
        return execute(*call)

    with connection.execute_wrapper(count):
        answer = client.get(address, headers=headers)
    assert answer.status_code == 200, address
    return len(seen), len(answer.content) / 1024


def _times(work: Callable[[], object]) -> Times:
    work()
    passed, used = [], []
    for _ in range(ROUNDS):
        begin = time.process_time()
        passed.append(world.seconds(work))
        used.append(time.process_time() - begin)
    median, p95 = world.spread(passed)
    return Times(world.spread(used)[0], median, p95)


def _bare_list(unit_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, title, address, status, category, next_due_at, received_at FROM inbox_ticket"
            " WHERE is_open AND unit_id = %s ORDER BY next_due_at, id LIMIT 50",
            [unit_id],
        )
        cursor.fetchall()


def client_of(role: Role, unit: Unit | None) -> Client:
    """Somebody who has logged in."""
    name = f"bench-{role}-{clock.now():%H%M%S%f}"
    official = Official.objects.create_user(name, full_name="Bench")
    Membership.objects.create(official=official, role=role.value, unit=unit)
    client = Client()
    client.force_login(official, backend="inbox.accounts.backends.OfficialBackend")
    return client
