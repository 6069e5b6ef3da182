"""XML without its markup: all character data, CDATA sections included."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from classify_core.local.extraction import html_text
from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.reading import Reading, single_page

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9_.:-]{1,40})""")
_DECLARED_WITHIN = 400
_CHARACTER_DATA = "<![CDATA["
# What begins markup, and what ends it; the first that fits (XML 1.0, sections 2.4 to 2.8 and 3.1).
_CONSTRUCTS = ((_CHARACTER_DATA, "]]>"), ("<!--", "-->"), ("<?", "?>"), ("<", ">"))
_DOCUMENT_TYPE = "<!DOCTYPE"


def read(data: bytes) -> Reading:
    """Returns all text between the tags, in the encoding that the XML declaration names."""
    declared = _DECLARED_ENCODING.search(data[:_DECLARED_WITHIN])
    return single_page(text_of(decode(data, None if declared is None else declared[1].decode("ascii"))))


def text_of(markup: str) -> str:
    """Returns the text of XML without its markup. Entities that the document itself defines are left out unread."""
    return html_text.tidied("".join(_pieces(markup)))


def _pieces(markup: str) -> Iterator[str]:
    position = 0
    while (start := markup.find("<", position)) >= 0:
        yield unescaped(markup[position:start])
        opening, closing = _construct(markup, start)
        end = markup.find(closing, start + len(opening))
        if end < 0:  # what never ends is text, also to keep the search for ends linear
            position = start
            break
        if opening == _CHARACTER_DATA:
            yield _section(markup[start + len(opening) : end])
        else:
            yield "\n"
        position = end + len(closing)
    yield unescaped(markup[position:])


def _construct(markup: str, start: int) -> tuple[str, str]:
    if markup.startswith(_DOCUMENT_TYPE, start):
        first_end = markup.find(">", start)
        return _DOCUMENT_TYPE, "]>" if "[" in markup[start:first_end] else ">"
    return next(construct for construct in _CONSTRUCTS if markup.startswith(construct[0], start))


def _section(text: str) -> str:
    """Feeds put whole pages of HTML into a section."""
    return html_text.text_of(text) if "</" in text else text


def unescaped(text: str) -> str:
    """Returns the text with its character references resolved."""
    return unescape(html_text.without_overlong_references(text))
