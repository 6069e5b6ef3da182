"""A document to passages that an embedding model reads as a whole."""

from __future__ import annotations

import textwrap

from classify_core.engine import ParsedDocument
from classify_core.local.excerpt import excerpt, text_with_title

# Some 200 tokens: many small models read 256, and ignore the rest of what they are given without a word.
_LONGEST_PASSAGE = 800


def passages_of(document: ParsedDocument, *, max_characters: int) -> list[str]:
    """The document's text in order, of a long one that of its beginning, middle and end; none where it has no text."""
    parts = excerpt(text_with_title(document), max_characters)
    texts = (" ".join(part.text.split()) for part in parts)
    return [passage for text in texts for passage in textwrap.wrap(text, _LONGEST_PASSAGE)]
