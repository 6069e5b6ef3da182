"""What little arithmetic of vectors is needed; the core has no numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import TypeAlias

Vector: TypeAlias = tuple[float, ...]


def unit(vector: Vector) -> Vector:
    """The vector of length 1 in the same direction; one of length 0 has none and stays."""
    length = math.hypot(*vector)
    return tuple(number / length for number in vector) if length > 0.0 else vector


def mean(vectors: Sequence[Vector]) -> Vector:
    """The vector whose product with any other is the mean of the vectors' products with it."""
    return tuple(sum(numbers) / len(vectors) for numbers in zip(*vectors, strict=True))


def product(one: Vector, other: Vector) -> float:
    """The scalar product: the cosine, where both have length 1."""
    return math.fsum(map(mul, one, other))
