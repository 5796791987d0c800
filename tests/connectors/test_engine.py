"""The pull loop with connectors that misbehave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import engine
from connectors.errors import AuthError, BadPayload
from connectors.http import HttpClient
from connectors.protocol import Capabilities, Connector, SourceConfig
from connectors.records import InboundRecord, OpenItem, Page, Place, RawItem, Reporter, SourceStatus

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


class Scripted(Connector):
    """Yields the pages it was given; payloads say what parsing does."""

    slug = "scripted"
    label = "Kịch bản"
    settings = ()

    def __init__(self, *pages: Page | Exception) -> None:
        super().__init__(SourceConfig("scripted", {}), HttpClient(""))
        self._pages = pages

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def pages(
        self, cursor: Mapping[str, Any], *, now: datetime, full: bool = False, open_items: Iterable[OpenItem] = ()
    ) -> Iterator[Page]:
        for page in self._pages:
            if isinstance(page, Exception):
                raise page
            yield page

    def parse(self, item: RawItem, *, now: datetime) -> InboundRecord:
        if error := item.payload.get("error"):
            raise error
        return InboundRecord(
            str(item.payload["id"]), str(item.payload.get("text")), "t", str(item.payload.get("text")),
            SourceStatus.NEW, "", "other", "", Place(), Reporter(), sent_at=NOW, updated_at=item.payload.get("at"),
        )  # fmt: skip

    def check(self) -> str:
        return "ok"


def _page(*payloads: dict[str, Any], cursor: str = "") -> Page:
    return Page(tuple(RawItem(payload, str(payload.get("id", ""))) for payload in payloads), {"since": cursor})


def _read(*pages: Page | Exception) -> list[engine.Batch]:
    return list(engine.read(Scripted(*pages), {}, now=NOW))


def test_one_poison_record_costs_only_itself() -> None:
    poison = {"id": 500, "error": BadPayload("no", code="wrong_type", field="x")}
    (batch,) = _read(_page(*({"id": n} for n in range(500)), poison, *({"id": n} for n in range(501, 1000))))
    assert len(batch.accepted) == 999
    assert [one.raw.external_id for one in batch.rejected] == ["500"]
    assert batch.rejected[0].error.field == "x"


@pytest.mark.parametrize(
    "error", [KeyError("tên người dân"), RecursionError(), AuthError("?"), ValueError("0901234567")]
)
def test_a_bug_in_a_parser_never_loses_the_item_nor_shows_its_content(error: Exception) -> None:
    (batch,) = _read(_page({"id": 1, "error": error}, {"id": 2}))
    (rejected,) = batch.rejected
    assert rejected.error.code == "parser_bug"
    assert rejected.error.detail == f"The parser failed: {type(error).__name__}"
    assert [one.record.external_id for one in batch.accepted] == ["2"]


VERSIONS = [
    ([("a", 1), ("b", 2)], "b", "the newest stamp"),
    ([("b", 2), ("a", 1)], "b", "also when it comes first"),
    ([("a", 1), ("b", 1)], "b", "the last of equals"),
    ([("a", None), ("b", None)], "b", "the last where there are no stamps"),
    ([("a", 5), ("b", None)], "b", "the last where one has none"),
]


@pytest.mark.parametrize(("versions", "wins"), [case[:2] for case in VERSIONS], ids=[case[2] for case in VERSIONS])
def test_of_several_versions_on_a_page_one_counts(versions: list[tuple[str, int | None]], wins: str) -> None:
    rows = [
        {"id": 1, "text": text, "at": None if minute is None else NOW + timedelta(minutes=minute)}
        for text, minute in versions
    ]
    (batch,) = _read(_page(*rows))
    assert [one.record.text for one in batch.accepted] == [wins]


def test_cursors_pass_through_untouched_also_on_an_empty_page() -> None:
    batches = _read(_page({"id": 1}, cursor="a"), _page(cursor="b"))
    assert [batch.cursor for batch in batches] == [{"since": "a"}, {"since": "b"}]


def test_an_error_of_the_whole_source_passes_through_after_what_was_read() -> None:
    run = engine.read(Scripted(_page({"id": 1}), AuthError("no", code="wrong_password")), {}, now=NOW)
    assert len(next(run).accepted) == 1
    with pytest.raises(AuthError):
        next(run)


def test_a_page_that_comes_again_at_once_is_a_loop() -> None:
    run = engine.read(Scripted(*[_page({"id": 1}, cursor="a")] * 5), {}, now=NOW)
    next(run)
    with pytest.raises(BadPayload) as caught:
        next(run)
    assert caught.value.code == "cursor_loop"


def test_the_same_rows_under_a_new_cursor_are_progress() -> None:
    assert len(_read(_page({"id": 1}, cursor="a"), _page({"id": 1}, cursor="b"))) == 2


def test_empty_pages_without_end_are_a_loop() -> None:
    with pytest.raises(BadPayload) as caught:
        _read(*[_page(cursor="a")] * (engine.MAX_EMPTY_PAGES + 2))
    assert caught.value.code == "cursor_loop"
