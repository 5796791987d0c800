"""What an officer waits for: server time of the pages, beside the bare query behind the list."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from benchmarks import world
from inbox.accounts.models import Membership, Official
from inbox.accounts.vocabulary import Role
from inbox.actions.ingest_page import ingest_page
from inbox.core import clock
from inbox.tickets.models import Ticket
from inbox.units.models import Unit

ROUNDS = 30


def run(number: int) -> None:
    """Print median and 95th percentile of each page, and its number of statements."""
    source = world.source("bench-inbox")
    for start in range(0, number, world.PAGE):
        with transaction.atomic():
            ingest_page(source, world.records(10_000_000 + start, min(world.PAGE, number - start)), at=clock.now())
    ward = Unit.objects.get(code="26929")
    code = Ticket.objects.filter(unit=ward).latest("pk").code
    client = _officer(ward)
    print(f"Pages of an officer, {number:,} tickets in the ward (milliseconds of server time)")
    bare = _measure(lambda: _bare_list(ward.pk))
    print(f"  {'bare list query':16} {bare[0]:8.1f} median {bare[1]:8.1f} p95")
    for name, address in (
        ("list", "/inbox/"),
        ("list + preview", f"/inbox/?ticket={code}"),
        ("ticket", f"/tickets/{code}/"),
        ("search", "/inbox/?q=den+duong"),
        ("search, no hit", "/inbox/?q=khongconhuthe"),
        ("API list", "/api/v1/tickets/"),
    ):
        statements = _statements(client, address)
        median, p95 = _measure(lambda address=address: client.get(address).content)
        print(f"  {name:16} {median:8.1f} median {p95:8.1f} p95   {statements} statements")


def _statements(client: Client, address: str) -> int:
    """How many statements one request takes."""
    seen = []

    def count(execute: Callable[..., object], *call: object) -> object:
        seen.append(call[0])
        return execute(*call)

    with connection.execute_wrapper(count):
        assert client.get(address).status_code == 200, address
    return len(seen)


def _measure(work: Callable[[], object]) -> tuple[float, float]:
    work()
    return world.spread([world.seconds(work) for _ in range(ROUNDS)])


def _bare_list(unit_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, title, address, status, category, next_due_at, received_at FROM inbox_ticket"
            " WHERE is_open AND unit_id = %s ORDER BY next_due_at, id LIMIT 50",
            [unit_id],
        )
        cursor.fetchall()


def _officer(ward: Unit) -> Client:
    officer = Official.objects.create_user("bench", full_name="Bench")
    Membership.objects.create(official=officer, role=Role.OFFICER.value, unit=ward)
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    return client
