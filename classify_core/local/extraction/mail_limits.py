"""Whether a message may be taken apart: the standard library compares each line with each enclosing boundary."""

from __future__ import annotations

import re
from itertools import islice

_MOST_CONTAINERS = 60
_MOST_PARTS = 2_000
_CONTAINER = re.compile(rb"multipart/|message/", re.IGNORECASE)
_BOUNDARY = re.compile(rb"boundary[^=\s]{0,9}\s{0,9}=\s{0,9}\"?([^\s\";]{1,100})", re.IGNORECASE)


def has_ordinary_parts(data: bytes) -> bool:
    """Whether a message has no more and no deeper parts than real ones have."""
    if _counts_more(_CONTAINER, data, _MOST_CONTAINERS) or _counts_more(_BOUNDARY, data, _MOST_CONTAINERS):
        return False
    boundaries = {match[1] for match in _BOUNDARY.finditer(data)}
    return sum(data.count(b"--" + boundary) for boundary in boundaries) <= _MOST_PARTS


def _counts_more(pattern: re.Pattern[bytes], data: bytes, most: int) -> bool:
    return next(islice(pattern.finditer(data), most, None), None) is not None
