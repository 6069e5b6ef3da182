"""The pages that are asked for, of all that were read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from classify_core.engine import ParsedDocument
from classify_core.errors import UnreadableDocumentError
from classify_core.local.extraction.decoding import without_surrogates
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import PageText, ReadDocument
from classify_core.local.extraction.sniffing import IMAGE_NAMES
from classify_core.models import ParsingConfiguration
from classify_core.page_ranges import select_pages

_PAGED = frozenset({"pdf", "pptx", "tiff"})
_BETWEEN_PAGES = "\n\n"
_NOTHING_RECOGNIZED = (
    "OCR found no text either: it is blank, too blurred, or in another language than lang= says; check that it is the "
    "right file, or classify it with backend='hosted'"
)


def select(document: ReadDocument, parsing: ParsingConfiguration | None = None) -> ParsedDocument:
    """Returns the text of the pages that `parsing` names.

    Raises:
        UnreadableDocumentError: there is no such page, or no text on it.
    """
    numbers = selected_pages(document, parsing)
    chosen = [document.reading.pages[number - 1] for number in numbers]
    text = _BETWEEN_PAGES.join(page.text for page in chosen)[:MAX_CHARACTERS]
    if not text.strip():
        raise _empty(_without_text(document, chosen), document)
    starts = _starts(chosen, len(text)) if document.format in _PAGED else ()
    title = document.reading.title
    return ParsedDocument(
        # One character stands for one, so the pages begin where they did.
        text=without_surrogates(text),
        name=document.name,
        title=None if title is None else without_surrogates(title),
        headings=tuple(without_surrogates(heading) for page in chosen for heading in page.headings),
        format=document.format,
        page_starts=starts,
        page_numbers=tuple(numbers[: len(starts)]),
        unread=_unread(chosen),
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


def _unread(pages: Sequence[PageText]) -> str:
    """Returns how many pages could not be read, and the first one's reason without what else could be done."""
    reasons = [page.unread_because for page in pages if page.unread_because is not None]
    if not reasons:
        return ""
    were = "was" if len(reasons) == 1 else "were"
    return f"{len(reasons)} of {len(pages)} pages {were} not read: {reasons[0].partition(';')[0]}"


def _starts(pages: Sequence[PageText], length: int) -> tuple[int, ...]:
    """Returns where pages begin in their joined text, as far as that is kept."""
    starts = accumulate((len(page.text) + len(_BETWEEN_PAGES) for page in pages[:-1]), initial=0)
    return tuple(start for start in starts if start < length)


def _empty(message: str, document: ReadDocument) -> UnreadableDocumentError:
    code = "UNSUPPORTED_FILE_TYPE" if document.format in IMAGE_NAMES else "NO_DATA_FOUND_IN_FILE"
    return UnreadableDocumentError(message, code=code, source_name=document.name)


def _counted(page_count: int, found: str) -> str:
    if found not in _PAGED:
        return f"the format {found!r} has no pages that can be told apart here and counts as 1 page"
    return "it has 1 page" if page_count == 1 else f"it has {page_count} pages"


def _without_text(document: ReadDocument, chosen: Sequence[PageText]) -> str:
    if document.format != "pdf" and document.format not in IMAGE_NAMES:
        return "it holds no text, only white space or markup; check that it is the right file"
    reason = next((page.unread_because for page in chosen if page.unread_because is not None), _NOTHING_RECOGNIZED)
    return f"{_without_text_layer(document, len(chosen))}. {reason}"


def _without_text_layer(document: ReadDocument, chosen: int) -> str:
    page_count = len(document.reading.pages)
    if document.format in IMAGE_NAMES:
        return f"it is an image ({IMAGE_NAMES[document.format]}) without a text layer"
    if chosen < page_count:
        return f"the {chosen} selected of its {page_count} pages have no text layer (scanned or blank)"
    return "it has no text layer: a scan, or blank pages"
