"""Sources, quarantine and deliveries over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from inbox.accounts.vocabulary import Role
from inbox.core import clock
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.sources.models import InboundPayload, Source, SyncRun, payload_hash
from inbox.sources.vocabulary import PayloadState
from tests.api.conftest import World, token_client
from tests.factories import make_official, make_source

SOURCES, PAYLOADS, DELIVERIES = "/api/v1/sources/", "/api/v1/payloads/", "/api/v1/deliveries/"
SECRET = "khong-ai-thay"


@pytest.fixture
def source(world: World) -> Source:
    """A source of a real kind, with a secret and a path of its own in its settings."""
    return make_source("tap-tin", connector="file_drop", settings={"path": "/srv/thu"}, secrets={"password": SECRET})


def payload(source: Source, number: int = 1, state: PayloadState = PayloadState.REJECTED) -> InboundPayload:
    body = {"id": number, "phone": "0903111227"}
    return InboundPayload.objects.create(
        source=source,
        external_id=str(number),
        content_hash=payload_hash(body),
        body=body,
        received_at=clock.now(),
        state=state,
        reason_code="missing_field" if state is PayloadState.REJECTED else "",
    )


def message(world: World, ticket: Any, state: DeliveryState, attempts: int = 0) -> OutboxMessage:
    now = clock.now()
    return OutboxMessage.objects.create(
        ticket=ticket,
        ref=ticket.refs.get(),
        source=world.source,
        event=ticket.events.first(),
        action="resolve",
        text="Đã xử lý",
        author="A",
        done_at=now,
        key=f"key-{ticket.pk}",
        state=state,
        attempts_made=attempts,
        next_attempt_at=now + timedelta(hours=1),
        created_at=now,
    )


# --- Sources ----------------------------------------------------------------------------------------------------------


def test_sources_show_health_and_neither_settings_nor_secrets(
    world: World, source: Source, officer_api: APIClient
) -> None:
    payload(source)
    answer = officer_api.get(SOURCES)
    listed = {row["slug"]: row for row in answer.json()["results"]}
    assert set(listed) == {"gopy-thu", "tap-tin"}
    assert (listed["tap-tin"]["health"], listed["tap-tin"]["rejected"]) == ("unknown", 1)
    assert officer_api.get(f"{SOURCES}tap-tin/").json() == listed["tap-tin"]
    assert SECRET not in answer.text
    assert "/srv/thu" not in answer.text


def test_runs_come_newest_first(world: World, officer_api: APIClient) -> None:
    for hours in (2, 1, 3):
        SyncRun.objects.create(
            source=world.source, trigger="schedule", owner="w", started_at=clock.now() - timedelta(hours=hours)
        )
    first = officer_api.get(f"{SOURCES}gopy-thu/runs/", {"page_size": 2}).json()
    second = officer_api.get(first["next"]).json()
    stamps = [run["started_at"] for run in first["results"] + second["results"]]
    assert len(stamps) == 3
    assert stamps == sorted(stamps, reverse=True)


def test_an_unknown_source_is_not_found(world: World, officer_api: APIClient) -> None:
    for tail in ("khong-co/", "khong-co/runs/"):
        assert officer_api.get(SOURCES + tail).status_code == 404


def test_asking_for_a_reading_puts_the_source_on_top(world: World, source: Source, admin_api: APIClient) -> None:
    answer = admin_api.post(f"{SOURCES}tap-tin/sync/")
    assert answer.status_code == 202
    source.refresh_from_db()
    assert source.next_poll_at is not None
    assert source.next_poll_at <= clock.now()


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.SUPERVISOR, 202), (Role.ADMIN, 202), (Role.TRIAGE, 403), (Role.AUDITOR, 403)],
)
def test_who_may_ask_for_a_reading(world: World, source: Source, role: Role, status: int) -> None:
    assert token_client(make_official(role)).post(f"{SOURCES}tap-tin/sync/").status_code == status
    source.refresh_from_db()
    assert (source.next_poll_at is not None) == (status == 202)


def test_somebody_without_a_role_sees_no_source(world: World) -> None:
    world.officer.memberships.all().delete()
    client = token_client(world.officer)
    assert [client.get(SOURCES + tail).status_code for tail in ("", "gopy-thu/", "gopy-thu/runs/")] == [403] * 3


# --- Quarantine -------------------------------------------------------------------------------------------------------


def test_only_who_manages_sources_reads_payloads(world: World, source: Source, admin_api: APIClient) -> None:
    row = payload(source)
    (shown,) = admin_api.get(PAYLOADS, {"state": "rejected"}).json()["results"]
    assert (shown["id"], shown["source"], shown["body"]) == (row.pk, "tap-tin", row.body)
    for role in set(Role) - {Role.ADMIN}:
        unit = world.ward if role in {Role.OFFICER, Role.LEADER} else None
        answer = token_client(make_official(role, unit)).get(PAYLOADS)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), role


def test_payloads_are_narrowed(world: World, source: Source, admin_api: APIClient) -> None:
    refused, accepted = payload(source, 1), payload(world.source, 2, PayloadState.ACCEPTED)

    def found(**asked: str) -> list[int]:
        return [row["id"] for row in admin_api.get(PAYLOADS, asked).json()["results"]]

    assert found(state="rejected") == found(source="tap-tin") == [refused.pk]
    assert found(state="accepted") == [accepted.pk]
    assert found(state="rejected", source="gopy-thu") == []
    for wrong in ({"state": "lost"}, {"source": "a b"}, {"body": "x"}):
        answer = admin_api.get(PAYLOADS, wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, next(iter(wrong)))


def test_a_payload_that_still_does_not_fit_says_why(world: World, source: Source, admin_api: APIClient) -> None:
    row = payload(source)
    answer = admin_api.post(f"{PAYLOADS}{row.pk}/replay/")
    assert answer.status_code == 200
    assert answer.json()["accepted"] is False
    assert answer.json()["reason_code"]
    row.refresh_from_db()
    assert row.state == PayloadState.REJECTED


def test_a_payload_is_replayed_by_who_manages_sources_and_once(
    world: World, source: Source, officer_api: APIClient, admin_api: APIClient
) -> None:
    row, done = payload(source, 1), payload(source, 2, PayloadState.ACCEPTED)
    assert officer_api.post(f"{PAYLOADS}{row.pk}/replay/").status_code == 403
    assert admin_api.post(f"{PAYLOADS}{done.pk}/replay/").status_code == 400
    assert admin_api.post(f"{PAYLOADS}999999/replay/").status_code == 404


# --- Deliveries -------------------------------------------------------------------------------------------------------


def test_deliveries_of_ones_tickets_are_listed_and_narrowed(world: World, officer_api: APIClient) -> None:
    ours = message(world, world.ours, DeliveryState.DEAD)
    message(world, world.theirs, DeliveryState.PENDING)

    def found(**asked: str) -> list[int]:
        return [row["id"] for row in officer_api.get(DELIVERIES, asked).json()["results"]]

    assert found() == found(state="dead") == found(ticket=world.ours.code) == found(source="gopy-thu") == [ours.pk]
    assert found(state="pending") == found(ticket=world.theirs.code) == found(source="khac") == []
    assert officer_api.get(DELIVERIES, {"state": "lost"}).status_code == 400


def test_a_leader_sends_a_given_up_message_again(world: World) -> None:
    row = message(world, world.ours, DeliveryState.DEAD, attempts=5)
    answer = token_client(make_official(Role.LEADER, world.ward)).post(f"{DELIVERIES}{row.pk}/retry/")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")


def test_what_is_delivered_is_not_sent_again(world: World) -> None:
    row = message(world, world.ours, DeliveryState.DELIVERED)
    answer = token_client(make_official(Role.LEADER, world.ward)).post(f"{DELIVERIES}{row.pk}/retry/")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")


def test_who_may_not_send_again(world: World, officer_api: APIClient) -> None:
    row, foreign = (message(world, ticket, DeliveryState.DEAD) for ticket in (world.ours, world.theirs))
    assert officer_api.post(f"{DELIVERIES}{row.pk}/retry/").status_code == 403
    leader = token_client(make_official(Role.LEADER, world.ward))
    answers = [leader.post(f"{DELIVERIES}{pk}/retry/") for pk in (foreign.pk, 999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    foreign.refresh_from_db()
    assert foreign.state == DeliveryState.DEAD
