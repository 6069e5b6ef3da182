"""What decides an outcome besides the document."""

from __future__ import annotations

from classify_core.backend import Backend
from classify_core.models import ClassifyConfiguration
from classify_core.rules import rules_id_of


class Settings:
    """What decides an outcome besides the document.

    Attributes:
        types: the types that an answer may name.
        rules_id: tells labels made under other settings apart.
        cache_scope: the same without the threshold, which is applied to what the cache holds.
    """

    def __init__(
        self,
        configuration: ClassifyConfiguration,
        configuration_id: str | None,
        backend: Backend,
        *,
        min_confidence: float | None,
        timeout: float,
    ) -> None:
        self.configuration = configuration
        self.configuration_id = configuration_id
        self.backend = backend
        self.min_confidence = min_confidence
        self.timeout = timeout
        self.types = frozenset(rule.type for rule in configuration.rules)
        self.rules_id = rules_id_of(configuration, min_confidence, backend.name)
        self.cache_scope = rules_id_of(configuration, None, backend.name)
