"""Words hashed into a vector: an embedding that knows equal words, and needs no model."""

from __future__ import annotations

import hashlib
import re

_LENGTH = 256


def word_vector(text: str) -> list[float]:
    vector = [0.0] * _LENGTH
    for word in re.findall(r"\w+", text.lower()):
        vector[int(hashlib.md5(word.encode()).hexdigest(), 16) % _LENGTH] += 1.0
    return vector
