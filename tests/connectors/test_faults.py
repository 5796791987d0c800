"""Sources that misbehave: each fault of the sandbox, and what must hold all the same.

After every fault a further run must have brought everything (nothing lost), whatever the run under the fault did.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors import profile, registry
from connectors.engine import Batch, read
from connectors.errors import (
    AuthError,
    BadPayload,
    Conflict,
    ConnectorError,
    Permanent,
    RateLimited,
    Transient,
    UnknownOutcome,
)
from connectors.http import HttpClient
from connectors.protocol import Connector
from connectors.records import InboundRecord, OutboundAction, OutboundUpdate, SourceStatus
from connectors.sources import hotline_1022, national_portal, open311
from tests.connectors import sources
from tests.connectors.conftest import Control

SOURCES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "national-portal": ("national_portal", sources.national_portal),
    "hotline-1022": ("hotline_1022", sources.hotline_1022),
    "gopy": ("district_app", sources.gopy),
    "ioc": ("district_app", sources.ioc),
    "open311": ("open311", sources.open311),
}
WRITABLE = ("national-portal", "hotline-1022", "gopy")

# The run under the fault still brings every complaint: (kind, options)
HARMLESS: list[tuple[str, dict[str, Any]]] = [
    ("latency", {"seconds": 0.05, "times": 10}),
    ("wrong_content_type", {}),
    ("duplicate_rows", {}),
    ("duplicate_across_pages", {}),
    ("shifting_rows", {"by": 2}),
    ("out_of_order", {}),
    ("silent_change", {}),
    ("clock_skew", {"shift_minutes": 10}),
    ("clock_skew", {"shift_minutes": -10}),
    ("future_dates", {}),
    ("epoch_dates", {}),
    ("extra_fields", {}),
    ("unknown_status", {}),
    ("huge_text", {"megabytes": 1.5, "times": 1}),
    ("cp1258_text", {"declared": True}),
    ("cp1258_text", {"declared": False}),
    # Once is repaired by repeating the read:
    ("http_500", {"times": 1}),
    ("http_502_html", {"times": 1}),
    ("reset", {"times": 1}),
    ("truncated_json", {"times": 1}),
    ("truncated_json", {"times": 1, "announce_full_length": True}),
    ("gzip_garbage", {"times": 1}),
    ("html_200", {"times": 1}),
]

# The run fails with an error that says what to do next: (kind, options, error, codes)
FAILING: list[tuple[str, dict[str, Any], type[ConnectorError], set[str]]] = [
    ("outage", {}, Transient, {"connection_lost"}),
    ("hang", {"seconds": 5}, Transient, {"read_timeout"}),
    ("slow_drip", {"seconds": 0.2}, Transient, {"total_timeout"}),
    ("http_500", {}, Transient, {"http_500"}),
    ("http_503", {"retry_after": 600}, RateLimited, {"http_503"}),
    ("http_429", {"retry_after": 600, "http_date": True}, RateLimited, {"http_429"}),
    ("html_200", {}, BadPayload, {"html_instead_of_json"}),
    ("truncated_json", {}, BadPayload, {"bad_json"}),
    ("gzip_garbage", {}, BadPayload, {"bad_compression"}),
]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows a page, so that a day has several pages."""
    for module in (national_portal, hotline_1022, open311):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
    for name in ("gopy", "ioc"):
        monkeypatch.setitem(profile.load(name)["list"], "page_size", 2)


def _source(slug: str, url: str) -> Connector:
    connector, config = SOURCES[slug]
    configured = config(url)
    http = HttpClient(configured.get("base_url"), timeout=1.0, total_timeout=2.5)
    return registry.build(configured, connector=connector, http=http)


def _read(source: Connector, cursor: dict[str, Any] | None = None) -> list[Batch]:
    return list(read(source, cursor or {}, now=datetime.now(UTC)))


def _ids(batches: list[Batch]) -> set[str]:
    return {one.record.external_id for batch in batches for one in batch.accepted}


def _there(control: Control, slug: str) -> set[str]:
    return {one["external_id"] for one in control(slug, "state")["complaints"] if not one.get("withdrawn")}


@pytest.mark.parametrize("slug", SOURCES)
@pytest.mark.parametrize(("kind", "options"), HARMLESS, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(HARMLESS)])
def test_a_harmless_fault_costs_no_complaint(
    slug: str, kind: str, options: dict[str, Any], sandbox_url: str, control: Control
) -> None:
    control(slug, "faults", kind=kind, **options)
    under_fault = _read(_source(slug, sandbox_url))
    control(slug, "faults", clear=True)
    afterwards = _read(_source(slug, sandbox_url), under_fault[-1].cursor)
    rejected = [one.error.detail for batch in under_fault for one in batch.rejected]
    assert rejected == []
    assert _there(control, slug) <= _ids(under_fault) | _ids(afterwards)


@pytest.mark.parametrize("slug", SOURCES)
def test_no_text_is_too_strange(slug: str, sandbox_url: str, control: Control) -> None:
    """All of it at once; what no reader and no database can stand is gone."""
    for kind in ("nfd_text", "emoji", "rtl_marks", "control_characters", "html_text"):
        control(slug, "faults", kind=kind)
    batches = _read(_source(slug, sandbox_url))
    assert _there(control, slug) == _ids(batches)
    texts = [one.record.text for batch in batches for one in batch.accepted]
    assert all("🙏" in text and "<script>" in text for text in texts)
    assert not {"\x00", "\x1b", "\u202e", "\ufeff", "\ud83d"} & set("".join(texts))
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)


@pytest.mark.parametrize("slug", SOURCES)
@pytest.mark.parametrize("kind", ["missing_fields", "nulls", "wrong_types"])
def test_a_spoiled_row_is_kept_for_quarantine(slug: str, kind: str, sandbox_url: str, control: Control) -> None:
    """Whatever cannot be understood is refused alone, with its id, and the rest goes in."""
    control(slug, "faults", kind=kind)
    batches = _read(_source(slug, sandbox_url))
    rejected = [one for batch in batches for one in batch.rejected]
    assert all(one.error.code in {"missing_field", "wrong_type", "bad_date"} for one in rejected)
    assert all(one.error.field for one in rejected)
    assert _there(control, slug) == _ids(batches) | {one.raw.external_id for one in rejected}


@pytest.mark.parametrize("slug", SOURCES)
@pytest.mark.parametrize(("kind", "options", "error", "codes"), FAILING, ids=[kind for kind, *_ in FAILING])
def test_a_failing_source_says_what_to_do_next(
    slug: str,
    kind: str,
    options: dict[str, Any],
    error: type[ConnectorError],
    codes: set[str],
    sandbox_url: str,
    control: Control,
) -> None:
    if kind in {"hang", "slow_drip"} and slug not in {"hotline-1022", "gopy"}:
        pytest.skip("slow by nature; two sources are enough")
    control(slug, "faults", kind=kind, **options)
    with pytest.raises(error) as caught:
        _read(_source(slug, sandbox_url))
    assert caught.value.code in codes
    assert "motmoi" not in str(caught.value)


@pytest.mark.parametrize("slug", SOURCES)
def test_an_outage_between_pages_moves_the_cursor_only_behind_what_was_read(
    slug: str, sandbox_url: str, control: Control
) -> None:
    for pages in (2, 5, 9):
        control(slug, "faults", kind="reset", after=pages)
        stored: list[Batch] = []
        with pytest.raises(ConnectorError):
            for batch in read(_source(slug, sandbox_url), {}, now=datetime.now(UTC)):
                stored.append(batch)  # noqa: PERF402 - what came before the error counts
        control(slug, "faults", clear=True)
        resumed = _read(_source(slug, sandbox_url), stored[-1].cursor if stored else {})
        assert _there(control, slug) <= _ids(stored) | _ids(resumed)


@pytest.mark.parametrize("slug", SOURCES)
def test_an_empty_list_closes_nothing_and_moves_nothing(slug: str, sandbox_url: str, control: Control) -> None:
    control(slug, "faults", kind="empty_list")
    batches = _read(_source(slug, sandbox_url))
    assert _ids(batches) == set()
    control(slug, "faults", clear=True)
    assert _there(control, slug) <= _ids(_read(_source(slug, sandbox_url), batches[-1].cursor if batches else {}))


def test_the_portal_logs_in_again_when_the_session_ends_between_pages(sandbox_url: str, control: Control) -> None:
    control("national-portal", "faults", kind="session_expired", after=3, times=2)
    assert _there(control, "national-portal") <= _ids(_read(_source("national-portal", sandbox_url)))


def test_a_portal_that_ends_every_session_is_left_alone(sandbox_url: str, control: Control) -> None:
    """No storm of log-ins: one renewal, then later."""
    control("national-portal", "faults", kind="session_expired")
    with pytest.raises(Transient) as caught:
        _read(_source("national-portal", sandbox_url))
    assert caught.value.code == "session_ended"


@pytest.mark.parametrize(
    ("slug", "code"),
    [("national-portal", "wrong_password"), ("hotline-1022", "http_401"), ("gopy", "http_401"), ("ioc", "http_401")],
)
def test_a_changed_password_needs_a_person(slug: str, code: str, sandbox_url: str, control: Control) -> None:
    control(slug, "faults", kind="password_changed")
    with pytest.raises(AuthError) as caught:
        _read(_source(slug, sandbox_url))
    assert caught.value.code == code


def _resolved(record: InboundRecord) -> OutboundUpdate:
    return OutboundUpdate(
        key=uuid.uuid4().hex,
        action=OutboundAction.RESOLVE,
        external_id=record.external_id,
        write_id=record.write_id,
        text="Đã xử lý xong, cảm ơn ông/bà.",
        author="UBND phường Bình Thạnh",
        at=datetime.now(UTC),
    )


def _fresh(control: Control, slug: str, source: Connector) -> InboundRecord:
    """A complaint of this test's own."""
    external_id = control(slug, "complaints", count=1)["complaints"][0]["external_id"]
    records = [one.record for batch in _read(source) for one in batch.accepted]
    return next(record for record in records if record.external_id == external_id)


@pytest.mark.parametrize("slug", WRITABLE)
def test_a_lost_answer_is_an_unknown_outcome_that_a_look_up_resolves(
    slug: str, sandbox_url: str, control: Control
) -> None:
    source = _source(slug, sandbox_url)
    update = _resolved(_fresh(control, slug, source))
    control(slug, "faults", kind="answer_lost", times=1)
    with pytest.raises(UnknownOutcome):
        source.push(update)
    assert source.lookup(update, now=datetime.now(UTC)).applied
    writes = [one for one in control(slug, "state")["writes"] if one["key"] == update.key]
    assert [one["outcome"] for one in writes] == ["applied"]


@pytest.mark.parametrize("slug", WRITABLE)
@pytest.mark.parametrize("kind", ["reset", "truncated_json", "html_200", "gzip_garbage", "http_500", "http_502_html"])
def test_a_broken_answer_to_a_write_is_never_repeated_blindly(
    slug: str, kind: str, sandbox_url: str, control: Control
) -> None:
    source = _source(slug, sandbox_url)
    update = _resolved(_fresh(control, slug, source))
    control(slug, "faults", kind=kind, times=1, on="write")
    with pytest.raises(UnknownOutcome):
        source.push(update)
    applied = source.lookup(update, now=datetime.now(UTC)).applied
    writes = [one for one in control(slug, "state")["writes"] if one["key"] == update.key]
    assert len(writes) == applied


@pytest.mark.parametrize("slug", WRITABLE)
def test_a_write_that_was_turned_away_may_be_sent_again(slug: str, sandbox_url: str, control: Control) -> None:
    source = _source(slug, sandbox_url)
    update = _resolved(_fresh(control, slug, source))
    control(slug, "faults", kind="http_429", retry_after=2, times=1, on="write")
    with pytest.raises(RateLimited) as caught:
        source.push(update)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 2
    source.push(update)
    assert source.lookup(update, now=datetime.now(UTC)).applied


@pytest.mark.parametrize("slug", WRITABLE)
def test_a_write_refused_for_one_complaint_is_permanent(slug: str, sandbox_url: str, control: Control) -> None:
    source = _source(slug, sandbox_url)
    record = _fresh(control, slug, source)
    update = _resolved(record)
    control(slug, "faults", kind="refuse_id", external_id=record.external_id)
    with pytest.raises(Permanent):
        source.push(update)
    assert not source.lookup(update, now=datetime.now(UTC)).applied


@pytest.mark.parametrize("slug", WRITABLE)
def test_a_complaint_closed_by_others_is_a_conflict(slug: str, sandbox_url: str, control: Control) -> None:
    source = _source(slug, sandbox_url)
    record = _fresh(control, slug, source)
    closed = {"national-portal": "4", "hotline-1022": "DA_XU_LY", "gopy": "DA_XU_LY"}[slug]
    control(slug, "complaints", external_id=record.external_id, handle={"status": closed, "text": "Đã làm."})
    with pytest.raises(Conflict):
        source.push(_resolved(record))


@pytest.mark.parametrize("slug", WRITABLE)
def test_a_write_that_the_source_dropped_is_not_found(slug: str, sandbox_url: str, control: Control) -> None:
    source = _source(slug, sandbox_url)
    update = _resolved(_fresh(control, slug, source))
    control(slug, "faults", kind="write_dropped", times=1)
    source.push(update)
    assert not source.lookup(update, now=datetime.now(UTC)).applied


def test_a_withdrawn_hotline_complaint_is_seen_as_such(sandbox_url: str, control: Control) -> None:
    source = _source("hotline-1022", sandbox_url)
    record = _fresh(control, "hotline-1022", source)
    control("hotline-1022", "complaints", external_id=record.external_id, withdraw=True)
    now_read = {one.record.external_id: one.record for batch in _read(source) for one in batch.accepted}
    assert now_read[record.external_id].status is SourceStatus.WITHDRAWN
