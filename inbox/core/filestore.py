"""Files on disk, kept by the hash of their content: the same content is stored once, and a name says nothing.

A file is complete or not there: it is written beside its place, flushed to the disk and then moved.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings


def keep(content: bytes) -> str:
    """Store `content` and return its SHA-256. Raises OSError when the disk does not take it."""
    digest = hashlib.sha256(content).hexdigest()
    place = path_of(digest)
    if place.exists():
        return digest
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(place)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
    return digest


def path_of(digest: str) -> Path:
    """Where the content with this hash lies."""
    return Path(settings.MEDIA_ROOT) / "files" / digest[:2] / digest
