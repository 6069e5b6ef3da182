"""The pages of a document that have no text, read by OCR as far as that is possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from classify_core.errors import UnreadableDocumentError
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.ocr.languages import data_of, package_of
from classify_core.local.extraction.ocr.limits import MAX_PAGES
from classify_core.local.extraction.ocr.tesseract import NOT_INSTALLED, Tesseract
from classify_core.local.extraction.reading import PageText, Reading

ReadPage: TypeAlias = Callable[[int, str], str]
"""Returns the text on a page, by its number and the name of the language's data."""

_NOT_SELECTED = "it was not selected when the document was read"
_BEYOND = (
    f"OCR reads at most {MAX_PAGES} pages of a document, the first of those selected; select others with target_pages, "
    "or classify it with backend='hosted'"
)


def recognized(
    reading: Reading, selected: Sequence[int], lang: str, *, tesseract: Tesseract, read_page: ReadPage
) -> Reading:
    """Returns a document with the text of those selected pages that had none; the others say why they have none.

    Args:
        reading: what was read without OCR.
        selected: the numbers of the pages that matter, from 1.
        lang: their language.
        tesseract: the program.
        read_page: reads one page with it.

    Raises:
        UnreadableDocumentError: the language's data are missing, or a page cannot be read within the limits.
    """
    scanned = [number for number, page in enumerate(reading.pages, start=1) if not page.text.strip()]
    if not scanned:
        return reading
    wanted = [number for number in scanned if number in set(selected)]
    read = {}
    if wanted and tesseract.is_installed:
        data = _installed_data(lang, tesseract)
        read = {number: read_page(number, data)[:MAX_CHARACTERS] for number in wanted[:MAX_PAGES]}
    pages = list(reading.pages)
    for number in scanned:
        pages[number - 1] = _with(pages[number - 1], read.get(number), tesseract, is_wanted=number in wanted)
    return replace(reading, pages=tuple(pages))


def _with(page: PageText, text: str | None, tesseract: Tesseract, *, is_wanted: bool) -> PageText:
    if text is not None:
        return replace(page, text=text)
    if not tesseract.is_installed:
        return replace(page, unread_because=NOT_INSTALLED)
    return replace(page, unread_because=_BEYOND if is_wanted else _NOT_SELECTED)


def _installed_data(lang: str, tesseract: Tesseract) -> str:
    data = data_of(lang)
    if data is None:
        raise _no_language(
            f"lang={lang!r} is no language that OCR knows; give a code such as 'en' or 'de', or the name of data of "
            "tesseract's such as 'fin'"
        )
    if data not in tesseract.languages():
        raise _no_language(
            f"OCR in lang={lang!r} needs tesseract's data {data!r}, which are not installed here: "
            f"apt-get install {package_of(data)}, or brew install tesseract-lang; install them, or classify it with "
            "backend='hosted'"
        )
    return data


def _no_language(message: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(message, code="UNSUPPORTED_FILE_TYPE")
