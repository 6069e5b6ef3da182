"""Documents to count, as sources, and keys for them."""

from __future__ import annotations

from classify_core import Source
from classify_core.source import Content, content_key
from tests.local import files

BILL = "Invoice number 7: line items, tax, the total amount due"


def key_of(source: Source, content: Content | None) -> str:
    return content_key(source, content)


def pdf(pages: int, *, mark: str = "") -> bytes:
    return files.pdf([f"{BILL} {mark} page {number}" for number in range(1, pages + 1)])


def deck(slides: int, *, shown: list[int] | None = None) -> bytes:
    return files.presentation([f"{BILL} slide {number}" for number in range(1, slides + 1)], shown=shown)
