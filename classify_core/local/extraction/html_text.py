"""HTML without its markup, scripts and styles."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.limits import MAX_CHARACTERS
from classify_core.local.extraction.reading import Reading, single_page

_DECLARED_CHARSET = re.compile(rb"""<meta[^>]*charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
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
    declared = _DECLARED_CHARSET.search(data[:_CHARSET_WITHIN])
    collector = _collect(decode(data, None if declared is None else declared[1].decode("ascii")))
    return single_page(collector.text, title=_one_line(collector.title) or None, headings=tuple(collector.headings))


def text_of(markup: str) -> str:
    """Returns the text of HTML or XML without its markup."""
    return _collect(markup).text


def _collect(markup: str) -> _Collector:
    collector = _Collector()
    # Tags, comments and the like that never end are text. The parser would search each one's end to the last byte.
    closed, bracket, rest = markup.rpartition(">")
    collector.feed(closed + bracket + rest.replace("<", "&lt;"))
    collector.close()
    return collector


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.headings: list[str] = []
        self._pieces: list[str] = []
        self._skipped: list[str] = []
        self._in_title = False
        self._heading_start: int | None = None

    @property
    def text(self) -> str:
        joined = _SPACES.sub(" ", "".join(self._pieces))
        return _BLANK_LINES.sub("\n", joined).strip()[:MAX_CHARACTERS]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the parser's own
        if tag in _NOT_TEXT:
            self._skipped.append(tag)
        elif tag == "title" and not self._skipped:
            self._in_title = True
        elif tag not in _INLINE:
            self._pieces.append("\n")
        if tag in _HEADINGS:
            self._heading_start = len(self._pieces)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipped:
            # Whatever was opened inside and not closed ends here too.
            del self._skipped[self._skipped.index(tag) :]
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
        if self._in_title:
            self.title += data
        elif not self._skipped:
            # A line break in the source is a space; those of the layout come from the tags.
            self._pieces.append(data.replace("\n", " ").replace("\r", " "))

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002  the parser's own
        """Passes over a section such as `<![if x]>` that the parser would fail on."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.rawdata.find(">", i) + 1 or -1

    def _end_heading(self) -> None:
        if self._heading_start is not None:
            heading = _one_line("".join(self._pieces[self._heading_start :]))
            self.headings += [heading] if heading else []
        self._heading_start = None
