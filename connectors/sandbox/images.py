"""Small pictures made on the spot: real PNG and JPEG files whose colours depend on their name.

The JPEG encoder writes only what a mosaic of flat 8×8 blocks needs (baseline, DC coefficients). It is no photo library.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator

Colour = tuple[int, int, int]

_BLOCKS_WIDE, _BLOCKS_HIGH, _BLOCK = 20, 15, 8

# Huffman code lengths of the DC differences, the table every baseline encoder uses: category n has code length _DC[n].
_DC_COUNTS = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
_DC_SYMBOLS = tuple(range(12))


def picture(name: str) -> tuple[bytes, str]:
    """The file with this name and its media type: PNG for .png, JPEG for everything else."""
    mosaic = _mosaic(name)
    return (_png(mosaic), "image/png") if name.lower().endswith(".png") else (_jpeg(mosaic), "image/jpeg")


def _mosaic(name: str) -> list[list[Colour]]:
    """A road under a sky, in blocks: horizon, sky and road colours come from the name."""
    digest = hashlib.sha256(name.encode()).digest()
    horizon = 5 + digest[0] % 5
    sky, road = (150 + digest[1] % 80, 180 + digest[2] % 60, 220), (70 + digest[3] % 60,) * 3
    rows: list[list[Colour]] = []
    for y in range(_BLOCKS_HIGH):
        base = sky if y < horizon else road
        rows.append([_shade(base, digest[(x * 7 + y * 3) % 32] % 24) for x in range(_BLOCKS_WIDE)])
    hole_x, hole_y = 3 + digest[4] % 14, horizon + (_BLOCKS_HIGH - horizon) // 2
    for x in range(hole_x - 2, hole_x + 3):
        rows[hole_y][x] = (30, 26, 24)
    return rows


def _shade(colour: Colour, by: int) -> Colour:
    red, green, blue = (max(0, part - by) for part in colour)
    return red, green, blue


def _png(mosaic: list[list[Colour]]) -> bytes:
    lines = (b"\x00" + b"".join(bytes(colour) * _BLOCK for colour in row) for row in mosaic for _ in range(_BLOCK))
    header = struct.pack(">IIBBBBB", _BLOCKS_WIDE * _BLOCK, _BLOCKS_HIGH * _BLOCK, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body)) for tag, body in parts
    )


def _jpeg(mosaic: list[list[Colour]]) -> bytes:
    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    size = struct.pack(">BHHB", 8, _BLOCKS_HIGH * _BLOCK, _BLOCKS_WIDE * _BLOCK, 3)
    components = bytes((1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            segment(0xDB, b"\x00" + b"\x08" * 64),  # quantise by 8: one DC step is one grey level
            segment(0xC0, size + components),
            segment(0xC4, b"\x00" + bytes(_DC_COUNTS) + bytes(_DC_SYMBOLS)),
            segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\x00"),  # AC: a single code, "end of block"
            segment(0xDA, bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0))),
            _packed("".join(_scan(mosaic))),
            b"\xff\xd9",
        )
    )


def _scan(mosaic: list[list[Colour]]) -> Iterator[str]:
    """The bits of all blocks: for each of Y, Cb, Cr the difference to the block before, then end of block."""
    codes = _dc_codes()
    before = [0, 0, 0]
    for row in mosaic:
        for colour in row:
            for channel, level in enumerate(_ycbcr(colour)):
                difference, before[channel] = level - before[channel], level
                category = abs(difference).bit_length()
                value = difference if difference >= 0 else difference + (1 << category) - 1
                yield codes[category] + (f"{value:0{category}b}" if category else "") + "0"


def _dc_codes() -> list[str]:
    """Canonical Huffman codes of the DC table, by category."""
    codes, code = [], 0
    for length, count in enumerate(_DC_COUNTS, start=1):
        for _ in range(count):
            codes.append(f"{code:0{length}b}")
            code += 1
        code <<= 1
    return codes


def _ycbcr(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(luma - 128), round(0.564 * (blue - luma)), round(0.713 * (red - luma))


def _packed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    content = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    return content.replace(b"\xff", b"\xff\x00")
