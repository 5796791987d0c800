"""Who gets in with a token, who does not, and what is kept of a key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from inbox.accounts.models import ApiToken
from inbox.accounts.tokens import issue_token, token_of
from inbox.core import clock
from tests.api.conftest import TICKETS, World, token_client


def key_of(world: World, **changes: Any) -> str:
    """A key of the officer whose row then gets `changes`."""
    token, key = issue_token(world.officer, name="t", lifetime=timedelta(days=1), can_write=False, at=clock.now())
    ApiToken.objects.filter(pk=token.pk).update(**changes)
    return key


def status_with(header: str) -> int:
    return APIClient().get(TICKETS, headers={"Authorization": header}).status_code


def test_a_live_token_reads(world: World) -> None:
    assert status_with(f"Token {key_of(world)}") == 200


def test_the_scheme_is_read_without_regard_to_case(world: World) -> None:
    assert status_with(f"token {key_of(world)}") == 200


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"expires_at": "now"}, "expired this instant"),
        ({"revoked_at": "now"}, "revoked"),
    ],
)
def test_a_dead_token_is_refused_in_the_same_second(world: World, changes: dict[str, Any], why: str) -> None:
    key = key_of(world, **dict.fromkeys(changes, clock.now()))
    assert status_with(f"Token {key}") == 401, why


def test_a_token_ends_with_its_official(world: World) -> None:
    key = key_of(world)
    world.officer.is_active = False
    world.officer.save()
    assert status_with(f"Token {key}") == 401


@pytest.mark.parametrize(
    "header",
    ["Token ", "Token x", "Token " + "x" * 5000, "Token \x80\xff", "Bearer x", "Basic YTpi", ""],
)
def test_what_is_not_a_key_is_refused(world: World, header: str) -> None:
    assert status_with(header) == 401


def test_unknown_expired_and_revoked_are_told_apart_by_nobody(world: World) -> None:
    keys = ["mm_unknown", key_of(world, expires_at=clock.now()), key_of(world, revoked_at=clock.now())]
    bodies = [APIClient().get(TICKETS, headers={"Authorization": f"Token {key}"}).content for key in keys]
    assert len(set(bodies)) == 1


def test_a_key_in_the_address_is_not_a_key(world: World) -> None:
    key = key_of(world)
    for name in ("token", "Authorization", "api_key", "key"):
        assert APIClient().get(TICKETS, {name: key}).status_code == 401


def test_a_read_only_token_reads_and_changes_nothing(world: World) -> None:
    client = token_client(world.officer, can_write=False)
    answer = client.post(f"{TICKETS}{world.ours.code}/actions/accept/", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only_token")
    world.ours.refresh_from_db()
    assert world.ours.status == "new"
    assert client.get(TICKETS).status_code == 200


def test_only_the_hash_of_a_key_is_stored(world: World) -> None:
    key = key_of(world)
    for row in ApiToken.objects.values():
        assert key not in map(str, row.values())
    assert token_of(key, at=clock.now()) is not None


def test_use_is_noted_at_most_once_a_minute(world: World) -> None:
    key = key_of(world)
    client = APIClient(headers={"Authorization": f"Token {key}"})
    with time_machine.travel("2026-11-17T02:00:00Z", tick=False) as travel:
        ApiToken.objects.update(expires_at=clock.now() + timedelta(days=1))
        clock_at, stamps = clock.now(), []
        for wait in (0, 30, 31):
            travel.shift(timedelta(seconds=wait))
            client.get(TICKETS)
            stamps.append(ApiToken.objects.get().last_used_at)
    assert stamps == [clock_at, clock_at, clock_at + timedelta(seconds=61)]


def test_without_anybody_logged_in_nothing_is_read_and_the_way_in_is_named(world: World) -> None:
    answer = APIClient().get(TICKETS)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_session_changes_things_only_with_a_csrf_token(world: World) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(world.officer)
    address = f"{TICKETS}{world.ours.code}/actions/accept/"
    assert client.post(address, {}, format="json").status_code == 403
    world.ours.refresh_from_db()
    assert world.ours.status == "new"


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_a_key_that_works(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_token", "can.bo", "--name", "sync", "--days", "30")
    key = capsys.readouterr().out.strip()
    token = token_of(key, at=clock.now())
    assert token is not None
    assert (token.official, token.name, token.can_write) == (world.officer, "sync", False)
    assert token_of(key, at=clock.now() + timedelta(days=31)) is None


def test_the_command_gives_the_right_to_write_only_when_asked(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_token", "can.bo", "--name", "sync", "--days", "30", "--write")
    token = token_of(capsys.readouterr().out.strip(), at=clock.now())
    assert token is not None
    assert token.can_write


@pytest.mark.parametrize(
    ("username", "name", "days", "why"),
    [
        ("nobody", "x", "30", "no such person"),
        ("can.bo", "x", "0", "would be dead at once"),
        ("can.bo", "x", "999999", "a key for ever"),
        ("can.bo", " ", "30", "nobody would know what it is for"),
    ],
)
def test_the_command_refuses(world: World, username: str, name: str, days: str, why: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("create_api_token", username, "--name", name, "--days", days)
    assert refusal.value.returncode == 2, why
    assert not ApiToken.objects.exists()
