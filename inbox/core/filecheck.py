"""What a file is and what of it is kept, whoever brings it: a source, or an official's phone.

What a file is, its content says, not its name. Images are drawn anew, which leaves behind where the citizen lives
(EXIF) and whatever else was hidden in them. What is not on the list is not kept.
"""

from __future__ import annotations

import io
import warnings
import zipfile

import filetype
from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST = 20 * 1024 * 1024  # bytes
MOST_PIXELS = 50_000_000
LONGEST_EDGE = 2560  # pixels kept: enough to read a number plate, a tenth of a camera's weight

_IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_OFFICE = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
_AS_THEY_ARE = _OFFICE | {"application/pdf", "video/mp4", "video/quicktime", "audio/mpeg", "audio/mp4"}
#: What an office document may hold, by its own table of contents: nothing here unpacks it, whoever opens it will.
MOST_PARTS = 5_000
LARGEST_UNPACKED = 300 * 1024 * 1024  # bytes
_NEVER_INSIDE = ("vbaproject.bin", ".exe", ".dll", ".js", ".vbs", ".zip", ".rar", ".7z")


class Refused(Exception):
    """A file that is not kept. `code` says why: empty, too_large, unpacks_too_large, type_not_allowed, damaged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def checked(content: bytes) -> tuple[str, bytes]:
    """What a file is by its content, and the content to keep. Raises Refused."""
    if not content:
        raise Refused("empty")
    if len(content) > LARGEST:
        raise Refused("too_large")
    found = filetype.guess(content)
    media_type = found.mime if found else ""
    if media_type in _IMAGES:
        return _drawn_anew(content, keep_png=media_type == "image/png")
    if media_type in _OFFICE:
        _check_archive(content)
    if media_type in _AS_THEY_ARE:
        return media_type, content
    raise Refused("type_not_allowed")


def _check_archive(content: bytes) -> None:
    """An office document is an archive: no bomb for whoever opens it, no program in it, no archive in the archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError):
        raise Refused("damaged") from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise Refused("unpacks_too_large")
    if any(part.filename.lower().endswith(_NEVER_INSIDE) for part in parts):
        raise Refused("type_not_allowed")


def _drawn_anew(content: bytes, *, keep_png: bool) -> tuple[str, bytes]:
    """The picture itself, upright and of a reasonable size, without anything else that was in the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise Refused("too_large")
                picture = ImageOps.exif_transpose(opened)
                picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
                drawn = io.BytesIO()
                if keep_png:
                    _without_extras(picture, "RGBA").save(drawn, "PNG")
                    return "image/png", drawn.getvalue()
                _without_extras(picture, "RGB").save(drawn, "JPEG", quality=88)
                return "image/jpeg", drawn.getvalue()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_large") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, IndexError):
        raise Refused("damaged") from None


def _without_extras(picture: Image.Image, mode: str) -> Image.Image:
    """A new image with nothing but the pixels: no EXIF, no comments, no colour profiles."""
    pixels = picture.convert(mode)
    bare = Image.new(mode, pixels.size)
    bare.paste(pixels)
    return bare
