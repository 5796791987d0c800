"""The conformance suite that every connector is run through, over real HTTP against a running sandbox.

A test module subclasses `ConnectorConformance`, says how its source is set up, and pytest does the rest:

    class TestMySource(ConnectorConformance):
        connector = "my_source"
        def config(self, sandbox_url: str) -> SourceConfig: ...

Only tests import this file; it must not know any source.
"""
# ruff: noqa: S101 - a suite of assertions

from __future__ import annotations

import copy
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import registry
from connectors.engine import Accepted, Batch, parse_one, read
from connectors.errors import AuthError, Permanent
from connectors.protocol import Connector, SourceConfig
from connectors.records import (
    FileToSend,
    InboundRecord,
    OpenItem,
    OutboundAction,
    OutboundUpdate,
    RawItem,
    SourceStatus,
)

HOSTILE_VALUES: tuple[Any, ...] = (
    None, "", "   ", [], {}, [None], [[]], {"a": {"b": []}}, True, False, 0, -1, 10**30, float("nan"), float("inf"),
    "\x00\ud83d\u202e", "x" * 200_000, "31/02/2026", "99/99/9999 99:99:99", "9" * 400, "<script>", "Infinity", "-0",
)  # fmt: skip


def hostile(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Variants of a good payload: at every depth each field is missing once, and once each hostile value."""
    for path in _paths(payload):
        yield _changed(payload, path, drop=True)
        for value in HOSTILE_VALUES:
            yield _changed(payload, path, value=value)


class PayloadConformance(ABC):
    """What every source must do with payloads and updates, however they come. `config` is right."""

    connector: str
    png = b"\x89PNG\r\n\x1a\n" + bytes(64)

    @abstractmethod
    def config(self, sandbox_url: str) -> SourceConfig:
        """The source set up correctly against the sandbox."""

    @pytest.fixture
    def source(self, sandbox_url: str) -> Connector:
        """The connector under test."""
        return registry.build(self.config(sandbox_url), connector=self.connector)

    def test_check_says_in_one_line_what_it_saw(self, source: Connector) -> None:
        said = source.check()
        assert said.strip()
        assert "\n" not in said

    @abstractmethod
    def samples(self, source: Connector) -> list[RawItem]:
        """Good payloads of this source, at least one, with as much in them as it can say."""

    def test_hostile_payloads_are_records_or_bad_payloads(self, source: Connector) -> None:
        """Never another error, and never a record that is not fit to be stored."""
        for raw in self.samples(source):
            for payload in hostile(raw.payload):
                result = parse_one(source, RawItem(payload), now=_now())
                if isinstance(result, Accepted):
                    _assert_well_formed(result.record)
                else:
                    assert result.error.code != "parser_bug", (result.error.detail, payload)

    def test_parsing_twice_gives_the_same_revision(self, source: Connector) -> None:
        for raw in self.samples(source):
            later = _now() + timedelta(days=400)
            assert source.parse(raw, now=_now()).revision == source.parse(raw, now=later).revision

    def test_any_change_of_the_text_changes_the_revision(self, source: Connector) -> None:
        """Also without a new stamp: some sources forget it."""
        raw = self.samples(source)[0]
        record = source.parse(raw, now=_now())
        changed = json.loads(json.dumps(dict(raw.payload)).replace(json.dumps(record.title)[1:8], "Khác-"))
        assert source.parse(RawItem(changed), now=_now()).revision != record.revision

    def test_what_the_source_cannot_take_is_refused_before_anything_is_sent(self, source: Connector) -> None:
        record = source.parse(self.samples(source)[0], now=_now())
        for action in set(OutboundAction) - source.capabilities.pushes:
            with pytest.raises(Permanent) as caught:
                source.push(self.update(action, record))
            assert caught.value.code == "read_only"

    def assert_arrived(self, update: OutboundUpdate) -> None:
        """That a write arrived exactly once, seen from the other side: only for sources that cannot be asked."""
        raise NotImplementedError(f"{self.connector} cannot be asked: say how to see that a write arrived")

    def update(self, action: OutboundAction, record: InboundRecord) -> OutboundUpdate:
        """An update about a record, with a picture and with letters that break careless encodings."""
        return OutboundUpdate(
            key=uuid.uuid4().hex,
            action=action,
            external_id=record.external_id,
            write_id=record.write_id,
            text=f"Đã xử lý xong “{action}” & <b>kiểm tra</b>\ndòng hai 🙏",
            author="UBND phường Bình Thạnh",
            at=_now(),
            due_at=_now() + timedelta(days=5),
            files=(FileToSend("ảnh sau xử lý.png", "image/png", self.png),),
        )


class ConnectorConformance(PayloadConformance):
    """What every source must do that is asked. `wrong_config` has bad credentials (None: the source has none)."""

    def wrong_config(self, sandbox_url: str) -> SourceConfig | None:
        """The same with credentials that the source refuses."""
        right = self.config(sandbox_url)
        return replace(right, secrets=dict.fromkeys(right.secrets, "wrong")) if right.secrets else None

    def samples(self, source: Connector) -> list[RawItem]:
        """The payload with the most in it."""
        raws = [one.raw for batch in read(source, {}, now=_now()) for one in batch.accepted]
        return sorted(raws, key=lambda raw: len(str(raw.payload)), reverse=True)[:1]

    def test_everything_is_read_and_understood(self, source: Connector) -> None:
        batches = list(read(source, {}, now=_now()))
        accepted = [one for batch in batches for one in batch.accepted]
        assert [one.error.detail for batch in batches for one in batch.rejected] == []
        assert len(accepted) > 10
        for one in accepted:
            _assert_well_formed(one.record)
            assert one.raw.external_id == one.record.external_id

    def test_a_second_read_brings_nothing_new(self, source: Connector) -> None:
        first = list(read(source, {}, now=_now()))
        second = list(read(source, first[-1].cursor, now=_now()))
        known = _revisions(first)
        assert _revisions(second).items() <= known.items()
        assert len(first[-1].cursor) > 0

    def test_the_cursor_is_plain_json(self, source: Connector) -> None:
        for batch in read(source, {}, now=_now()):
            assert json.loads(json.dumps(batch.cursor)) == batch.cursor

    def test_a_run_cut_short_loses_nothing(self, source: Connector) -> None:
        """The worker dies after any page: the next run starts from the cursor stored with that page."""
        everything = _revisions(list(read(source, {}, now=_now())))
        pages = len(list(read(source, {}, now=_now())))
        for survived in {1, pages // 2, pages - 1} - {0}:
            run = read(source, {}, now=_now())
            stored = [next(run) for _ in range(survived)]
            run.close()  # type: ignore[attr-defined]
            again = list(read(source, stored[-1].cursor, now=_now()))
            assert (_revisions(stored) | _revisions(again)).keys() == everything.keys()

    def test_a_full_read_ignores_the_cursor(self, source: Connector) -> None:
        late = {"since": (_now() + timedelta(days=300)).isoformat()}
        everything = _revisions(list(read(source, {}, now=_now())))
        assert _revisions(list(read(source, late, now=_now(), full=True))).keys() == everything.keys()

    def test_an_unusable_cursor_reads_from_the_beginning(self, source: Connector) -> None:
        everything = _revisions(list(read(source, {}, now=_now())))
        assert _revisions(list(read(source, {"since": "yesterday"}, now=_now()))).keys() == everything.keys()

    def test_open_items_that_do_not_exist_are_passed_over(self, source: Connector) -> None:
        gone = [OpenItem("999999999", "999999999"), OpenItem("../../admin", "../../admin")]
        cursor = {"since": _now().isoformat()}
        batches = list(read(source, cursor, now=_now(), open_items=gone))
        assert not {"999999999", "../../admin"} & _revisions(batches).keys()

    def test_wrong_credentials_are_an_auth_error(self, sandbox_url: str) -> None:
        wrong = self.wrong_config(sandbox_url)
        if wrong is None:
            pytest.skip("this source reads without credentials")
        source = registry.build(wrong, connector=self.connector)
        with pytest.raises(AuthError) as caught:
            source.check()
        assert caught.value.code
        assert "wrong" not in caught.value.detail.replace("wrong_password", "")

    def test_each_ability_arrives(self, source: Connector) -> None:
        actions = sorted(source.capabilities.pushes)
        if not actions:
            pytest.skip("this source is read-only")
        records = _open_records(source)
        assert len(records) >= len(actions)
        for action, record in zip(actions, records, strict=False):
            update = self.update(action, record)
            if not source.capabilities.lookup:
                source.push(update)
                self.assert_arrived(update)
                continue
            assert not source.lookup(update, now=_now()).applied
            source.push(update)
            found = source.lookup(update, now=_now())
            assert (found.exists, found.applied) == (True, True), action
            assert found.record is not None
            assert found.revision == found.record.revision != record.revision

    def test_a_repeat_is_harmless_or_can_be_seen_first(self, source: Connector) -> None:
        if OutboundAction.RESOLVE not in source.capabilities.pushes:
            pytest.skip("this source is read-only")
        update = self.update(OutboundAction.RESOLVE, _open_records(source)[-1])
        assert not source.push(update).duplicate
        if not source.capabilities.lookup:
            source.push(update)
            self.assert_arrived(update)
        elif source.capabilities.idempotent_push:
            assert source.push(update).duplicate
        else:
            assert source.lookup(update, now=_now()).applied

    def test_a_look_up_of_nothing_finds_nothing(self, source: Connector) -> None:
        if not source.capabilities.lookup:
            pytest.skip("this source cannot be asked")
        record = replace(_open_records(source)[0], external_id="999999999", write_id="999999999")
        found = source.lookup(self.update(OutboundAction.RESOLVE, record), now=_now())
        assert (found.exists, found.applied) == (False, False)


class PushedConformance(PayloadConformance):
    """What every source must do that speaks first."""

    @abstractmethod
    def message(self, sandbox_url: str) -> bytes:
        """A good message as it comes over the wire."""

    @abstractmethod
    def signed(self, body: bytes, *, message_id: str, at: datetime) -> Mapping[str, str]:
        """The headers that the source would send with a body, lower-case names."""

    @abstractmethod
    def update_target(self, sandbox_url: str) -> InboundRecord:
        """A complaint that is open in the source, to answer to."""

    def test_it_is_not_asked(self, source: Connector) -> None:
        assert not source.capabilities.polls
        assert list(source.pages({}, now=_now())) == []

    def test_a_signed_message_is_taken_and_understood(self, source: Connector, sandbox_url: str) -> None:
        body = self.message(sandbox_url)
        delivered = source.receive(self.signed(body, message_id="m-1", at=_now()), body, now=_now())
        again = source.receive(self.signed(body, message_id="m-1", at=_now()), body, now=_now())
        assert delivered.message_id == again.message_id
        result = parse_one(source, delivered.item, now=_now())
        assert isinstance(result, Accepted)
        _assert_well_formed(result.record)
        assert delivered.item.external_id == result.record.external_id

    def test_what_was_not_signed_now_by_this_source_is_refused(self, source: Connector, sandbox_url: str) -> None:
        body = self.message(sandbox_url)
        good = self.signed(body, message_id="m-1", at=_now())
        cases: list[tuple[Mapping[str, str], bytes]] = [
            ({}, body),
            (good, body + b" "),
            (self.signed(body, message_id="m-1", at=_now() - timedelta(minutes=10)), body),
            (self.signed(body, message_id="m-1", at=_now() + timedelta(minutes=10)), body),
        ]
        for headers, content in cases:
            with pytest.raises(AuthError):
                source.receive(headers, content, now=_now())

    def test_whatever_is_signed_is_kept(self, source: Connector) -> None:
        """A message that cannot be read goes to quarantine; it is not lost by an error at the door."""
        for body in (b"", b"\xff\x00", b"[]", b"null", b'{"type": 1}', b"[" * 5000):
            delivered = source.receive(self.signed(body, message_id="m-1", at=_now()), body, now=_now())
            result = parse_one(source, delivered.item, now=_now())
            assert not isinstance(result, Accepted)
            assert result.error.code != "parser_bug"

    def test_each_answer_arrives_once(self, source: Connector, sandbox_url: str) -> None:
        for action in sorted(source.capabilities.pushes):
            update = self.update(action, self.update_target(sandbox_url))
            source.push(update)
            source.push(update)
            self.assert_arrived(update)


def _now() -> datetime:
    return datetime.now(UTC)


def _open_records(source: Connector) -> list[InboundRecord]:
    records = [one.record for batch in read(source, {}, now=_now()) for one in batch.accepted]
    return [record for record in records if record.status is SourceStatus.NEW]


def _revisions(batches: list[Batch]) -> dict[str, str]:
    return {one.record.external_id: one.record.revision for batch in batches for one in batch.accepted}


def _assert_well_formed(record: InboundRecord) -> None:
    """Fit to be stored: no empty key, no naive time, no character that a database or a reader cannot stand."""
    assert record.external_id
    assert record.revision
    assert record.title.strip()
    instants = [record.sent_at, record.updated_at, record.due_at, record.answered_at]
    assert all(at is None or at.astimezone(UTC).tzinfo is UTC for at in instants)
    words = [record.title, record.text, record.answer, record.place.text, record.reporter.name, record.external_id]
    for word in words:
        assert len(word) <= 100_000
        word.encode()  # a lone surrogate would fail
        assert not set(word) & {"\x00", "\u202e", "\u200b", "\ufeff"}
    for degrees in (record.place.lat, record.place.lng):
        assert degrees is None or -180 <= degrees <= 180


def _paths(value: Any, prefix: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place inside a payload that holds a value."""
    children = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*prefix, name)
        yield from _paths(child, (*prefix, name))


def _changed(
    payload: Mapping[str, Any], path: tuple[str | int, ...], *, value: Any = None, drop: bool = False
) -> dict[str, Any]:
    changed = copy.deepcopy(dict(payload))
    parent: Any = changed
    for name in path[:-1]:
        parent = parent[name]
    if drop:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed
