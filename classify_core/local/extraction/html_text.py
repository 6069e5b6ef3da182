"""HTML without its markup, scripts and styles."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

from classify_core.local.extraction import html_tags
from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import Reading, single_page

_DECLARED_CHARSET = re.compile(
    rb"""<(?:meta\b[^>]{0,300}?charset|\?xml\b[^>]{0,200}?encoding)\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_.:-]{1,40})""",
    re.IGNORECASE,
)
# Python refuses to read a number of thousands of digits; no character has one of nine.
_OVERLONG_REFERENCE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")
_LONGEST_TITLE = 2_000
# The HTML standard has a charset declaration within the first 1,024 bytes; many pages are late.
_CHARSET_WITHIN = 4096
_NOT_TEXT = frozenset({"script", "style", "template", "svg", "math", "noscript", "iframe", "object"})
_HEADINGS = frozenset({"h1", "h2", "h3"})
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd",
     "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
     "wbr"}
)  # fmt: skip
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\s*\n\s*")


def read(data: bytes) -> Reading:
    """Returns a page's visible text, its `<title>` and its headings of the first three levels."""
    collector = _collect(decode(data, declared_charset(data)))
    return single_page(collector.text, title=_one_line(collector.title) or None, headings=tuple(collector.headings))


def declared_charset(data: bytes) -> str | None:
    """Returns the encoding that a page's `<meta>` or XML declaration names."""
    declared = _DECLARED_CHARSET.search(data[:_CHARSET_WITHIN])
    return None if declared is None else declared[1].decode("ascii")


def text_of(markup: str) -> str:
    """Returns the text of HTML without its markup."""
    return _collect(markup).text


def tidied(text: str) -> str:
    """Returns the text with single spaces, without blank lines, and cut to what is kept of a document."""
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", text)).strip()[:MAX_CHARACTERS]


def without_overlong_references(markup: str) -> str:
    """Returns the markup with U+FFFD for character references that no character has."""
    return _OVERLONG_REFERENCE.sub("\ufffd", markup)


def _collect(markup: str) -> _Collector:
    collector = _Collector()
    # Tags, comments and the like that never end are text. The parser would search each one's end to the last byte.
    closed, bracket, rest = html_tags.bare(without_overlong_references(markup)).rpartition(">")
    collector.feed(closed + bracket + rest.replace("<", "&lt;"))
    collector.close()
    return collector


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[str] = []
        self._pieces: list[str] = []
        self._titles: list[str] = []
        self._title_room = _LONGEST_TITLE
        self._skipped: list[str] = []
        self._skipped_counts: Counter[str] = Counter()
        self._in_title = False
        self._heading_start: int | None = None
        self._endless: set[str] = set()

    @property
    def text(self) -> str:
        return tidied("".join(self._pieces))

    @property
    def title(self) -> str:
        return "".join(self._titles)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the parser's own
        if tag in _NOT_TEXT:
            self._skipped.append(tag)
            self._skipped_counts[tag] += 1
        elif tag == "title" and not self._skipped:
            self._in_title = True
        elif tag not in _INLINE:
            self._pieces.append("\n")
        if tag in _HEADINGS:
            self._heading_start = len(self._pieces)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped_counts[tag] > 0:
            self._end_skipped(tag)
        elif tag == "title":
            self._in_title = False
        elif tag in _HEADINGS:
            self._end_heading()
        if tag not in _INLINE:
            self._pieces.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in _INLINE:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title and self._title_room > 0:
            self._titles.append(data[: self._title_room])
            self._title_room -= len(data)
        elif not self._skipped:
            # A line break in the source is a space; those of the layout come from the tags.
            self._pieces.append(data.replace("\n", " ").replace("\r", " "))

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002  the parser's own
        """Passes over a section such as `<![if x]>` that the parser would fail on."""
        if "section" in self._endless:
            return -1
        try:
            end = super().parse_marked_section(i, report)
        except AssertionError:
            return self.rawdata.find(">", i) + 1 or -1
        return self._noted("section", end)

    def parse_comment(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002  the parser's own
        """Looks for the end of a comment only while there may be one."""
        return -1 if "comment" in self._endless else self._noted("comment", super().parse_comment(i, bool(report)))

    def _noted(self, kind: str, end: int) -> int:
        """Remembers that no further end exists: the parser would search to the last byte from each beginning."""
        if end < 0:
            self._endless.add(kind)
        return end

    def _end_skipped(self, tag: str) -> None:
        """Whatever was opened inside and not closed ends here too."""
        ended = ""
        while ended != tag:
            ended = self._skipped.pop()
            self._skipped_counts[ended] -= 1

    def _end_heading(self) -> None:
        if self._heading_start is not None:
            heading = _one_line("".join(self._pieces[self._heading_start :]))
            self.headings += [heading] if heading else []
        self._heading_start = None
