"""Doors of a source's own, ids given away a second time, tokens: what the shared address cannot show."""

from __future__ import annotations

import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from connectors.sandbox.certificates import KINDS
from tests.connectors.sandbox.clients import TIMEOUT, Control, Hotline, open311
from tests.processes import wait_until


def door(url: str, kind: str, source: str = "hotline-1022") -> requests.Response:
    return requests.post(f"{url}/control/{source}/doors", json={"kind": kind}, timeout=TIMEOUT)


def is_refused(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, timeout=2):
            return False
    except ConnectionRefusedError:
        return True


def test_a_door_leads_to_the_same_source(url: str, hotline_control: Control) -> None:
    hotline_control.complain(text="một")
    opened = door(url, "plain").json()

    through = Hotline(url)
    through.base = opened["url"]

    assert [row["NoiDungPhanAnh"] for row in through.rows()] == ["một"]
    assert door(url, "plain").json() == opened, "asked again, it is the same door"


def test_a_door_is_closed_while_its_source_refuses(url: str, hotline_control: Control) -> None:
    address = urlsplit(door(url, "plain").json()["url"])
    place = (str(address.hostname), address.port or 0)
    hotline_control.fault(kind="refused", minutes=1)

    wait_until(lambda: is_refused(place), seconds=5, what="the door to be closed")
    hotline_control.fault(clear=True)
    with socket.create_connection(place, timeout=2):
        assert hotline_control.state()["faults"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_certificate_is_what_it_is_called(url: str, kind: str) -> None:
    opened = door(url, kind).json()
    address = urlsplit(opened["url"])
    trusting = ssl.create_default_context(cadata=opened["authority"])
    said = ""
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=5) as line:
        try:
            with trusting.wrap_socket(line, server_hostname="127.0.0.1") as safe:
                said = safe.version() or ""
        except ssl.SSLError as error:
            said = str(error).lower()

    wanted = {
        "tls_good": "TLSv1.3",
        "tls_expired": "expired",
        "tls_wrong_host": "mismatch",
        "tls_self_signed": "self-signed",
        "tls_old": "protocol",
    }[kind]
    assert wanted in said


def test_an_unknown_door_is_an_error(url: str) -> None:
    answer = door(url, "back")

    assert (answer.status_code, "tls_expired" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("source", ["national-portal", "hotline-1022", "gopy", "ioc", "open311"])
def test_an_id_is_given_to_somebody_else(url: str, source: str) -> None:
    control = Control(url, source)
    old = control.complain(text="cũ", name="Trần Thị Bưởi", category="noise")
    control.complain(external_id=old["external_id"], edit={"text": "cũ hơn"})

    new: dict[str, Any] = control.complain(external_id=old["external_id"], reuse={"text": "mới", "name": "Lê Văn Tám"})

    assert (new["external_id"], new["second_id"]) == (old["external_id"], old["second_id"])
    assert (new["text"], new["citizen"]["name"], new["answers"]) == ("mới", "Lê Văn Tám", [])
    assert len(control.state()["complaints"]) == 1


def test_a_token_stands_for_a_request_until_its_id_is_known(url: str) -> None:
    control = Control(url, "open311")
    control.fault(kind="token_first", times=1)
    form = {"api_key": "motmoi-311", "service_code": "noise", "address_string": "x", "description": "Ồn"}

    created = requests.post(f"{url}/open311/v2/requests.json", data=form, timeout=TIMEOUT).json()[0]
    found = open311(url, f"tokens/{created['token']}.json").json()[0]

    assert "service_request_id" not in created
    assert control.complaint(found["service_request_id"])["text"] == "Ồn"
    assert open311(url, "tokens/none.json").status_code == 404
