"""The key that makes equal work one job: across retries, lost answers, runs and processes."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from classify_core.backend import ClassifyRequest
from classify_core.hosted.per_configuration import PerConfiguration
from classify_core.rules import canonical


class Transaction:
    """The stable IDs under which a document's jobs are made, one for each attempt number.

    The service returns the first job of a transaction ID and ignores the new body, so everything that may change the
    result is in it: content, rules, mode and parsing options. The saved configuration's ID is too, since the service
    resolves that itself.
    """

    def __init__(self, request: ClassifyRequest) -> None:
        self._told = f'{_configurations.of(request)}, "content": {json.dumps(request.content_key)}'

    def id_of(self, attempt: int) -> str:
        """The ID of an attempt, from 0."""
        return hashlib.sha256(f'{{"attempt": {attempt}, {self._told}}}'.encode()).hexdigest()


def transaction_id_of(request: ClassifyRequest, attempt: int) -> str:
    """A stable ID of content, rules, mode, parsing options and attempt number; see `Transaction`."""
    return Transaction(request).id_of(attempt)


def _told_of(request: ClassifyRequest) -> str:
    configuration = json.dumps(canonical(request.configuration), sort_keys=True)
    return f'"configuration": {configuration}, "configuration_id": {json.dumps(request.configuration_id)}'


_configurations: Final = PerConfiguration(_told_of)
