"""What classifies: anything that turns one document and a configuration into an answer."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol, runtime_checkable

from classify_core.classification import Answer
from classify_core.errors import ClassifyError
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


def error_of_backend(backend: Backend, error: BaseException) -> ClassifyError:
    """Our own error for whatever a backend raised that is none of ours; to be raised `from None`.

    Neither the foreign error's text nor its chain is passed on: they may quote the document, and tracers keep both.
    """
    kind = type(error).__name__
    return ClassifyError(f"the backend {backend.name!r} raised {kind} at {place_of(error)}; mend the backend")


def unexpected(error: BaseException) -> ClassifyError:
    """Our own error for what should not happen."""
    return ClassifyError(f"{type(error).__name__} at {place_of(error)}; please report it")


def place_of(error: BaseException) -> str:
    """Where an error was raised: file and line, which quote nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
