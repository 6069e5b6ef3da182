"""The pages of a document that have no text, read by OCR as far as that is possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from classify_core.errors import UnreadableDocumentError
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.ocr import images
from classify_core.local.extraction.ocr.languages import data_of, package_of
from classify_core.local.extraction.ocr.limits import MAX_PAGES
from classify_core.local.extraction.ocr.pdf_pages import file_of, picture_of
from classify_core.local.extraction.ocr.tesseract import NOT_INSTALLED, Tesseract
from classify_core.local.extraction.reading import PageText, ReadDocument
from classify_core.local.extraction.selection import select, selected_pages
from classify_core.models import ParsingConfiguration

_ReadPage: TypeAlias = Callable[[int, str], str]
"""Returns the text on a page, by its number and the name of the language's data."""

_NOT_SELECTED = "it was not selected when the document was read"
_BEYOND = (
    f"OCR reads at most {MAX_PAGES} pages of a document, the first of those selected; select others with target_pages, "
    "or classify it with backend='hosted'"
)


def recognized(
    document: ReadDocument,
    data: bytes,
    parsing: ParsingConfiguration,
    *,
    tesseract: Tesseract,
    path: Path | None = None,
) -> ReadDocument:
    """Returns a document with the text of those selected pages that had none; the others say why they have none.

    Args:
        document: what was read without OCR.
        data: its bytes.
        parsing: which pages matter, and their language.
        tesseract: the program.
        path: where the bytes are in a file, if they are in one.

    Raises:
        UnreadableDocumentError: no selected page is there, the language's data are missing, or a page cannot be read
            within the limits; or nothing can be read without tesseract.
    """
    scanned = _without_text(document)
    if not scanned:
        return document
    wanted = [number for number in selected_pages(document, parsing) if number in scanned]
    read: dict[int, str] = {}
    if wanted and tesseract.is_installed:
        language = _installed_data(parsing.lang, tesseract)
        with _reader(document, data, tesseract, path) as read_page:
            read = {number: read_page(number, language)[:MAX_CHARACTERS] for number in wanted[:MAX_PAGES]}
    missing = dict.fromkeys(scanned, _NOT_SELECTED) | dict.fromkeys(wanted, _BEYOND)
    if not tesseract.is_installed:
        missing = dict.fromkeys(scanned, NOT_INSTALLED)
    completed = _completed(document, read, missing)
    if not tesseract.is_installed and len(scanned) == len(document.reading.pages):
        select(completed, parsing)  # refuses it, so that nobody keeps it as a document that was read
    return completed


def _without_text(document: ReadDocument) -> frozenset[int]:
    if document.format != "pdf" and document.format not in images.IMAGES:
        return frozenset()
    return frozenset(number for number, page in enumerate(document.reading.pages, start=1) if not page.text.strip())


@contextmanager
def _reader(document: ReadDocument, data: bytes, tesseract: Tesseract, path: Path | None) -> Iterator[_ReadPage]:
    pages = document.reading.pages
    if document.format in images.IMAGES:
        yield lambda number, language: images.text_of(data, pages[number - 1], number, language, tesseract)
        return
    with file_of(data) if path is None else nullcontext(str(path)) as file:
        yield lambda number, language: tesseract.text_of(picture_of(file, pages[number - 1], number), language)


def _completed(document: ReadDocument, read: Mapping[int, str], missing: Mapping[int, str]) -> ReadDocument:
    def completed(number: int, page: PageText) -> PageText:
        if number in read:
            return replace(page, text=read[number])
        return replace(page, unread_because=missing.get(number))

    pages = tuple(completed(number, page) for number, page in enumerate(document.reading.pages, start=1))
    return replace(document, reading=replace(document.reading, pages=pages))


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
