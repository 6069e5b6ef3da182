"""Pages of a PDF as pictures, drawn by kreuzberg, which takes a PDF for that from a file alone."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from classify_core.local.extraction.ocr.limits import DOTS_PER_INCH, MAX_DRAWN_PIXELS
from classify_core.local.extraction.reading import PageText

_POINTS_PER_INCH: Final = 72
_LARGEST_SIDE: Final = 14_400.0
"""In points (PDF 32000-1, annex C.2); what a page of unknown size may have."""


def picture_of(path: str, page: PageText, number: int) -> bytes:
    """Returns a page as a PNG.

    Args:
        path: where the PDF is.
        page: the page, with its size in points.
        number: the page's, from 1.
    """
    import kreuzberg  # noqa: PLC0415 - optional, and slow to import

    return kreuzberg.render_pdf_page(path, number - 1, dpi=_dots_per_inch(page.size))


@contextmanager
def file_of(data: bytes) -> Iterator[str]:
    """Gives the path of a file with these bytes: in memory on Linux, elsewhere a temporary one that only we can read."""
    if hasattr(os, "memfd_create"):
        with file_in_memory(data) as path:
            yield path
        return
    with tempfile.TemporaryDirectory(prefix="classify-scan-") as folder:
        path = Path(folder, "document.pdf")
        path.write_bytes(data)
        yield str(path)


@contextmanager
def file_in_memory(data: bytes) -> Iterator[str]:
    """Gives the path of a file that is on no disk; Linux alone has such."""
    descriptor = os.memfd_create("document")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _dots_per_inch(size: tuple[float, float] | None) -> int:
    width, height = size or (_LARGEST_SIDE, _LARGEST_SIDE)
    area = max(width * height, 1.0) / _POINTS_PER_INCH**2
    return max(1, min(DOTS_PER_INCH, int(math.sqrt(MAX_DRAWN_PIXELS / area))))
