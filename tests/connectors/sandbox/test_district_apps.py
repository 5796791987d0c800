"""The imitated ward app and operations centre: what turns clients away, two ids, notes as keys, read-only feeds."""

from __future__ import annotations

import pytest

from tests.connectors.sandbox.clients import BROWSER, PICTURE, Control, GopyApp, ioc_list


@pytest.mark.parametrize(
    ("headers", "password", "status", "reason"),
    [
        ({"User-Agent": "python-requests/2"}, "motmoi", 403, "does not look like a browser"),
        (BROWSER | {"Accept": "application/json"}, "motmoi", 406, "asks for JSON"),
        (BROWSER, "wrong", 401, "wrong password"),
        (BROWSER, "motmoi", 200, "as a browser asks"),
    ],
)
def test_who_is_turned_away(gopy: GopyApp, headers: dict[str, str], password: str, status: int, reason: str) -> None:
    assert gopy.get("gopy", headers=headers, password=password).status_code == status, reason


def test_the_list_is_newest_first_in_pages(gopy: GopyApp, gopy_control: Control) -> None:
    ids = [int(gopy_control.complain(text=f"số {n}")["external_id"]) for n in range(5)]

    page = gopy.get("gopy", page=2, size=2).json()

    assert [row["id"] for row in page["data"]] == [ids[2], ids[1]]
    assert (page["totalPages"], page["totalElements"]) == (3, 5)
    assert [row["id"] for row in gopy.rows(kieu="asc")] == ids


def test_days_filter_on_the_day_it_happened(gopy: GopyApp, gopy_control: Control) -> None:
    gopy_control.complain(text="một")
    day = gopy.rows()[0]["ngayDienRa"]

    assert len(gopy.rows(tungay=day, denngay=day)) == 1
    assert gopy.rows(denngay="01/01/2020") == []
    assert gopy.get("gopy", tungay="2026-11-20").status_code == 400


def test_now_and_then_the_status_code_is_missing_but_never_the_label(gopy: GopyApp, gopy_control: Control) -> None:
    gopy_control.complain(count=8)

    rows = gopy.rows()

    assert 0 < sum("maTinhTrangXuLy" not in row for row in rows) < len(rows)
    assert all(row["tinhTrangXuLy"] for row in rows)


def test_unknown_coordinates_come_as_zero_text_and_null(gopy: GopyApp, gopy_control: Control) -> None:
    for _ in range(3):
        gopy_control.complain(text="một")

    assert {repr(row["latitude"]) for row in gopy.rows()} == {"0", "'0'", "None"}


def test_detail_by_the_other_id(gopy: GopyApp, gopy_control: Control) -> None:
    gopy_control.complain(
        text="một", ward_code="26929", old_ward_name="Phường 26", old_ward_code="26914",
        district_name="Quận Bình Thạnh", name="Lê Thị Hoa", phone="0901234567", anonymous=True,
    )  # fmt: skip
    row = gopy.rows()[0]

    detail = gopy.get(f"xulythongtin/{row['xuLyThongTinId']}").json()

    assert row["id"] != row["xuLyThongTinId"]
    assert detail["gopY"]["id"] == row["id"]
    assert (detail["gopY"]["phuongXaDienRa"], detail["gopY"]["phuongXaId"]) == ("Phường 26", "26914")
    assert detail["thongTinLienHe"]["isAnDanh"] is True
    assert detail["ngayHetHan"] % 1000 == 0
    assert detail["ngayXuLy"] == ""


def test_an_answer_closes_and_its_note_can_be_read_back(gopy: GopyApp, gopy_control: Control) -> None:
    gopy_control.complain(text="một")
    write_id = gopy.rows()[0]["xuLyThongTinId"]

    started = gopy.answer(write_id, chuyenTrangThai=False, noiDungXuLy="", ghiChu="k0")
    status_between = gopy.get(f"xulythongtin/{write_id}").json()["maTinhTrangXuLyCuaDonVi"]
    finished = gopy.answer(write_id)

    detail = gopy.get(f"xulythongtin/{write_id}").json()
    assert started.json() == finished.json() == {"msg": "OK"}
    assert (status_between, detail["maTinhTrangXuLyCuaDonVi"]) == ("DANG_XU_LY", "DA_XU_LY")
    assert (detail["ghiChu"], detail["noiDungXuLy"]) == ("k1", "Đã xử lý xong")
    assert [row["ghiChu"] for row in detail["lichSuXuLy"]] == ["k0", "k1"]
    assert detail["ngayXuLy"].endswith(".0")


def test_a_repeat_is_done_twice(gopy: GopyApp, gopy_control: Control) -> None:
    gopy_control.complain(text="một")
    write_id = gopy.rows()[0]["xuLyThongTinId"]

    gopy.answer(write_id)
    gopy.answer(write_id)

    assert len(gopy.get(f"xulythongtin/{write_id}").json()["lichSuXuLy"]) == 2


def test_forwarding_needs_a_unit(gopy: GopyApp, gopy_control: Control) -> None:
    external_id = gopy_control.complain(text="một")["external_id"]
    path = f"xuluthongtin/{gopy.rows()[0]['xuLyThongTinId']}/chuyentiep"

    assert gopy.post(path, moTa="Thuộc phường bên").status_code == 400
    assert gopy.post(path, donViXuLyId=12, moTa="Thuộc phường bên", ghiChu="k1").json() == {"msg": "OK"}
    assert gopy_control.complaint(external_id)["status_code"] == "CHUYEN_TIEP"


def test_an_uploaded_file_gets_an_address_that_serves(gopy: GopyApp) -> None:
    answer = gopy.post("file", ten="anh.png", base64Content=PICTURE).json()

    assert answer["ten"] == "anh.png"
    assert answer["base64Content"].startswith(gopy.base)
    assert gopy.post("file", ten="anh.png", base64Content="***").status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [({"withdraw": True}, 404), ({"handle": {"status": "DA_XU_LY", "text": "Quận đã làm"}}, 409)],
)
def test_writes_after_somebody_else(
    gopy: GopyApp, gopy_control: Control, change: dict[str, object], status: int
) -> None:
    external_id = gopy_control.complain(text="một")["external_id"]
    write_id = gopy.rows()[0]["xuLyThongTinId"]
    gopy_control.complain(external_id=external_id, **change)

    assert gopy.answer(write_id).status_code == status


def test_ioc_wraps_everything_in_an_envelope(url: str) -> None:
    control = Control(url, "ioc")
    ids = [int(control.complain(text=f"số {n}")["external_id"]) for n in range(3)]

    page = ioc_list(url, Trang=2, SoLuong=2).json()

    assert (page["MaTraLoi"], [row["Id"] for row in page["DanhSachKetQua"]]) == ("00", [ids[2]])
    assert page["DanhSachKetQua"][0]["TotalItems"] == 3
    assert page["DanhSachKetQua"][0]["TrangThai"] == 1


def test_ioc_says_in_http_200_what_is_wrong_with_a_call(url: str) -> None:
    response = ioc_list(url, TuNgay="20/11/2026")

    assert (response.status_code, response.json()["MaTraLoi"]) == (200, "01")


def test_ioc_wants_its_token(url: str) -> None:
    assert ioc_list(url, token="wrong").status_code == 401


def test_ioc_window_is_inclusive(url: str) -> None:
    sent_at = Control(url, "ioc").complain(text="một")["sent_at"][:19]

    assert len(ioc_list(url, TuNgay=sent_at, DenNgay=sent_at).json()["DanhSachKetQua"]) == 1
    assert ioc_list(url, DenNgay="2020-01-01T00:00:00").json()["DanhSachKetQua"] == []
