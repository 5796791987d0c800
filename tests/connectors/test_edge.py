"""Safety at the edge: certificates, names that change their address, answers that eat memory, pages that never end."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import brotli
import pytest
import requests
import urllib3.util.connection
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import registry
from connectors.engine import read
from connectors.errors import AuthError, BadPayload, ConnectorError, Permanent, Transient
from connectors.http import HttpClient, parse_json
from connectors.protocol import SourceConfig
from tests.connectors import sources
from tests.connectors.conftest import REPOSITORY, Control, Talk

HOTLINE = "hotline-1022"


def hotline_at(url: str) -> SourceConfig:
    return SourceConfig("hotline_1022", {"base_url": url}, secrets={"token": "motmoi-1022"})


# --- Whom we talk to (F20) --------------------------------------------------------------------------------------------

CERTIFICATES = [
    ("tls_expired", "tls_expired"),
    ("tls_wrong_host", "tls_wrong_host"),
    ("tls_self_signed", "tls_untrusted"),
    ("tls_good", "tls_untrusted"),  # in order, but of an authority that nobody here trusts
    ("tls_old", "tls"),  # TLS 1.0 only
]


@pytest.mark.parametrize(("kind", "code"), CERTIFICATES)
def test_a_server_that_cannot_prove_who_it_is_gets_nothing(control: Control, kind: str, code: str) -> None:
    door = control(HOTLINE, "doors", kind=kind)
    source = registry.build(hotline_at(door["url"]))
    trust_authority(source.http, door["authority"], unless=code == "tls_untrusted")
    with pytest.raises(Transient) as caught:
        source.check()
    assert caught.value.code == code
    with pytest.raises(Transient) as write:  # and never as if a write might have been done
        source.http.post_json("/API/TPhanAnh/CapNhatXuLy", {}, write=True)
    assert write.value.code == code


def test_a_server_that_proves_who_it_is_is_read(control: Control) -> None:
    door = control(HOTLINE, "doors", kind="tls_good")
    source = registry.build(hotline_at(door["url"]))
    trust_authority(source.http, door["authority"])
    assert "Token accepted" in source.check()


def trust_authority(http: HttpClient, pem: str, *, unless: bool = False) -> None:
    """As if the sandbox's authority were one that this machine trusts."""
    if unless:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(pem)
    http._own.verify = file.name


def test_a_closed_door_is_closed_and_opens_again(control: Control) -> None:
    source = registry.build(hotline_at(control(HOTLINE, "doors", kind="plain")["url"]))
    source.check()
    control(HOTLINE, "faults", kind="refused")
    with pytest.raises(Transient) as caught:
        source.check()
    assert caught.value.code == "refused"
    control(HOTLINE, "faults", clear=True)
    assert "Token accepted" in source.check()


# --- Where an address leads (F19) -------------------------------------------------------------------------------------

NOT_PUBLIC = [
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",  # an old way to write IPv4 in IPv6
    "http://[fe80::1]:{port}/",
    "http://[fec0::1]:{port}/",
    "http://[fd00::1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",  # through a translator
    "http://[2002:7f00:1::]:{port}/",  # through a tunnel
    "http://[::]:{port}/",
    "http://127.1:{port}/",
    "http://017700000001:{port}/",
    "http://100.64.0.1:{port}/",
    "http://192.168.1.1:{port}/",
    "http://172.16.0.1:{port}/",
    "http://224.0.0.1:{port}/",
    "http://255.255.255.255:{port}/",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
@pytest.mark.parametrize("base_url", ["", "https://source.example"], ids=["no host of its own", "its own host"])
def test_only_public_addresses_are_asked_for_files(canary: tuple[int, list[Any]], address: str, base_url: str) -> None:
    port, hits = canary
    with pytest.raises(ConnectorError) as caught:
        HttpClient(base_url, attempts=1).get_bytes(address.format(port=port))
    assert caught.value.code in {"private_address", "dns", "bad_url"}
    assert hits == []


def test_a_name_that_changes_its_address_is_asked_once(
    canary: tuple[int, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is public, every later one is this machine: the connection goes to what was looked at."""
    port, hits = canary
    asked: list[str] = []
    connected: list[tuple[str, int]] = []

    def resolve(host: str, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    with pytest.raises(Transient):
        HttpClient("https://source.example", attempts=1).get_bytes(f"http://rebind.example:{port}/photo.jpg")
    assert connected == [("93.184.215.14", port)]
    assert (asked, hits) == (["rebind.example"], [])


def test_a_second_try_looks_again(canary: tuple[int, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was public at the first try and is not any more is refused."""
    port, hits = canary
    answers = iter(["93.184.215.14", "127.0.0.1"])
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]
    )

    def refuse(*_: Any, **__: Any) -> socket.socket:
        raise ConnectionRefusedError

    monkeypatch.setattr(urllib3.util.connection, "create_connection", refuse)
    with pytest.raises(Permanent) as caught:
        HttpClient("https://source.example", attempts=3).get_bytes(f"http://rebind.example:{port}/photo.jpg")
    assert (caught.value.code, hits) == ("private_address", [])


def test_a_server_on_our_own_network_is_read_when_an_administrator_named_it(httpserver: HTTPServer) -> None:
    """And only its own port: the neighbour on the same machine is not allow-listed with it."""
    httpserver.expect_request("/photo.jpg").respond_with_data(b"jpeg")
    client = HttpClient(httpserver.url_for(""), attempts=1)
    assert client.get_bytes(httpserver.url_for("/photo.jpg")) == b"jpeg"
    with pytest.raises(Permanent) as caught:
        client.get_bytes(f"http://localhost:{httpserver.port + 1}/photo.jpg")
    assert caught.value.code == "private_address"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_changes_the_host_or_the_port(
    httpserver: HTTPServer, canary: tuple[int, list[Any]], status: int
) -> None:
    port, hits = canary
    for target in (f"http://localhost:{port}/", "http://example.com/", "https://localhost/", "//127.0.0.1/x"):
        httpserver.clear()
        httpserver.expect_request("/x").respond_with_data("", status=status, headers={"Location": target})
        with pytest.raises(Permanent) as caught:
            HttpClient(httpserver.url_for(""), attempts=3).get_json("/x")  # a broken connection is tried again
        assert caught.value.code == "redirect_refused"
    assert hits == []


# --- What an answer may weigh (F18, F21) ------------------------------------------------------------------------------

MEGABYTE = 1024 * 1024
_WEIGH = """
import resource, sys
from connectors.http import HttpClient
from connectors.errors import BadPayload
client = HttpClient(sys.argv[1], attempts=1)
try:
    client.get_json("/warm")
except Exception:
    pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
code = "read"
try:
    client.get_json("/x")
except BadPayload as error:
    code = error.code
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _endless(line: socket.socket) -> None:
    """A page of a hundred megabytes."""
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["')
    for _ in range(100):
        line.sendall(b"x" * MEGABYTE)


def _bomb(line: socket.socket) -> None:
    """Ten megabytes that unpack to ten gigabytes."""
    packed = gzip.compress(b" " * (10 * MEGABYTE))
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"["))
    for _ in range(1000):
        line.sendall(packed)


def _doubly_packed(line: socket.socket) -> None:
    """Packed twice: five gigabytes in a few kilobytes."""
    once = gzip.compress(gzip.compress(b" " * (10 * MEGABYTE)) * 500)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n" + once)


def _unasked(line: socket.socket) -> None:
    """Packed in a way that nobody asked for: 300 megabytes in a few hundred bytes."""
    packer = brotli.Compressor(quality=1)
    body = b"".join(packer.process(b" " * MEGABYTE) for _ in range(300)) + packer.finish()
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + body)


def _crumbs(line: socket.socket) -> None:
    """Thirty megabytes of empty lists: a gigabyte and more, once they are objects."""
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n[" + b"[]," * (10 * MEGABYTE) + b"0]")


HEAVY = [_endless, _bomb, _doubly_packed, _unasked, _crumbs]


@pytest.mark.parametrize("talk", HEAVY, ids=["100 MB", "10 GB unpacked", "packed twice", "brotli", "crumbs"])
def test_no_answer_eats_the_memory(raw_server: Callable[[Talk], str], talk: Talk) -> None:
    """Refused at the limit of 32 MB; the process grows by no more than twice that."""
    told = subprocess.run(
        [sys.executable, "-c", _WEIGH, raw_server(talk)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    code, grown = told.stdout.split()
    assert code == "too_large", told.stderr[-500:]
    assert int(grown) < 2 * 32 * 1024, f"grew by {int(grown) // 1024} MB"


def test_a_text_of_five_megabytes_is_no_attack() -> None:
    assert len(parse_json(json.dumps([{"text": "a, b [c] {d} " * 400_000}]).encode())[0]["text"]) == 5_200_000


# --- Pages that never end (F23) ---------------------------------------------------------------------------------------


def _portal(httpserver: HTTPServer, page: Callable[[int], dict[str, Any]]) -> list[int]:
    """A portal whose list is whatever `page` says about a page number; returns the numbers that were asked for."""
    asked: list[int] = []

    def answer(request: Request) -> Response:
        body = request.get_json()
        asked.append(body["trang"])
        return Response(json.dumps(page(body["trang"])))

    httpserver.expect_request("/mapi/login").respond_with_json({"error_code": "0", "session": "s"})
    httpserver.expect_request("/mapi/g").respond_with_handler(answer)
    return asked


def _row(number: int) -> dict[str, Any]:
    return {"MAPAKN": f"P{number}", "NOIDUNG": "x", "NGAYGUI": "01/11/2026", "NGAYCAPNHAT": "01/11/2026 08:00:00"}


ENDLESS: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
    ("more to come, and the page is empty", lambda n: {"error_code": "0", "tongso": 10**6, "data": []}),
    ("every page is the first", lambda n: {"error_code": "0", "tongso": 10**6, "data": [_row(k) for k in range(100)]}),
]


@pytest.mark.parametrize("page", [case[1] for case in ENDLESS], ids=[case[0] for case in ENDLESS])
def test_a_list_that_never_ends_is_left_soon(httpserver: HTTPServer, page: Callable[[int], dict[str, Any]]) -> None:
    asked = _portal(httpserver, page)
    config = SourceConfig(
        "national_portal", {"base_url": httpserver.url_for(""), "username": "u"}, secrets={"password": "p"}
    )
    cursor = {"since": datetime.now(UTC).isoformat()}
    code = "none"
    try:
        list(read(registry.build(config), cursor, now=datetime.now(UTC)))
    except BadPayload as error:
        code = error.code
    assert code in {"cursor_loop", "none"}
    assert len(asked) <= 4 * 3, "at most two extra requests in each of the four tries to see everything"


# --- One log-in at a time (F17) ---------------------------------------------------------------------------------------


def test_a_refused_log_in_is_tried_once(httpserver: HTTPServer) -> None:
    tries: list[str] = []
    httpserver.expect_request("/mapi/login").respond_with_handler(
        lambda request: tries.append(request.path) or Response('{"error_code": "1"}')
    )
    config = SourceConfig(
        "national_portal", {"base_url": httpserver.url_for(""), "username": "u"}, secrets={"password": "p"}
    )
    with pytest.raises(AuthError):
        list(read(registry.build(config), {}, now=datetime.now(UTC)))
    assert len(tries) == 1


# --- Ids that come to mean something else (F12) -----------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["national-portal", HOTLINE, "gopy", "ioc", "open311"])
def test_an_id_that_is_given_to_another_complaint_shows(control: Control, sandbox_url: str, slug: str) -> None:
    """The connector passes on what the source says: another citizen, another text, another time of sending."""
    connector = "district_app" if slug in {"gopy", "ioc"} else slug.replace("-", "_")
    config = getattr(sources, slug.replace("-", "_"))(sandbox_url)
    made = control(slug, "complaints", text="Đèn hỏng", name="Trần Thị Bưởi", phone="0903111227")["complaints"][0]
    reused = {"text": "Xe đỗ chắn lối đi", "name": "Lê Văn Tám", "phone": "0912345678"}
    assert requests.get(f"{sandbox_url}/healthz", timeout=5).ok

    def now_read() -> Any:
        found = read(registry.build(config, connector=connector), {}, now=datetime.now(UTC))
        return next(
            one.record for batch in found for one in batch.accepted if one.record.external_id == made["external_id"]
        )

    before = now_read()
    control(slug, "complaints", external_id=made["external_id"], reuse=reused)
    after = now_read()
    assert (before.text, after.text) == ("Đèn hỏng", "Xe đỗ chắn lối đi")
    assert before.revision != after.revision
