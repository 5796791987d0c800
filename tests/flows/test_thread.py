"""The thread from three sources to an official and back, over real HTTP to the sandbox."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command

from inbox.accounts.vocabulary import Role
from inbox.actions.accept_ticket import accept_ticket
from inbox.actions.resolve_ticket import resolve_ticket
from inbox.core import clock
from inbox.intake.sync import sync_source
from inbox.outbox.dispatch import dispatch
from inbox.outbox.models import OutboxMessage
from inbox.sources.models import InboundPayload, Source
from inbox.sources.setup import save_source
from inbox.tickets.models import ExternalRef, Ticket, TicketEvent
from inbox.units.models import Unit
from tests.factories import make_official
from tests.processes import GOPY, HOTLINE, PORTAL, SHARED, SYSTEMS, Sandbox, running_sandbox, start_command

pytestmark = pytest.mark.django_db

SF = SHARED / "data" / "requests" / "sf_open311_2011.json"
CHICAGO = SHARED / "data" / "requests" / "chicago_open311_extended_2014.json"


def known_ids(source: Source) -> set[str]:
    return set(ExternalRef.objects.filter(source=source).values_list("external_id", flat=True))


def test_every_complaint_of_three_sources_arrives_and_reading_again_changes_nothing(
    three_sources: list[Source], sandbox: Sandbox
) -> None:
    for source in three_sources:
        run = sync_source(source)
        assert (run.outcome, run.rejected) == ("ok", 0), (source.slug, run.error_code, run.error_detail)
        assert known_ids(source) == set(sandbox.complaints(source.slug))
    before = (
        list(Ticket.objects.order_by("pk").values()),
        list(ExternalRef.objects.order_by("pk").values()),
        TicketEvent.objects.count(),
        InboundPayload.objects.count(),
    )
    for source in three_sources:
        for full in (False, True):
            run = sync_source(source, full=full)
            assert (run.created, run.updated, run.rejected) == (0, 0, 0), source.slug
    assert before == (
        list(Ticket.objects.order_by("pk").values()),
        list(ExternalRef.objects.order_by("pk").values()),
        TicketEvent.objects.count(),
        InboundPayload.objects.count(),
    )


def test_most_complaints_find_their_ward_and_the_rest_say_why_not(three_sources: list[Source]) -> None:
    for source in three_sources:
        sync_source(source)
    routed = Ticket.objects.filter(unit__isnull=False).count()
    assert routed >= Ticket.objects.count() * 0.8
    assert not Ticket.objects.filter(unit__isnull=True, routing_reason="").exists()
    assert Ticket.objects.filter(unit__code="26929").count() >= 10, "the demo officer has something to do"


@pytest.mark.parametrize(
    ("system", "accepted_codes", "answered_codes"),
    [
        (PORTAL, {"accepted"}, {"answered", "resolved"}),
        (HOTLINE, {"accepted"}, {"answered", "resolved"}),
        (GOPY, set(), {"answered", "resolved"}),
    ],
)
def test_what_an_official_does_arrives_in_the_source_once(
    three_sources: list[Source], sandbox: Sandbox, system: str, accepted_codes: set[str], answered_codes: set[str]
) -> None:
    source = Source.objects.get(slug=system)
    sync_source(source)
    ticket = Ticket.objects.filter(source=source, status="new", unit__isnull=False).first()
    assert ticket is not None
    leader = make_official(Role.LEADER, ticket.unit)
    text = "UBND phường đã xử lý xong. Cảm ơn ông/bà đã phản ánh."
    accept_ticket(ticket.pk, actor=leader)
    resolve_ticket(ticket.pk, actor=leader, text=text)
    dispatch()
    dispatch()
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {"delivered"}
    external_id = ticket.refs.get().external_id
    complaint = sandbox.complaints(system)[external_id]
    ours = [answer for answer in complaint["answers"] if answer["ours"]]
    assert [answer["text"] for answer in ours if answer["text"]] == [text]
    writes = [w for w in sandbox.state(system)["writes"] if w["external_id"] == external_id]
    assert len(writes) == len({w["key"] for w in writes}) == OutboxMessage.objects.count()
    events = TicketEvent.objects.filter(ticket=ticket).count()
    sync_source(source)
    assert TicketEvent.objects.filter(ticket=ticket).count() == events, "our own echo makes no event"


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_answer_whose_receipt_is_lost_stands_in_the_source_once(
    three_sources: list[Source], sandbox: Sandbox, system: str
) -> None:
    source = Source.objects.get(slug=system)
    sync_source(source)
    ticket = Ticket.objects.filter(source=source, status="accepted", unit__isnull=False).first()
    ticket = ticket or Ticket.objects.filter(source=source, status="new", unit__isnull=False).first()
    assert ticket is not None
    leader = make_official(Role.LEADER, ticket.unit)
    if ticket.status == "new":
        accept_ticket(ticket.pk, actor=leader)
        dispatch()
    sandbox.fault(system, kind="answer_lost", times=1)
    resolve_ticket(ticket.pk, actor=leader, text="Đã xử lý, mất hồi âm.")
    dispatch()
    message = OutboxMessage.objects.get(action="resolve")
    assert message.state == "unknown"
    for minutes in (2, 5, 10):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True):
            dispatch()
    message.refresh_from_db()
    assert message.state == "delivered"
    answers = sandbox.complaints(system)[ticket.refs.get().external_id]["answers"]
    assert [a["text"] for a in answers if a["ours"]].count("Đã xử lý, mất hồi âm.") == 1


def test_a_wrong_password_needs_a_person_and_heals_after_it_was_mended(
    three_sources: list[Source], sandbox: Sandbox
) -> None:
    source = Source.objects.get(slug=PORTAL)
    save_source(
        PORTAL,
        connector="national_portal",
        values={"base_url": source.settings["base_url"], "password": "wrong"} | {"username": "motmoi"},
    )
    source.refresh_from_db()
    run = sync_source(source)
    assert (run.outcome, run.error_code, source.health) == ("failed", "wrong_password", "needs_person")
    assert "wrong" not in run.error_detail.replace("wrong_password", "")
    save_source(PORTAL, connector="national_portal", values=source.settings | {"password": "motmoi"})
    source.refresh_from_db()
    assert sync_source(source).outcome == "ok"
    assert source.health == "ok"


@pytest.mark.parametrize("kind", ["missing_fields", "wrong_types"])
def test_an_unreadable_payload_is_kept_and_the_others_go_in(
    three_sources: list[Source], sandbox: Sandbox, kind: str
) -> None:
    source = Source.objects.get(slug=PORTAL)
    sandbox.fault(PORTAL, kind=kind, times=1)
    run = sync_source(source)
    assert run.outcome == "ok"
    assert run.created + run.rejected == len(sandbox.complaints(PORTAL))
    for payload in InboundPayload.objects.filter(state="rejected"):
        assert payload.reason_code
        assert payload.body
    sync_source(source, full=True)
    assert known_ids(source) == set(sandbox.complaints(PORTAL)), "once the source is right again, nothing is missing"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("system", [PORTAL, HOTLINE])
def test_a_worker_killed_in_mid_sync_loses_and_doubles_nothing(
    three_sources: list[Source], sandbox: Sandbox, system: str
) -> None:
    """kill -9 at random instants, then one undisturbed run."""
    sandbox.change(system, count=300)
    chance = random.Random(42)
    source = Source.objects.get(slug=system)
    killed = 0
    for _ in range(6):
        process = start_command("sync_source", system)
        time.sleep(chance.uniform(0.8, 2.2))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate(timeout=60)
        Source.objects.filter(pk=source.pk).update(lease_owner="", lease_until=None)
    assert killed, "at least one run was really interrupted"
    final = start_command("sync_source", system, "--json")
    out, err = final.communicate(timeout=120)
    assert final.returncode == 0, err
    assert json.loads(out)["rejected"] == 0
    assert known_ids(source) == set(sandbox.complaints(system))
    assert Ticket.objects.filter(source=source).count() == len(known_ids(source))
    assert TicketEvent.objects.filter(kind="received").count() == len(known_ids(source))


@pytest.mark.shared
@pytest.mark.skipif(not SF.exists(), reason="../shared is absent: real requests cannot be read")
def test_real_requests_of_two_cities_become_tickets(city: None) -> None:
    """500 requests of San Francisco and 50 of Chicago through Open311, counts and fields."""
    wanted = {r["service_request_id"]: r for path in (SF, CHICAGO) for r in json.loads(path.read_text("utf-8"))}
    assert len(wanted) == 550
    with running_sandbox("--count", "0", "--data", str(SF), str(CHICAGO)) as sandbox:
        source = save_source("cities", connector="open311", values={"base_url": f"{sandbox.url}/open311/v2"})
        run = sync_source(source, full=True)
        assert (run.outcome, run.created, run.rejected) == ("ok", 550, 0), (run.error_code, run.error_detail)
        again = sync_source(source, full=True)
        assert (again.created, again.updated, again.unchanged) == (0, 0, 550)
    for ref in ExternalRef.objects.filter(source=source).select_related("ticket"):
        request, ticket = wanted[ref.external_id], ref.ticket
        assert (ticket.status == "resolved") is (request["status"].lower() == "closed")
        assert ticket.title
        assert ticket.address.startswith(" ".join((request["address"] or "").split()))
        if request["lat"]:
            assert (ticket.lat, ticket.lng) == (float(request["lat"]), float(request["long"]))
        if request.get("expected_datetime"):
            assert ticket.source_due_at is not None
        assert ticket.unit is None, "no place in San Francisco is a ward of this city"
        assert ticket.routing_reason


def test_commands_do_the_same_from_a_shell(
    three_sources: list[Source], sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_source", PORTAL)
    call_command("sync_source", PORTAL, "--json")
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(facts) == {"fetched", "created", "updated", "unchanged", "rejected", "cursor"}
    assert facts["created"] == len(sandbox.complaints(PORTAL))
    ticket = Ticket.objects.filter(status="new", unit__isnull=False).first()
    assert ticket is not None
    accept_ticket(ticket.pk, actor=make_official(Role.LEADER, ticket.unit))
    call_command("dispatch_outbox", "--json")
    assert json.loads(capsys.readouterr().out) == {"delivered": 1}
    assert Unit.objects.filter(pk=ticket.unit_id).exists()
