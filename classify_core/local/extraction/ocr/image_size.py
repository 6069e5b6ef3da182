"""How large the pictures in an image file are by its header, so that what unfolds to gigabytes is never unfolded.

By the formats' own specifications: PNG section 11.2.2, GIF89a section 18, ITU-T T.81 table B.1, TIFF 6.0 section 2,
BITMAPFILEHEADER and RFC 9649 section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

Size: TypeAlias = tuple[int, int]

_MOST_PICTURES: Final = 1_000
_FRAMES_OF_JPEG: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WIDTH_TAG, _HEIGHT_TAG = 256, 257
_SHORT, _LONG = 3, 4
_CORE_HEADER: Final = 12


def sizes_of(data: bytes, found: str) -> list[Size]:
    """Returns width and height in pixels of each picture in a file; none where its header is damaged."""
    try:
        sizes = _READERS[found](data)
    except (struct.error, IndexError):
        return []
    return sizes if all(width > 0 and height > 0 for width, height in sizes) else []


def _png(data: bytes) -> list[Size]:
    return [struct.unpack_from(">II", data, 16)]


def _gif(data: bytes) -> list[Size]:
    return [struct.unpack_from("<HH", data, 6)]


def _bmp(data: bytes) -> list[Size]:
    [header] = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == _CORE_HEADER else "<ii", data, 18)
    return [(width, abs(height))]  # a negative height says that the rows begin at the top


def _webp(data: bytes) -> list[Size]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[start : start + 3], "little") + 1 for start in (24, 27))
    elif kind == b"VP8L":
        [bits] = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return [(width, height)]


def _jpeg(data: bytes) -> list[Size]:
    position = 2
    while data[position] == 0xFF:  # noqa: PLR2004 - what each marker begins with
        marker = data[position + 1]
        if marker in _FRAMES_OF_JPEG:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return [(width, height)]
        if marker == 0xFF:  # noqa: PLR2004 - such a byte may stand before any marker
            position += 1
        else:
            position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return []


def _tiff(data: bytes) -> list[Size]:
    order = "<" if data.startswith(b"II") else ">"
    sizes: dict[int, Size] = {}
    [position] = struct.unpack_from(f"{order}I", data, 4)
    while position > 0 and position not in sizes and len(sizes) < _MOST_PICTURES:
        [count] = struct.unpack_from(f"{order}H", data, position)
        sizes[position] = _size_in_directory(data, position + 2, count, order)
        [position] = struct.unpack_from(f"{order}I", data, position + 2 + 12 * count)
    return list(sizes.values())


def _size_in_directory(data: bytes, start: int, count: int, order: str) -> Size:
    sides = {_WIDTH_TAG: 0, _HEIGHT_TAG: 0}
    for entry in range(start, start + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if tag in sides and kind in {_SHORT, _LONG}:
            [sides[tag]] = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), data, entry + 8)
    return sides[_WIDTH_TAG], sides[_HEIGHT_TAG]


_READERS: Final[dict[str, Callable[[bytes], list[Size]]]] = {
    "png": _png,
    "gif": _gif,
    "bmp": _bmp,
    "webp": _webp,
    "jpg": _jpeg,
    "tiff": _tiff,
}
