"""Versions in headers. An ETag is `"<version>-<digest>"`: the version is what a writer must have seen (`If-Match`),
the digest changes with everything else in the document, such as a delivery that failed since (`If-None-Match`).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.utils.http import parse_etags, quote_etag
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from inbox.api.problems import PreconditionFailed

_VERSION = re.compile(r'^(?:W/)?"(\d{1,9})(?:-[0-9a-f]+)?"$')


def etag_of(document: Any, *, version: int) -> str:
    """The ETag of a document at a version."""
    text = json.dumps(document, cls=JSONEncoder, sort_keys=True)
    return quote_etag(f"{version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def wanted_version(request: Request) -> int | None:
    """The version in `If-Match`; None when the header is absent or `*`. Raises 412 for what can never match."""
    header = request.headers.get("If-Match", "").strip()
    if header in {"", "*"}:
        return None
    found = _VERSION.match(header)
    if found is None:
        raise PreconditionFailed
    return int(found[1])


def conditional(request: Request, document: Any, *, version: int) -> Response:
    """The document, or 304 without one when the caller already has it."""
    etag = etag_of(document, version=version)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or etag in {tag.removeprefix("W/") for tag in known}:
        return Response(status=304, headers={"ETag": etag})
    return Response(document, headers={"ETag": etag})
