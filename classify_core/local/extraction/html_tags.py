"""HTML without attributes, comments and scripts, in one pass.

No attribute is text, and the standard library's parser takes time that grows with the square of the length of markup
whose quotes do not pair up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGINNING = re.compile(r"<!--|<([a-zA-Z][^\s/>]{0,60})")
_STOP = re.compile(r"=\s{0,50}([\"'])|>")
_RAW = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style")}
# After so many tags that never end, quotes are no longer believed: each such tag is looked for to the last byte.
_MOST_BROKEN_TAGS = 8


def bare(markup: str) -> str:
    """Returns the markup with bare tags only; what has no end stays as it is."""
    return "".join(_Scanner(markup).pieces())


class _Scanner:
    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._endless: set[str] = set()
        self._broken_tags = 0

    def pieces(self) -> Iterator[str]:
        """Yields the markup without what is not wanted."""
        position = 0
        while (found := _BEGINNING.search(self._markup, position)) is not None:
            yield self._markup[position : found.start()]
            if found[1] is None:
                end = self._after("-->", found.start() + 2)
                kept = ""
            else:
                end = self._after_tag(found.end())
                kept = f"<{found[1]}{'/' if self._markup[end - 2 : end] == '/>' else ''}>"
            if end == 0:
                yield found[0]
                position = found.end()
            else:
                yield kept
                position = self._after_raw_text(found[1], end)
        yield self._markup[position:]

    def _after(self, closing: str, start: int) -> int:
        """Returns where what `closing` ends is over, or 0 where it never ends."""
        if closing in self._endless:
            return 0
        end = self._markup.find(closing, start)
        if end < 0:
            self._endless.add(closing)
            return 0
        return end + len(closing)

    def _after_tag(self, start: int) -> int:
        position = start
        while self._broken_tags < _MOST_BROKEN_TAGS and (stop := _STOP.search(self._markup, position)) is not None:
            if stop[1] is None:
                return stop.end()
            # A quote that is never closed is an ordinary character.
            position = self._after(stop[1], stop.end()) or stop.end()
        self._broken_tags += 1
        return self._after(">", start)

    def _after_raw_text(self, tag: str | None, start: int) -> int:
        """Passes over the content of scripts and styles, in which a `<` begins no tag."""
        name = "" if tag is None else tag.lower()
        if name not in _RAW or name in self._endless:
            return start
        closing = _RAW[name].search(self._markup, start)
        if closing is None:
            self._endless.add(name)
            return start
        return closing.start()
