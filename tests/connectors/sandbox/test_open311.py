"""The imitated GeoReport v2 server: both formats, its limits, and real requests served as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests

from connectors.sandbox.sandbox import Options
from connectors.sandbox.server import Running, start
from tests.connectors.sandbox.clients import TIMEOUT, Control, open311

SHARED = Path(__file__).parents[4] / "shared" / "data" / "requests"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Callable[[list[dict[str, object]]], str]]:
    """Serves the given requests as a --data file; returns the address."""
    started: list[Running] = []

    def serve(rows: list[dict[str, object]]) -> str:
        path = tmp_path / "requests.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        started.append(start(Options(count=0, data=(str(path),))))
        return started[-1].url

    yield serve
    for running in started:
        running.stop()


def row(number: int, day: str, **more: object) -> dict[str, object]:
    """A request as real servers send it, with a naive time and nulls."""
    return {
        "service_request_id": str(number),
        "status": "Open",
        "service_code": "033",
        "service_name": "Abandoned Vehicle",
        "description": None,
        "requested_datetime": f"{day} 05:14:00",
        "updated_datetime": None,
        **more,
    }


def ids(response: requests.Response) -> list[str]:
    return [one["service_request_id"] for one in response.json()]


def test_services_and_their_definitions(url: str) -> None:
    services = open311(url, "services.json").json()

    assert {"procedures", "noise"} <= {service["service_code"] for service in services}
    assert all(service["type"] == "realtime" and service["metadata"] is False for service in services)
    assert open311(url, "services/noise.json").json() == {"service_code": "noise", "attributes": []}
    assert open311(url, "services/none.json").json() == [
        {"code": 404, "description": "service_code none was not found"}
    ]


def test_xml_says_the_same_as_json(url: str) -> None:
    Control(url, "open311").complain(text="Ổ gà <sâu> & rộng", category="infrastructure")
    as_json = open311(url, "requests.json").json()[0]

    response = open311(url, "requests.xml")

    request = ElementTree.fromstring(response.content)[0]  # noqa: S314  our own answer
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert {part.tag: part.text for part in request} == {
        name: None if value is None else str(value) for name, value in as_json.items()
    }


def test_one_request_and_an_unknown_one(url: str) -> None:
    external_id = Control(url, "open311").complain(text="một")["external_id"]

    assert ids(open311(url, f"requests/{external_id}.json")) == [external_id]
    missing = open311(url, "requests/none.xml")
    assert missing.status_code == 404
    assert ElementTree.fromstring(missing.content).findtext("error/code") == "404"  # noqa: S314  our own answer


def test_posting_needs_the_key_a_service_and_a_place(url: str) -> None:
    good = {
        "api_key": "motmoi-311",
        "service_code": "noise",
        "address_string": "42/7 Đinh Bộ Lĩnh",
        "description": "Ồn quá",
    }
    cases = [
        (good, 201, "complete"),
        (good | {"api_key": "x"}, 403, "wrong key"),
        (good | {"service_code": "x"}, 404, "unknown service"),
        (good | {"service_code": ""}, 400, "no service"),
        (good | {"address_string": ""}, 400, "no place"),
        (good | {"lat": "north", "long": "1"}, 400, "no number"),
    ]
    for form, status, reason in cases:
        response = requests.post(f"{url}/open311/v2/requests.json", data=form, timeout=TIMEOUT)
        assert response.status_code == status, reason

    assert [one["description"] for one in open311(url, "requests.json").json()] == ["Ồn quá"]


def test_pages_filters_and_updates(url: str) -> None:
    control = Control(url, "open311")
    made = [control.complain(text=f"số {n}", category="noise" if n else "bus") for n in range(3)]
    control.complain(external_id=made[0]["external_id"], handle={"status": "closed", "text": "Xong"})

    assert ids(open311(url, "requests.json", page=2, page_size=2)) == [made[0]["external_id"]]
    assert ids(open311(url, "requests.json", status="closed")) == [made[0]["external_id"]]
    assert ids(open311(url, "requests.json", service_code="bus")) == [made[0]["external_id"]]
    assert len(ids(open311(url, "requests.json", updated_after="2020-01-01T00:00:00+07:00"))) == 3
    assert ids(open311(url, "requests.json", updated_after="2090-01-01T00:00:00Z")) == []
    assert open311(url, "requests.json", page_size=1001).status_code == 400


def test_a_withdrawn_request_is_closed_in_words(url: str) -> None:
    control = Control(url, "open311")
    external_id = control.complain(text="một")["external_id"]
    control.complain(external_id=external_id, withdraw=True)

    assert open311(url, f"requests/{external_id}.json").json()[0]["status_notes"] == "Người dân đã rút phản ánh"


def test_file_rows_are_served_as_they_are(archive: Callable[..., str]) -> None:
    rows = [row(1, "2011-06-28", zipcode=94110, extra={"a": [1]})]

    assert open311(archive(rows), "requests.json").json() == rows


def test_without_dates_the_ninety_days_end_at_the_newest(archive: Callable[..., str]) -> None:
    url = archive([row(1, "2011-01-01"), row(2, "2011-06-01"), row(3, "2011-06-28")])

    assert ids(open311(url, "requests.json")) == ["3", "2"]


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({"start_date": "2011-06-01T00:00:00Z", "end_date": "2011-06-30T00:00:00Z"}, ["3", "2"]),
        ({"start_date": "2010-12-31T00:00:00Z"}, ["1"]),
        ({"end_date": "2011-06-02T00:00:00Z"}, ["2"]),
        ({"start_date": "2011-06-01T00:00:00 07:00"}, ["3", "2"]),
    ],
)
def test_windows_of_up_to_ninety_days(archive: Callable[..., str], window: dict[str, str], found: list[str]) -> None:
    url = archive([row(1, "2011-01-01"), row(2, "2011-06-01"), row(3, "2011-06-28")])

    assert ids(open311(url, "requests.json", **window)) == found


@pytest.mark.parametrize(
    "window",
    [{"start_date": "2011-01-01T00:00:00Z", "end_date": "2011-06-30T00:00:00Z"}, {"start_date": "yesterday"}],
)
def test_longer_windows_and_bad_dates_are_400(archive: Callable[..., str], window: dict[str, str]) -> None:
    response = open311(archive([row(1, "2011-06-28")]), "requests.json", **window)

    assert response.status_code == 400
    assert response.json()[0]["code"] == 400


def test_never_more_than_a_thousand(archive: Callable[..., str]) -> None:
    url = archive([row(number, "2011-06-28") for number in range(1100)])

    assert len(ids(open311(url, "requests.json"))) == 1000
    window = {"start_date": "2011-06-01T00:00:00Z", "end_date": "2011-07-01T00:00:00Z"}
    assert len(ids(open311(url, "requests.json", **window, page=2))) == 100


def test_a_file_that_is_no_list_of_requests_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text('{"a": 1}')

    with pytest.raises(ValueError, match="must be a JSON list"):
        start(Options(count=0, data=(str(path),)))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "start_date", "end_date"),
    [
        ("sf_open311_2011.json", "2011-06-20T00:00:00Z", "2011-07-20T00:00:00Z"),
        ("chicago_open311_extended_2014.json", "2014-01-01T00:00:00Z", "2014-03-31T00:00:00Z"),
    ],
)
def test_real_archives_can_be_read(name: str, start_date: str, end_date: str) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip("../shared/data is not here")
    running = start(Options(count=0, data=(str(path),)))
    try:
        served = open311(running.url, "requests.json", start_date=start_date, end_date=end_date).json()
    finally:
        running.stop()

    known = json.loads(path.read_text(encoding="utf-8"))
    assert served
    assert all(one in known for one in served)
