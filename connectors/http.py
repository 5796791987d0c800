"""The one way out to a source system: time limits, size limits, retries of reads, SSRF guard, redaction.

What it must not do: know any source, interpret a payload, retry a write, or put an address with its query, a header, a
body or a person's data into an error or a log line.

Reads and writes fail differently. A read may be repeated, so what went wrong is `Transient` (or `BadPayload` when the
answer came but cannot be read). A write must not be: once its first byte may have left, a lost or unreadable answer is
`UnknownOutcome`; before that it is `Transient`.

Codes (stable, shown to operators):
  refused, dns, connect_timeout, read_timeout, total_timeout, connection_lost          the way there
  tls_expired, tls_wrong_host, tls_untrusted, tls (any other reason)                   whom we talk to
  http_<status>, redirect_refused, private_address, bad_url                            the answer, or the address
  too_large, bad_compression, empty_body, html_instead_of_json, bad_json, too_deep     the body
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import json
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlencode, urljoin

import requests
import stamina
import urllib3
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError
from urllib3.util import parse_url
from urllib3.util.ssl_match_hostname import CertificateError

from connectors.errors import (
    AuthError,
    BadPayload,
    ConfigError,
    ConnectorError,
    Permanent,
    RateLimited,
    Transient,
    UnknownOutcome,
)

CONNECT_TIMEOUT = 5.0  # seconds
DEFAULT_USER_AGENT = "MotMoi/1.0"
MAX_REDIRECTS = 3
#: How much is kept of an answer that cannot be read, in bytes.
SAMPLE = 2048
MAX_DEPTH = 60  # levels of JSON
MOST_VALUES = 2_000_000  # of JSON: an empty list is two bytes on the way and sixty in memory
_CHUNK = 64 * 1024
_LONGEST_WAIT_IN_PLACE = 5.0  # seconds; asked to wait longer, the caller comes back another time
_WORTH_A_SECOND_READ = frozenset({"bad_compression", "empty_body", "html_instead_of_json", "bad_json", "bad_xml"})
_WRITE_UNTOUCHED = frozenset({503})  # the only server error that says "I did not start"

_CERTIFICATE: Mapping[int, tuple[str, str]] = {  # by OpenSSL's X509_V_ERR_…
    9: ("tls_expired", "the certificate is not valid yet"),
    10: ("tls_expired", "the certificate has expired"),
    18: ("tls_untrusted", "the certificate is self-signed"),
    19: ("tls_untrusted", "the certificate comes from an authority nobody knows"),
    20: ("tls_untrusted", "the certificate comes from an authority nobody knows"),
    21: ("tls_untrusted", "the certificate comes from an authority nobody knows"),
    62: ("tls_wrong_host", "the certificate is for another host"),
    64: ("tls_wrong_host", "the certificate is for another host"),
}

StatusErrors = Mapping[int, type[ConnectorError]]
Parse = Callable[[bytes, str], Any]  # body and declared charset; raises BadPayload


@dataclass(slots=True)
class _Exchange:
    """One request and its answer: until when, and whether anything has left yet."""

    deadline: float  # time.monotonic()
    read_timeout: float  # seconds between two bytes
    sent: bool = False

    def patience(self) -> float:
        """Seconds the next read may block. Raises TimeoutError when the whole time is used up."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("total time used up")
        return min(self.read_timeout, left)

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self.deadline


_exchange: ContextVar[_Exchange] = ContextVar("connectors_http_exchange")


class _DeadlineReader(io.RawIOBase):
    """Shrinks the socket's timeout before every read, so that one byte a second cannot go on for ever."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_exchange.get().patience())
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    """Reads status line, headers and body alike under the deadline of the exchange."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock))


class _NotesSending:
    """Marks the exchange as sent once a connection stands, just before the first byte leaves."""

    response_class: Any = _DeadlineResponse
    sock: socket.socket | None

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        _exchange.get().sent = True
        super().send(data)  # type: ignore[misc]


class _HTTPConnection(_NotesSending, HTTPConnection):
    pass


class _HTTPSConnection(_NotesSending, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _DeadlineAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _PublicOnlyAdapter(_DeadlineAdapter, IPFilterAdapter):  # type: ignore[misc]
    """Resolves once, refuses private addresses, connects to the very address it looked at (no DNS rebinding)."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        """The library refuses what is known to be private; here also what is not known to be public."""
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        odd = address.version == 6 and (address.is_site_local or int(address) >> 32 == 0)
        if not address.is_global or address.is_reserved or odd:
            raise InvalidIPAddress(address)
        return host, pool


def _public_only(scheme: str) -> HTTPAdapter:
    return _PublicOnlyAdapter(is_https_proto=scheme == "https")  # type: ignore[call-arg]


def _session(*, public_only: bool, user_agent: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc may redirect or decorate what we send
    session.headers.update({"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip"})
    for scheme in ("http", "https"):
        session.mount(f"{scheme}://", _public_only(scheme) if public_only else _DeadlineAdapter())
    return session


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, read with the same parser that will make the connection."""
    parts = parse_url(url)
    scheme = (parts.scheme or "").lower()
    return scheme, (parts.host or "").lower(), parts.port or (443 if scheme == "https" else 80)


class HttpClient:
    """HTTP to one source system. Thread-compatible, not thread-safe: one per run.

    `base_url` is what an administrator configured; its own host, port and scheme may therefore be private or loopback.
    Any other address (a picture on another host) must be public unless `allow_private`. `base_url=""` means that there
    is no such host and only full public addresses can be asked. Times are seconds; `min_interval` is kept between the
    starts of two requests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 20.0,
        total_timeout: float = 60.0,
        max_bytes: int = 32 * 1024 * 1024,
        allow_private: bool = False,
        user_agent: str = DEFAULT_USER_AGENT,
        min_interval: float = 0.0,
        attempts: int = 3,
    ) -> None:
        """Raises ConfigError (code `base_url`) when `base_url` is not an http(s) address with a host."""
        self.base_url = base_url.rstrip("/")
        self._origin = _checked_origin(self.base_url) if self.base_url else None
        self._timeout = timeout
        self._total_timeout = total_timeout
        self._max_bytes = max_bytes
        self._min_interval = min_interval
        self._attempts = attempts
        self._next_start = 0.0
        self._own = _session(public_only=False, user_agent=user_agent)
        self._other = _session(public_only=not allow_private, user_agent=user_agent)

    def close(self) -> None:
        """Close the kept connections."""
        self._own.close()
        self._other.close()

    def get_json(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        errors: StatusErrors | None = None,
    ) -> Any:
        """Read JSON with GET, repeating a failed read. `errors` overrides what a status code raises."""
        request = _Request("GET", self._url(path), params=params, headers=headers, errors=errors or {})
        return self._read(request, parse_json)

    def get_parsed(
        self,
        path: str,
        parse: Parse,
        *,
        params: Mapping[str, Any] | None = None,
        errors: StatusErrors | None = None,
    ) -> Any:
        """Read with GET what `parse` makes of body and declared charset; it raises BadPayload for what it cannot."""
        return self._read(_Request("GET", self._url(path), params=params, errors=errors or {}), parse)

    def post_form(self, path: str, fields: Mapping[str, str], parse: Parse) -> Any:
        """Write a form and return what `parse` makes of the answer."""
        content = urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = _Request("POST", self._url(path), content=content, headers=headers, errors={}, write=True)
        return self._written(request, parse)

    def post_json(
        self,
        path: str,
        body: Any,
        *,
        write: bool = False,
        headers: Mapping[str, str] | None = None,
        errors: StatusErrors | None = None,
    ) -> Any:
        """Send JSON with POST and return the JSON answer. Without `write` it counts as a read and is repeated."""
        request = _Request("POST", self._url(path), body=body, headers=headers, errors=errors or {}, write=write)
        return self._written(request, parse_json) if write else self._read(request, parse_json)

    def _written(self, request: _Request, parse: Parse) -> Any:
        answer = self._send(request, self._max_bytes)
        try:
            return parse(answer.body, answer.charset)
        except BadPayload as error:
            raise UnknownOutcome(f"{request}: the answer to a write is not readable", code=error.code) from None

    def post_bytes(
        self, path: str, content: bytes, *, headers: Mapping[str, str], errors: StatusErrors | None = None
    ) -> None:
        """Write a body exactly as it is, because it is signed; what the answer says beyond its status is not read."""
        request = _Request("POST", self._url(path), content=content, headers=headers, errors=errors or {}, write=True)
        self._send(request, self._max_bytes)

    def get_bytes(
        self,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        errors: StatusErrors | None = None,
    ) -> bytes:
        """Read a file. `params` and `headers` may hold secrets, so they go to the source's own host only."""
        request = _Request("GET", self._url(path), params=params, headers=headers, errors=errors or {})
        return cast(bytes, self._read(request, None, max_bytes=max_bytes))

    def _url(self, path: str) -> str:
        if path.lower().startswith(("http://", "https://")):
            try:
                return parse_url(path).url
            except urllib3.exceptions.LocationParseError:
                raise Permanent("The address cannot be read", code="bad_url") from None
        if self._origin is None:
            raise Permanent("An address without a host was asked for", code="bad_url")
        return f"{self.base_url}/{path.lstrip('/')}"

    def _read(self, request: _Request, parse: Parse | None, *, max_bytes: int | None = None) -> Any:
        limit = max_bytes or self._max_bytes
        for attempt in stamina.retry_context(
            on=_again, attempts=self._attempts, timeout=2 * self._total_timeout, wait_initial=0.2, wait_max=3.0
        ):
            with attempt:
                answer = self._send(request, limit)
                if parse is None:
                    return answer.body
                try:
                    return parse(answer.body, answer.charset)
                except BadPayload as error:
                    sample = answer.body[:SAMPLE].decode("utf-8", "replace")
                    raise BadPayload(f"{request}: {error.detail}", code=error.code, sample=sample) from None
        raise AssertionError("stamina returns or raises")

    def _send(self, request: _Request, max_bytes: int) -> _Answer:
        """One request with its redirects, under one total deadline. Raises our errors only."""
        self._keep_interval()
        exchange = _Exchange(time.monotonic() + self._total_timeout, self._timeout)
        token = _exchange.set(exchange)
        if request.write:
            self._forget_connections()
        try:
            with contextlib.closing(self._follow(request)) as response:
                _raise_for_status(request, response)
                return _Answer(_body(response, max_bytes), response.encoding or "")
        except ConnectorError as error:
            if request.write and isinstance(error, BadPayload):
                raise UnknownOutcome(error.detail, code=error.code) from None
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            raise _translated(error, request, exchange) from None
        except (UnicodeError, ValueError):
            raise Permanent(f"{request}: the address cannot be used", code="bad_url") from None
        finally:
            _exchange.reset(token)
            if request.write:
                self._forget_connections()

    def _forget_connections(self) -> None:
        """A write has a connection to itself: a source that answers twice must not seem to answer the next request."""
        self._own.close()
        self._other.close()

    def _keep_interval(self) -> None:
        now = time.monotonic()
        if now < self._next_start:
            time.sleep(self._next_start - now)
        self._next_start = max(now, self._next_start) + self._min_interval

    def _follow(self, request: _Request) -> requests.Response:
        """Send, and follow at most three redirects that stay on the same host."""
        url, params = request.url, request.params
        for _ in range(MAX_REDIRECTS + 1):
            response = self._once(request, url, params)
            target = response.headers.get("Location", "") if response.is_redirect else ""
            if not target:
                return response
            response.close()
            target, params = urljoin(url, target), None
            if not _may_follow(request.method, response.status_code, url, target):
                break
            url = target
        raise Permanent(f"{request}: redirected where we do not go", code="redirect_refused")

    def _once(self, request: _Request, url: str, params: Mapping[str, Any] | None) -> requests.Response:
        own = self._origin is not None and _origin(url) == self._origin
        session = self._own if own else self._other
        return session.request(
            request.method,
            url,
            params=dict(params or {}) if own else None,
            headers=dict(request.headers or {}) if own else None,
            data=request.content,
            json=request.body,
            timeout=(CONNECT_TIMEOUT, self._timeout),
            stream=True,
            allow_redirects=False,
        )


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    errors: StatusErrors
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    body: Any = None
    content: bytes | None = None
    write: bool = False

    def __str__(self) -> str:
        """Safe to show: the path without host, query and credentials."""
        return f"{self.method} {parse_url(self.url).path or '/'}"


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    charset: str


def _checked_origin(base_url: str) -> tuple[str, str, int]:
    try:
        origin = _origin(base_url)
    except urllib3.exceptions.LocationParseError:
        origin = ("", "", 0)
    if origin[0] not in {"http", "https"} or not origin[1]:
        raise ConfigError("base_url must be an address such as https://host/path", code="base_url")
    return origin


def _may_follow(method: str, status: int, url: str, target: str) -> bool:
    """Only to the same host, never from https to http, and never turning a POST into something else."""
    if method != "GET" and status not in {307, 308}:
        return False
    try:
        source, goal = _origin(url), _origin(target)
    except urllib3.exceptions.LocationParseError:
        return False
    upgraded = source[:2] == ("http", goal[1]) and goal[0] == "https" and (source[2], goal[2]) == (80, 443)
    return goal == source or upgraded


def _again(error: Exception) -> bool | float:
    """Whether a failed read is worth repeating at once, or after so many seconds."""
    if isinstance(error, RateLimited):
        wait = error.retry_after.total_seconds() if error.retry_after is not None else math.inf
        return wait if wait <= _LONGEST_WAIT_IN_PLACE else False
    if isinstance(error, BadPayload):
        return error.code in _WORTH_A_SECOND_READ
    return isinstance(error, Transient)


def _translated(error: Exception, request: _Request, exchange: _Exchange) -> ConnectorError:
    """A network error as one of ours. The original text is dropped: it holds the whole address."""
    if isinstance(error, InvalidIPAddress):
        return Permanent(f"{request}: the address is not public", code="private_address")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return Permanent(f"{request}: the address cannot be used", code="bad_url")
    if isinstance(error, DecodeError):
        kind: type[ConnectorError] = UnknownOutcome if request.write else BadPayload
        return kind(f"{request}: the answer cannot be unpacked", code="bad_compression")
    code, words = _what_happened(error, exchange)
    if request.write and exchange.sent:
        return UnknownOutcome(f"{request}: {words} after sending; it may have been done", code=code)
    return Transient(f"{request}: {words}", code=code)


def _what_happened(error: Exception, exchange: _Exchange) -> tuple[str, str]:
    reasons = tuple(_causes(error))
    if exchange.expired:
        return "total_timeout", "the answer took too long in total"
    if any(isinstance(cause, requests.ConnectTimeout) for cause in reasons):
        return "connect_timeout", "no connection in time"
    if any(isinstance(cause, socket.gaierror | urllib3.exceptions.NameResolutionError) for cause in reasons):
        return "dns", "the host name is not known"
    if any(isinstance(cause, requests.exceptions.SSLError | urllib3.exceptions.SSLError) for cause in reasons):
        return _why_not_secure(reasons)
    if any(isinstance(cause, TimeoutError | urllib3.exceptions.ReadTimeoutError) for cause in reasons):
        return "read_timeout", "no answer in time"
    if not exchange.sent:
        return "refused", "the connection was refused"
    return "connection_lost", "the connection broke"


def _why_not_secure(reasons: Iterable[BaseException]) -> tuple[str, str]:
    """What is wrong with the certificate, where it is the certificate."""
    for cause in reasons:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATE.get(cause.verify_code, ("tls", "the certificate is not valid"))
        if isinstance(cause, CertificateError):  # the name was compared after the handshake
            return _CERTIFICATE[62]
    return "tls", "the secure connection failed (protocol)"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and everything that requests and urllib3 have wrapped in it."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def _raise_for_status(request: _Request, response: requests.Response) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    detail, code = f"{request} answered {status}", f"http_{status}"
    if status in request.errors:
        raise request.errors[status](detail, code=code)
    retry_after = _retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
    if status == 429 or (status == 503 and retry_after is not None):
        raise RateLimited(detail, code=code, retry_after=retry_after)
    if status in {401, 403}:
        raise AuthError(detail, code=code)
    if status < 500 and status != 408:
        raise Permanent(detail, code=code)
    if request.write and status not in _WRITE_UNTOUCHED:
        raise UnknownOutcome(f"{detail}; it may have been done", code=code)
    raise Transient(detail, code=code)


def _retry_after(value: str, now: datetime) -> timedelta | None:
    """The header as a length of time: seconds or an HTTP date. None when absent or senseless."""
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value.strip()[:9]), 7 * 24 * 3600))
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return min(max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta(0)), timedelta(days=7))


def _body(response: requests.Response, max_bytes: int) -> bytes:
    """The unpacked body, refused as soon as it grows past the limit."""
    parts: list[bytes] = []
    size = 0
    while part := response.raw.read1(_CHUNK, decode_content=True):
        size += len(part)
        if size > max_bytes:
            raise BadPayload(f"The answer is larger than {max_bytes} bytes", code="too_large")
        parts.append(part)
    return b"".join(parts)


def parse_json(body: bytes, charset: str = "") -> Any:
    """JSON from an untrusted server. Raises BadPayload, whatever the bytes are.

    What is not a number anyone can store (NaN, Infinity, 1e999, a million digits) stays text, so that it spoils its
    own field and not the page.
    """
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > MOST_VALUES:
        raise BadPayload("the answer has too many values", code="too_large")
    text = _decoded(body, charset)
    head = text[:100].lstrip("\ufeff \t\r\n")
    if not head:
        raise BadPayload("the answer is empty", code="empty_body")
    if head.startswith("<"):
        raise BadPayload("the answer is a web page instead of JSON", code="html_instead_of_json")
    try:
        value = json.loads(text.lstrip("\ufeff"), parse_int=_integer, parse_float=_real, parse_constant=str)
    except RecursionError:
        raise BadPayload("the answer is nested too deeply", code="too_deep") from None
    except ValueError:
        raise BadPayload("the answer is not valid JSON", code="bad_json") from None
    if _deeper_than(MAX_DEPTH, value):
        raise BadPayload("the answer is nested too deeply", code="too_deep")
    return value


def _deeper_than(limit: int, value: Any) -> bool:
    """Looked at level by level: a payload that can be read here must also be writable elsewhere, deep in a stack."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True


def _decoded(body: bytes, charset: str) -> str:
    """UTF-8 where it is; else the declared charset; else Windows-1258 when next to nothing reads as UTF-8."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        repaired = body.decode("utf-8", "replace")
    broken = repaired.count("\ufffd")
    readable = sum(1 for character in repaired if character > "\x7f") - broken
    if charset.lower() in {"windows-1258", "cp1258"} or broken > readable:
        return body.decode("cp1258", "replace")
    return repaired


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= 19 else digits


def _real(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits
