"""What an attacker tries at the doors, from logging in to odd parameters. Who sees what is in `test_matrix.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from inbox.accounts.vocabulary import Role
from inbox.core import clock
from tests.factories import PASSWORD, make_official, make_ticket, make_unit
from tests.processes import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer_client() -> Client:
    client = Client()
    client.force_login(make_official(Role.OFFICER, make_unit()))
    return client


# --- Logging in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("//evil.example", "without a scheme it is another host"),
        ("https://evil.example/inbox/", "another host"),
        ("/\\evil.example", "browsers take the backslash for a slash"),
        ("https:evil.example", "no slashes at all"),
        ("javascript:alert(1)", "no address"),
        ("\t//evil.example", "begins with what browsers skip"),
        ("/%0d%0aLocation:%20https://evil.example", "a header in the path"),
    ],
)
def test_after_logging_in_one_is_still_here(target: str, why: str) -> None:
    official = make_official(Role.OFFICER, make_unit())
    response = Client().post(
        f"/login/?{urlencode({'next': target})}", {"username": official.username, "password": PASSWORD, "next": target}
    )
    assert response.status_code == 302, why
    location = response["Location"]
    assert location.startswith("/") and not location.startswith(("//", "/\\")), why
    assert "\n" not in location, why


def test_a_session_of_before_is_not_the_session_of_after() -> None:
    """Whoever planted a session in a shared office browser gains nothing by the log-in."""
    official, client = make_official(Role.OFFICER, make_unit()), Client()
    client.session.save()
    client.get("/login/")
    planted = client.session.session_key
    client.post("/login/", {"username": official.username, "password": PASSWORD})
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_session_ends_with_log_out_a_new_password_a_lost_account_and_the_day() -> None:
    def logged_in() -> tuple[Client, str]:
        official, client = make_official(Role.OFFICER, make_unit()), Client()
        client.force_login(official)
        return client, official.username

    def is_in(client: Client) -> bool:
        return client.get("/inbox/").status_code == 200

    from inbox.accounts.models import Official

    client, _ = logged_in()
    kept = client.cookies["sessionid"].value
    client.post("/logout/")
    client.cookies["sessionid"] = kept
    assert not is_in(client), "logged out"

    client, username = logged_in()
    official = Official.objects.get(username=username)
    official.set_password("another-long-password")
    official.save()
    assert not is_in(client), "new password"

    client, username = logged_in()
    Official.objects.filter(username=username).update(is_active=False)
    assert not is_in(client), "account switched off"

    client, _ = logged_in()
    with time_machine.travel(clock.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE + 60)):
        assert not is_in(client), "a working day later"


def test_who_moves_to_another_ward_sees_the_new_one_at_once() -> None:
    old, new = make_unit(), make_unit()
    official, client = make_official(Role.OFFICER, old), Client()
    client.force_login(official)
    there, here = make_ticket(old), make_ticket(new)
    assert client.get(f"/tickets/{there.code}/").status_code == 200
    official.memberships.update(unit=new)
    assert client.get(f"/tickets/{there.code}/").status_code == 404
    assert client.get(f"/tickets/{here.code}/").status_code == 200


# --- Parameters -------------------------------------------------------------------------------------------------------

ODD = [
    "'",
    '"',
    "%",
    "_",
    "\x00",
    "\\",
    ";select pg_sleep(3)--",
    ":* & | ! <->",
    '" * NEAR',
    "{{7*7}}",
    "\ud800",
    "‮",
    "*" * 1000,
    "a" * 100_000,
    "1e308",
    "NaN",
    "-1",
    "9" * 40,
]
NAMES = (
    "q",
    "ordering",
    "status",
    "unit",
    "source",
    "category",
    "assignee",
    "sla",
    "due_before",
    "created_after",
    "view",
    "after",
    "cursor",
    "page_size",
    "ticket",
    "assignee__password__startswith",
)


@pytest.mark.parametrize("address", ["/inbox/", "/api/v1/tickets/", "/inbox/fresh/"])
def test_no_parameter_brings_a_list_down(officer_client: Client, address: str) -> None:
    """Anything odd is an answer or a clear 400, in normal time; never a fault of ours."""
    for name in NAMES:
        for value in ODD if name in {"q", "after", "cursor"} else [one for one in ODD if len(one) < 100]:
            query = urlencode({name: value.encode("utf-8", "surrogatepass")})
            response = officer_client.get(f"{address}?{query}")
            assert response.status_code in {200, 302, 400}, (name, value[:40], response.status_code)


@pytest.mark.parametrize(
    "name", ["assignee__password__startswith", "reporter__phone", "unit__name", "filter", "fields"]
)
def test_no_parameter_reaches_what_is_not_on_the_list(officer_client: Client, name: str) -> None:
    assert officer_client.get(f"/api/v1/tickets/?{name}=p").status_code == 400


def test_nobody_sorts_by_what_nobody_may_see(officer_client: Client) -> None:
    for column in ("reporter__phone", "assignee__password", "-text", "pk;drop"):
        assert officer_client.get("/api/v1/tickets/", {"ordering": column}).status_code == 400, column


# --- What every answer carries ----------------------------------------------------------------------------------------


def test_every_page_carries_what_keeps_browsers_safe(officer_client: Client) -> None:
    for address in ("/inbox/", "/sources/", "/login/", "/tickets/PA-999999/", "/notifications/"):
        headers = officer_client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "frame-ancestors 'none'" in policy, address
        assert "unsafe-eval" not in policy and "script-src 'self' 'unsafe-inline'" not in policy, address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["X-Frame-Options"] == "DENY", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", address
    assert "no-store" in officer_client.get("/inbox/").headers["Cache-Control"]


@pytest.mark.parametrize(
    "address", ["/.git/config", "/__debug__/", "/silk/", "/flower/", "/media/", "/static/../manage.py"]
)
def test_nothing_else_is_open(address: str) -> None:
    assert Client().get(address).status_code == 404


def test_a_foreign_host_is_refused() -> None:
    response = Client().get("/login/", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert b"evil.example" not in response.content


def test_a_set_up_for_production_passes_djangos_own_check(tmp_path: object) -> None:
    environment = os.environ | {
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "b5dZt0rE1mHvq8Jp3yWcKf7uXn2LaG9sQiR6oT4e-hUxYwzM-and-longer",
        "BASE_URL": "https://mot-moi.example",
        "ALLOWED_HOSTS": "mot-moi.example",
    }
    environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # set where browser tests ran in the same process
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
