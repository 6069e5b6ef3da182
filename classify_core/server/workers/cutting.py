"""How much of each page is kept: what the service keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from classify_core.local.extraction.decoding import without_surrogates
from classify_core.local.extraction.reading import PageText, ReadDocument, Reading

MAX_PAGE_BYTES: Final = 64 * 1024
"""Text of a page beyond this is ignored (contract README, "Files and saved rule sets"); in UTF-8."""

MAX_HEADINGS: Final = 1_000
"""Of a page; a hostile document could have so many that taking them over would hold up the server."""


def cut(document: ReadDocument) -> ReadDocument:
    """Returns a document with what is kept of each page, its headings included, and of its title."""
    title = document.reading.title
    pages = tuple(map(_cut_page, document.reading.pages))
    return ReadDocument(document.format, Reading(pages, None if title is None else _kept(title)), document.name)


def _cut_page(page: PageText) -> PageText:
    return replace(page, text=_kept(page.text), headings=tuple(_fitting(page.headings)))


def _kept(text: str) -> str:
    # Half of a surrogate pair has no place in UTF-8.
    return without_surrogates(text).encode()[:MAX_PAGE_BYTES].decode(errors="ignore")


def _fitting(headings: Iterable[str]) -> Iterator[str]:
    left = MAX_PAGE_BYTES
    for heading in map(_kept, islice(headings, MAX_HEADINGS)):
        left -= len(heading.encode())
        if left < 0:
            return
        yield heading
