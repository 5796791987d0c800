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


def path_of(digest: str, *, area: str = "files") -> Path:
    """Where the content with this hash lies. Areas keep apart what is kept for ever and what expires."""
    return _folder(area) / digest[:2] / digest


def draft_of(name: str, *, area: str) -> Path:
    """Where a file is written that grows for a while; `adopt` it when it is complete."""
    folder = _folder(area) / "drafts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def adopt(draft: Path, *, area: str) -> tuple[str, int]:
    """Move a complete draft to its place; returns its SHA-256 and its size in bytes. Reads it in pieces."""
    with draft.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = draft.stat().st_size
    place = path_of(digest, area=area)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(place)
    return digest, size


def drop(digest: str, *, area: str) -> None:
    """Delete the content with this hash. Nothing happens when it is gone already."""
    path_of(digest, area=area).unlink(missing_ok=True)


def _folder(area: str) -> Path:
    return Path(settings.MEDIA_ROOT) / area
