"""A payload of each source as it comes, one with codes we do not know, and one that is broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import registry
from connectors.engine import Accepted, Rejected, parse_one
from connectors.errors import BadPayload
from connectors.mapping import VIETNAM
from connectors.protocol import Connector, SourceConfig
from connectors.records import Attachment, Place, RawItem, Reporter, SourceStatus
from tests.connectors import sources

PAYLOADS = Path(__file__).parent / "payloads"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=VIETNAM)

CONFIGS: dict[str, tuple[str, Callable[[str], SourceConfig]]] = {
    "national_portal": ("national_portal", sources.national_portal),
    "hotline_1022": ("hotline_1022", sources.hotline_1022),
    "gopy": ("district_app", sources.gopy),
    "ioc": ("district_app", sources.ioc),
    "open311": ("open311", sources.open311),
}


def _source(name: str) -> Connector:
    slug, config = CONFIGS[name]
    return registry.build(config("http://127.0.0.1:9"), connector=slug)


def _payload(name: str, case: str) -> dict[str, Any]:
    return dict(json.loads((PAYLOADS / name / f"{case}.json").read_text(encoding="utf-8")))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


GOOD: dict[str, dict[str, Any]] = {
    "national_portal": {
        "external_id": "PAKN.20261119.00871",
        "title": "Đèn đường hỏng trước hẻm 42",
        # entities resolved, line ends unified
        "text": 'Kính gửi UBND phường,\nĐèn đường trước hẻm 42/7 Đinh Bộ Lĩnh "tắt" 3 đêm nay & rất tối.',
        "status": SourceStatus.ACCEPTED,
        "status_raw": "2",
        "category": "lighting",
        "category_raw": "CHIEUSANG",
        "place": Place(text="42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh", ward_code="26914", unit_code="26929"),
        "reporter": Reporter("Trần Thị Bưởi", "+84901234567", "buoi@example.com", "42/7 Đinh Bộ Lĩnh", anonymous=True),
        "sent_at": _at("2026-11-19 18:22:05"),
        "updated_at": _at("2026-11-20 08:00:01"),
        "due_at": _at("2026-12-10 23:59:59"),  # a day as a deadline lasts to its end
        "attachments": (Attachment("hem42.jpg", "/mapi/tep/hem42.jpg"),),
        "remarks": (),
    },
    "hotline_1022": {
        "external_id": "880101",  # the channel's id, not PhanAnhID
        "title": "Quán nhậu mở loa kẹo kéo tới 1 giờ sáng, bà con không ngủ được.",  # there is no title
        "status": SourceStatus.RESOLVED,
        "category": "noise",
        "sent_at": _at("2026-11-19 18:22:05"),  # date and time stand apart
        "updated_at": _at("2026-11-20 09:30:00"),
        "due_at": _at("2026-11-29 18:22:05"),
        "answer": "Đã nhắc nhở chủ quán.",
        "answered_at": _at("2026-11-20 09:30:00"),
        "place": Place("383 Nguyễn Kiệm", "26875", "Phường 3", "Quận Gò Vấp", 10.8199, 106.6794),
        "reporter": Reporter("Lê Văn Tám", "+842838221022", "", "385 Nguyễn Kiệm"),
        "attachments": (Attachment("loa.mp4", "/Uploads/PhanAnh/2026/11/loa.mp4"),),
        "remarks": (),
    },
    "gopy": {
        "external_id": "880103",
        "write_id": "41009",  # a second id, for writing
        "title": "Rác tập kết sai chỗ",
        "status": SourceStatus.IN_PROGRESS,  # the list left the code out; the detail has it
        "category": "environment",
        "sent_at": _at("2026-11-19 18:22:00"),
        "updated_at": None,  # no stamp in this app
        "due_at": datetime.fromtimestamp(1795519325, UTC),
        "answer": "Đang cho thu gom.",
        "answered_at": _at("2026-11-20 09:30:00"),
        "last_write_key": "0123456789abcdef0123456789abcdef",
        "place": Place(
            "50 Đinh Bộ Lĩnh", "26914", "Phường 26", "Quận Bình Thạnh", 10.8142, 106.7104, "UBND Phường Bình Thạnh"
        ),
        "reporter": Reporter("Phạm Thị Na", "+84901234567", "na@example.com"),
        "attachments": (Attachment("rac.jpg", "https://app.example/files/rac.jpg"),),
        "remarks": (),
    },
    "ioc": {
        "external_id": "5001",
        "status": SourceStatus.IN_PROGRESS,  # an int on the wire
        "category": "infrastructure",
        "sent_at": _at("2026-11-19 18:22:05"),
        "due_at": _at("2026-11-26 18:22:05"),
        "reporter": Reporter("Vũ Minh", "+84912345678"),
        "remarks": (),
    },
    "open311": {
        "external_id": "638344",  # a number on the wire
        "title": "Sidewalk and Curb Issues",  # no description: the service speaks
        "text": "Sidewalk and Curb Issues",
        "status": SourceStatus.RESOLVED,
        "category": "infrastructure",
        "answer": "Duplicate request.",
        "sent_at": datetime.fromisoformat("2010-04-14T06:37:38-08:00"),
        "place": Place("8TH AVE and JUDAH ST 94122", lat=37.762221815, lng=-122.4651145),
        "attachments": (
            Attachment("638344.jpg", "http://city.gov.s3.amazonaws.com/requests/media/638344.jpg"),
        ),
        "remarks": (),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_payload(name: str) -> None:
    record = _source(name).parse(RawItem(_payload(name, "good")), now=NOW)
    for field, value in GOOD[name].items():
        assert getattr(record, field) == value, field


@pytest.mark.parametrize(
    ("name", "status_raw", "category_raw"),
    [
        ("national_portal", "12", "NUOCSACH2"),
        ("hotline_1022", "CHO_DUYET", "Hỏi đáp chung"),
        ("gopy", "CHO_PHE_DUYET", "9999"),
        ("ioc", "9", "Du lịch"),
        ("open311", "acknowledged", "Rodent Baiting"),
    ],
)
def test_unknown_codes_keep_the_complaint_and_are_listed_for_mapping(
    name: str, status_raw: str, category_raw: str
) -> None:
    record = _source(name).parse(RawItem(_payload(name, "unknown_code")), now=NOW)
    assert (record.status, record.status_raw) == (SourceStatus.UNMAPPED, status_raw)
    assert (record.category, record.category_raw) == ("other", category_raw)
    assert record.remarks == ("unknown_status", "unknown_category")
    assert (record.place.lat, record.place.lng) == (None, None)


@pytest.mark.parametrize(
    ("name", "code", "field"),
    [
        ("national_portal", "bad_date", "NGAYGUI"),  # 31 February
        ("hotline_1022", "missing_field", "PhanAnhKenhKhacID"),  # an accepted id is not the key
        ("gopy", "missing_field", "sent_date"),
        ("ioc", "wrong_type", "external_id"),
        ("open311", "bad_date", "requested_datetime"),  # a two-digit year could be anything
    ],
)
def test_a_broken_payload_is_refused_with_its_field(name: str, code: str, field: str) -> None:
    with pytest.raises(BadPayload) as caught:
        _source(name).parse(RawItem(_payload(name, "broken")), now=NOW)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_withdrawn_hotline_complaint_keeps_its_code() -> None:
    record = _source("hotline_1022").parse(RawItem(_payload("hotline_1022", "withdrawn")), now=NOW)
    assert (record.status, record.status_raw) == (SourceStatus.WITHDRAWN, "CHO_TIEP_NHAN")


def test_a_row_of_the_list_that_only_counts_down_changes_nothing() -> None:
    """`thongBaoThoiHan` changes every minute: it must not look like news."""
    payload = _payload("gopy", "good")
    before = _source("gopy").parse(RawItem(payload), now=NOW).revision
    payload["item"] |= {"thongBaoThoiHan": "Đã quá hạn: 3 ngày 21 giờ 42 phút", "daXem": False}
    assert _source("gopy").parse(RawItem(payload), now=NOW).revision == before
    payload["detail"]["noiDungXuLy"] = "Đã thu gom."
    assert _source("gopy").parse(RawItem(payload), now=NOW).revision != before


def test_a_note_of_an_official_is_not_taken_for_our_key() -> None:
    payload = _payload("gopy", "good")
    payload["detail"]["ghiChu"] = "Đã gọi điện cho người dân"
    assert _source("gopy").parse(RawItem(payload), now=NOW).last_write_key == ""


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["1", "0", "2026"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("name", CONFIGS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_payload_breaks_the_parser(name: str, data: st.DataObject) -> None:
    """Any JSON in any of the known fields: a record or BadPayload, nothing else."""
    payload = _payload(name, "good")
    target = payload.get("detail") or payload.get("item") or payload
    for field in data.draw(st.lists(st.sampled_from(sorted(target)), min_size=1, max_size=4, unique=True)):
        target[field] = data.draw(JUNK)
    _assert_one_of_two(parse_one(_source(name), RawItem(payload), now=NOW))


@pytest.mark.parametrize("name", CONFIGS)
@settings(max_examples=50, deadline=None)
@given(payload=st.dictionaries(st.text(max_size=8), JUNK, max_size=4))
def test_no_stranger_breaks_the_parser(name: str, payload: dict[str, Any]) -> None:
    _assert_one_of_two(parse_one(_source(name), RawItem(payload), now=NOW))


def _assert_one_of_two(result: Accepted | Rejected) -> None:
    if isinstance(result, Rejected):
        assert result.error.code in {"missing_field", "wrong_type", "bad_date", "too_long"}
    else:
        assert result.record.external_id
        result.record.text.encode()


REAL = {
    "requests/sf_open311_2011.json": 500,
    "requests/chicago_open311_extended_2014.json": 50,
    "open311/cfa_java_serviceRequestsJSON.json": 2,
    "open311/open311status_service_requests.json": 2,
}


@pytest.mark.shared
@pytest.mark.parametrize(("file", "rows"), REAL.items())
def test_real_open311_requests_are_all_understood(file: str, rows: int) -> None:
    path = SHARED / file
    if not path.exists():
        pytest.skip("the real request files do not ship with the program")
    payloads = json.loads(path.read_text(encoding="utf-8"))
    results = [parse_one(_source("open311"), RawItem(payload), now=NOW) for payload in payloads]
    assert len(results) == rows
    assert [result.error.detail for result in results if isinstance(result, Rejected)] == []
    ids = {result.record.external_id for result in results if isinstance(result, Accepted)}
    assert len(ids) == len({str(payload["service_request_id"]) for payload in payloads})
