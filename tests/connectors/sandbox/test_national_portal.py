"""The imitated national portal: sessions, lists, look-ups, and writes that are idempotent by their key."""

from __future__ import annotations

import html

import pytest
import requests

from tests.connectors.sandbox.clients import TIMEOUT, Control, Portal


def test_wrong_password_is_an_error_inside_http_200(portal: Portal) -> None:
    answer = portal.login(password="wrong")

    assert answer["error_code"] == "1"
    assert "session" not in answer


def test_a_call_without_a_living_session_is_minus_2(portal: Portal) -> None:
    portal.session = "never-given"

    assert portal.page()["error_code"] == "-2"


def test_a_service_that_was_not_granted_is_minus_5(portal: Portal) -> None:
    assert portal.raw("XoaPAKN").json()["error_code"] == "-5"


def test_the_list_ascends_by_update_and_then_id(portal: Portal, portal_control: Control) -> None:
    first, second = (portal_control.complain(text="một")["external_id"] for _ in range(2))
    portal_control.complain(external_id=first, edit={"text": "sửa"})

    rows = portal.page()["data"]

    assert [(r["NGAYCAPNHAT"], r["MAPAKN"]) for r in rows] == sorted((r["NGAYCAPNHAT"], r["MAPAKN"]) for r in rows)
    assert {r["MAPAKN"] for r in rows} == {first, second}


def test_both_ends_of_the_window_are_inclusive(portal: Portal, portal_control: Control) -> None:
    portal_control.complain(text="một")
    stamp = portal.page()["data"][0]["NGAYCAPNHAT"]

    assert portal.page(tungay=stamp, denngay=stamp)["tongso"] == 1


def test_a_unit_filter_is_exact_and_a_parent_has_no_children(portal: Portal, portal_control: Control) -> None:
    portal_control.complain(text="một", ward_code="26929")

    assert portal.page(madonvi="26929")["tongso"] == 1
    assert portal.page(madonvi="79")["tongso"] == 0


def test_pages_cover_the_list_and_end_with_an_empty_one(portal: Portal, portal_control: Control) -> None:
    ids = {portal_control.complain(text=f"số {n}")["external_id"] for n in range(5)}

    pages = [portal.page(trang=number, sobanghi=2)["data"] for number in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert {row["MAPAKN"] for page in pages for row in page} == ids


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sobanghi": 101}, "more than the page limit"),
        ({"trang": 0}, "pages count from 1"),
        ({"tungay": "2026-11-20"}, "another date format"),
        ({"denngay": "31/12/9999 23:59:59"}, "no sane year"),
    ],
)
def test_wrong_list_parameters_are_malformed(portal: Portal, changes: dict[str, object], reason: str) -> None:
    assert portal.page(**changes)["error_code"] == "2", reason


def test_texts_come_with_html_entities(portal: Portal, portal_control: Control) -> None:
    texts = {f'Nước <đục> & "hôi" {n}' for n in range(3)}
    for text in texts:
        portal_control.complain(text=text)

    served = [row["NOIDUNG"] for row in portal.page()["data"]]

    assert all("&lt;" in text and "<" not in text for text in served)
    assert any("&#" in text.replace("&#x27;", "") for text in served), "some have their accents as entities too"
    assert {html.unescape(text) for text in served} == texts


def test_an_attachment_needs_the_session(portal: Portal, portal_control: Control) -> None:
    portal_control.complain(text="một", photos=["hinh.png"])
    path = portal.page()["data"][0]["TEPDINHKEM"][0]["DUONGDAN"]

    good = requests.get(f"{portal.base}{path}", params={"session": portal.session}, timeout=TIMEOUT)
    late = requests.get(f"{portal.base}{path}", params={"session": "old"}, timeout=TIMEOUT)

    assert good.content.startswith(b"\x89PNG")
    assert late.status_code == 401


def test_an_answer_takes_effect_and_moves_the_stamp(portal: Portal, portal_control: Control) -> None:
    complaint = portal_control.complain(text="một")

    answer = portal.update(complaint["external_id"], HANXULY="30/11/2026")

    seen = portal_control.complaint(complaint["external_id"])
    assert answer["error_code"] == "0"
    assert answer["NGAYCAPNHAT"]
    assert (seen["status_code"], seen["answers"][0]["text"]) == ("4", "Đã xử lý xong")
    assert (seen["answers"][0]["key"], seen["answers"][0]["author"]) == ("k1", "Trần Văn Hùng")
    assert seen["due_at"].startswith("2026-11-30")
    assert portal.look_up(complaint["external_id"])["data"]["MAGIAODICHCUOI"] == "k1"


def test_the_same_key_again_says_so_and_does_nothing(portal: Portal, portal_control: Control) -> None:
    external_id = portal_control.complain(text="một")["external_id"]

    portal.update(external_id)
    again = portal.update(external_id, NOIDUNGTRALOI="khác")

    state = portal_control.state()
    assert (again["error_code"], again["trung"]) == ("0", "1")
    assert len(state["complaints"][0]["answers"]) == 1
    assert [write["outcome"] for write in state["writes"]] == ["applied", "repeated"]


def test_another_key_of_ours_may_correct_our_answer(portal: Portal, portal_control: Control) -> None:
    external_id = portal_control.complain(text="một")["external_id"]
    portal.update(external_id)

    answer = portal.update(external_id, key="k2", NOIDUNGTRALOI="Đính chính")

    assert answer["error_code"] == "0"
    assert "trung" not in answer
    assert len(portal_control.complaint(external_id)["answers"]) == 2


def test_answered_by_somebody_else_is_9(portal: Portal, portal_control: Control) -> None:
    external_id = portal_control.complain(text="một")["external_id"]
    portal_control.complain(external_id=external_id, handle={"status": "4", "text": "Sở đã trả lời"})

    assert portal.update(external_id)["error_code"] == "9"
    assert len(portal_control.complaint(external_id)["answers"]) == 1


def test_a_withdrawn_complaint_vanishes_and_refuses_for_good(portal: Portal, portal_control: Control) -> None:
    external_id = portal_control.complain(text="một")["external_id"]
    portal_control.complain(external_id=external_id, withdraw=True)

    assert portal.page()["tongso"] == 0
    assert portal.look_up(external_id)["error_code"] == "4"
    assert portal.update(external_id)["error_code"] == "8"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TRANGTHAI": "9"}, "no such status"),
        ({"TRANGTHAI": "1"}, "nobody can set it back to waiting"),
        ({"NOIDUNGTRALOI": " "}, "an answer without words"),
        ({"NGAYXULY": "2026-11-20 10:00"}, "another date format"),
        ({"HANXULY": "sớm"}, "no date"),
        ({"TEPDINHKEM": [{"TENTEP": "a", "NOIDUNG": "***"}]}, "not base64"),
    ],
)
def test_a_malformed_write_is_2_and_changes_nothing(
    portal: Portal, portal_control: Control, changes: dict[str, object], reason: str
) -> None:
    external_id = portal_control.complain(text="một")["external_id"]

    assert portal.update(external_id, **changes)["error_code"] == "2", reason
    assert portal_control.complaint(external_id)["answers"] == []
    assert portal_control.state()["writes"][0]["outcome"] == "refused:2"


def test_unknown_ids_are_4(portal: Portal) -> None:
    assert portal.look_up("PAKN.1")["error_code"] == "4"
    assert portal.update("PAKN.1")["error_code"] == "4"
