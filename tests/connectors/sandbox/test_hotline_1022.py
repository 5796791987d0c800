"""The imitated 1022 portal: token, newest first, two ids, and writes that are not idempotent."""

from __future__ import annotations

import pytest

from tests.connectors.sandbox.clients import Control, Hotline


def test_a_wrong_token_is_401_in_html(url: str) -> None:
    response = Hotline(url, token="wrong").page()

    assert response.status_code == 401
    assert response.headers["Content-Type"].startswith("text/html")


def test_newest_first_so_that_new_rows_push_others_on(hotline: Hotline, hotline_control: Control) -> None:
    ids = [int(hotline_control.complain(text=f"số {n}")["external_id"]) for n in range(4)]
    first_page = hotline.rows(PageSize=2)
    hotline_control.complain(text="chen vào đầu")

    second_page = hotline.rows(PageSize=2, PageIndex=2)

    assert [row["PhanAnhKenhKhacID"] for row in first_page] == [ids[3], ids[2]]
    assert second_page[0]["PhanAnhKenhKhacID"] == ids[2], "seen again, because it was pushed to the next page"


def test_paging_says_how_many_there_are(hotline: Hotline, hotline_control: Control) -> None:
    hotline_control.complain(count=3)

    assert hotline.page(PageSize=2).json()["PagingResult"] == {"TotalCount": 3, "PageIndex": 1, "PageSize": 2}


@pytest.mark.parametrize("changes", [{"PageSize": 51}, {"PageIndex": 0}, {"FromDate": "2026-11-01"}])
def test_wrong_list_parameters_are_400(hotline: Hotline, changes: dict[str, object]) -> None:
    assert hotline.page(**changes).status_code == 400


def test_days_are_whole_days(hotline: Hotline, hotline_control: Control) -> None:
    stamp = hotline_control.complain(text="một")["updated_at"]
    day = f"{stamp[8:10]}/{stamp[5:7]}/{stamp[:4]}"

    assert len(hotline.rows(FromDate=day, ToDate=day)) == 1


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"SearchKey": "NGẬP"}, 1),
        ({"SearchKey": "cháy"}, 0),
        ({"DonViNhanID": "26929"}, 1),
        ({"DonViNhanID": "26944"}, 0),
        ({"MaTinhTrang": "CHO_TIEP_NHAN"}, 1),
        ({"MaTinhTrang": "DA_XU_LY"}, 0),
    ],
)
def test_filters(hotline: Hotline, hotline_control: Control, changes: dict[str, object], found: int) -> None:
    hotline_control.complain(text="Đường ngập sâu", ward_code="26929")

    assert len(hotline.rows(**changes)) == found


def test_the_old_ward_and_district_when_the_complaint_names_them(hotline: Hotline, hotline_control: Control) -> None:
    old = {"old_ward_code": "26914", "old_ward_name": "Phường 26", "district_name": "Quận Bình Thạnh"}
    hotline_control.complain(text="một", ward_code="26929", lat=10.81, lng=106.7, **old)

    row = hotline.rows()[0]

    assert (row["PhuongID"], row["TenPhuong"], row["TenQuan"]) == ("26914", "Phường 26", "Quận Bình Thạnh")
    assert (row["Lat"], row["Long"]) == ("10.81", "106.7")


def test_date_and_time_come_apart_and_unknown_places_are_zero_text(hotline: Hotline, hotline_control: Control) -> None:
    sent_at = hotline_control.complain(text="một")["sent_at"]

    row = hotline.rows()[0]

    assert row["NgayNhan"] == f"{sent_at[:10]}T00:00:00"
    assert row["GioNhan"] == sent_at[11:19]
    assert (row["Lat"], row["Long"], row["PhanAnhID"], row["HanXuLy"]) == ("0", "0", None, None)


def test_accepting_gives_the_second_id_under_which_it_is_found(hotline: Hotline, hotline_control: Control) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]

    hotline.update(external_id, MaTinhTrang="DA_TIEP_NHAN", NoiDungXuLy="")

    second_id = hotline.rows()[0]["PhanAnhID"]
    found = hotline.get(PhanAnhID=second_id)
    assert second_id is not None
    assert found is not None
    assert found["PhanAnhKenhKhacID"] == int(external_id)


def test_an_unknown_id_is_a_null_inside_http_200(hotline: Hotline) -> None:
    assert hotline.get(PhanAnhKenhKhacID=1) is None


def test_a_repeat_adds_a_second_row_for_the_citizen_to_see(hotline: Hotline, hotline_control: Control) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]

    answers = [hotline.update(external_id) for _ in range(2)]

    found = hotline.get(PhanAnhKenhKhacID=external_id)
    assert [answer.json()["ThongBao"] for answer in answers] == ["OK", "OK"]
    assert found is not None
    assert [row["MaYeuCau"] for row in found["LichSu"]] == ["k1", "k1"]
    assert found["LichSu"][0]["ThoiGian"] == "2026-11-20T10:00:00"
    assert (found["MaTinhTrang"], found["NoiDungXuLy"]) == ("DA_XU_LY", "Đã xử lý xong")


@pytest.mark.parametrize("change", [{"withdraw": True}, {"handle": {"status": "DA_XU_LY", "text": "Sở đã làm"}}])
def test_withdrawn_or_closed_by_another_is_409(
    hotline: Hotline, hotline_control: Control, change: dict[str, object]
) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]
    hotline_control.complain(external_id=external_id, **change)
    before = hotline_control.complaint(external_id)

    assert hotline.update(external_id).status_code == 409
    assert hotline_control.complaint(external_id) == before


def test_a_withdrawn_complaint_is_inactive_with_its_status_unchanged(
    hotline: Hotline, hotline_control: Control
) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]
    hotline_control.complain(external_id=external_id, withdraw=True)

    row = hotline.rows()[0]

    assert (row["Active"], row["MaTinhTrang"]) == (False, "CHO_TIEP_NHAN")


@pytest.mark.parametrize(
    "changes",
    [
        {"MaTinhTrang": "XONG"},
        {"MaTinhTrang": "CHO_TIEP_NHAN"},
        {"NoiDungXuLy": ""},
        {"ThoiGianXuLy": "2026-11-20"},
        {"lstFileDinhKem": [{"FileName": "a"}]},
    ],
)
def test_a_malformed_write_is_400_and_changes_nothing(
    hotline: Hotline, hotline_control: Control, changes: dict[str, object]
) -> None:
    external_id = hotline_control.complain(text="một")["external_id"]

    assert hotline.update(external_id, **changes).status_code == 400
    assert hotline_control.complaint(external_id)["answers"] == []


def test_a_write_to_an_unknown_id_is_404(hotline: Hotline) -> None:
    assert hotline.update(1).status_code == 404


@pytest.mark.parametrize(
    ("name", "magic", "media_type"), [("a.png", b"\x89PNG", "image/png"), ("b.jpg", b"\xff\xd8\xff", "image/jpeg")]
)
def test_photos_are_real_pictures(
    hotline: Hotline, hotline_control: Control, name: str, magic: bytes, media_type: str
) -> None:
    hotline_control.complain(text="một", photos=[name])

    response = hotline.download(hotline.rows()[0]["lstFileDinhKem"][0]["FielUrl"])

    assert response.content.startswith(magic)
    assert response.headers["Content-Type"] == media_type
