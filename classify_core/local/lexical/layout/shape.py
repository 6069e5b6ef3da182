"""Signs of a text's shape: columns, lengths of lines, capitals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from classify_core.local.lexical.layout.page import Measure, Page

FEWEST_LINES: Final = 4
"""A share of fewer lines says nothing."""

_SHORT_LINE = 45
_LONG_LINE = 350
_FEWEST_ROWS = 3
_DELIMITERS = (",", ";", "\t", "|")
# Commas of prose come as often by chance in fewer lines than this share; a tab is no mark of prose.
_REGULAR = 0.5
_FEWEST_DELIMITERS: Mapping[str, int] = {"\t": 1}
_FEWEST_MARKS = 2
# Of prose, so much is capitals; of headlines and forms in capitals, so much more.
_USUAL_CAPITALS = 0.1
_MANY_CAPITALS = 0.4
_LATIN = "latin-1"
_LETTERS = bytes(code for code in range(256) if bytes([code]).decode(_LATIN).isalpha())
_NO_LETTERS = bytes(set(range(256)) - set(_LETTERS))
_NO_CAPITALS = bytes(code for code in range(256) if not bytes([code]).decode(_LATIN).isupper())


def _table_rows(page: Page) -> float:
    """The share of lines that a delimiter cuts into as many columns as most others."""
    # The last line may be cut in two.
    lines = [line for line in page.text.splitlines()[:-1] if line.strip()]
    if len(lines) < _FEWEST_ROWS:
        return 0.0
    return max(_delimited(lines, delimiter) for delimiter in _DELIMITERS)


def _delimited(lines: Sequence[str], delimiter: str) -> float:
    if sum(delimiter in line for line in lines) < _REGULAR * len(lines):
        return 0.0
    counts = Counter(line.count(delimiter) for line in lines)
    usual = max(counts, key=lambda count: (counts[count], count))
    regular = counts[usual] / len(lines)
    is_table = usual >= _FEWEST_DELIMITERS.get(delimiter, _FEWEST_MARKS) and regular >= _REGULAR
    return regular if is_table else 0.0


def _capitals(page: Page) -> float:
    """The share of capitals among Latin letters, beyond that of prose; other scripts have few or none."""
    latin = page.text.encode(_LATIN, "ignore")
    letters = len(latin.translate(None, _NO_LETTERS))
    share = len(latin.translate(None, _NO_CAPITALS)) / max(letters, 1)
    return max(0.0, share - _USUAL_CAPITALS) / _MANY_CAPITALS


def _short_lines(page: Page) -> float:
    if len(page.lines) < FEWEST_LINES:
        return 0.0
    return sum(len(line) <= _SHORT_LINE for line in page.lines) / len(page.lines)


def _long_paragraphs(page: Page) -> float:
    return sum(length for length in map(len, page.lines) if length > _LONG_LINE) / len(page.text)


SHAPE_SIGNS: Final[Mapping[str, Measure]] = {
    "table_rows": _table_rows,
    "short_lines": _short_lines,
    "long_paragraphs": _long_paragraphs,
    "capitals": _capitals,
}
