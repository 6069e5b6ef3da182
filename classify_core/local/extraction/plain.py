"""Plain text, Markdown, reStructuredText, CSV, XML and whatever else is text."""

from __future__ import annotations

import re

from classify_core.local.extraction import html_text
from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import Reading, single_page

_MARKUP_ENDINGS = frozenset({"md", "markdown", "mdx", "rst"})
_FENCE = re.compile(r"^\s{0,3}(```|~~~).*?^\s{0,3}\1\s*$", re.MULTILINE | re.DOTALL)
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*$", re.MULTILINE | re.DOTALL)
_FRONT_MATTER_TITLE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)
# A line of number signs and text, or a line underlined by one repeated character.
_HEADING = re.compile(
    r"^[ ]{0,3}\#{1,3}[ \t]+(?P<marked>\S.*?)[ \t]*\#*[ \t]*$"
    r"|^(?P<underlined>[^\W_].{0,199})\n(?:={3,}|-{3,}|~{3,}|\^{3,})[ \t]*$",
    re.MULTILINE | re.VERBOSE,
)


def read(data: bytes, found: str) -> Reading:
    """Returns text as one page; Markdown and reStructuredText with their headings."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")[:MAX_CHARACTERS]
    if found in {"xml", "svg"}:
        return single_page(html_text.text_of(text))
    if found in _MARKUP_ENDINGS:
        return single_page(text, title=_front_matter_title(text), headings=_headings(text))
    return single_page(text)


def _front_matter_title(text: str) -> str | None:
    front_matter = _FRONT_MATTER.match(text)
    title = None if front_matter is None else _FRONT_MATTER_TITLE.search(front_matter[1])
    return None if title is None else title[1].strip().strip("\"'") or None


def _headings(text: str) -> tuple[str, ...]:
    prose = _FENCE.sub("", _FRONT_MATTER.sub("", text, count=1))
    found = (match["marked"] or match["underlined"] for match in _HEADING.finditer(prose))
    return tuple(heading.strip() for heading in found)
