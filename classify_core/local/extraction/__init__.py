"""Text out of a document's bytes, within stated limits and without leaving the machine.

Text-like formats (plain text, Markdown, CSV, HTML, mail, ...) are read with the standard library, pictures with the
program tesseract where that is installed, everything else with the optional `kreuzberg`. Nothing is downloaded,
cached, printed or logged.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from classify_core.background import in_thread
from classify_core.engine import ParsedDocument
from classify_core.errors import ClassifyError, UnreadableDocumentError
from classify_core.local.extraction import html_text, library, mail, plain, xml_text
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.ocr import images
from classify_core.local.extraction.ocr.recognition import recognized
from classify_core.local.extraction.ocr.tesseract import Tesseract
from classify_core.local.extraction.reading import ReadDocument
from classify_core.local.extraction.selection import select, selected_pages
from classify_core.local.extraction.sniffing import sniff
from classify_core.models import ParsingConfiguration

if TYPE_CHECKING:
    from pathlib import Path

    from classify_core.local.extraction.reading import Reading
    from classify_core.source import Content

__all__ = ["MAX_CHARACTERS", "ReadDocument", "aextract", "extract", "read_document", "select", "selected_pages"]


_UNFORESEEN = (
    "its content is malformed in a way that its reader cannot handle; save it again in the program it comes from, or "
    "as PDF or plain text"
)


def extract(
    content: Content, parsing: ParsingConfiguration | None = None, *, tesseract: Tesseract | None = None
) -> ParsedDocument:
    """Returns the text of a document's pages, and its title and headings where the format marks them.

    The pages are those of a PDF or TIFF and the slides of a presentation; any other format is one page. At most
    `MAX_CHARACTERS` are kept.

    Args:
        content: the bytes; what they hold decides over what the name's ending says.
        parsing: which pages are read, and their language for OCR; target pages beyond the end are ignored.
        tesseract: the program for OCR, for who wants to cancel it.

    Raises:
        UnreadableDocumentError: there is no text to classify, and why.
        MissingExtraError: the format needs `pip install "classify-adapters[local]"`.
    """
    return select(read_document(content, parsing, tesseract=tesseract), parsing)


async def aextract(content: Content, parsing: ParsingConfiguration | None = None) -> ParsedDocument:
    """The same in a thread; cancelled, it leaves no process behind.

    Raises:
        UnreadableDocumentError: there is no text to classify, and why.
        MissingExtraError: the format needs `pip install "classify-adapters[local]"`.
    """
    tesseract = Tesseract()
    try:
        return await in_thread(partial(extract, content, parsing, tesseract=tesseract))
    finally:
        tesseract.cancel()


def read_document(
    content: Content,
    parsing: ParsingConfiguration | None = None,
    *,
    tesseract: Tesseract | None = None,
    path: Path | None = None,
) -> ReadDocument:
    """Returns all of a document's pages, so that several selections of them need only one reading.

    Args:
        content: the bytes.
        parsing: which of the pages without text are read by OCR, and in which language.
        tesseract: the program for OCR.
        path: where the same bytes are in a file; for OCR of a PDF one is made where there is none.

    Raises:
        UnreadableDocumentError: it cannot be read, and why.
        MissingExtraError: the format needs `pip install "classify-adapters[local]"`.
    """
    try:
        found = sniff(content.data, content.format)
        document = ReadDocument(found, _read(content, found), content.name)
        return recognized(
            document, content.data, parsing or ParsingConfiguration(), tesseract=tesseract or Tesseract(), path=path
        )
    except ClassifyError as error:
        raise error.about(source_name=content.name) from error.__cause__
    except Exception:  # noqa: BLE001  a parser can fail on hostile bytes in ways that nobody foresaw
        # The fault may quote the document, so it is not passed on.
        raise UnreadableDocumentError(_UNFORESEEN, code="PDF_IS_BROKEN", source_name=content.name) from None


def _read(content: Content, found: str) -> Reading:
    if library.can_read(found):
        return library.read(content.data, found, name=content.name)
    if found in images.IMAGES:
        return images.read(content.data, found)
    if found in _READERS:
        return _READERS[found](content.data)
    return plain.read(content.data, found)


_READERS = {"html": html_text.read, "eml": mail.read, "xml": xml_text.read, "svg": xml_text.read}
