"""Reads the table that a benchmark prints."""

from __future__ import annotations

import re


def rows_of(printed: str) -> dict[str, tuple[str, str, str]]:
    """The measured value, the aim and whether it holds, by what was measured."""
    rows = re.findall(r"^\| (.+) \| (.+) \| (.+) \| (yes|no|-) \|$", printed, re.MULTILINE)
    return {what: (measured, aim, holds) for what, measured, aim, holds in rows}
