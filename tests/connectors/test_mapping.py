"""Tables of what untrusted values become, and why."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import BadPayload
from connectors.mapping import (
    CUT_NOTE,
    MAX_TEXT,
    NO_TEXT,
    VIETNAM,
    Reader,
    clean,
    content_revision,
    coordinate,
    instant,
    path_part,
    phone,
    raw_items,
    rows_of,
    title_from,
    vn_date,
    vn_stamp,
)
from connectors.records import InboundRecord, Place, Reporter, SourceStatus

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=VIETNAM)


def _read(payload: dict[str, Any], **options: Any) -> Reader:
    return Reader(payload, now=NOW, **options)


CLEAN = [
    ("Nguye\u0302\u0303n", "Nguyễn", "decomposed letters become whole ones"),
    ("a\r\nb\rc\u2028d\u2029e\x0bf", "a\nb\nc\nd\ne\nf", "every kind of line end is one"),
    ("tab\tstays", "tab\tstays", "tabs are text"),
    ("NUL\x00BEL\x07ESC\x1b", "NULBELESC", "a database refuses NUL"),
    ("\u202eexe.gpj\u202c\u200fx\u2066", "exe.gpjx", "marks that turn text round can hide what it says"),
    ("zero\u200bwidth\ufeff\u200d", "zerowidth", "invisible characters defeat search"),
    ("half \ud83d pair", "half  pair", "a lone surrogate cannot be written as UTF-8"),
    ("🙏 ngập 🌊", "🙏 ngập 🌊", "emoji are text"),
    ("  edges \n", "edges", "blanks around are nothing"),
    ("&lt;b&gt; &amp;", "&lt;b&gt; &amp;", "entities stay where the source does not write them"),
]


@pytest.mark.parametrize(("raw", "cleaned"), [case[:2] for case in CLEAN], ids=[case[2] for case in CLEAN])
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_entities_are_resolved_once_and_what_they_hide_is_cleaned() -> None:
    assert clean("&lt;script&gt; &#272;&#432;&#7901;ng &amp;lt;", unescape=True) == "<script> Đường &lt;"
    assert clean("x&#8238;y", unescape=True) == "xy"


INSTANTS = [
    ("19/11/2026", "2026-11-19T00:00:00+07:00", "a day begins at midnight in Vietnam"),
    ("9/1/2026", "2026-01-09T00:00:00+07:00", "day first, also without zeros"),
    ("19/11/2026 18:22:05", "2026-11-19T18:22:05+07:00", "naive is Vietnamese time"),
    ("19/11/2026 18:22", "2026-11-19T18:22:00+07:00", "seconds may be missing"),
    ("2026-11-19 18:22:05.0", "2026-11-19T18:22:05+07:00", "as Java prints it"),
    ("2026-11-19T18:22:05", "2026-11-19T18:22:05+07:00", "ISO without a zone"),
    ("2026-11-19T18:22:05Z", "2026-11-20T01:22:05+07:00", "a zone that is given counts"),
    ("2010-04-14T06:37:38-08:00", "2010-04-14T21:37:38+07:00", "any zone"),
    ("1795519325000", "2026-11-24T18:22:05+07:00", "epoch milliseconds as text"),
    (1795519325000, "2026-11-24T18:22:05+07:00", "epoch milliseconds as a number"),
    ("  19/11/2026 ", "2026-11-19T00:00:00+07:00", "blanks around"),
]


@pytest.mark.parametrize(("raw", "iso"), [case[:2] for case in INSTANTS], ids=[case[2] for case in INSTANTS])
def test_instant(raw: str | int, iso: str) -> None:
    assert instant(raw) == datetime.fromisoformat(iso)
    assert instant(raw).utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize("days", [0, 1, 400])
def test_a_date_written_for_a_source_reads_back(days: int) -> None:
    at = datetime(2026, 11, 19, 23, 30, tzinfo=UTC) + timedelta(days=days)
    assert instant(vn_stamp(at)) == at
    assert instant(vn_date(at)).date() == at.astimezone(VIETNAM).date()


def test_a_day_as_a_deadline_lasts_to_its_end() -> None:
    assert instant("19/11/2026", end_of_day=True) == datetime(2026, 11, 19, 23, 59, 59, tzinfo=VIETNAM)
    assert instant("19/11/2026 08:00:00", end_of_day=True) == datetime(2026, 11, 19, 8, tzinfo=VIETNAM)


NO_INSTANTS = [
    "", "soon", "31/02/2026", "00/00/0000", "19-11-2026", "11/19/2026", "19/11/26", "2026-11-19T25:00:00", "20261119",
    "2026-W47-4", "0001-01-01", "9999999999999999", "12345", "99/99/9999", "１９/11/2026 25:00",
]  # fmt: skip


@pytest.mark.parametrize("raw", NO_INSTANTS)
def test_no_instant(raw: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        instant(raw)


JUDGED = [
    ("22/11/2026 09:09:00", (), "clocks differ by some minutes"),
    ("22/11/2026 09:11:00", ("future_date",), "more than that is a mistake to look at"),
    ("01/01/1970 00:00:00", ("old_date",), "the epoch is nobody's complaint"),
]


@pytest.mark.parametrize(("raw", "remarks"), [case[:2] for case in JUDGED], ids=[case[2] for case in JUDGED])
def test_implausible_dates_are_kept_and_remarked(raw: str, remarks: tuple[str, ...]) -> None:
    row = _read({"at": raw})
    assert row.date("at", required=True) == instant(raw)
    assert row.remarks == remarks


COORDINATES = [
    (10.8142, 10.8142, "a number"),
    ("10.8142", 10.8142, "text"),
    ("10,8142", 10.8142, "a Vietnamese decimal comma"),
    (-33, -33.0, "south"),
    (0, None, "zero is unknown"),
    ("0", None, "so is its text"),
    ("0.0", None, "and this"),
    ("", None, "blank"),
    (None, None, "null"),
    ("NaN", None, "not a number"),
    (float("inf"), None, "infinite"),
    (90.1, None, "off the globe"),
    (True, None, "not a number either"),
    ([10.8], None, "nor this"),
    (10**400, None, "larger than floats"),
    ("khu phố 3", None, "words"),
]


@pytest.mark.parametrize(("raw", "degrees"), [case[:2] for case in COORDINATES], ids=[case[2] for case in COORDINATES])
def test_coordinate(raw: Any, degrees: float | None) -> None:
    assert coordinate(raw, 90) == degrees


def test_half_a_place_is_no_place() -> None:
    row = _read({"lat": 10.8, "lng": 0})
    assert row.coordinates("lat", "lng") == (None, None)
    assert row.remarks == ("bad_coordinates",)


@pytest.mark.parametrize("unknown", [0, "0", None, ""])
def test_unknown_coordinates_are_not_remarked(unknown: Any) -> None:
    row = _read({"lat": unknown, "lng": unknown})
    assert row.coordinates("lat", "lng") == (None, None)
    assert row.remarks == ()


PHONES = [
    ("0901 234 567", "+84901234567"),
    ("+84 901 234 567", "+84901234567"),
    ("84901234567", "+84901234567"),
    ("(028) 3822 1022", "+842838221022"),
    ("+1 415 555 2671", "+14155552671"),
    ("1022", "1022"),  # short numbers stay as received
    ("0901 234", "0901 234"),
    ("gọi con gái tôi", "gọi con gái tôi"),
    ("", ""),
]


@pytest.mark.parametrize(("raw", "number"), PHONES)
def test_phone(raw: str, number: str) -> None:
    assert phone(raw) == number


TITLES = [
    ("Ngập nước", "Ngập nước"),
    ("Dòng một\ndòng   hai", "Dòng một dòng hai"),
    ("từ " * 100, None),
    ("x" * 500, None),
    ("", NO_TEXT),
    (" \n ", NO_TEXT),
]


@pytest.mark.parametrize(("text", "title"), TITLES)
def test_title_from(text: str, title: str | None) -> None:
    made = title_from(text)
    assert 0 < len(made) <= 90
    assert "\n" not in made
    assert made == title if title else made.endswith("…")


def test_a_long_text_is_cut_with_a_note_and_a_remark() -> None:
    row = _read({"text": "ở" * 5_000_000})
    text = row.text("text")
    assert len(text) == MAX_TEXT
    assert text.endswith(CUT_NOTE)
    assert row.remarks == ("text_cut",)


def test_a_long_decomposed_text_is_measured_as_it_is_stored() -> None:
    row = _read({"text": unicodedata.normalize("NFD", "ở" * MAX_TEXT)})
    assert row.text("text") == "ở" * MAX_TEXT
    assert row.remarks == ()


MISSING = [{}, {"a": None}, {"a": ""}, {"a": "  "}, {"a": "\u200b"}]


@pytest.mark.parametrize("payload", MISSING)
def test_missing(payload: dict[str, Any]) -> None:
    assert (_read(payload).line("a"), _read(payload).text("a")) == ("", "")
    for reader in (Reader.line, Reader.text):
        with pytest.raises(BadPayload) as caught:
            reader(_read(payload), "a", required=True)
        assert (caught.value.code, caught.value.field) == ("missing_field", "a")


WRONG = [
    (lambda row: row.line("a"), {"a": {}}, "wrong_type"),
    (lambda row: row.line("a"), {"a": True}, "wrong_type"),
    (lambda row: row.text("a"), {"a": ["x"]}, "wrong_type"),
    (lambda row: row.line("a"), {"a": 10**4500}, "wrong_type"),
    (lambda row: row.line("a"), {"a": float("nan")}, "wrong_type"),
    (lambda row: row.flag("a"), {"a": "có"}, "wrong_type"),
    (lambda row: row.date("a"), {"a": "ngày mai"}, "bad_date"),
    (lambda row: row.date_and_time("a", "b"), {"a": "19/11/2026", "b": "25:00"}, "bad_date"),
    (lambda row: row.children("a"), {"a": {"b": 1}}, "wrong_type"),
    (lambda row: row.children("a"), {"a": [1]}, "wrong_type"),
    (lambda row: row.links("a"), {"a": [{"url": "x"}]}, "wrong_type"),
    (lambda row: row.identifier("a"), {"a": "x" * 101}, "too_long"),
    (lambda row: row.identifier("a"), {"a": ""}, "missing_field"),
]


@pytest.mark.parametrize(("read", "payload", "code"), WRONG)
def test_what_is_not_what_it_should_be(read: Any, payload: dict[str, Any], code: str) -> None:
    with pytest.raises(BadPayload) as caught:
        read(_read(payload))
    assert (caught.value.code, caught.value.field) == (code, "b" if "b" in payload else "a")
    assert "25:00" not in caught.value.detail  # what a citizen wrote is never repeated


@pytest.mark.parametrize(
    ("value", "word"), [(880101, "880101"), (94110.0, "94110"), (1.5, "1.5"), (" x ", "x"), ("a\nb", "a b")]
)
def test_a_line(value: Any, word: str) -> None:
    assert _read({"a": value}).line("a") == word


@pytest.mark.parametrize(
    ("value", "answer"),
    [("1", True), ("0", False), (1, True), (0, False), (True, True), ("False", False), (None, True), ("", True)],
)
def test_a_flag(value: Any, answer: bool) -> None:
    assert _read({"a": value}).flag("a", default=True) is answer


def test_nested_paths_and_files() -> None:
    row = _read({"a": {"b": " c "}, "files": [None, {"n": "", "u": "/x/y.jpg?session=1"}, {"n": "no address"}]})
    assert row.line("a.b") == "c"
    assert row.line("a.b.c") == ""
    assert [(one.name, one.url) for one in row.attachments("files", name="n", url="u")] == [
        ("y.jpg", "/x/y.jpg?session=1")
    ]


def test_a_page_without_its_list_is_unreadable() -> None:
    assert rows_of({"data": {"rows": [1]}}, "data", "rows") == [1]
    for answer in ({}, {"data": None}, {"data": {"a": 1}}, [], None, "x"):
        with pytest.raises(BadPayload):
            rows_of(answer, "data")


def test_a_row_that_is_no_object_is_kept_for_quarantine() -> None:
    items = raw_items([{"id": 7}, "x", None, {"id": {"a": 1}}], "id")
    assert [item.external_id for item in items] == ["7", "", "", ""]
    assert [dict(item.payload) for item in items[1:3]] == [{"not_an_object": "x"}, {"not_an_object": None}]


@pytest.mark.parametrize("evil", ["../../admin", "a/b?c#d", "..", "a\r\nb", "%2e%2e"])
def test_an_id_cannot_choose_another_path(evil: str) -> None:
    assert not set(path_part(evil)) & set("/?#%\r\n")
    assert not path_part(evil).startswith(".")


def _record(**fields: Any) -> InboundRecord:
    base = InboundRecord("1", "", "t", "x", SourceStatus.NEW, "1", "other", "", Place(), Reporter(), sent_at=NOW)
    return replace(base, **fields)


CHANGES: list[dict[str, Any]] = [
    {"text": "y"},
    {"status": SourceStatus.RESOLVED},
    {"place": Place(lat=10.8, lng=106.7)},
    {"reporter": Reporter(name="A")},
    {"due_at": NOW},
    {"sent_at": NOW + timedelta(seconds=1)},
    {"answer": "xong"},
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_content_change_changes_the_revision(change: dict[str, Any]) -> None:
    assert content_revision(_record(**change)) != content_revision(_record())


@pytest.mark.parametrize(
    "same",
    [
        {"remarks": ("future_date",)},  # depends on when we looked
        {"last_write_key": "k"},  # shown in a look-up only
        {"sent_at": NOW.astimezone(UTC)},  # the same instant
    ],
)
def test_what_is_no_content_does_not(same: dict[str, Any]) -> None:
    assert content_revision(_record(**same)) == content_revision(_record())


def test_the_stamp_stands_in_front() -> None:
    assert content_revision(_record(), "19/11/2026").startswith("19/11/2026#")
