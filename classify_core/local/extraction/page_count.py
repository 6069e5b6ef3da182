"""How many pages a document has, found out without reading them where the format allows that."""

from __future__ import annotations

import os

from classify_core.local.extraction import library
from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.ocr.images import IMAGES
from classify_core.local.extraction.ocr.pdf_pages import file_in_memory
from classify_core.local.extraction.sniffing import sniff
from classify_core.source import Content


def page_count(content: Content) -> int | None:
    """Returns how many pages `read_document` would find.

    A PDF's are counted in less than a millisecond on Linux; elsewhere it is read, which takes a hundred times as long,
    because the library counts files alone and no document is written to a disk for that.

    Returns:
        The pages of a PDF, the slides of a presentation, 1 for any other format. None where that cannot be told: the
        format is unknown or an image, the document is damaged or protected, or `classify-adapters[local]` is missing.
    """
    try:
        return _counted(content) or None
    except Exception:  # noqa: BLE001 - a parser can fail on hostile bytes in ways that nobody foresaw
        return None


def _counted(content: Content) -> int:
    found = sniff(content.data, content.format)
    if found in IMAGES:
        return 0
    if found == "pdf" and hasattr(os, "memfd_create"):
        return _pages_of_pdf(content.data)
    if found in {"pdf", "pptx"}:
        return len(library.read(content.data, found, name=None).pages)
    if found != "eml" and not library.can_read(found):  # a mail may switch its encoding with control characters
        decode(content.data)  # refuses what is no document
    return 1


def _pages_of_pdf(data: bytes) -> int:
    import kreuzberg  # noqa: PLC0415 - optional, and slow to import

    with file_in_memory(data) as path, kreuzberg.PdfPageIterator(path) as pages:
        return len(pages)
