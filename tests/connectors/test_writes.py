"""What exactly is sent to each source, field by field, and how its answers are understood."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import registry
from connectors.errors import AuthError, Conflict, Permanent, UnknownOutcome
from connectors.protocol import Connector
from connectors.records import FileToSend, OutboundAction, OutboundUpdate
from tests.connectors import sources

KEY = "0123456789abcdef0123456789abcdef"
UPDATE = OutboundUpdate(
    key=KEY,
    action=OutboundAction.RESOLVE,
    external_id="880101",
    write_id="41006",
    text="Đã thay bóng đèn.",
    author="UBND phường Bình Thạnh",
    at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
    due_at=datetime(2026, 11, 30, 10, 0, tzinfo=UTC),
    files=(FileToSend("sau.jpg", "image/jpeg", b"jpeg"), FileToSend("biên bản.pdf", "application/pdf", b"pdf")),
)
EXTEND = replace(UPDATE, action=OutboundAction.EXTEND, files=())


def _portal(httpserver: HTTPServer, answer: Any) -> tuple[Connector, list[dict[str, Any]]]:
    """A portal that logs in and answers every call with `answer`; and the bodies of the calls."""
    calls: list[dict[str, Any]] = []

    def call(request: Request) -> Response:
        calls.append(request.get_json())
        return Response(json.dumps(answer))

    base = "/national-portal/mapi"
    httpserver.expect_request(f"{base}/login").respond_with_json({"error_code": "0", "session": "s1"})
    httpserver.expect_request(f"{base}/g").respond_with_handler(call)
    return registry.build(sources.national_portal(httpserver.url_for("").rstrip("/"))), calls


def test_the_portal_gets_its_own_words(httpserver: HTTPServer) -> None:
    source, calls = _portal(httpserver, {"error_code": "0", "NGAYCAPNHAT": "22/11/2026 09:00:01"})
    receipt = source.push(UPDATE)
    assert calls == [
        {
            "session": "s1",
            "service": "CapNhatPAKN",
            "magiaodich": KEY,
            "data": {
                "MAPAKN": "880101",
                "TRANGTHAI": "4",
                "NOIDUNGTRALOI": "Đã thay bóng đèn.",
                "NGUOIXULY": "UBND phường Bình Thạnh",
                "NGAYXULY": "22/11/2026 09:00:00",
                "TEPDINHKEM": [
                    {"TENTEP": "sau.jpg", "NOIDUNG": base64.b64encode(b"jpeg").decode()},
                    {"TENTEP": "biên bản.pdf", "NOIDUNG": base64.b64encode(b"pdf").decode()},
                ],
            },
        }
    ]
    assert (receipt.revision, receipt.duplicate) == ("22/11/2026 09:00:01", False)


def test_an_extension_tells_the_portal_the_new_day(httpserver: HTTPServer) -> None:
    source, calls = _portal(httpserver, {"error_code": "0"})
    source.push(EXTEND)
    assert (calls[0]["data"]["TRANGTHAI"], calls[0]["data"]["HANXULY"]) == ("3", "30/11/2026")


PORTAL_ANSWERS = [
    ({"error_code": "9"}, Conflict, "answered_by_another"),
    ({"error_code": "8"}, Permanent, "refused"),
    ({"error_code": "2"}, Permanent, "malformed"),
    ({"error_code": "4"}, Permanent, "unknown_complaint"),
    ({"error_code": "-5"}, AuthError, "not_granted"),
    ({"error_code": "77"}, UnknownOutcome, "unknown_answer"),
    ({}, UnknownOutcome, "unknown_answer"),
    ([], UnknownOutcome, "wrong_type"),
]


@pytest.mark.parametrize(("answer", "error", "code"), PORTAL_ANSWERS)
def test_each_answer_of_the_portal(httpserver: HTTPServer, answer: Any, error: type[Exception], code: str) -> None:
    source, _ = _portal(httpserver, answer)
    with pytest.raises(error) as caught:
        source.push(UPDATE)
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_a_repeat_is_confirmed_as_such(httpserver: HTTPServer) -> None:
    source, _ = _portal(httpserver, {"error_code": "0", "trung": "1"})
    assert source.push(UPDATE).duplicate


def _hotline(httpserver: HTTPServer, path: str, answer: Any) -> Connector:
    httpserver.expect_request(f"/hotline-1022{path}").respond_with_json(answer)
    return registry.build(sources.hotline_1022(httpserver.url_for("").rstrip("/")))


def test_the_hotline_gets_its_own_words(httpserver: HTTPServer) -> None:
    answer = {"ClassResult": {"PhanAnhKenhKhacID": 880101, "NgayCapNhat": "2026-11-22T09:00:01"}, "ThongBao": "OK"}
    source = _hotline(httpserver, "/API/TPhanAnh/CapNhatXuLy", answer)
    assert source.push(UPDATE).revision == "22/11/2026 09:00:01"
    request = httpserver.log[0][0]
    assert request.headers["Token"] == "motmoi-1022"
    assert request.get_json() == {
        "PhanAnhKenhKhacID": 880101,
        "MaTinhTrang": "DA_XU_LY",
        "NoiDungXuLy": "Đã thay bóng đèn.",
        "NguoiXuLy": "UBND phường Bình Thạnh",
        "ThoiGianXuLy": "22/11/2026 09:00:00",
        "MaYeuCau": KEY,
        "lstFileDinhKem": [
            {"FileName": "sau.jpg", "FileExtension": ".jpg", "arrByte": base64.b64encode(b"jpeg").decode()},
            {"FileName": "biên bản.pdf", "FileExtension": ".pdf", "arrByte": base64.b64encode(b"pdf").decode()},
        ],
    }


def test_an_extension_tells_the_hotline_the_new_hour(httpserver: HTTPServer) -> None:
    source = _hotline(httpserver, "/API/TPhanAnh/CapNhatXuLy", {"ClassResult": {}, "ThongBao": "OK"})
    source.push(EXTEND)
    body = httpserver.log[0][0].get_json()
    assert (body["MaTinhTrang"], body["HanXuLy"]) == ("DANG_XU_LY", "2026-11-30T17:00:00")


@pytest.mark.parametrize("answer", [{}, [], {"ClassResult": None, "ThongBao": "OK"}, {"ClassResult": {}}])
def test_a_vague_answer_of_the_hotline_is_an_unknown_outcome(httpserver: HTTPServer, answer: Any) -> None:
    with pytest.raises(UnknownOutcome):
        _hotline(httpserver, "/API/TPhanAnh/CapNhatXuLy", answer).push(UPDATE)


HISTORIES: list[tuple[list[dict[str, Any]], bool, str]] = [
    ([], False, "nothing there"),
    ([{"MaYeuCau": KEY}], True, "our key"),
    ([{"MaYeuCau": KEY}, {"MaYeuCau": "f" * 32}], True, "also when it is not the last"),
    ([{"MaTinhTrang": "DA_XU_LY", "NoiDung": "Đã thay bóng đèn."}], True, "the same state and text"),
    ([{"MaTinhTrang": "DANG_XU_LY", "NoiDung": "Đã thay bóng đèn."}], False, "the same text in another state"),
    ([{"MaYeuCau": "f" * 32, "MaTinhTrang": "DA_XU_LY", "NoiDung": "Đã thay bóng đèn."}], False, "another's key"),
]


@pytest.mark.parametrize(("history", "applied"), [case[:2] for case in HISTORIES], ids=[case[2] for case in HISTORIES])
def test_the_hotlines_history_tells_whether_we_wrote(
    httpserver: HTTPServer, history: list[dict[str, Any]], applied: bool
) -> None:
    source = _hotline(httpserver, "/API/TPhanAnh/GetByIDForMobile", {"ClassResult": {"LichSu": history}})
    found = source.lookup(UPDATE, now=UPDATE.at)
    assert (found.exists, found.applied) == (True, applied)
    assert found.record is None  # the rest of this record is not readable, the history is


def _gopy(httpserver: HTTPServer) -> Connector:
    httpserver.expect_request("/gopy/admin/file").respond_with_json({"ten": "x", "base64Content": "https://f/1"})
    return registry.build(sources.gopy(httpserver.url_for("").rstrip("/")), connector="district_app")


GOPY_BODIES: list[tuple[OutboundUpdate, dict[str, Any]]] = [
    (
        UPDATE,
        {"chuyenTrangThai": True, "giaHan": False, "hanPhanHoi": "", "hinhAnhs": ["https://f/1"], "fileDinhKem": ["https://f/1"]},
    ),
    (EXTEND, {"chuyenTrangThai": False, "giaHan": True, "hanPhanHoi": "30/11/2026", "hinhAnhs": [], "fileDinhKem": []}),
    (
        replace(EXTEND, action=OutboundAction.START),
        {"chuyenTrangThai": False, "giaHan": False, "hanPhanHoi": "", "hinhAnhs": [], "fileDinhKem": []},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("update", "body"), GOPY_BODIES, ids=["resolve", "extend", "start"])
def test_the_district_app_gets_its_own_words(
    httpserver: HTTPServer, update: OutboundUpdate, body: dict[str, Any]
) -> None:
    httpserver.expect_request("/gopy/admin/xuluthongtin/41006/xuly").respond_with_json({"msg": "OK"})
    _gopy(httpserver).push(update)
    request = httpserver.log[-1][0]
    assert request.get_json() == body | {"noiDungXuLy": "Đã thay bóng đèn.", "xuatBan": False, "ghiChu": KEY}
    assert request.authorization is not None
    assert request.headers["User-Agent"].startswith("Mozilla/")
    assert "json" not in request.headers["Accept"]


def test_the_district_app_cannot_be_written_without_its_second_id(httpserver: HTTPServer) -> None:
    with pytest.raises(Permanent) as caught:
        _gopy(httpserver).push(replace(UPDATE, write_id=""))
    assert caught.value.code == "no_write_id"
    assert httpserver.log == []


@pytest.mark.parametrize("answer", [{}, {"msg": "?"}, []])
def test_a_vague_answer_of_the_district_app_is_an_unknown_outcome(httpserver: HTTPServer, answer: Any) -> None:
    httpserver.expect_request("/gopy/admin/xuluthongtin/41006/xuly").respond_with_json(answer)
    with pytest.raises(UnknownOutcome):
        _gopy(httpserver).push(UPDATE)


@pytest.mark.parametrize(
    ("detail", "applied"),
    [
        ({"ghiChu": f"Ghi: {KEY}"}, True),
        ({"ghiChu": "", "lichSuXuLy": [{"ghiChu": KEY}, {"ghiChu": "khác"}]}, True),
        ({"lichSuXuLy": [{"noiDungXuLy": "Đã thay bóng đèn.", "maTinhTrang": "DA_XU_LY"}]}, True),
        ({"lichSuXuLy": [{"noiDungXuLy": "Đã thay bóng đèn.", "maTinhTrang": "DANG_XU_LY"}]}, False),
        ({"lichSuXuLy": None, "ghiChu": None}, False),
        ({"lichSuXuLy": "x", "ghiChu": 5}, False),
    ],
)
def test_the_district_apps_notes_tell_whether_we_wrote(
    httpserver: HTTPServer, detail: dict[str, Any], applied: bool
) -> None:
    httpserver.expect_request("/gopy/admin/xulythongtin/41006").respond_with_json(detail)
    assert _gopy(httpserver).lookup(UPDATE, now=UPDATE.at).applied is applied
