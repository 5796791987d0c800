"""The one HTTP client against servers that break in every way, on real sockets."""

from __future__ import annotations

import gzip
import json
import re
import socket
import socketserver
import struct
import threading
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors.errors import (
    AuthError,
    BadPayload,
    ConfigError,
    Conflict,
    ConnectorError,
    Permanent,
    RateLimited,
    Transient,
    UnknownOutcome,
)
from connectors.http import HttpClient, parse_json
from tests.connectors.conftest import Talk

SECRET = "s3cr3t-token"


def _client(url: str, **options: Any) -> HttpClient:
    return HttpClient(url, **({"timeout": 0.5, "total_timeout": 1.5, "attempts": 1} | options))


def _drip(head: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(100):
            time.sleep(0.1)
            connection.sendall(b"x")

    return talk


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _say(*parts: bytes, then_wait: float = 0) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"".join(parts))
        time.sleep(then_wait)

    return talk


OK = b"HTTP/1.1 200 OK\r\n"
BROKEN: list[tuple[str, Talk, str]] = [
    ("body drips a byte at a time", _drip(OK + b"Content-Length: 999\r\n\r\n"), "total_timeout"),
    ("headers drip a byte at a time", _drip(OK + b"X-Slow: "), "total_timeout"),
    ("chunk size drips", _drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0000"), "total_timeout"),
    ("nothing after the request", _say(b"", then_wait=3), "read_timeout"),
    ("nothing after the headers", _say(OK, b"Content-Length: 9\r\n\r\n", then_wait=3), "read_timeout"),
    ("reset", _reset, "connection_lost"),
    ("closed without a word", _say(b""), "connection_lost"),
    ("body shorter than announced", _say(OK, b'Content-Length: 99\r\n\r\n{"a":'), "connection_lost"),
    ("chunked body cut", _say(OK, b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"a"'), "connection_lost"),
    ("not HTTP at all", _say(b"220 mail ready\r\n"), "connection_lost"),
]


@pytest.mark.parametrize(("talk", "code"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_read_is_transient(raw_server: Callable[[Talk], str], talk: Talk, code: str) -> None:
    started = time.monotonic()
    with pytest.raises(Transient) as caught:
        _client(raw_server(talk)).get_json("/x", params={"session": SECRET})
    assert caught.value.code == code
    assert SECRET not in caught.value.detail
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize(("talk", "code"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_write_has_an_unknown_outcome(raw_server: Callable[[Talk], str], talk: Talk, code: str) -> None:
    with pytest.raises(UnknownOutcome) as caught:
        _client(raw_server(talk)).post_json("/x", {"a": 1}, write=True)
    assert caught.value.code == code


def test_a_write_that_never_left_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Transient) as caught:
        _client(f"http://127.0.0.1:{port}").post_json("/x", {}, write=True)
    assert caught.value.code == "refused"


def test_a_host_that_never_accepts_costs_the_connect_timeout_only() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        started = time.monotonic()
        with pytest.raises(Transient) as caught:
            _client(f"http://127.0.0.1:{address[1]}", total_timeout=30).post_json("/x", {}, write=True)
        for one in crowd:
            one.close()
    assert caught.value.code == "connect_timeout"
    assert time.monotonic() - started < 7


STATUSES: list[tuple[int, dict[str, str], type[ConnectorError], type[ConnectorError]]] = [
    # status, headers, error of a read, error of a write
    (400, {}, Permanent, Permanent),
    (401, {}, AuthError, AuthError),
    (403, {}, AuthError, AuthError),
    (404, {}, Permanent, Permanent),
    (408, {}, Transient, UnknownOutcome),
    (422, {}, Permanent, Permanent),
    (429, {}, RateLimited, RateLimited),
    (500, {}, Transient, UnknownOutcome),  # it may have failed after the work was done
    (502, {}, Transient, UnknownOutcome),  # a gateway does not know either
    (503, {}, Transient, Transient),  # did not start
    (503, {"Retry-After": "600"}, RateLimited, RateLimited),
    (504, {}, Transient, UnknownOutcome),
    (304, {}, Permanent, Permanent),
]


@pytest.mark.parametrize(("status", "headers", "read", "write"), STATUSES)
def test_each_status_code_says_what_to_do_next(
    httpserver: HTTPServer,
    status: int,
    headers: dict[str, str],
    read: type[ConnectorError],
    write: type[ConnectorError],
) -> None:
    httpserver.expect_request("/x").respond_with_data("Nguyễn Văn A 0901234567", status=status, headers=headers)
    client = _client(httpserver.url_for(""))
    for error, call in (
        (read, lambda: client.get_json("/x")),
        (write, lambda: client.post_json("/x", {}, write=True)),
    ):
        with pytest.raises(ConnectorError) as caught:
            call()
        assert type(caught.value) is error
        assert caught.value.code == f"http_{status}"
        assert "Nguyễn" not in caught.value.detail


def test_a_source_may_give_a_status_its_own_meaning(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_data("", status=409)
    with pytest.raises(Conflict):
        _client(httpserver.url_for("")).post_json("/x", {}, write=True, errors={409: Conflict})


RETRY_AFTER = [
    ("120", timedelta(seconds=120)),
    (timedelta(hours=1), timedelta(hours=1)),  # as an HTTP date
    (-timedelta(hours=1), timedelta(0)),
    ("999999999999", timedelta(days=7)),  # nobody is locked out for ever by a header
    ("soon", None),
    ("-5", None),
]


@pytest.mark.parametrize(("value", "wait"), RETRY_AFTER, ids=["seconds", "date", "past", "absurd", "words", "negative"])
def test_retry_after_is_a_length_of_time(
    httpserver: HTTPServer, value: str | timedelta, wait: timedelta | None
) -> None:
    if isinstance(value, timedelta):
        value = format_datetime(datetime.now(UTC) + value, usegmt=True)
    httpserver.expect_request("/x").respond_with_data("", status=429, headers={"Retry-After": value})
    with pytest.raises(RateLimited) as caught:
        _client(httpserver.url_for("")).post_json("/x", {}, write=True)
    got = caught.value.retry_after
    assert (got is None) == (wait is None)
    assert got is None or wait is None or abs(got - wait) < timedelta(seconds=20)


def _times(httpserver: HTTPServer, status: int, headers: dict[str, str], failures: int) -> list[str]:
    """A server that fails so many times and then answers; returns the list of methods it will have seen."""
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.append(request.method)
        if len(seen) <= failures:
            return Response(status=status, headers=headers)
        return Response(json.dumps({"ok": True}))

    httpserver.expect_request("/x").respond_with_handler(answer)
    return seen


def test_a_failed_read_is_repeated(httpserver: HTTPServer) -> None:
    seen = _times(httpserver, 500, {}, failures=2)
    assert _client(httpserver.url_for(""), attempts=3).get_json("/x") == {"ok": True}
    assert len(seen) == 3


def test_a_read_by_post_is_repeated_and_a_write_never(httpserver: HTTPServer) -> None:
    seen = _times(httpserver, 503, {}, failures=1)
    client = _client(httpserver.url_for(""), attempts=3)
    with pytest.raises(Transient):
        client.post_json("/x", {}, write=True)
    assert len(seen) == 1
    assert client.post_json("/x", {}) == {"ok": True}


def test_a_short_wait_is_kept_in_place_and_a_long_one_is_left_to_the_caller(httpserver: HTTPServer) -> None:
    seen = _times(httpserver, 429, {"Retry-After": "1"}, failures=1)
    assert _client(httpserver.url_for(""), attempts=3).get_json("/x") == {"ok": True}
    httpserver.clear()
    seen = _times(httpserver, 429, {"Retry-After": "3600"}, failures=1)
    with pytest.raises(RateLimited):
        _client(httpserver.url_for(""), attempts=3).get_json("/x")
    assert len(seen) == 1


@pytest.mark.parametrize("error_status", [401, 404])
def test_a_refused_read_is_not_repeated(httpserver: HTTPServer, error_status: int) -> None:
    """Trying a wrong password three times locks the account."""
    seen = _times(httpserver, error_status, {}, failures=9)
    with pytest.raises((AuthError, Permanent)):
        _client(httpserver.url_for(""), attempts=3).get_json("/x")
    assert len(seen) == 1


BODIES: list[tuple[str, bytes, dict[str, str], str]] = [
    ("a web page", b"<!DOCTYPE html><h1>Bad gateway</h1>", {}, "html_instead_of_json"),
    ("nothing", b"", {}, "empty_body"),
    ("half of it", b'{"a": [1, 2', {}, "bad_json"),
    ("text", b"OK", {}, "bad_json"),
    ("too deep for the parser", b"[" * 20_000 + b"]" * 20_000, {}, "too_deep"),
    ("too deep to be written again", b"[" * 100 + b"]" * 100, {}, "too_deep"),
    ("not gzip", b"garbage", {"Content-Encoding": "gzip"}, "bad_compression"),
    ("a bomb", gzip.compress(b"[" + b" " * 50_000_000 + b"]"), {"Content-Encoding": "gzip"}, "too_large"),
    ("a lot", b'["' + b"x" * 2_000_000 + b'"]', {}, "too_large"),
]


@pytest.mark.parametrize(("body", "headers", "code"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_an_unreadable_body(httpserver: HTTPServer, body: bytes, headers: dict[str, str], code: str) -> None:
    httpserver.expect_request("/x").respond_with_data(body, headers=headers, content_type="application/json")
    client = _client(httpserver.url_for(""), max_bytes=1_000_000)
    with pytest.raises(BadPayload) as read:
        client.get_json("/x")
    with pytest.raises(UnknownOutcome) as write:
        client.post_json("/x", {}, write=True)
    assert (read.value.code, write.value.code) == (code, code)


def test_how_an_unreadable_answer_began_is_kept_for_a_person(httpserver: HTTPServer) -> None:
    body = "<html><h1>Hệ thống đang bảo trì</h1>" + "x" * 5_000
    httpserver.expect_request("/x").respond_with_data(body, content_type="application/json")
    with pytest.raises(BadPayload) as read:
        _client(httpserver.url_for("")).get_json("/x")
    assert read.value.sample == body.encode()[:2048].decode()
    assert "bảo trì" not in str(read.value), "what is logged holds nothing of it"


def test_json_is_read_whatever_its_label_says(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_data('{"a": "ở"}', content_type="text/html; charset=latin-1")
    assert _client(httpserver.url_for("")).get_json("/x") == {"a": "ở"}


VIETNAMESE = "Đường ngập nước ở hẻm 42"
JSON_CASES: list[tuple[str, bytes, Any]] = [
    ("byte order mark", b"\xef\xbb\xbf[1]", [1]),
    ("UTF-16", json.dumps([VIETNAMESE], ensure_ascii=False).encode("utf-16"), [VIETNAMESE]),
    ("one bad byte does not spoil the page", '["ởở'.encode() + b'\xff"]', ["ởở\ufffd"]),
    ("NaN stays text", b"[NaN, -Infinity]", ["NaN", "-Infinity"]),
    ("a number beyond floats stays text", b"[1e999]", ["1e999"]),
    ("a number of a thousand digits stays text", b"[" + b"9" * 10_000 + b"]", ["9" * 10_000]),
    ("a lone surrogate is for the mapping to clean", b'["\\ud83d"]', ["\ud83d"]),
    ("an ordinary page", b'{"a": [1, -2.5, null, true, "x"]}', {"a": [1, -2.5, None, True, "x"]}),
]


@pytest.mark.parametrize(("body", "value"), [case[1:] for case in JSON_CASES], ids=[case[0] for case in JSON_CASES])
def test_json_from_a_careless_server(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


def test_windows_1258_is_recognised_with_and_without_a_label() -> None:
    body = b'["' + "\u0110\u01b0\u01a1\u0300ng ho\u0309ng \u01a1\u0309 \u0111\u00e2y".encode("cp1258") + b'"]'
    for charset in ("windows-1258", ""):
        assert unicodedata.normalize("NFC", parse_json(body, charset)[0]) == "Đường hỏng ở đây"


PRIVATE = [
    "http://127.0.0.1:{canary}/",
    "http://localhost:{canary}/",
    "http://localhost.:{canary}/",
    "http://[::ffff:127.0.0.1]:{canary}/",
    "http://2130706433:{canary}/",
    "http://0x7f.1:{canary}/",
    "http://0:{canary}/",
    "http://good.example@127.0.0.1:{canary}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://[::1]:{canary}/",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_an_attachment_leads_inside(
    httpserver: HTTPServer, canary: tuple[int, list[Any]], address: str
) -> None:
    port, hits = canary
    with pytest.raises(ConnectorError) as caught:
        _client(httpserver.url_for("")).get_bytes(address.format(canary=port))
    time.sleep(0.05)
    assert caught.value.code in {"private_address", "dns", "bad_url"}
    assert hits == []


@pytest.mark.parametrize("address", [*PRIVATE, "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1:{canary}/"])
def test_no_redirect_leads_inside(httpserver: HTTPServer, canary: tuple[int, list[Any]], address: str) -> None:
    port, hits = canary
    target = address.format(canary=port)
    httpserver.expect_request("/x").respond_with_data("", status=302, headers={"Location": target})
    with pytest.raises(Permanent) as caught:
        _client(httpserver.url_for("")).get_bytes("/x")
    time.sleep(0.05)
    assert caught.value.code == "redirect_refused"
    assert hits == []


def test_redirects_on_the_same_host_are_followed_three_times_at_most(httpserver: HTTPServer) -> None:
    for step in range(5):
        httpserver.expect_request(f"/{step}").respond_with_data("", status=302, headers={"Location": f"/{step + 1}"})
    httpserver.expect_request("/5").respond_with_data("here")
    client = _client(httpserver.url_for(""))
    assert client.get_bytes("/2") == b"here"
    with pytest.raises(Permanent):
        client.get_bytes("/1")


def test_a_redirected_write_is_not_turned_into_a_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_data("", status=302, headers={"Location": "/y"})
    with pytest.raises(Permanent):
        _client(httpserver.url_for("")).post_json("/x", {}, write=True)


def test_secrets_go_to_the_own_host_only(httpserver: HTTPServer) -> None:
    """An attachment may lie elsewhere; neither the session nor the token may travel there."""
    with HTTPServer(port=0) as elsewhere:
        elsewhere.expect_request("/photo.jpg").respond_with_data(b"jpeg")
        client = _client(httpserver.url_for(""), allow_private=True)
        client.get_bytes(elsewhere.url_for("/photo.jpg"), params={"session": SECRET}, headers={"Token": SECRET})
        request = elsewhere.log[0][0]
        assert SECRET not in str(request.headers) + request.url


@pytest.mark.parametrize("path", ["//evil.example/x", "@evil.example/x", "\\\\evil.example", "x"])
def test_a_path_never_names_another_host(httpserver: HTTPServer, path: str) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_data("ours")
    assert _client(httpserver.url_for("")).get_bytes(path) == b"ours"


@pytest.mark.parametrize("base_url", ["ftp://host/", "host", "http://", "http://[::1", "javascript:alert(1)"])
def test_a_base_address_that_is_none_is_a_setting_to_correct(base_url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HttpClient(base_url)
    assert caught.value.code == "base_url"


def test_requests_keep_their_distance(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/x").respond_with_data("x")
    client = _client(httpserver.url_for(""), min_interval=0.2)
    started = time.monotonic()
    for _ in range(3):
        client.get_bytes("/x")
    assert 0.4 <= time.monotonic() - started < 1.2


def test_it_does_not_ask_for_json_by_header(httpserver: HTTPServer) -> None:
    """One real server answers 406 to that."""
    httpserver.expect_request("/x").respond_with_data("[]")
    _client(httpserver.url_for("")).get_json("/x")
    assert httpserver.log[0][0].headers["Accept"] == "*/*"


class _AnswersTwice(socketserver.StreamRequestHandler):
    """Repeats its last answer on the same connection, in the very moment the next request comes."""

    def handle(self) -> None:
        before = b""
        while length := self._request():
            number = json.loads(self.rfile.read(length))["number"]
            body = json.dumps({"number": number}).encode()
            answer = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            self.wfile.write(before + answer)
            before = answer

    def _request(self) -> int:
        length = 0
        while line := self.rfile.readline().strip():
            name, _, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        return length


def test_an_answer_given_twice_is_not_taken_for_the_next_one() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _AnswersTwice) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = _client(f"http://127.0.0.1:{server.server_address[1]}")
        for number, write in enumerate((True, True, False, True)):
            assert client.post_json("/write", {"number": number}, write=write) == {"number": number}
        server.shutdown()
