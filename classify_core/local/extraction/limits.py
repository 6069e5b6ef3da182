"""How much of a document is kept."""

from __future__ import annotations

MAX_CHARACTERS = 2_000_000
"""Text beyond this many characters is dropped, which bounds the memory that one hostile document can take."""

MAX_TEXT_BYTES = 4 * MAX_CHARACTERS
"""Bytes of a text-like file that are decoded: enough for `MAX_CHARACTERS` in UTF-8."""
