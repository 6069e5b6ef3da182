"""Whether scikit-learn is here, which does the learning."""

from __future__ import annotations

import logging
from functools import cache
from importlib.util import find_spec

from classify_core.errors import MissingExtraError

logger = logging.getLogger(__name__)

_MISSING = 'learning from documents needs scikit-learn; run: pip install "classify-adapters[local]"'


@cache
def can_adapt() -> bool:
    """Whether there is scikit-learn; where not, that is logged once."""
    is_here = find_spec("sklearn") is not None
    if not is_here:
        logger.warning('adapt="auto" is off: %s', _MISSING)
    return is_here


def require_adaptation() -> None:
    """Raises MissingExtraError where scikit-learn is missing."""
    if find_spec("sklearn") is None:
        raise MissingExtraError(_MISSING)
