"""Open311 servers that honour different parts of the standard: none may cost a request."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import registry
from connectors.engine import read
from connectors.errors import AuthError, BadPayload, ConfigError, ConnectorError, Transient, UnknownOutcome
from connectors.http import parse_json
from connectors.protocol import SourceConfig
from connectors.records import OpenItem
from connectors.sandbox.sandbox import Options
from connectors.sandbox.server import start
from connectors.sources.open311 import NewRequest, Open311
from connectors.xml import parse_xml
from tests.connectors import sources
from tests.connectors.conftest import Control

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
Filter = Callable[[list[dict[str, Any]], Request], list[dict[str, Any]]]


def _request(number: int, sent: datetime, updated: datetime | None = None) -> dict[str, Any]:
    return {
        "service_request_id": str(number),
        "status": "open",
        "service_code": "lighting",
        "description": f"Đèn số {number} hỏng",
        "requested_datetime": sent.isoformat(),
        "updated_datetime": (updated or sent).isoformat(),
    }


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _dated(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    if "start_date" not in request.args:
        return rows
    start, end = _when(request.args["start_date"]), _when(request.args["end_date"])
    return [row for row in rows if start <= _when(row["requested_datetime"]) <= end]


def _updated(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    after = request.args.get("updated_after")
    if not after:
        return rows
    return [row for row in rows if _when(row["updated_datetime"]) >= _when(after)]


def _paged(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    page, size = int(request.args.get("page", 1)), int(request.args.get("page_size", 1000))
    return rows[(page - 1) * size : page * size]


def _small_pages(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Honours page but has a size of its own."""
    page = int(request.args.get("page", 1))
    return rows[(page - 1) * 20 : page * 20]


def _cut(limit: int) -> Filter:
    return lambda rows, request: rows[:limit]


class Server:
    """An endpoint over a list of requests that applies the given filters in order."""

    def __init__(self, httpserver: HTTPServer, rows: list[dict[str, Any]], *filters: Filter) -> None:
        self.rows = sorted(rows, key=lambda row: str(row["requested_datetime"]), reverse=True)
        self.filters = filters
        self.url = httpserver.url_for("/v2")
        self.by_id: list[str] = []
        httpserver.expect_request("/v2/requests.json").respond_with_handler(self._list)
        for row in rows:
            path = f"/v2/requests/{row['service_request_id']}.json"
            httpserver.expect_request(path).respond_with_handler(self._one)

    def _list(self, request: Request) -> Response:
        rows = self.rows
        for one in self.filters:
            rows = one(rows, request)
        return Response(json.dumps(rows))

    def _one(self, request: Request) -> Response:
        number = request.path.rpartition("/")[2].removesuffix(".json")
        self.by_id.append(number)
        return Response(json.dumps([row for row in self.rows if row["service_request_id"] == number]))

    def ids(self, cursor: dict[str, Any] | None = None, *, open_items: tuple[OpenItem, ...] = ()) -> set[str]:
        source = registry.build(SourceConfig("open311", {"base_url": self.url}))
        batches = read(source, cursor or {}, now=NOW, open_items=open_items)
        return {one.record.external_id for batch in batches for one in batch.accepted}


MANY = [_request(n, NOW - timedelta(minutes=17 * n)) for n in range(330)]
YEARS = [_request(n, NOW - timedelta(days=97 * n)) for n in range(50)]

DIALECTS: list[tuple[str, list[dict[str, Any]], list[Filter]]] = [
    ("everything honoured", MANY, [_updated, _dated, _paged]),
    ("page but not page_size", MANY, [_updated, _dated, _small_pages]),
    ("no paging, at most 100", MANY, [_updated, _dated, _cut(100)]),
    ("no paging, at most 1000", MANY, [_updated, _dated, _cut(1000)]),
    ("nothing honoured at all", MANY, []),
    ("years of history", YEARS, [_updated, _dated, _paged]),
]


@pytest.mark.parametrize(("rows", "filters"), [case[1:] for case in DIALECTS], ids=[case[0] for case in DIALECTS])
def test_every_request_is_read(httpserver: HTTPServer, rows: list[dict[str, Any]], filters: list[Filter]) -> None:
    assert Server(httpserver, rows, *filters).ids() == {row["service_request_id"] for row in rows}


OLD = [_request(n, NOW - timedelta(days=200 + n)) for n in range(3)]
CHANGED = _request(7, NOW - timedelta(days=300), updated=NOW - timedelta(hours=1))
SINCE = {"since": (NOW - timedelta(hours=2)).isoformat()}
OPEN = tuple(OpenItem(row["service_request_id"]) for row in (*OLD, CHANGED))


def test_an_old_request_that_changed_is_found_by_its_stamp(httpserver: HTTPServer) -> None:
    server = Server(httpserver, [*OLD, CHANGED], _updated, _dated, _paged)
    assert server.ids(SINCE, open_items=OPEN) == {"7"}
    assert server.by_id == []


def test_where_stamps_are_ignored_open_requests_are_asked_for_by_id(httpserver: HTTPServer) -> None:
    recent = [_request(n, NOW - timedelta(days=n)) for n in range(40, 45)]

    def last_90_days(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return [row for row in rows if _when(row["requested_datetime"]) > NOW - timedelta(days=90)]

    server = Server(httpserver, [*OLD, *recent, CHANGED], _dated, last_90_days, _paged)
    assert server.ids(SINCE, open_items=OPEN) >= {"0", "1", "2", "7"}
    assert sorted(server.by_id) == ["0", "1", "2", "7"]


def test_a_quiet_server_that_honours_stamps_is_not_asked_for_each_open_request(httpserver: HTTPServer) -> None:
    server = Server(httpserver, OLD, _updated, _dated, _paged)
    assert server.ids(SINCE, open_items=OPEN) == set()
    assert server.by_id == []


def test_key_and_jurisdiction_go_with_every_call_and_into_no_error(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v2/requests.json").respond_with_data('[{"code": 403}]', status=403)
    config = SourceConfig(
        "open311", {"base_url": httpserver.url_for("/v2"), "jurisdiction_id": "hcm"}, secrets={"api_key": "k3y"}
    )
    with pytest.raises(AuthError) as caught:
        registry.build(config).check()
    assert {"jurisdiction_id": "hcm", "api_key": "k3y"}.items() <= dict(httpserver.log[0][0].args).items()
    assert "k3y" not in caught.value.detail


def test_a_list_of_errors_is_not_a_list_of_requests(httpserver: HTTPServer) -> None:
    errors = [{"code": 500, "description": "Database error"}]
    httpserver.expect_request("/v2/requests.json").respond_with_json(errors)
    with pytest.raises(Transient) as caught:
        registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")})).check()
    assert caught.value.code == "open311_error"


ERRORS: list[tuple[str, str, int, type[ConnectorError], str]] = [
    ("a list of errors", '[{"code": 403, "description": "x"}]', 200, AuthError, "http_403"),
    ("a jurisdiction that is missing", '[{"code": 400, "description": "x"}]', 200, ConfigError, "no_endpoint"),
    ("another address", "<errors><error><code>404</code></error></errors>", 404, ConfigError, "no_endpoint"),
    ("XML although JSON was asked for", "<errors><error><code>403</code></error></errors>", 200, AuthError, "http_403"),
    ("an error of bare words", "<error>Invalid api_key received</error>", 200, Transient, "open311_error"),
    ("wrapped errors", '{"errors": [{"code": "401"}]}', 200, AuthError, "http_401"),
    ("a web page", "<!DOCTYPE html><html><hr></html>", 200, BadPayload, "html_instead_of_json"),
    ("half an answer", "<service_requests><request>", 200, BadPayload, "bad_xml"),
    ("entities", '<!DOCTYPE a [<!ENTITY x "ha">]><service_requests>&x;</service_requests>', 200, BadPayload, "bad_xml"),
    ("an outside file", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 200, BadPayload, "bad_xml"),
    ("too deep", "<a>" * 200 + "</a>" * 200, 200, BadPayload, "too_deep"),
    ("too many elements", "<a>" + "<b/>" * 1_100_000 + "</a>", 200, BadPayload, "too_large"),
]


@pytest.mark.parametrize(("body", "status", "error", "code"), [c[1:] for c in ERRORS], ids=[c[0] for c in ERRORS])
def test_errors_in_every_form(
    httpserver: HTTPServer, body: str, status: int, error: type[ConnectorError], code: str
) -> None:
    httpserver.expect_request("/v2/requests.json").respond_with_data(body, status=status)
    with pytest.raises(error) as caught:
        registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")})).check()
    assert (type(caught.value), caught.value.code) == (error, code)


ONE = {"service_request_id": "7", "description": "x", "requested_datetime": "2026-11-20T02:00:00Z"}
LISTS_OF_ONE = [
    ONE,
    [ONE],
    {"service_requests": [ONE]},
    {"service_requests": {"request": ONE}},
    {"service_requests": {"request": [ONE]}},
    "<service_requests><request><service_request_id>7</service_request_id><description>x</description>"
    "<requested_datetime>2026-11-20T02:00:00Z</requested_datetime></request></service_requests>",
    "<requests is_array='true'><request><service_request_id>7</service_request_id><description>x</description>"
    "<requested_datetime>2026-11-20T02:00:00Z</requested_datetime></request></requests>",
]


@pytest.mark.parametrize("answer", LISTS_OF_ONE)
def test_a_list_of_one_is_a_list(httpserver: HTTPServer, answer: Any) -> None:
    body = answer if isinstance(answer, str) else json.dumps(answer)
    httpserver.expect_request("/v2/requests.json").respond_with_data(body)
    source = registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")}))
    found = [one.record.external_id for batch in read(source, {}, now=NOW) for one in batch.accepted]
    assert set(found) == {"7"}


@pytest.mark.parametrize("empty", ["[]", "<service_requests>\n</service_requests>", '{"service_requests": null}'])
def test_an_empty_list_is_empty(httpserver: HTTPServer, empty: str) -> None:
    httpserver.expect_request("/v2/requests.json").respond_with_data(empty)
    source = registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")}))
    assert "0 requests" in source.check()


def test_a_request_that_has_only_a_token_yet_is_looked_up(httpserver: HTTPServer) -> None:
    """With an id by now it goes in under it; without one it waits in quarantine, and the next reading asks again."""
    rows = [{**ONE, "service_request_id": None, "token": token} for token in ("t1", "t2")]
    httpserver.expect_request("/v2/requests.json").respond_with_json(rows)
    httpserver.expect_request("/v2/tokens/t1.json").respond_with_json([{"service_request_id": 41, "token": "t1"}])
    httpserver.expect_request("/v2/tokens/t2.json").respond_with_json([{"code": 404}], status=404)
    source = registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")}))
    batches = list(read(source, {}, now=NOW))
    assert {one.record.external_id for batch in batches for one in batch.accepted} == {"41"}
    assert {one.error.field for batch in batches for one in batch.rejected} == {"service_request_id"}


@pytest.mark.parametrize("config", [sources.open311, sources.open311_xml])
@pytest.mark.parametrize("with_token", [False, True])
def test_a_request_is_handed_on(
    sandbox_url: str, control: Control, config: Callable[[str], SourceConfig], with_token: bool
) -> None:
    if with_token:
        control("open311", "faults", kind="token_first", times=1)
    configured = replace(config(sandbox_url), secrets={"api_key": "motmoi-311"})
    server = registry.build(configured)
    assert isinstance(server, Open311)
    created = server.create(NewRequest("noise", "Ồn quá", address_string="42/7 Đinh Bộ Lĩnh", last_name="Trần"))
    assert bool(created.token) is with_token
    external_id = created.external_id or server.id_of_token(created.token)
    there = {one["external_id"]: one for one in control("open311", "state")["complaints"]}
    assert there[external_id]["text"] == "Ồn quá"
    assert server.id_of_token("t99999999") == ""


def test_a_request_whose_answer_is_lost_is_not_sent_twice(sandbox_url: str, control: Control) -> None:
    server = registry.build(sources.open311_xml(sandbox_url))
    assert isinstance(server, Open311)
    control("open311", "faults", kind="answer_lost", times=1)
    with pytest.raises(UnknownOutcome):
        server.create(NewRequest("noise", "Một lần thôi", address_string="42/7 Đinh Bộ Lĩnh"))
    there = [one for one in control("open311", "state")["complaints"] if one["text"] == "Một lần thôi"]
    assert len(there) == 1


def test_a_format_that_the_standard_does_not_know_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError):
        registry.build(SourceConfig("open311", {"base_url": "http://127.0.0.1:9", "format": "csv"}))


# --- Real answers -----------------------------------------------------------------------------------------------------

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "open311"
REAL: list[tuple[str, list[str]]] = [
    ("cfa_java_serviceRequestsJSON.json", ["638344", "638349"]),
    ("cfa_java_serviceRequestsXML.xml", ["638344", "638349"]),
    ("cfa_ruby_get_service_request.xml", ["638344"]),
    ("cfa_ruby_service_requests.xml", ["638344", "638349"]),
    ("cfa_ruby_service_requests_empty.xml", []),
    ("open311status_requests_many.xml", ["101005420892", "101005420894"]),
    ("open311status_requests_single.xml", ["101005420892"]),
    ("open311status_service_requests.json", ["14-01100669", "14-01100627"]),
    ("6aika_taskful_request.json", ["3qp16kaphhsc78uc422l"]),
]


def real(name: str) -> str:
    if not (SHARED / name).exists():
        pytest.skip("the real answers do not ship with the program")
    return (SHARED / name).read_text(encoding="utf-8")


@pytest.mark.shared
@pytest.mark.parametrize(("name", "ids"), REAL)
def test_real_lists_of_requests(httpserver: HTTPServer, name: str, ids: list[str]) -> None:
    httpserver.expect_request("/v2/requests.json").respond_with_data(real(name))
    source = registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")}))
    batches = list(read(source, {}, now=NOW))
    assert [one.error.detail for batch in batches for one in batch.rejected] == []
    assert {one.record.external_id for batch in batches for one in batch.accepted} == set(ids)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "created"),
    [
        ("cfa_java_postServiceRequestResponseJSON.json", ("293944", "")),
        ("cfa_java_postServiceRequestResponseXML.xml", ("293944", "")),
        ("cfa_ruby_post_service_request.xml", ("293944", "")),
        ("cfa_java_serviceRequestIdFromATokenXML.xml", ("638344", "12345")),
    ],
)
def test_real_answers_to_a_new_request(httpserver: HTTPServer, name: str, created: tuple[str, str]) -> None:
    httpserver.expect_request("/v2/requests.json", method="POST").respond_with_data(real(name), status=201)
    server = registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")}))
    assert isinstance(server, Open311)
    got = server.create(NewRequest("001", "x", address_string="y"))
    assert (got.external_id, got.token) == created


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cfa_java_serviceRequestIdFromATokenJSON.json", "638344"),
        ("cfa_java_serviceRequestIdFromATokenXML.xml", "638344"),
        ("cfa_ruby_request_id_from_token.xml", "638344"),
        ("cfa_ruby_get_service_request_not_found.xml", ""),
    ],
)
def test_real_answers_about_a_token(httpserver: HTTPServer, name: str, found: str) -> None:
    status = 200 if found else 404
    httpserver.expect_request("/v2/tokens/12345.json").respond_with_data(real(name), status=status)
    server = registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")}))
    assert isinstance(server, Open311)
    assert server.id_of_token("12345") == found


@pytest.mark.shared
@pytest.mark.parametrize("name", ["cfa_java_errorJSON.json", "cfa_java_errorXML.xml"])
def test_real_errors_inside_good_answers(httpserver: HTTPServer, name: str) -> None:
    httpserver.expect_request("/v2/requests.json").respond_with_data(real(name))
    with pytest.raises(AuthError):
        registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")})).check()


ARCHIVES = SHARED.parent / "requests"


@pytest.mark.shared
@pytest.mark.parametrize("wire", ["json", "xml"])
@pytest.mark.parametrize(("name", "rows"), [("sf_open311_2011.json", 500), ("chicago_open311_extended_2014.json", 50)])
def test_a_real_archive_is_read_over_http_to_the_last_request(name: str, rows: int, wire: str) -> None:
    """In windows of at most 90 days over all its years, as the standard allows."""
    if not (ARCHIVES / name).exists():
        pytest.skip("the real request files do not ship with the program")
    running = start(Options(count=0, data=(str(ARCHIVES / name),)))
    try:
        config = SourceConfig("open311", {"base_url": f"{running.url}/open311/v2", "format": wire})
        batches = list(read(registry.build(config), {}, now=NOW))
    finally:
        running.stop()
    assert [one.error.detail for batch in batches for one in batch.rejected] == []
    records = {one.record.external_id: one.record for batch in batches for one in batch.accepted}
    assert records.keys() == {one["service_request_id"] for one in json.loads((ARCHIVES / name).read_text("utf-8"))}
    assert len(records) == rows


XML_TEXT = st.text(max_size=200) | st.sampled_from(
    ["<a>", "</a>", "<a", "&x;", "<!DOCTYPE a>", "<?xml version='1.1'?>"]
)


@given(parts=st.lists(XML_TEXT, max_size=8), wrapped=st.booleans())
def test_no_xml_breaks_the_reader(parts: list[str], wrapped: bool) -> None:
    body = "".join(parts).encode("utf-8", "surrogatepass")
    body = b"<service_requests>" + body + b"</service_requests>" if wrapped else body
    with contextlib.suppress(BadPayload):
        parse_xml(body, lists={"service_requests": "request"})


@given(body=st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(BadPayload):
        parse_xml(body, lists={})
    with contextlib.suppress(BadPayload):
        parse_json(body)
