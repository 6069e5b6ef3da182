"""Text out of a document's bytes, within stated limits and without leaving the machine.

Text-like formats (plain text, Markdown, CSV, HTML, mail, ...) are read with the standard library, everything else
with the optional `kreuzberg`. Nothing is recognised from images, downloaded, cached, printed or logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classify_core.engine import ParsedDocument
from classify_core.errors import ClassifyError, UnreadableDocumentError
from classify_core.local.extraction import html_text, library, mail, plain, xml_text
from classify_core.local.extraction.decoding import without_surrogates
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import ReadDocument
from classify_core.local.extraction.sniffing import sniff
from classify_core.page_ranges import select_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core.local.extraction.reading import Reading
    from classify_core.models import ParsingConfiguration
    from classify_core.source import Content

__all__ = ["MAX_CHARACTERS", "ReadDocument", "extract", "read_document", "select", "selected_pages"]


_UNFORESEEN = (
    "its content is malformed in a way that its reader cannot handle; save it again in the program it comes from, or "
    "as PDF or plain text"
)
_PAGED = frozenset({"pdf", "pptx"})


def extract(content: Content, parsing: ParsingConfiguration | None = None) -> ParsedDocument:
    """Returns the text of a document's pages, and its title and headings where the format marks them.

    The pages are those of a PDF and the slides of a presentation; any other format is one page. At most
    `MAX_CHARACTERS` are kept.

    Args:
        content: the bytes; what they hold decides over what the name's ending says.
        parsing: which pages are read; target pages beyond the end are ignored. `lang` has no effect here.

    Raises:
        UnreadableDocumentError: there is no text to classify, and why.
        MissingExtraError: the format needs `pip install "classify-adapters[local]"`.
    """
    return select(read_document(content), parsing)


def read_document(content: Content) -> ReadDocument:
    """Returns all of a document's pages, so that several selections of them need only one reading.

    Raises:
        UnreadableDocumentError: it cannot be read, and why.
        MissingExtraError: the format needs `pip install "classify-adapters[local]"`.
    """
    try:
        found = sniff(content.data, content.format)
        return ReadDocument(found, _read(content, found), content.name)
    except ClassifyError as error:
        raise error.about(source_name=content.name) from error.__cause__
    except Exception:  # noqa: BLE001  a parser can fail on hostile bytes in ways that nobody foresaw
        # The fault may quote the document, so it is not passed on.
        raise UnreadableDocumentError(_UNFORESEEN, code="PDF_IS_BROKEN", source_name=content.name) from None


def select(document: ReadDocument, parsing: ParsingConfiguration | None = None) -> ParsedDocument:
    """Returns the text of the pages that `parsing` names.

    Raises:
        UnreadableDocumentError: there is no such page, or no text on it.
    """
    pages = document.reading.pages
    numbers = selected_pages(document, parsing)
    chosen = [pages[number - 1] for number in numbers]
    text = "\n\n".join(page.text for page in chosen)[:MAX_CHARACTERS]
    if not text.strip():
        raise _empty(_without_text(document.format, numbers, len(pages)), document)
    title = document.reading.title
    return ParsedDocument(
        text=without_surrogates(text),
        name=document.name,
        title=None if title is None else without_surrogates(title),
        headings=tuple(without_surrogates(heading) for page in chosen for heading in page.headings),
        format=document.format,
    )


def selected_pages(document: ReadDocument, parsing: ParsingConfiguration | None) -> Sequence[int]:
    """Returns the 1-based numbers of the pages that `parsing` names.

    Raises:
        UnreadableDocumentError: the document has none of them.
    """
    page_count = len(document.reading.pages)
    if parsing is None:
        return range(1, page_count + 1)
    numbers = select_pages(page_count, parsing.target_pages, parsing.max_pages)
    if page_count > 0 and not numbers:
        counted = _counted(page_count, document.format)
        remedy = f"name pages from 1 to {page_count}" if document.format in _PAGED else "leave target_pages out"
        raise _empty(f"{counted}, so none of target_pages {parsing.target_pages!r} is left to read; {remedy}", document)
    return numbers


def _empty(message: str, document: ReadDocument) -> UnreadableDocumentError:
    return UnreadableDocumentError(message, code="NO_DATA_FOUND_IN_FILE", source_name=document.name)


def _read(content: Content, found: str) -> Reading:
    if library.can_read(found):
        return library.read(content.data, found, name=content.name)
    if found in _READERS:
        return _READERS[found](content.data)
    return plain.read(content.data, found)


_READERS = {"html": html_text.read, "eml": mail.read, "xml": xml_text.read, "svg": xml_text.read}


def _counted(page_count: int, found: str) -> str:
    if found not in _PAGED:
        return f"the format {found!r} has no pages that can be told apart here and counts as 1 page"
    return "it has 1 page" if page_count == 1 else f"it has {page_count} pages"


def _without_text(found: str, numbers: Sequence[int], page_count: int) -> str:
    if found == "pdf" and len(numbers) < page_count:
        return (
            f"the {len(numbers)} selected of its {page_count} pages have no text layer (scanned or blank), and OCR is "
            "not done locally; select pages with text, run OCR on it first, or classify it with backend='hosted'"
        )
    if found == "pdf":
        return (
            "it has no text layer: a scan, or blank pages. OCR is not done locally; run OCR on it first, or classify "
            "it with backend='hosted'"
        )
    return "it holds no text, only white space or markup; check that it is the right file"
