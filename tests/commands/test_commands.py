"""Commands as a shell sees them: what they print, and 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from inbox.accounts.models import Membership, Official
from inbox.sla.models import SlaPolicy
from inbox.sources.models import Source
from inbox.tickets.models import Ticket
from inbox.units.models import Unit
from tests.factories import make_source, make_ticket
from tests.processes import ROOT

PORTAL = ["--connector", "national_portal", "--set", "username=u", "--set", "password=p"]


@pytest.mark.django_db
def test_seeding_twice_adds_nothing(settings: LazySettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DATA_DIR = tmp_path

    def counts() -> tuple[int, ...]:
        return tuple(model.objects.count() for model in (Unit, SlaPolicy, Official, Membership, Source, Ticket))

    call_command("seed_demo", tickets=30, seed=5)
    first = counts()
    assert first[-1] == 30
    assert Official.objects.get(username="canbo").memberships_now[0].unit.code == "26929"
    call_command("seed_demo", tickets=30, seed=5)
    assert counts() == first
    password = capsys.readouterr().out.split("Password: ")[1].split()[0]
    assert Official.objects.get(username="giamsat").check_password(password)
    assert (tmp_path / "demo_password").stat().st_mode & 0o077 == 0, "for the owner only"


@pytest.mark.django_db
def test_a_source_keeps_its_secrets_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_PASSWORD", "rất bí mật")
    address = ["--set", "base_url=http://127.0.0.1:1/"]
    call_command("add_source", "p", *PORTAL[:-1], "password=env:PORTAL_PASSWORD", *address, "--every", "2m")
    source = Source.objects.get(slug="p")
    assert (source.poll_seconds, source.secrets["password"]) == (120, "rất bí mật")
    assert "password" not in source.settings
    call_command("add_source", "p", "--connector", "national_portal", "--set", "username=other", *address)
    source.refresh_from_db()
    assert (source.settings["username"], source.secrets["password"]) == ("other", "rất bí mật"), "left out: kept"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["add_source", "x", "--connector", "nothing"], 2, "national_portal"),
        (["add_source", "x", *PORTAL, "--set", "colour=red", "--set", "base_url=http://a/"], 2, "colour"),
        (["add_source", "x", *PORTAL], 2, "base_url"),
        (["add_source", "x", *PORTAL, "--set", "base_url"], 2, "KEY=VALUE"),
        (["add_source", "x", *PORTAL, "--set", "base_url=env:NOT_THERE"], 2, "NOT_THERE"),
        (["add_source", "x", *PORTAL, "--every", "soon"], 2, "30s"),
        (["add_source", "x", *PORTAL, "--unit", "00000"], 2, "00000"),
        (["sync_source", "nothing"], 2, "no source named"),
        (["check_source", "nothing"], 2, "no source named"),
        (["explain_ticket", "PA-999999"], 1, "PA-999999"),
        (["dispatch_outbox", "--at", "tomorrow"], 2, "ISO 8601"),
        (["seed_demo", "--tickets", "-1"], 2, "negative"),
    ],
)
def test_wrong_calls_say_what_is_wrong(words: list[str], code: int, says: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command(*words)
    assert caught.value.returncode == code
    assert says.lower() in str(caught.value).lower()
    assert not Source.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("city")
def test_explaining_a_ticket_tells_the_whole_story_without_the_citizen(capsys: pytest.CaptureFixture[str]) -> None:
    ticket = make_ticket(source=make_source("cong", connector="national_portal"))
    call_command("explain_ticket", ticket.code)
    text = capsys.readouterr().out
    for part in (ticket.code, "cong as X-", "triage", "Acceptance: 5 working days", "Nothing was sent"):
        assert part in text
    assert "Lê Thị Thu Hà" not in text
    call_command("explain_ticket", ticket.code, "--json")
    facts = json.loads(capsys.readouterr().out)
    assert {clock["kind"] for clock in facts["clocks"]} == {"accept", "resolve"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("LANGUAGE_CODE", "tlh"),
        ("FIELD_KEYS", "too short"),
        ("DATABASE_URL", "mysql://x/y"),
        ("REDIS_URL", "http://x"),
        ("BASE_URL", "ftp://x"),
    ],
)
def test_a_malformed_setting_stops_the_start_with_one_line(name: str, value: str, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "from config import env; env.read()"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith(f"Configuration error: {name} ")


def test_keys_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in {"SECRET_KEY", "FIELD_KEYS"}}

    def keys() -> str:
        return subprocess.run(
            [sys.executable, "-c", "from config import env; s = env.read(); print(s.secret_key, s.field_keys)"],
            cwd=ROOT,
            env=environment | {"DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert keys() == keys()
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
