"""Serving attachments: the real picture, or what a broken or hostile source would send instead."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from werkzeug import Response

from connectors.sandbox.call import Call
from connectors.sandbox.faults import Fault
from connectors.sandbox.images import picture

_ZEROS = b"\0" * 1_000_000


def serve_file(name: str, call: Call) -> Response:
    """The picture with this name, or the attachment fault that fires on this call."""
    for kind, serve in _FILE_FAULTS.items():
        if fault := call.take(kind):
            return serve(fault)
    content, media_type = picture(name)
    return Response(content, content_type=media_type)


def _gone(fault: Fault) -> Response:
    return Response("<h1>404</h1>", status=404, content_type="text/html")


def _huge(fault: Fault) -> Response:
    content = picture("huge.jpg")[0]
    return Response(content + b"\0" * (int(fault.options["megabytes"]) * 1_000_000), content_type="image/jpeg")


def _disguised(fault: Fault) -> Response:
    """A Windows program under a picture's name and type."""
    return Response(b"MZ\x90\x00" + b"This program cannot be run in DOS mode." * 40, content_type="image/jpeg")


def _zip_bomb(fault: Fault) -> Response:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("anh.bmp", "w") as inside:
        for _ in range(int(fault.options["megabytes"])):
            inside.write(_ZEROS)
    return Response(packed.getvalue(), content_type="application/zip")


def _redirect(fault: Fault) -> Response:
    return Response("", status=302, headers={"Location": str(fault.options["location"])})


_FILE_FAULTS: Mapping[str, Callable[[Fault], Response]] = {
    "attachment_404": _gone,
    "attachment_huge": _huge,
    "attachment_wrong_type": _disguised,
    "attachment_zip_bomb": _zip_bomb,
    "attachment_redirect_private": _redirect,
}
