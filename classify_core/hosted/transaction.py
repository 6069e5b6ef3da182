"""The key that makes equal work one job: across retries, lost answers, runs and processes."""

from __future__ import annotations

import hashlib
import json

from classify_core.backend import ClassifyRequest
from classify_core.rules import canonical


def transaction_id_of(request: ClassifyRequest, attempt: int) -> str:
    """A stable ID of content, rules, mode, parsing options and attempt number.

    The service returns the first job of a transaction ID and ignores the new body, so everything that may change the
    result is in it; the saved configuration's ID is too, since the service resolves that itself.
    """
    told = {
        "content": request.content_key,
        "configuration": canonical(request.configuration),
        "configuration_id": request.configuration_id,
        "attempt": attempt,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
