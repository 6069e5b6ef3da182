"""Image files, such as photographs and faxes: all of their text is read by OCR."""

from __future__ import annotations

from typing import Final

from classify_core.local.extraction.ocr.image_size import sizes_of
from classify_core.local.extraction.ocr.limits import MAX_PIXELS
from classify_core.local.extraction.ocr.tesseract import Tesseract, too_large
from classify_core.local.extraction.reading import PageText, Reading
from classify_core.local.extraction.sniffing import IMAGE_NAMES, damaged

IMAGES: Final = frozenset(IMAGE_NAMES)
"""The formats; each picture in a TIFF is a page, all others have one."""


def read(data: bytes, found: str) -> Reading:
    """Returns the pages without text.

    Raises:
        UnreadableDocumentError: it is damaged.
    """
    sizes = sizes_of(data, found)
    if not sizes:
        raise damaged(IMAGE_NAMES[found])
    return Reading(tuple(PageText("", size=size) for size in sizes))


def text_of(data: bytes, page: PageText, number: int, language: str, tesseract: Tesseract) -> str:
    """Returns the text of one page.

    Raises:
        UnreadableDocumentError: it is too large, or cannot be read within the limits.
    """
    width, height = page.size or (0, 0)
    if width * height > MAX_PIXELS:
        raise too_large(f"it is an image of {width:,.0f} x {height:,.0f} pixels")
    return tesseract.text_of(data, language, page=number - 1)
