"""Apps that push: whose messages count, what they become, and how answers go back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors import engine, registry, signatures
from connectors.errors import AuthError, BadPayload, ConfigError, Permanent, Transient, UnknownOutcome
from connectors.protocol import Connector, SourceConfig
from connectors.records import OutboundAction, OutboundUpdate, RawItem, SourceStatus
from tests.connectors.sources import OLD_SECRET, SECRET, mini_app

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
STRANGER = "whsec_c29tZWJvZHktZWxzZXMtc2VjcmV0"


def message(kind: str = "complaint.created", **data: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": "2026-11-20T03:00:00Z",
        "data": {
            "id": "A-1",
            "title": "Ngập hẻm 42",
            "text": "Nước ngập đến đầu gối",
            "category": "flooding",
            "status": "new",
            "created_at": "2026-11-20T02:58:00Z",
            "updated_at": "2026-11-20T02:59:00Z",
            "address": "42/7 Đinh Bộ Lĩnh",
            "ward_code": "26929",
            "lat": 10.81,
            "lng": 106.71,
            "reporter": {"name": "Lê Thị Năm", "phone": "0903111227", "email": "nam@example.com", "anonymous": False},
            "attachments": [{"name": "a.jpg", "url": "https://example.com/a.jpg"}],
            "callback_url": "https://app.example/callback/1",
        }
        | data,
    }


def body_of(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def app(url: str = "https://app.example") -> Connector:
    return registry.build(mini_app(url))


def signed(body: bytes, *, secret: str = SECRET, at: datetime = NOW, message_id: str = "msg_1") -> dict[str, str]:
    return signatures.headers_for(secret, message_id=message_id, at=at, body=body)


def test_a_message_of_the_standards_own_example_is_verified() -> None:
    """The example in the Standard Webhooks specification, so that other people's libraries fit."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signatures.headers_for(secret, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", at=at, body=body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET], ids=["new", "being replaced"])
def test_both_living_secrets_count(secret: str) -> None:
    body = body_of(message())
    delivered = app().receive(signed(body, secret=secret), body, now=NOW)
    assert (delivered.message_id, delivered.item.external_id) == ("msg_1", "A-1")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unsigned"),  # anybody
        (signed(body_of(message()), secret=STRANGER), "bad_signature"),  # another app's secret
        (signed(b"{}"), "bad_signature"),  # a body that was changed on the way
        (signed(body_of(message()), at=NOW - timedelta(minutes=6)), "stale_signature"),  # recorded and played again
        (signed(body_of(message()), at=NOW + timedelta(minutes=6)), "stale_signature"),  # made for later
        (signed(body_of(message())) | {"webhook-id": "msg_2"}, "bad_signature"),  # a repeat dressed as a new one
        (signed(body_of(message())) | {"webhook-timestamp": "٣"}, "unsigned"),  # a digit that is not ASCII
        (signed(body_of(message())) | {"webhook-timestamp": "9" * 30}, "unsigned"),  # no year has this number
        (signed(body_of(message())) | {"webhook-signature": "v1,é"}, "bad_signature"),  # not even base64
        (signed(body_of(message())) | {"webhook-signature": "v2,abc"}, "unsigned"),  # a scheme we do not know
    ],
)
def test_what_this_app_did_not_send_now_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(AuthError) as caught:
        app().receive(headers, body_of(message()), now=NOW)
    assert caught.value.code == code


@pytest.mark.parametrize("secret", ["", "abc", "whsec_", "whsec_abc", "whsec_!!!!", "c29tZWJvZHktZWxzZXMtc2VjcmV0"])
def test_a_secret_that_is_none_is_a_wrong_setting(secret: str) -> None:
    with pytest.raises(ConfigError):
        registry.build(SourceConfig("mini_app", {"base_url": "https://app.example"}, secrets={"secret": secret}))


def test_a_message_becomes_a_record() -> None:
    record = app().parse(RawItem(message()), now=NOW)
    assert (record.external_id, record.status, record.category) == ("A-1", SourceStatus.NEW, "flooding")
    assert (record.reporter.phone, record.place.ward_code) == ("+84903111227", "26929")
    assert record.write_id == "https://app.example/callback/1"
    assert record.sent_at == datetime(2026, 11, 20, 2, 58, tzinfo=UTC)
    assert [file.url for file in record.attachments] == ["https://example.com/a.jpg"]


def test_a_withdrawal_is_one_whatever_the_status_says() -> None:
    assert app().parse(RawItem(message("complaint.withdrawn")), now=NOW).status is SourceStatus.WITHDRAWN


def test_a_signed_message_that_cannot_be_read_is_kept_for_a_person() -> None:
    delivered = app().receive(signed(b"\xff{"), b"\xff{", now=NOW)
    assert isinstance(engine.parse_one(app(), delivered.item, now=NOW), engine.Rejected)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(message()["data"])), value=anything)
def test_hostile_values_end_in_a_record_or_in_quarantine(field: str, value: Any) -> None:
    try:
        app().parse(RawItem(message(**{field: value})), now=NOW)
    except BadPayload as error:
        assert error.code != "parser_bug"


@given(payload=anything)
def test_hostile_messages_end_in_a_record_or_in_quarantine(payload: Any) -> None:
    result = engine.parse_one(app(), RawItem(payload if isinstance(payload, dict) else {"data": payload}), now=NOW)
    assert isinstance(result, engine.Rejected)
    assert result.error.code != "parser_bug"


# --- Answers ----------------------------------------------------------------------------------------------------------


def update(url: str, action: OutboundAction = OutboundAction.RESOLVE, text: str = "Đã xử lý") -> OutboundUpdate:
    return OutboundUpdate(key="k" * 32, action=action, external_id="A-1", write_id=url, text=text, author="P", at=NOW)


@pytest.mark.parametrize(
    ("action", "text", "kind", "status"),
    [
        (OutboundAction.RESOLVE, "Đã xử lý", "complaint.answered", "resolved"),
        (OutboundAction.ASK_CITIZEN, "Xin thêm ảnh", "complaint.answered", "waiting_citizen"),
        (OutboundAction.ACCEPT, "", "complaint.status", "accepted"),
    ],
)
def test_an_answer_arrives_signed(
    httpserver: HTTPServer, action: OutboundAction, text: str, kind: str, status: str
) -> None:
    got: list[Request] = []
    httpserver.expect_request("/callback/1", method="POST").respond_with_handler(
        lambda request: got.append(request) or Response(status=204)
    )
    app(httpserver.url_for("")).push(update(httpserver.url_for("/callback/1"), action, text))
    (request,) = got
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert signatures.verified_id([SECRET], headers, request.data, now=datetime.now(UTC)) == "k" * 32
    assert request.json is not None
    assert request.json["type"] == kind
    assert request.json["data"] == {"id": "A-1", "status": status, "text": text}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "no_callback"),
        ("https://elsewhere.example/callback", "foreign_callback"),
        ("https://app.example.evil.example/", "foreign_callback"),  # begins like ours
        ("https://app.example@evil.example/", "foreign_callback"),  # ours as a user name
        ("http://169.254.169.254/latest/meta-data", "foreign_callback"),  # the machine's own metadata
        ("http://app.example/callback", "foreign_callback"),  # ours without encryption
    ],
)
def test_an_address_in_a_message_is_not_followed_elsewhere(url: str, code: str) -> None:
    with pytest.raises(Permanent) as caught:
        app().push(update(url))
    assert caught.value.code == code


@pytest.mark.parametrize(("status", "error"), [(503, Transient), (500, UnknownOutcome), (404, Permanent)])
def test_a_failed_answer_says_what_to_do_next(httpserver: HTTPServer, status: int, error: type[Exception]) -> None:
    httpserver.expect_request("/callback/1").respond_with_data("", status=status)
    with pytest.raises(error):
        app(httpserver.url_for("")).push(update(httpserver.url_for("/callback/1")))
