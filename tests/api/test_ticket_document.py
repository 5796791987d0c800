"""One ticket as integrators see it: its fields, its masked citizen, its deadlines, its version."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from rest_framework.test import APIClient

from inbox.api.documents import deadline_state
from inbox.core import clock
from inbox.core.masking import masked_email, masked_name, masked_phone
from inbox.outbox.models import OutboxMessage
from inbox.outbox.vocabulary import DeliveryState
from inbox.tickets.models import Reporter
from tests.api.conftest import TICKETS, World
from tests.factories import TUESDAY, make_attachment

FIELDS = [
    "code",
    "title",
    "text",
    "status",
    "source",
    "refs",
    "unit",
    "category",
    "assignee",
    "urgency",
    "address",
    "lat",
    "lng",
    "sent_at",
    "received_at",
    "accept_due",
    "resolve_due",
    "source_due",
    "next_due",
    "sla",
    "reporter",
    "attachments",
    "version",
]


def test_the_fields_are_those_promised(world: World, officer_api: APIClient) -> None:
    file = make_attachment(world.ours)
    ticket = officer_api.get(f"{TICKETS}{world.ours.code}/").json()
    assert list(ticket) == FIELDS
    assert (ticket["code"], ticket["status"], ticket["version"]) == (world.ours.code, "new", world.ours.version)
    assert (ticket["source"], ticket["unit"], ticket["assignee"]) == ("gopy-thu", world.ward.code, None)
    assert ticket["refs"] == [
        {"source": "gopy-thu", "external_id": world.ours.refs.get().external_id, "delivery": "none"}
    ]
    assert ticket["sla"]["accept"]["due"] == ticket["accept_due"] is not None
    assert ticket["sla"]["resolve"]["due"] == ticket["resolve_due"] is not None
    assert [(f["id"], f["url"]) for f in ticket["attachments"]] == [(file.pk, file.url)]


def test_list_and_detail_say_the_same(world: World, officer_api: APIClient) -> None:
    (listed,) = officer_api.get(TICKETS).json()["results"]
    assert listed == officer_api.get(f"{TICKETS}{world.ours.code}/").json()


def test_a_code_may_be_written_in_small_letters(world: World, officer_api: APIClient) -> None:
    assert officer_api.get(f"{TICKETS}{world.ours.code.lower()}/").status_code == 200


# --- The citizen ------------------------------------------------------------------------------------------------------


def test_the_citizen_is_masked_even_for_who_may_ask_to_see_all(world: World, officer_api: APIClient) -> None:
    reporter = officer_api.get(f"{TICKETS}{world.ours.code}/").json()["reporter"]
    assert reporter == {"name": "Lê T. T. H.", "phone": "09•• ••• •27", "email": "h•••@•••.com", "anonymous": False}


def test_nothing_of_an_anonymous_citizen_is_shown_to_anybody(
    world: World, officer_api: APIClient, admin_api: APIClient
) -> None:
    Reporter.objects.filter(ticket=world.ours).update(is_anonymous=True)
    for client in (officer_api, admin_api):
        reporter = client.get(f"{TICKETS}{world.ours.code}/").json()["reporter"]
        assert reporter == {"name": "", "phone": "", "email": "", "anonymous": True}


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Nguyễn Văn An", "Nguyễn V. A."), ("An", "A."), ("", ""), ("   ", ""), ("  Lê   Ân ", "Lê Â.")],
)
def test_masked_names(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown", "why"),
    [
        ("+84901234527", "09•• ••• •27", "as it is stored"),
        ("0901234527", "09•• ••• •27", "as it is dialled"),
        ("+842838291234", "02•• •••• •34", "a landline has a digit more"),
        ("12345", "•••", "too short to show two ends of it"),
        ("gọi sau 5h", "•••", "not a number at all"),
        ("không có", "", "no digit, nothing to hide"),
        ("", "", "none"),
    ],
)
def test_masked_phones(phone: str, shown: str, why: str) -> None:
    assert masked_phone(phone) == shown, why


@pytest.mark.parametrize(
    ("email", "shown"),
    [("an.nguyen@example.vn", "a•••@•••.vn"), ("x@y", "x•••@•••.y"), ("@example.vn", "•••"), ("an", "•••"), ("", "")],
)
def test_masked_addresses(email: str, shown: str) -> None:
    assert masked_email(email) == shown


# --- Deadlines --------------------------------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "due", "warn", "expected", "why"),
    [
        ("running", 2 * MINUTE, MINUTE, "ok", "before the warning"),
        ("running", MINUTE, 0 * MINUTE, "due_soon", "exactly at the warning"),
        ("running", 0 * MINUTE, -MINUTE, "due_soon", "exactly at the deadline is on time"),
        ("running", -timedelta(microseconds=1), -MINUTE, "overdue", "past it by the least"),
        ("paused", -MINUTE, -MINUTE, "paused", "time does not count"),
        ("met", -MINUTE, -MINUTE, "met", "kept, however long ago"),
        ("breached", -MINUTE, -MINUTE, "met_late", "done, but late"),
    ],
)
def test_the_state_of_a_deadline(state: str, due: timedelta, warn: timedelta, expected: str, why: str) -> None:
    row = SimpleNamespace(state=state, due_at=TUESDAY + due, warn_at=TUESDAY + warn)
    assert deadline_state(row, at=TUESDAY) == expected, why


def test_without_a_policy_there_is_no_deadline(world: World, officer_api: APIClient) -> None:
    world.ours.clocks.all().delete()
    ticket = officer_api.get(f"{TICKETS}{world.ours.code}/").json()
    assert ticket["sla"] == {kind: {"state": "none", "due": None} for kind in ("accept", "resolve")}
    assert ticket["accept_due"] is ticket["resolve_due"] is None


# --- Deliveries and versions ------------------------------------------------------------------------------------------


def send(world: World, state: DeliveryState) -> OutboxMessage:
    """A message about our ticket in `state`, newer than those before."""
    ref, event = world.ours.refs.get(), world.ours.events.earliest("pk")
    OutboxMessage.objects.filter(event=event, ref=ref).delete()
    now = clock.now()
    return OutboxMessage.objects.create(
        ticket=world.ours,
        ref=ref,
        source=world.source,
        event=event,
        action="accept",
        author="A",
        done_at=now,
        key=f"key-{state}",
        state=state,
        next_attempt_at=now,
        created_at=now,
    )


@pytest.mark.parametrize("state", list(DeliveryState))
def test_a_reference_says_how_our_newest_message_fared(
    world: World, officer_api: APIClient, state: DeliveryState
) -> None:
    send(world, state)
    assert officer_api.get(f"{TICKETS}{world.ours.code}/").json()["refs"][0]["delivery"] == state


def test_what_the_caller_already_has_is_not_sent_again(world: World, officer_api: APIClient) -> None:
    address = f"{TICKETS}{world.ours.code}/"
    etag = officer_api.get(address)["ETag"]
    again = officer_api.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert officer_api.get(address, headers={"If-None-Match": f"W/{etag}"}).status_code == 304
    assert officer_api.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_failed_delivery_is_news_although_the_version_stays(world: World, officer_api: APIClient) -> None:
    address = f"{TICKETS}{world.ours.code}/"
    before = officer_api.get(address)["ETag"]
    send(world, DeliveryState.DEAD)
    after = officer_api.get(address, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after["ETag"].partition("-")[0] == before.partition("-")[0] == f'"{world.ours.version}'


# --- History and files ------------------------------------------------------------------------------------------------


def test_history_comes_oldest_first_with_its_texts(world: World, officer_api: APIClient) -> None:
    officer_api.post(f"{TICKETS}{world.ours.code}/actions/add_note/", {"text": "Đã gọi cây xanh"}, format="json")
    events = officer_api.get(f"{TICKETS}{world.ours.code}/events/").json()["results"]
    assert events[0]["kind"] == "received"
    last = events[-1]
    assert (last["kind"], last["actor"], last["source"]) == ("note_added", "can.bo", None)
    assert last["message"] == {"kind": "note", "body": "Đã gọi cây xanh"}
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)


def test_files_are_listed_and_narrowed_to_a_ticket(world: World, officer_api: APIClient) -> None:
    file = make_attachment(world.ours)
    make_attachment(world.theirs)
    listed = officer_api.get("/api/v1/attachments/").json()["results"]
    assert [(f["id"], f["ticket"]) for f in listed] == [(file.pk, world.ours.code)]
    assert officer_api.get(f"/api/v1/attachments/{file.pk}/").json() == listed[0]
    assert officer_api.get("/api/v1/attachments/", {"ticket": world.theirs.code}).json()["results"] == []
