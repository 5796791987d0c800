"""`Idempotency-Key`: a POST that is sent again after its answer got lost gets the first answer, not a second effect.

Only what succeeded is kept. A refusal has changed nothing, so repeating the request simply asks again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.accounts.models import Official
from inbox.api.models import IdempotencyRecord
from inbox.api.problems import problem
from inbox.core import clock
from inbox.core.errors import Invalid

HEADER = "Idempotency-Key"
LONGEST_KEY = 100
PARAMETER = OpenApiParameter(
    HEADER,
    location=OpenApiParameter.HEADER,
    description="Any text of up to 100 characters that is new for each new request. Kept for 24 hours.",
)

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Decorate a `post` method. The request's effects and the kept answer are stored together or not at all."""

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key(request)
        if key is None:
            return handler(view, request, *args, **kwargs)
        official = cast(Official, request.user)
        request_hash = _hash(request)
        record = IdempotencyRecord.objects.claim(official, key, request_hash=request_hash, at=clock.now())
        if record is None:
            return _repeated(IdempotencyRecord.objects.kept(official, key), request_hash)
        try:
            with transaction.atomic():
                response = handler(view, request, *args, **kwargs)
                record.keep(
                    status=response.status_code,
                    etag=response.headers.get("ETag", ""),
                    body=json.loads(JSONRenderer().render(response.data) or b"null"),
                )
        except BaseException:
            record.delete()
            raise
        return response

    return once


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(f"1 to {LONGEST_KEY} printable ASCII characters", field=HEADER)
    return key


def _hash(request: Request) -> str:
    """Of what was asked for. Key order and white space of the body make no difference."""
    body = json.dumps(request.data, sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def _repeated(record: IdempotencyRecord | None, request_hash: str) -> Response:
    if record is not None and record.request_hash != request_hash:
        return problem(422, code="key_reused", detail="This key was used for a different request.")
    if record is None or record.status is None:
        detail = "The first request with this key is still being worked on."
        return problem(409, code="in_progress", detail=detail, headers={"Retry-After": "1"})
    headers = {"Idempotency-Replayed": "true"} | ({"ETag": record.etag} if record.etag else {})
    return Response(record.body, status=record.status, headers=headers)
