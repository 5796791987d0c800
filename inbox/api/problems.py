"""Every error of the API as a problem document (RFC 9457). No stack, no SQL, nothing about rows one may not see.

`code` is what scripts test; `title` and `detail` are for people and may be reworded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from inbox.core.errors import Busy, IllegalMove, InboxError, Invalid, NotAllowed, NotFound, Overloaded, StaleVersion

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[InboxError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    IllegalMove: 409,
    Invalid: 400,
    StaleVersion: 412,
    Busy: 409,
    Overloaded: 429,
}
#: DRF's and our own name for the same thing; scripts see one.
_CODES = {"permission_denied": "not_allowed"}


class PreconditionFailed(exceptions.APIException):
    """The `If-Match` header does not name the version that is there now."""

    status_code = 412
    default_code = "stale_version"
    default_detail = "The ticket has changed since."


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: the answer to any error raised in a view of the API."""
    set_rollback()
    answer = _answer_to(exc, context)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        official = getattr(getattr(context.get("request"), "user", None), "pk", None)
        log.warning("denied %s in %s to official %s", answer.data["code"], _view_name(context), official)
    return answer


def _answer_to(exc: Exception, context: dict[str, Any]) -> Response:
    if isinstance(exc, InboxError):
        return _of_ours(exc)
    if isinstance(exc, exceptions.APIException):
        return _of_drf(exc)
    if isinstance(exc, Http404):
        # Http404 may carry a model's name; a missing row and a foreign one answer with the same words.
        return problem(404, code=NotFound.code)
    if isinstance(exc, PermissionDenied):
        return problem(403, code=NotAllowed.code)
    if isinstance(exc, SuspiciousOperation):
        return problem(400, code=Invalid.code)
    return _of_unexpected(exc, context)


def problem(
    status: int, *, code: str, detail: str = "", headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """One problem document. `more` are extension members, such as `errors` or `current`."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    return Response({**body, **more}, status=status, headers=headers, content_type=MEDIA_TYPE)


def _of_ours(exc: InboxError) -> Response:
    status = next(_STATUS[kind] for kind in type(exc).__mro__ if kind in _STATUS)
    if isinstance(exc, NotFound):
        return problem(status, code=exc.code)
    more: dict[str, Any] = {}
    if isinstance(exc, Invalid) and exc.field:
        more["errors"] = [{"field": exc.field, "code": exc.code, "message": str(exc)}]
    if isinstance(exc, StaleVersion):
        more["current"] = exc.current
    if isinstance(exc, Busy):
        more["owner"] = exc.owner
    return problem(status, code=exc.code, detail=str(exc), **more)


def _of_drf(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = f"{exc.wait:.0f}"  # type: ignore[attr-defined]
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_named_errors(exc.get_full_details()))
        return problem(400, code=Invalid.code, detail="Some values are not accepted.", errors=errors)
    if isinstance(exc, exceptions.NotFound):
        return problem(404, code=NotFound.code)
    code = str(exc.get_codes())
    return problem(exc.status_code, code=_CODES.get(code, code), detail=str(exc.detail), headers=headers)


def _named_errors(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested details into one list with a dotted field name each."""
    if isinstance(details, list):
        for item in details:
            yield from _named_errors(item, path)
    elif set(details) == {"message", "code"} and isinstance(details["message"], str):
        yield {"field": path, "code": str(details["code"]), "message": details["message"]}
    else:
        for name, inner in details.items():
            yield from _named_errors(inner, f"{path}.{name}" if path else str(name))


def _of_unexpected(exc: Exception, context: dict[str, Any]) -> Response:
    """A fault of ours. The log gets the stack; the caller gets neither stack nor message."""
    view = _view_name(context)
    if isinstance(exc, OperationalError):
        log.error("database not available in %s", view, exc_info=exc)
        return problem(503, code="unavailable", detail="Try again in a moment.", headers={"Retry-After": "5"})
    log.error("unexpected %s in %s", type(exc).__name__, view, exc_info=exc)
    return problem(500, code="internal_error", detail="Something went wrong on our side.")


def _view_name(context: dict[str, Any]) -> str:
    return type(context.get("view")).__name__
