"""Signs of layout: how much of a text is laid out like a mail, a table, a dialogue, a list of clauses and so on.

Each sign is a number from 0.0 (nothing of it) to 1.0 (as much as documents have that live by it). All are measured in
the beginning of a text (`page`), where layout shows: in its first lines (`top`), as a share of its lines (`lines`), by
marks and numbers (`marks`), in its shape (`shape`), and by function words (`wording`), which are counted in all that
was read. Every pattern is searched for in a bounded text, in time that grows with the text and no faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from classify_core.local.lexical.layout.lines import LINE_SIGNS
from classify_core.local.lexical.layout.marks import MARK_SIGNS
from classify_core.local.lexical.layout.page import LAYOUT_CHARACTERS, Measure, page_of
from classify_core.local.lexical.layout.shape import SHAPE_SIGNS
from classify_core.local.lexical.layout.top import TOP_SIGNS
from classify_core.local.lexical.layout.wording import WORDING_SIGNS

__all__ = ["LAYOUT_CHARACTERS", "SIGNS", "layout_of"]

_MEASURES: Final[Mapping[str, Measure]] = {**TOP_SIGNS, **LINE_SIGNS, **MARK_SIGNS, **SHAPE_SIGNS, **WORDING_SIGNS}

SIGNS: Final = frozenset(_MEASURES)
"""The names of all signs."""


def layout_of(text: str, words: Mapping[str, int]) -> Mapping[str, float]:
    """The signs of a text that are there at all.

    Args:
        text: all of it.
        words: what was read of it, as words without case, with the number of occurrences of each.
    """
    page = page_of(text, words)
    if not page.text:
        return {}
    found = ((name, min(1.0, measure(page))) for name, measure in _MEASURES.items())
    return {name: value for name, value in found if value > 0.0}
