"""Whether a message may be taken apart: the standard library compares each line with each enclosing boundary."""

from __future__ import annotations

import re
from itertools import islice

_MOST_CONTAINERS = 60
_MOST_DELIMITERS = 5_000
_CONTAINER = re.compile(rb"multipart|message\s{0,9}[/(]", re.IGNORECASE)
# Whatever a boundary is, and however its parameter is written, its lines begin like this (RFC 2046, section 5.1.1).
_DELIMITER = re.compile(rb"[\r\n]--")


def has_ordinary_parts(data: bytes) -> bool:
    """Whether a message has no more and no deeper parts than real ones have."""
    return not (_has_more(_CONTAINER, data, _MOST_CONTAINERS) or _has_more(_DELIMITER, data, _MOST_DELIMITERS))


def _has_more(pattern: re.Pattern[bytes], data: bytes, most: int) -> bool:
    return next(islice(pattern.finditer(data), most, None), None) is not None
