"""What every reader returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PageText:
    """One page.

    Attributes:
        text: all of its text; empty where it has none, or none that could be read.
        headings: the headings on it, in order.
        size: width and height, of a PDF's page in points and of a picture in pixels.
        unread_because: why a page without a text layer was not read by OCR, and what can be done about it.
    """

    text: str = field(repr=False)
    headings: tuple[str, ...] = field(default=(), repr=False)
    size: tuple[float, float] | None = None
    unread_because: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A document's pages in order, and its own title where it has one."""

    pages: tuple[PageText, ...]
    title: str | None = field(default=None, repr=False)


def single_page(text: str, *, title: str | None = None, headings: tuple[str, ...] = ()) -> Reading:
    """Returns the reading of a format without pages."""
    return Reading((PageText(text, headings),), title)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """All of a document that was read, before some of its pages are selected.

    Attributes:
        format: what it was read from, as a lower-case file ending without the dot.
        reading: its pages and its title.
        name: the document's name, for messages.
    """

    format: str
    reading: Reading = field(repr=False)
    name: str | None = None
