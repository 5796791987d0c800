"""Open311 servers that honour different parts of the standard: none may cost a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import registry
from connectors.engine import read
from connectors.errors import AuthError, Transient
from connectors.protocol import SourceConfig
from connectors.records import OpenItem

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
    errors = [{"code": 400, "description": "jurisdiction_id was not provided."}]
    httpserver.expect_request("/v2/requests.json").respond_with_json(errors)
    with pytest.raises(Transient) as caught:
        registry.build(SourceConfig("open311", {"base_url": httpserver.url_for("/v2")})).check()
    assert caught.value.code == "open311_error"
