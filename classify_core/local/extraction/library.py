"""PDF, Office and other binary formats, read with the optional `kreuzberg`.

It is imported when the first such document is read. Its cache and its OCR stay off: no text is written to disk, no
language data is fetched, and OCR that takes too long could not be ended.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from classify_core.errors import MissingExtraError, UnreadableDocumentError
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import PageText, Reading, single_page
from classify_core.local.extraction.slides import in_shown_order
from classify_core.local.extraction.sniffing import damaged, protected

if TYPE_CHECKING:
    from types import ModuleType

    from kreuzberg import ExtractionConfig, ExtractionResult

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
# Images are left out on purpose: the library would answer them with OCR.
_MIME_TYPES = {
    "pdf": "application/pdf",
    "docx": f"{_OPEN_XML}.wordprocessingml.document",
    "pptx": f"{_OPEN_XML}.presentationml.presentation",
    "xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "epub": "application/epub+zip",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
# The record separator, which XML forbids, so that no slide can hold it.
_SLIDE_MARKER = "\x1e{page_num}\x1e"
_SLIDE_MARKERS = re.compile("\x1e\\d+\x1e")
_INFORMATION_REFERENCE = re.compile(rb"/Info(\s+\d+\s+\d+\s+R)")
_PLAIN_DATE = re.compile(rb"/(?:CreationDate|ModDate)\s*\([\x20-\x27\x2a-\x5b\x5d-\x7e]*\)")
_FILE_ENDINGS = (
    "pdf|docx?|docm|dotx?|odt|ott|rtf|txt|xlsx?|xlsm|ods|pptx?|odp|tex|dvi|ps|eps|indd|qxd|p65|pub|vsd|html?|md|csv|"
    "tiff?|jpe?g|png|bmp|wpd|pages|key|numbers"
)
_PLACEHOLDER_TITLE = re.compile(
    rf"untitled|title|document\d*|microsoft \w+ - .*|.*\.(?:{_FILE_ENDINGS})|[\W\d_]*", re.IGNORECASE
)


def can_read(found: str) -> bool:
    """Whether this format is the library's."""
    return found in _MIME_TYPES


def read(data: bytes, found: str, *, name: str | None) -> Reading:
    """Returns the pages of a binary document.

    Raises:
        UnreadableDocumentError: it is protected or damaged.
        MissingExtraError: the library is not installed.
    """
    library = _library(found, name)
    result = _parse(library, _with_safe_dates(data) if found == "pdf" else data, found)
    if found == "pdf" and result.pages is not None:
        pages = sorted(result.pages, key=lambda page: page["page_number"])
        sizes = _page_sizes(result)
        return Reading(
            tuple(PageText(page["content"][:MAX_CHARACTERS], size=sizes.get(page["page_number"])) for page in pages),
            _title(result),
        )
    if found == "pptx":
        slides = in_shown_order(_SLIDE_MARKERS.split(result.content[:MAX_CHARACTERS])[1:], data)
        return Reading(tuple(PageText(slide) for slide in slides), _title(result))
    return single_page(result.content[:MAX_CHARACTERS], title=_title(result), headings=_headings(result))


def _library(found: str, name: str | None) -> ModuleType:
    try:
        import kreuzberg  # noqa: PLC0415  optional, and slow to import
    except ImportError as fault:
        raise MissingExtraError(
            f'reading {found} needs kreuzberg; install it with: pip install "classify-adapters[local]"',
            source_name=name,
        ) from fault
    return kreuzberg


def _parse(library: ModuleType, data: bytes, found: str) -> ExtractionResult:
    try:
        result: ExtractionResult = library.extract_bytes_sync(
            data, _MIME_TYPES[found], config=_configuration(library, found)
        )
    except Exception as fault:  # noqa: BLE001  a fault inside the library can be of any class
        # The library's message may quote the document, so it is not passed on.
        raise _explained(str(fault), found) from None
    return result


def _explained(message: str, found: str) -> UnreadableDocumentError:
    if "password" in message.lower() or "encrypted" in message.lower():
        return protected()
    if "poisoned" in message:
        return UnreadableDocumentError(
            "the PDF reader of this process broke on an earlier document; classify it again in a new process, or with "
            "backend='hosted'"
        )
    return damaged(found)


def _configuration(library: ModuleType, found: str) -> ExtractionConfig:
    configuration: ExtractionConfig = library.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        ocr=None,
        images=None,
        include_document_structure=True,
        # The slides' own boundaries, as the library (4.10) tells them, lie beside the text; its markers are right.
        pages=library.PageConfig(extract_pages=True, insert_page_markers=found == "pptx", marker_format=_SLIDE_MARKER),
        # Running headers name the type of many documents; the library (4.10) returns not all of those, as of DOCX.
        content_filter=library.ContentFilterConfig(
            include_headers=True, include_footers=True, strip_repeating_text=False
        ),
    )
    return configuration


def _with_safe_dates(data: bytes) -> bytes:
    """Hides a PDF's information dictionary unless its dates are plainly harmless.

    kreuzberg 4.10 panics on a date outside ASCII and afterwards refuses every PDF in the process. The trailer that
    refers to the dictionary is never compressed, and a name of the same length moves no offset.
    """
    dates = data.count(b"/CreationDate") + data.count(b"/ModDate")
    is_plain = len(_PLAIN_DATE.findall(data)) == dates and b"/ObjStm" not in data and b"/Encrypt" not in data
    return data if is_plain else _INFORMATION_REFERENCE.sub(rb"/Inf0\1", data)


def _page_sizes(result: ExtractionResult) -> dict[int, tuple[float, float]]:
    structure: Any = result.metadata.get("pages") or {}
    told = {page["number"]: page.get("dimensions") for page in structure.get("pages") or ()}
    return {number: (float(size[0]), float(size[1])) for number, size in told.items() if size}


def _title(result: ExtractionResult) -> str | None:
    title = " ".join(str(result.metadata.get("title") or "").split())
    return None if not title or _PLACEHOLDER_TITLE.fullmatch(title) else title


def _headings(result: ExtractionResult) -> tuple[str, ...]:
    structure: Any = result.document
    nodes = [] if structure is None else structure.get("nodes", [])
    contents = (node.get("content", {}) for node in nodes)
    found = (content.get("text") for content in contents if content.get("node_type") in {"heading", "title"})
    return tuple(" ".join(text.split()) for text in found if isinstance(text, str) and text.strip())
