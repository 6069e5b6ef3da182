"""Plain text, Markdown, reStructuredText, CSV and whatever else is text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import Reading, single_page

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKUP_ENDINGS = frozenset({"md", "markdown", "mdx", "rst"})
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*$", re.MULTILINE | re.DOTALL)
_FRONT_MATTER_TITLE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)
_FENCES = ("```", "~~~")
_MARKED = re.compile(r"#{1,3}[ \t]+")
_UNDERLINE = re.compile(r"={3,}|-{3,}|~{3,}|\^{3,}")
_LONGEST_HEADING = 200


def read(data: bytes, found: str) -> Reading:
    """Returns text as one page; Markdown and reStructuredText with their headings."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")[:MAX_CHARACTERS]
    if found in _MARKUP_ENDINGS:
        return single_page(text, title=_front_matter_title(text), headings=_headings(text))
    return single_page(text)


def _front_matter_title(text: str) -> str | None:
    front_matter = _FRONT_MATTER.match(text)
    title = None if front_matter is None else _FRONT_MATTER_TITLE.search(front_matter[1])
    return None if title is None else title[1].strip().strip("\"'") or None


def _headings(text: str) -> tuple[str, ...]:
    found: list[str] = []
    previous = ""
    for line in _prose_lines(_FRONT_MATTER.sub("", text, count=1)):
        if _MARKED.match(line):
            found.append(line.strip("# \t"))
        elif _UNDERLINE.fullmatch(line) and previous[:1].isalnum():
            found.append(previous)
        previous = line
    return tuple(heading for heading in found if 0 < len(heading) <= _LONGEST_HEADING)


def _prose_lines(text: str) -> Iterator[str]:
    """Yields the lines outside of fenced code, without the white space around them."""
    fence: str | None = None
    for line in map(str.strip, text.split("\n")):
        opened = next((mark for mark in _FENCES if line.startswith(mark)), None)
        if fence is not None:
            fence = None if opened == fence else fence
        elif opened is not None:
            fence = opened
        else:
            yield line
