"""Errors of source systems, named by what has to happen next. Nothing here retries or decides."""

from __future__ import annotations

from datetime import timedelta


class ConnectorError(Exception):
    """Base of everything a connector raises on purpose.

    `code` is a short stable slug for screens and statistics (`wrong_password`, `timeout`, `http_503`); `detail`
    is safe to show and to log: it never carries secrets, personal data or more than 500 characters of a response.
    """

    #: What the operator sees when no better code was given.
    default_code = "error"

    def __init__(self, detail: str = "", *, code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail[:500]
        self.code = code or self.default_code


class ConfigError(ConnectorError):
    """The source is set up wrongly: a person must change a setting. Never retried."""

    default_code = "config"


class AuthError(ConnectorError):
    """The source refuses our credentials: a person must act; retrying only locks the account."""

    default_code = "auth"


class Transient(ConnectorError):
    """Nothing was done and trying again later may work (timeout before sending, 5xx, refused connection)."""

    default_code = "transient"


class RateLimited(Transient):
    """The source asked us to wait. `retry_after` is how long from now, or None when it did not say."""

    default_code = "rate_limited"

    def __init__(self, detail: str = "", *, code: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class UnknownOutcome(ConnectorError):
    """A write was sent and its answer lost: it may have been done. Look up before sending again."""

    default_code = "unknown_outcome"


class Permanent(ConnectorError):
    """The source refuses this one request for good; sending it again cannot help."""

    default_code = "refused"


class Conflict(Permanent):
    """The complaint changed in the source meanwhile (answered by another, withdrawn): a person decides."""

    default_code = "conflict"


class BadPayload(ConnectorError):
    """One payload cannot be understood. It is quarantined with this reason and the run goes on.

    `field` names the offending field where there is one. `sample` is how an answer begins that could not be read at
    all; it may hold personal data, so it is kept for a person and neither shown around nor logged.
    """

    default_code = "bad_payload"

    def __init__(self, detail: str = "", *, code: str = "", field: str = "", sample: str = "") -> None:
        super().__init__(detail, code=code)
        self.field = field
        self.sample = sample
