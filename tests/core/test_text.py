"""Folding: what must be found together, and what must never be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.core.text import fold, search_key

VIETNAMESE = "aáàảãạăắằẳẵặâấầẩẫậđeéèẻẽẹêếềểễệiíìỉĩịoóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵ"
TEXT = st.text(st.sampled_from(VIETNAMESE + VIETNAMESE.upper() + "bcdghklmnpqrstvx 0123456789/.,-\t\n"), max_size=60)


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("Đinh Bộ Lĩnh", "dinh bo linh", "marks go, the capital Đ becomes d"),
        ("đường", "duong", "NFD does not take đ apart, so it is replaced"),
        ("ÐINH", "dinh", "the Icelandic Ð that some keyboards and fonts produce"),
        ("ðường", "duong", "and its small letter"),
        ("Hòa Hưng", "hoa hung", "the mark on the o"),
        ("Hoà Hưng", "hoa hung", "the mark on the a: same place"),
        (unicodedata.normalize("NFD", "Thủ Đức"), "thu duc", "decomposed input gives the same key"),
        ("  Phường \u00a0 Bến\tNghé\n", "phuong ben nghe", "any run of white space is one space"),
        ("hẻm 42/7", "hem 42/7", "numbers and slashes stay exact"),
        ("PHƯỜNG", "phuong", "capitals with horn and mark"),
        ("", "", "nothing stays nothing"),
        ("P.26", "p.26", "fold expands nothing"),
    ],
)
def test_fold(text: str, key: str, reason: str) -> None:
    assert fold(text) == key, reason


@given(TEXT)
def test_fold_is_idempotent_and_blind_to_the_form(text: str) -> None:
    key = fold(text)
    assert fold(key) == key
    assert key.isascii()
    assert fold(unicodedata.normalize("NFD", text)) == key


@given(TEXT)
def test_digits_survive_folding_and_expanding(text: str) -> None:
    digits = [c for c in text if c.isdigit()]
    assert [c for c in fold(text) if c.isdigit()] == digits
    assert [c for c in search_key(text) if c.isdigit()] == digits


def test_alley_numbers_stay_apart() -> None:
    assert search_key("hẻm 42/7") != search_key("hẻm 47/2")


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh", "42/7 dinh bo linh, phuong 26, quan binh thanh", "the usual form"),
        ("p26 q3", "phuong 26 quan 3", "no full stop, no space"),
        ("P 26", "phuong 26", "a space instead of the full stop"),
        ("P. Bến Nghé", "phuong ben nghe", "a ward with a name"),
        ("Q.BT", "quan bt", "what BT stands for is not decided here"),
        ("TP. Thủ Đức", "thanh pho thu duc", "a city inside the city"),
        ("TP Vũng Tàu", "thanh pho vung tau", "without a full stop"),
        ("TP.HCM", "thanh pho ho chi minh", "the city itself"),
        ("tphcm", "thanh pho ho chi minh", "the city in one word"),
        ("KP 7", "khu pho 7", "neighbourhood"),
        ("KP7", "khu pho 7", "neighbourhood in one word"),
        ("Đ. Nơ Trang Long", "duong no trang long", "street"),
        ("H. Củ Chi", "huyen cu chi", "H. before a name is a district"),
        ("H.42", "hem 42", "H. before a number is an alley"),
        ("X. Phú Hòa Đông", "xa phu hoa dong", "commune"),
        ("TX. Bến Cát", "thi xa ben cat", "town of before"),
        ("hop. so", "hop. so", "a p at the end of a word is no ward"),
        ("sdt 3", "sdt 3", "no abbreviation inside a word"),
        ("tp", "tp", "nothing follows, nothing is guessed"),
        ("p", "p", "a lone letter means nothing"),
        ("Phường 26", "phuong 26", "written out stays"),
    ],
)
def test_search_key_writes_abbreviations_out(text: str, key: str, reason: str) -> None:
    assert search_key(text) == key, reason
