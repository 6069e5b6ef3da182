"""A smaller sample of labelled documents, the same each time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.labelled import Labelled


def sample(labelled: Sequence[Labelled], size: int) -> list[Labelled]:
    """Draws documents as if by lot, but the same ones each time, and leaves them in their order.

    Their names decide, so that the sample holds the types as they are mixed, and adding documents changes little of it.

    Raises:
        InvalidOptionError: `size` is below 1.
    """
    if size < 1:
        raise InvalidOptionError(f"a sample of {size} documents holds none; give at least 1")
    drawn = sorted(range(len(labelled)), key=lambda index: _lot(labelled[index].name, index))[:size]
    return [labelled[index] for index in sorted(drawn)]


def _lot(name: str, index: int) -> tuple[str, int]:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest(), index
