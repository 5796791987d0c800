"""Every fault does what its name says, as often as asked, on the wire or in the answer, and never to the store."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import time
import unicodedata
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from connectors.sandbox.faults import KINDS
from tests.connectors.sandbox.clients import TIMEOUT, Control, GopyApp, Hotline, Portal, ioc_list, open311


def raw_answer(hotline: Hotline, *, timeout: float = 5) -> tuple[bytes, bool]:
    """What comes over the socket for a list request, and whether the line was reset."""
    address = urlsplit(hotline.base)
    body = json.dumps({"FromDate": "01/01/2000", "ToDate": "31/12/2099", "PageIndex": 1, "PageSize": 50}).encode()
    head = (
        f"POST {address.path}/API/TPhanAnh/GetForMobile HTTP/1.1\r\nHost: x\r\nToken: {hotline.headers['Token']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as line:
        line.sendall(head.encode() + body)
        try:
            while part := line.recv(65536):
                received += part
        except ConnectionResetError:
            return received, True
        except TimeoutError:
            return received, False
    return received, False


# How often, when, and for whom


def test_times_are_counted_and_then_it_is_over(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="http_500", times=2)

    assert [hotline.page().status_code for _ in range(3)] == [500, 500, 200]
    assert hotline_control.state()["faults"] == []


def test_after_lets_calls_pass_first(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="http_500", times=1, after=2)

    assert [hotline.page().status_code for _ in range(4)] == [200, 200, 500, 200]


def test_minutes_end_by_themselves(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="http_500", minutes=1 / 60)
    broken = hotline.page().status_code
    time.sleep(2.1)

    assert (broken, hotline.page().status_code) == (500, 200)


def test_probability_is_seeded_and_about_right(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="http_500", probability=0.3)

    failed = sum(hotline.page().status_code == 500 for _ in range(60))

    assert 5 <= failed <= 35


def test_clearing_ends_one_kind_or_all(hotline: Hotline, hotline_control: Control) -> None:
    for kind in ("http_500", "latency", "out_of_order"):
        hotline_control.fault(kind=kind)

    hotline_control.fault(clear=True, kind="http_500")
    left = {fault["kind"] for fault in hotline_control.state()["faults"]}
    hotline_control.fault(clear=True)

    assert left == {"latency", "out_of_order"}
    assert hotline_control.state()["faults"] == []


def test_a_fault_of_one_source_or_operation_leaves_the_others_alone(
    portal: Portal, hotline: Hotline, hotline_control: Control
) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]
    hotline_control.fault(kind="http_500", on="write")

    assert portal.page()["error_code"] == "0"
    assert hotline.page().status_code == 200
    assert hotline.update(external_id).status_code == 500
    assert hotline_control.state()["writes"] == [], "an error of the server means nothing was done"


def test_faults_combine(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=3)
    for kind in ("duplicate_rows", "extra_fields", "latency"):
        hotline_control.fault(kind=kind, **({"seconds": 0.3} if kind == "latency" else {}))

    started = time.monotonic()
    rows = hotline.rows()

    assert len(rows) == 4
    assert all("TruongMoi" in row for row in rows)
    assert time.monotonic() - started >= 0.3


# Transport


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        ("http_500", 500, None),
        ("http_502_html", 502, None),
        ("http_503", 503, "30"),
        ("http_429", 429, "30"),
        ("html_200", 200, None),
    ],
)
def test_error_answers_are_html(
    hotline: Hotline, hotline_control: Control, kind: str, status: int, retry_after: str | None
) -> None:
    hotline_control.fault(kind=kind)

    response = hotline.page()

    assert (response.status_code, response.headers.get("Retry-After")) == (status, retry_after)
    assert response.text.startswith("<html>")


def test_retry_after_as_a_date(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="http_429", http_date=True)

    assert hotline.page().headers["Retry-After"].endswith("GMT")


def test_an_outage_resets_every_connection(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="outage", minutes=5)

    assert raw_answer(hotline) == (b"", True)
    assert hotline_control.state()["faults"][0]["kind"] == "outage", "the control API is not part of the outage"


def test_an_outage_may_also_answer_503(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="outage", minutes=5, mode="http_503")

    assert hotline.page().status_code == 503


def test_latency_delays(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="latency", seconds=0.4)

    assert hotline.page().elapsed.total_seconds() >= 0.4


@pytest.mark.parametrize("after_headers", [False, True])
def test_a_hanging_server_says_nothing_more(hotline: Hotline, hotline_control: Control, after_headers: bool) -> None:
    hotline_control.fault(kind="hang", seconds=60, after_headers=after_headers)

    received, was_reset = raw_answer(hotline, timeout=0.5)

    assert received.startswith(b"HTTP/1.1 200") is after_headers
    assert not was_reset


def test_slow_drip_sends_single_bytes(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="slow_drip", seconds=0.01)

    received, _ = raw_answer(hotline, timeout=0.5)

    body = received.partition(b"\r\n\r\n")[2]
    assert json.loads(body)["ClassResult"] == [], "it is whole in the end, only slow"


def test_slow_drip_takes_its_time(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="slow_drip", seconds=1)

    started = time.monotonic()
    received, _ = raw_answer(hotline, timeout=0.4)

    assert time.monotonic() - started < 2
    assert received.partition(b"\r\n\r\n")[2] == b""


def test_reset_breaks_the_answer_half_way(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=5)
    hotline_control.fault(kind="reset")

    received, was_reset = raw_answer(hotline)

    announced = int(received.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    body = received.partition(b"\r\n\r\n")[2]
    assert was_reset
    assert 0 < len(body) < announced


@pytest.mark.parametrize("announced", [False, True])
def test_truncated_json_ends_too_early(hotline: Hotline, hotline_control: Control, announced: bool) -> None:
    hotline_control.complain(count=2)
    hotline_control.fault(kind="truncated_json", announce_full_length=announced)

    received, was_reset = raw_answer(hotline)

    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert not was_reset
    assert (length > len(body)) is announced
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_gzip_garbage_cannot_be_unpacked(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="gzip_garbage")

    with pytest.raises(requests.exceptions.ContentDecodingError):
        hotline.page()


def test_wrong_content_type_over_a_good_body(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="wrong_content_type")

    response = hotline.page()

    assert response.headers["Content-Type"] == "image/png"
    assert response.json()["ClassResult"] == []


# Access


def test_a_session_expires_between_two_pages(portal: Portal, portal_control: Control) -> None:
    portal_control.complain(count=3)
    portal_control.fault(kind="session_expired", times=1, after=1)

    first, second = portal.page(sobanghi=2), portal.page(sobanghi=2, trang=2)
    portal.login()
    third = portal.page(sobanghi=2, trang=2)

    assert [answer["error_code"] for answer in (first, second, third)] == ["0", "-2", "0"]


def test_an_expired_session_stays_expired(portal: Portal, portal_control: Control) -> None:
    portal.login()
    portal_control.fault(kind="session_expired", times=1)

    assert [portal.page()["error_code"] for _ in range(2)] == ["-2", "-2"]


@pytest.mark.parametrize("source", ["hotline-1022", "gopy", "ioc", "open311"])
def test_tokens_and_logins_are_refused(url: str, source: str) -> None:
    ask: dict[str, Callable[[], requests.Response]] = {
        "hotline-1022": lambda: Hotline(url).page(),
        "gopy": lambda: GopyApp(url).get("gopy"),
        "ioc": lambda: ioc_list(url),
        "open311": lambda: open311(url, "requests.json"),
    }
    Control(url, source).fault(kind="session_expired", times=1)

    assert [ask[source]().status_code for _ in range(2)] == [403 if source == "open311" else 401, 200]


def test_a_changed_password_refuses_the_old_and_takes_the_new(portal: Portal, portal_control: Control) -> None:
    portal_control.fault(kind="password_changed", password="moi-2026")

    assert portal.login()["error_code"] == "1"
    assert portal.login(password="moi-2026")["error_code"] == "0"
    portal_control.fault(clear=True)
    assert portal.login()["error_code"] == "0"


def test_a_changed_token_without_a_known_new_one_refuses_everybody(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.fault(kind="password_changed")

    assert hotline.page().status_code == 401


# Data


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["PhanAnhKenhKhacID"] for row in rows]


def test_duplicates_on_one_page(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=4)
    hotline_control.fault(kind="duplicate_rows")

    found = ids(hotline.rows())

    assert (len(found), len(set(found))) == (6, 4)


def test_duplicates_across_pages(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=4)
    hotline_control.fault(kind="duplicate_across_pages")

    first, second = (ids(hotline.rows(PageSize=2, PageIndex=number)) for number in (1, 2))

    assert second[0] == first[-1]
    assert len(set(first) | set(second)) == 4, "no row is lost for it"


@pytest.mark.parametrize(("by", "overlap"), [(1, 1), (-1, 0)])
def test_rows_shift_between_pages(hotline: Hotline, hotline_control: Control, by: int, overlap: int) -> None:
    made = {int(hotline_control.complain(text="x")["external_id"]) for _ in range(6)}
    hotline_control.fault(kind="shifting_rows", by=by)

    first, second = (ids(hotline.rows(PageSize=2, PageIndex=number)) for number in (1, 2))

    assert len(set(first) & set(second)) == overlap
    assert set(first) | set(second) < made


def test_rows_out_of_order(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=5)
    good = ids(hotline.rows())
    hotline_control.fault(kind="out_of_order")

    found = ids(hotline.rows())

    assert found != good
    assert sorted(found) == sorted(good)


def test_an_empty_list_although_there_is_something(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=2)
    hotline_control.fault(kind="empty_list", times=1)

    assert [len(hotline.rows()) for _ in range(2)] == [0, 2]


def test_content_changes_silently_for_the_one_named(hotline: Hotline, hotline_control: Control) -> None:
    changed, other = (hotline_control.complain(text="một")["external_id"] for _ in range(2))
    before = {row["PhanAnhKenhKhacID"]: row for row in hotline.rows()}
    hotline_control.fault(kind="silent_change", external_id=changed)

    after = {row["PhanAnhKenhKhacID"]: row for row in hotline.rows()}

    assert after[int(other)] == before[int(other)]
    assert after[int(changed)]["NoiDungPhanAnh"] != "một"
    assert after[int(changed)]["NgayCapNhat"] == before[int(changed)]["NgayCapNhat"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "clock_skew", "shift_minutes": -10}, lambda at: at < "2"),
        ({"kind": "future_dates"}, lambda at: at > "2030"),
        ({"kind": "epoch_dates"}, lambda at: at == "1970-01-01T00:00:00"),
    ],
)
def test_wrong_dates(
    hotline: Hotline, hotline_control: Control, fault: dict[str, Any], expected: Callable[[str], bool]
) -> None:
    hotline_control.complain(text="một")
    right = hotline.rows()[0]["NgayCapNhat"]
    hotline_control.fault(**fault)

    wrong = hotline.rows()[0]["NgayCapNhat"]

    if fault["kind"] == "clock_skew":
        assert wrong < right
    else:
        assert expected(wrong)


@pytest.mark.parametrize("system", ["national-portal", "gopy", "ioc", "open311"])
def test_dates_are_shifted_in_every_format(url: str, system: str) -> None:
    ask: dict[str, Callable[[], str]] = {
        "national-portal": lambda: Portal(url).page()["data"][0]["NGAYGUI"],
        "gopy": lambda: GopyApp(url).rows()[0]["ngayDienRa"],
        "ioc": lambda: ioc_list(url).json()["DanhSachKetQua"][0]["NgayPhanAnh"],
        "open311": lambda: open311(url, "requests.json").json()[0]["requested_datetime"],
    }
    Control(url, system).complain(text="một")
    Control(url, system).fault(kind="epoch_dates")

    assert "1970" in ask[system]()


def test_missing_null_and_mistyped_fields_by_name(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(text="một")
    hotline_control.fault(kind="missing_fields", fields=["Duong"])
    hotline_control.fault(kind="nulls", fields=["NoiDungPhanAnh"])
    hotline_control.fault(kind="wrong_types", fields=["MaTinhTrang", "Active", "LinhVucID"])

    row = hotline.rows()[0]

    assert "Duong" not in row
    assert row["NoiDungPhanAnh"] is None
    assert [type(row[name]) for name in ("MaTinhTrang", "Active", "LinhVucID")] == [dict, str, list]


@pytest.mark.parametrize("kind", ["missing_fields", "nulls", "wrong_types"])
def test_fields_by_chance_are_never_the_id(hotline: Hotline, hotline_control: Control, kind: str) -> None:
    hotline_control.complain(count=20)
    good = {row["PhanAnhKenhKhacID"]: row for row in hotline.rows()}
    hotline_control.fault(kind=kind)

    spoiled = {row["PhanAnhKenhKhacID"]: row for row in hotline.rows()}

    assert set(spoiled) == set(good)
    assert sum(spoiled[key] != good[key] for key in good) > 15


def test_an_unknown_status_keeps_the_type_of_the_known_ones(url: str, hotline: Hotline) -> None:
    for source in ("hotline-1022", "ioc"):
        Control(url, source).complain(text="một")
        Control(url, source).fault(kind="unknown_status")

    assert hotline.rows()[0]["MaTinhTrang"] == "TRANG_THAI_MOI"
    assert ioc_list(url).json()["DanhSachKetQua"][0]["TrangThai"] == 77


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("emoji", lambda text: "👨‍👩‍👧‍👦" in text),
        ("rtl_marks", lambda text: "\u202e" in text),
        ("control_characters", lambda text: "\x00" in text and "\ud83d" in text),
        ("html_text", lambda text: "<script>" in text),
        ("nfd_text", lambda text: text == unicodedata.normalize("NFD", text) != unicodedata.normalize("NFC", text)),
    ],
)
def test_hard_texts(hotline: Hotline, hotline_control: Control, kind: str, expected: Callable[[str], bool]) -> None:
    hotline_control.complain(text="Hố ga mất nắp, đề nghị sửa")
    hotline_control.fault(kind=kind)

    assert expected(hotline.rows()[0]["NoiDungPhanAnh"])


def test_html_goes_through_the_portals_escaping_untouched(portal: Portal, portal_control: Control) -> None:
    portal_control.complain(text="một")
    portal_control.fault(kind="html_text")

    assert portal.page()["data"][0]["NOIDUNG"].startswith("<script>")


@pytest.mark.parametrize(("declared", "charset"), [(True, "windows-1258"), (False, "utf-8")])
def test_windows_1258_says_so_or_lies(hotline: Hotline, hotline_control: Control, declared: bool, charset: str) -> None:
    text = "Đường ngập, hố ga mất nắp ở hẻm nhỏ"
    hotline_control.complain(text=text)
    hotline_control.fault(kind="cp1258_text", declared=declared)

    response = hotline.page()

    assert charset in response.headers["Content-Type"]
    assert text in unicodedata.normalize("NFC", response.content.decode("cp1258"))
    with pytest.raises(UnicodeDecodeError):
        response.content.decode("utf-8")


def test_five_megabytes_of_text(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=2)
    hotline_control.fault(kind="huge_text")

    sizes = sorted(len(row["NoiDungPhanAnh"].encode()) for row in hotline.rows())

    assert sizes[1] >= 5_000_000 > sizes[0]


def test_single_records_are_spoiled_too(hotline: Hotline, hotline_control: Control) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]
    hotline_control.fault(kind="future_dates")

    found = hotline.get(PhanAnhKenhKhacID=external_id)

    assert found is not None
    assert found["NgayCapNhat"] > "2030"


def test_no_data_fault_reaches_the_store(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=5)
    before, served_before = hotline_control.state(), hotline.rows()
    for name, kind in KINDS.items():
        if kind.group == "data":
            hotline_control.fault(kind=name, times=1)

    hotline.page(PageSize=2, PageIndex=2)
    hotline.page()
    hotline_control.fault(clear=True)

    assert hotline_control.state() == before
    assert hotline.rows() == served_before


# Files


@pytest.fixture
def photo(hotline: Hotline, hotline_control: Control) -> str:
    hotline_control.complain(text="một", photos=["anh.jpg"])
    return str(hotline.rows()[0]["lstFileDinhKem"][0]["FielUrl"])


def test_a_missing_file(hotline: Hotline, hotline_control: Control, photo: str) -> None:
    hotline_control.fault(kind="attachment_404")

    assert hotline.download(photo).status_code == 404


def test_a_huge_file(hotline: Hotline, hotline_control: Control, photo: str) -> None:
    hotline_control.fault(kind="attachment_huge")

    assert len(hotline.download(photo).content) > 30_000_000


def test_a_program_dressed_as_a_picture(hotline: Hotline, hotline_control: Control, photo: str) -> None:
    hotline_control.fault(kind="attachment_wrong_type")

    response = hotline.download(photo)

    assert (response.content[:2], response.headers["Content-Type"]) == (b"MZ", "image/jpeg")


def test_a_zip_bomb_is_small_outside_and_big_inside(hotline: Hotline, hotline_control: Control, photo: str) -> None:
    hotline_control.fault(kind="attachment_zip_bomb", megabytes=50)

    packed = hotline.download(photo).content

    assert len(packed) < 100_000
    assert zipfile.ZipFile(io.BytesIO(packed)).infolist()[0].file_size == 50_000_000


def test_a_redirect_into_the_private_network(hotline: Hotline, hotline_control: Control, photo: str) -> None:
    hotline_control.fault(kind="attachment_redirect_private")

    response = hotline.download(photo)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("http://169.254.169.254/")


# Writes


@pytest.mark.parametrize("source", ["national-portal", "hotline-1022", "gopy"])
def test_the_answer_is_lost_after_the_write_was_done(url: str, source: str) -> None:
    control = Control(url, source)
    complaint = control.complain(text="một")
    write: dict[str, Callable[[], object]] = {
        "national-portal": lambda: Portal(url).update(complaint["external_id"]),
        "hotline-1022": lambda: Hotline(url).update(complaint["external_id"]),
        "gopy": lambda: GopyApp(url).answer(complaint["second_id"]),
    }
    control.fault(kind="answer_lost", times=1)

    with pytest.raises(requests.ConnectionError):
        write[source]()

    assert [answer["key"] for answer in control.complaint(complaint["external_id"])["answers"]] == ["k1"]
    assert control.state()["writes"][0]["outcome"] == "applied"


def test_a_late_write_takes_effect_after_the_client_has_gone(hotline: Hotline, hotline_control: Control) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]
    hotline_control.fault(kind="late_write", seconds=0.6)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{hotline.base}/API/TPhanAnh/CapNhatXuLy",
            json={
                "PhanAnhKenhKhacID": external_id,
                "MaTinhTrang": "DA_XU_LY",
                "NoiDungXuLy": "Xong",
                "ThoiGianXuLy": "20/11/2026 10:00:00",
                "MaYeuCau": "k1",
            },
            headers=hotline.headers,
            timeout=0.2,
        )
    at_time_out = hotline_control.complaint(external_id)["answers"]
    deadline = time.monotonic() + TIMEOUT
    while not hotline_control.complaint(external_id)["answers"] and time.monotonic() < deadline:
        time.sleep(0.05)

    assert at_time_out == []
    assert hotline_control.complaint(external_id)["answers"][0]["key"] == "k1"


def test_a_dropped_write_is_confirmed_and_forgotten(portal: Portal, portal_control: Control) -> None:
    external_id = portal_control.complain(text="một")["external_id"]
    portal_control.fault(kind="write_dropped", times=1)

    answer = portal.update(external_id)

    assert answer["error_code"] == "0"
    assert portal_control.complaint(external_id)["answers"] == []
    assert portal_control.state()["writes"][0]["outcome"] == "dropped"
    assert portal.update(external_id).get("trung") is None, "the key was forgotten as well"


@pytest.mark.parametrize("source", ["national-portal", "hotline-1022", "gopy"])
def test_one_id_is_refused_and_others_are_not(url: str, source: str) -> None:
    control = Control(url, source)
    refused, other = (control.complain(text="một") for _ in range(2))
    control.fault(kind="refuse_id", external_id=refused["external_id"])

    def write(complaint: dict[str, Any]) -> object:
        if source == "national-portal":
            return Portal(url).update(complaint["external_id"])["error_code"]
        if source == "hotline-1022":
            return Hotline(url).update(complaint["external_id"]).status_code
        return GopyApp(url).answer(complaint["second_id"]).status_code

    expected = {"national-portal": ("8", "0"), "hotline-1022": (422, 200), "gopy": (400, 200)}
    assert (write(refused), write(other)) == expected[source]
    assert control.complaint(refused["external_id"])["answers"] == []


# All of them

#: Options that keep a fault from taking its usual time.
_SHORT = {"seconds": 0.0005, "megabytes": 1}


#: What only Open311 can do: a token instead of an id.
_ELSEWHERE = {"token_first"}


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - _ELSEWHERE))
def test_no_kind_is_a_dead_letter(hotline: Hotline, hotline_control: Control, kind: str) -> None:
    external_id = hotline_control.complain(text="một", photos=["anh.jpg"])["external_id"]
    hotline_control.complain(text="hai")
    short = {name: least for name, least in _SHORT.items() if name in KINDS[kind].options}
    hotline_control.fault(kind=kind, times=1, **short)

    for ask in (
        lambda: hotline.page(PageSize=1, PageIndex=2),
        lambda: hotline.download("/Uploads/anh.jpg"),
        lambda: hotline.update(external_id),
    ):
        with contextlib.suppress(requests.RequestException):
            ask()

    assert hotline_control.state()["faults"] == [], "some call of a normal day has met the fault"


@pytest.mark.parametrize("source", ["national-portal", "hotline-1022", "gopy", "ioc", "open311"])
def test_every_kind_can_be_switched_on_for_every_source(url: str, source: str) -> None:
    control = Control(url, source)

    assert {kind: control.fault(kind=kind).status_code for kind in KINDS} == dict.fromkeys(KINDS, 200)
    assert [fault["kind"] for fault in control.state()["faults"]] == list(KINDS)
