"""Pages of a PDF as pictures, drawn by kreuzberg, which takes a PDF for that from a file alone."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from classify_core.local.extraction.ocr.limits import DOTS_PER_INCH, MAX_DRAWN_PIXELS, MAX_PIXELS
from classify_core.local.extraction.ocr.tesseract import too_large
from classify_core.local.extraction.reading import PageText

_POINTS_PER_INCH: Final = 72
_LEAST_DOTS_PER_INCH: Final = 72
"""kreuzberg (4.10) draws with no fewer."""


def picture_of(path: str, page: PageText, number: int) -> bytes:
    """Returns a page as a PNG.

    Args:
        path: where the PDF is.
        page: the page, with its size in points.
        number: the page's, from 1.

    Raises:
        UnreadableDocumentError: it is too large.
    """
    import kreuzberg  # noqa: PLC0415 - optional, and slow to import

    return kreuzberg.render_pdf_page(path, number - 1, dpi=_dots_per_inch(page.size))


@contextmanager
def file_of(data: bytes) -> Iterator[str]:
    """Gives the path of a file with these bytes: in memory on Linux, elsewhere a temporary one in a private folder."""
    if hasattr(os, "memfd_create"):
        with file_in_memory(data) as path:
            yield path
        return
    with tempfile.TemporaryDirectory(prefix="classify-scan-") as folder:
        file = Path(folder, "document.pdf")
        file.write_bytes(data)
        yield str(file)


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
    width, height = size or (math.inf, math.inf)
    area = width * height / _POINTS_PER_INCH**2
    if area * _LEAST_DOTS_PER_INCH**2 > MAX_PIXELS:
        raise too_large(f"a page of it is {width:,.0f} x {height:,.0f} points large")
    fitting = int(math.sqrt(MAX_DRAWN_PIXELS / max(area, 1.0)))
    return max(_LEAST_DOTS_PER_INCH, min(DOTS_PER_INCH, fitting))
