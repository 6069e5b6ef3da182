"""What classifies: anything that turns one document and a configuration into an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from classify_core.classification import Answer
from classify_core.models import ClassifyConfiguration
from classify_core.source import Content, Source, content_key


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """One document under one configuration.

    Attributes:
        source: where the document comes from.
        content: what it holds, already read; None where only the hosted service has it.
        configuration: rules, mode and parsing options.
        configuration_id: the saved configuration that `configuration` was loaded from, if it was.
    """

    source: Source
    content: Content | None
    configuration: ClassifyConfiguration
    configuration_id: str | None = None

    @property
    def content_key(self) -> str:
        """Equal for equal documents."""
        return content_key(self.source, self.content)


@runtime_checkable
class Backend(Protocol):
    """Classifies single documents; the `Classifier` does the rest (concurrency, order, duplicates, thresholds).

    Its methods run on the background event loop of the process, many at a time: blocking work belongs into a thread.
    """

    @property
    def name(self) -> str:
        """A stable short name that becomes `classify_backend` and a part of `rules_id`."""

    @property
    def default_concurrency(self) -> int:
        """How many documents it usefully works on at once, where the user set no `max_concurrency`."""

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Classifies one document within `timeout` seconds.

        Raises:
            ClassifyError: this document could not be classified.
            AuthenticationError, OutOfCreditsError, RateLimitError with `plan_limit`: nor could any other; these stop
                the run.
        """

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """Loads a saved configuration.

        Raises:
            InvalidOptionError: this backend has none.
        """

    async def aclose(self) -> None:
        """Releases connections, for good."""
