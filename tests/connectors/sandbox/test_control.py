"""The control API and the control page."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.connectors.sandbox.clients import TIMEOUT, Control, Hotline


def test_the_process_says_that_it_lives(url: str) -> None:
    assert requests.get(f"{url}/healthz", timeout=TIMEOUT).json() == {"status": "ok"}


def test_fields_given_are_taken_and_the_rest_is_generated_unless_there_is_a_text(portal_control: Control) -> None:
    written = portal_control.complain(text="Ngập", category="flooding", ward_code="26929", lat=10.81, lng=106.7)
    generated = portal_control.complain(name="Lê Thị Hoa")

    assert (written["category"], written["spot"]["name"]) == ("flooding", "Phường Bình Thạnh")
    assert (written["citizen"]["name"], written["photos"]) == ("", [])
    assert generated["citizen"]["name"] == "Lê Thị Hoa"
    assert generated["text"]


def test_a_citizen_edits_and_the_stamp_moves(hotline: Hotline, hotline_control: Control) -> None:
    before = hotline_control.complain(text="một", address="cũ")

    after = hotline_control.complain(external_id=before["external_id"], edit={"text": "hai", "house": "42/7"})

    assert after["updated_at"] >= before["updated_at"]
    assert (hotline.rows()[0]["NoiDungPhanAnh"], hotline.rows()[0]["SoNha"]) == ("hai", "42/7")
    assert after["spot"]["text"] == "cũ"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"external_id": "1", "withdraw": True}, "unknown complaint"),
        ({"count": 0}, "nothing to make"),
        ({"count": "3"}, "no number"),
        ({"text": 5}, "wrong type"),
        ({"colour": "red"}, "unknown field"),
        ({"lat": "north"}, "no coordinate"),
        ({"category": "love"}, "unknown category"),
    ],
)
def test_wrong_complaints_are_400_and_make_nothing(
    url: str, portal_control: Control, body: dict[str, Any], reason: str
) -> None:
    response = requests.post(f"{url}/control/national-portal/complaints", json=body, timeout=TIMEOUT)

    assert (response.status_code, "error" in response.json()) == (400, True), reason
    assert portal_control.state()["complaints"] == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"kind": "earthquake"}, "unknown kind"),
        ({}, "no kind"),
        ({"kind": "http_500", "times": -1}, "negative"),
        ({"kind": "http_500", "minutes": "five"}, "no number"),
        ({"kind": "http_500", "colour": "red"}, "unknown option"),
        ({"kind": "http_500", "on": "sunday"}, "unknown operation"),
        ({"kind": "latency", "seconds": "long"}, "wrong type of option"),
        ({"kind": "outage", "mode": "sulk"}, "unknown mode"),
    ],
)
def test_wrong_faults_are_400_and_switch_nothing_on(portal_control: Control, body: dict[str, Any], reason: str) -> None:
    assert portal_control.fault(**body).status_code == 400, reason
    assert portal_control.state()["faults"] == []


def test_an_unknown_source_is_404(url: str) -> None:
    assert requests.get(f"{url}/control/zalo/state", timeout=TIMEOUT).status_code == 404


def test_the_page_shows_complaints_answers_and_faults(url: str, hotline: Hotline, hotline_control: Control) -> None:
    external_id = hotline_control.complain(text="Ổ gà <script>alert(1)</script>")["external_id"]
    hotline.update(external_id, NoiDungXuLy="Đã vá đường")
    hotline_control.fault(kind="http_500", times=2)

    page = requests.get(url, params={"source": "hotline-1022"}, timeout=TIMEOUT).text

    assert "Ổ gà &lt;script&gt;" in page
    assert "<script>" not in page
    assert "Đã vá đường" in page
    assert "Lỗi 500 · còn 2 lần" in page


@pytest.mark.parametrize(
    ("form", "values", "seen"),
    [
        ("complaint", {"text": "Ngập nặng", "category": "flooding", "anonymous": "1"}, "Ngập nặng"),
        ("edit", {"text": "Nội dung mới"}, "Nội dung mới"),
        ("withdraw", {}, "Dân đã rút"),
        ("fault", {"kind": "http_429", "times": "3", "percent": "50"}, "còn 3 lần"),
        ("generate", {}, "(2)"),
    ],
)
def test_every_form_of_the_page_does_its_work(
    url: str, gopy_control: Control, form: str, values: dict[str, str], seen: str
) -> None:
    external_id = gopy_control.complain(text="một")["external_id"]
    about_one = {"external_id": external_id} if form in ("edit", "withdraw") else {}

    response = requests.post(f"{url}/page/gopy/{form}", data=about_one | values, timeout=TIMEOUT)

    assert response.history[0].status_code == 303
    assert response.url == f"{url}/?source=gopy"
    assert seen in response.text


def test_a_fault_is_switched_off_on_the_page(url: str, gopy_control: Control) -> None:
    gopy_control.fault(kind="http_500")
    requests.post(f"{url}/page/gopy/clear", data={"kind": "http_500"}, timeout=TIMEOUT)

    assert gopy_control.state()["faults"] == []


def test_the_page_says_what_was_wrong_with_a_form(url: str) -> None:
    response = requests.post(f"{url}/page/gopy/fault", data={"kind": "http_500", "times": "many"}, timeout=TIMEOUT)

    assert response.status_code == 400
    assert 'role="alert"' in response.text
