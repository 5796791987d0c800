"""Pushed complaints: kept before the sender is answered, once however often they come, in order, none lost."""

from __future__ import annotations

import io
import json
import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from inbox.core import clock
from inbox.intake import webhooks
from inbox.intake.sync import sync_source
from inbox.sources.models import InboundPayload, PushedMessage, Source
from inbox.sources.vocabulary import PayloadState
from inbox.tickets.models import Ticket
from tests.connectors.sources import OLD_SECRET, SECRET
from tests.connectors.test_mini_app import STRANGER, body_of, message, signed
from tests.factories import make_source


@pytest.fixture
def app(city: None) -> Source:
    return make_source(
        "app-thu", connector="mini_app", settings={"base_url": "https://app.example"}, secrets={"secret": SECRET}
    )


def send(
    body: bytes,
    *,
    slug: str = "app-thu",
    message_id: str = "msg_1",
    secret: str = SECRET,
    late: timedelta = timedelta(0),
    changed: bytes | None = None,
) -> Any:
    headers = signed(body, message_id=message_id, secret=secret, at=clock.now() + late)
    return Client(enforce_csrf_checks=True).post(
        f"/hooks/{slug}/", body if changed is None else changed, content_type="application/json", headers=headers
    )


def test_what_was_answered_202_is_kept_and_becomes_a_ticket(app: Source) -> None:
    assert send(body_of(message())).status_code == 202
    assert InboundPayload.objects.get().state == PayloadState.RECEIVED
    run = sync_source(app)
    ticket = Ticket.objects.get()
    assert (run.created, ticket.title, ticket.unit.code if ticket.unit else "") == (1, "Ngập hẻm 42", "26929")
    assert InboundPayload.objects.get().state == PayloadState.ACCEPTED


def test_a_repeated_message_does_nothing(app: Source) -> None:
    body = body_of(message())
    assert [send(body).status_code for _ in range(3)] == [202, 202, 202]
    assert (InboundPayload.objects.count(), PushedMessage.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"slug": "no-such-source"}, 404),
        ({"slug": "walk-in"}, 404),  # there is such a source, and it does not push
        ({"secret": STRANGER}, 401),
        ({"secret": OLD_SECRET}, 401),  # it is not alive here
        ({"late": timedelta(minutes=-10)}, 401),  # recorded and played again
        ({"late": timedelta(minutes=10)}, 401),  # made for later
        ({"changed": b"{}"}, 401),  # another body under the same signature
        ({"body": b"x" * (1024 * 1024 + 1)}, 413),
    ],
)
def test_what_is_refused_is_not_stored(app: Source, asked: dict[str, Any], status: int) -> None:
    make_source("walk-in")
    assert send(asked.pop("body", body_of(message())), **asked).status_code == status
    assert not InboundPayload.objects.exists()
    assert not PushedMessage.objects.exists()


def test_while_a_secret_is_replaced_both_count_and_then_only_the_new_one(app: Source) -> None:
    Source.objects.update(secrets={"secret": OLD_SECRET})
    assert send(body_of(message()), secret=OLD_SECRET, message_id="m-1").status_code == 202
    said = ("add_source", "app-thu", "--connector", "mini_app", "--set", "base_url=https://app.example")
    call_command(*said, "--set", f"secret={SECRET}", "--set", f"old_secret={OLD_SECRET}", stdout=io.StringIO())
    for number, secret in enumerate((OLD_SECRET, SECRET)):
        assert send(body_of(message()), secret=secret, message_id=f"both-{number}").status_code == 202
    call_command(*said, "--set", "old_secret=", stdout=io.StringIO())
    assert send(body_of(message()), secret=OLD_SECRET, message_id="m-3").status_code == 401
    assert send(body_of(message()), secret=SECRET, message_id="m-4").status_code == 202


def test_the_signature_of_one_app_opens_no_other(app: Source) -> None:
    make_source(
        "app-hai", connector="mini_app", settings={"base_url": "https://two.example"}, secrets={"secret": OLD_SECRET}
    )
    assert send(body_of(message()), slug="app-hai").status_code == 401
    assert not PushedMessage.objects.exists()


def test_a_source_that_is_switched_off_takes_nothing(app: Source) -> None:
    Source.objects.update(is_enabled=False)
    assert send(body_of(message())).status_code == 404


def test_shuffled_and_doubled_messages_end_in_the_newest_state(app: Source) -> None:
    """Fifty complaints, four versions each, twice, in a random order."""
    at = clock.now()
    sent = []
    for number in range(50):
        for version in range(4):
            stamp = (at - timedelta(minutes=10 - version)).isoformat()
            data = {"id": f"A-{number}", "text": f"phiên bản {version}", "updated_at": stamp, "callback_url": ""}
            kind = "complaint.created" if version == 0 else "complaint.updated"
            sent += [(f"m-{number}-{version}", body_of(message(kind, **data)))] * 2
    random.Random(7).shuffle(sent)
    for message_id, body in sent:
        assert send(body, message_id=message_id).status_code == 202
    sync_source(app)
    assert Ticket.objects.count() == 50
    assert set(Ticket.objects.values_list("text", flat=True)) == {"phiên bản 3"}
    assert not InboundPayload.objects.filter(state=PayloadState.RECEIVED).exists()


def test_messages_that_cannot_be_read_wait_for_a_person_and_hold_nobody_up(app: Source) -> None:
    bodies = [b"\xff", body_of(message(text=None)), body_of(message("complaint.exploded")), body_of(message())]
    for number, body in enumerate(bodies):
        assert send(body, message_id=f"m-{number}").status_code == 202
    run = sync_source(app)
    assert (run.created, run.rejected) == (1, 3)
    reasons = set(InboundPayload.objects.filter(state=PayloadState.REJECTED).values_list("reason_code", flat=True))
    assert reasons == {"missing_field", "unknown_type"}


def test_a_run_that_died_is_done_again_without_a_second_ticket(app: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    send(body_of(message()))
    monkeypatch.setattr(
        "inbox.intake.sync._end", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt)
    )  # the process is gone before the run is closed
    with pytest.raises(KeyboardInterrupt):
        sync_source(app)
    monkeypatch.undo()
    InboundPayload.objects.update(state=PayloadState.RECEIVED)  # as if it had died right after the tickets were stored
    Source.objects.update(lease_owner="", lease_until=None)
    run = sync_source(Source.objects.get())
    assert (run.created, run.unchanged) == (0, 1)
    assert Ticket.objects.count() == 1


def test_too_many_at_once_are_the_senders_to_repeat(app: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LONGEST_QUEUE", 2)
    answers = [send(body_of(message(id=f"A-{n}")), message_id=f"m-{n}") for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2]["Retry-After"] == "30"
    sync_source(app)
    assert send(body_of(message(id="A-2")), message_id="m-2").status_code == 202


def test_ids_are_forgotten_when_no_repeat_can_come_any_more(app: Source) -> None:
    send(body_of(message()))
    assert webhooks.forget(clock.now()) == 0
    assert webhooks.forget(clock.now() + timedelta(days=8)) == 1


def test_the_citizens_withdrawal_ends_the_ticket(app: Source) -> None:
    send(body_of(message()))
    sync_source(app)
    later = json.loads(body_of(message("complaint.withdrawn", updated_at=clock.now().isoformat())))
    send(body_of(later), message_id="msg_2")
    sync_source(app)
    assert Ticket.objects.get().status == "withdrawn"
