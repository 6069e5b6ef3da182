"""What a classifier keeps between its calls: the resolved backend, the rules, what is known and what is open."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any, Final, Literal, TypeAlias

from classify_core.backend import Backend
from classify_core.backend_choice import BackendChoice
from classify_core.background import background
from classify_core.cache import CacheLike, cache_of
from classify_core.checks import checked_count, checked_seconds
from classify_core.classification import Classification, Status
from classify_core.configuring import checked_on_error, load_configuration
from classify_core.errors import ClassifyError, InvalidOptionError, RunStoppedError
from classify_core.execution import Execution, Settings, status_of
from classify_core.models import ClassifyConfiguration
from classify_core.rules import UNRESOLVED_RULES_ID
from classify_core.run import Run
from classify_core.run_state import Budget, RunState, without_stack
from classify_core.single_flight import SingleFlight
from classify_core.source import Source

OnError: TypeAlias = Literal["raise", "record"]

# Enough open documents that a free slot never waits for the caller's iterable.
WINDOW_PER_SLOT: Final = 2


class Session:
    """The state behind a `Classifier`, whose methods are faces of it.

    Args:
        choice: the resolved backend.
        configuration: rules and parsing options; None where `configuration_id` names saved ones, to be loaded.
        configuration_id: the saved configuration, if it is one.
        min_confidence, timeout, on_error, cache, max_concurrency, max_credits: as for `Classifier`.
    """

    def __init__(
        self,
        choice: BackendChoice,
        configuration: ClassifyConfiguration | None,
        configuration_id: str | None,
        *,
        min_confidence: float | None,
        timeout: float,
        on_error: OnError,
        cache: CacheLike,
        max_concurrency: int | None,
        max_credits: float | None,
    ) -> None:
        self.choice = choice
        self.configuration_id = configuration_id
        self.options: dict[str, Any] = {
            "min_confidence": min_confidence,
            "timeout": timeout,
            "on_error": on_error,
            "cache": cache,
            "max_concurrency": max_concurrency,
            "max_credits": max_credits,
        }
        self._configuration = configuration
        self._cache = cache_of(cache)
        self._budget = Budget(max_credits)
        self._execution: tuple[asyncio.AbstractEventLoop, Execution] | None = None
        self._settings: Settings | None = None
        self._loading: tuple[asyncio.AbstractEventLoop, SingleFlight[ClassifyConfiguration]] | None = None
        self._open: set[Future[Any]] = set()
        self._closed = False

    @property
    def backend(self) -> Backend:
        """The resolved backend."""
        return self.choice.backend

    @property
    def is_prepared(self) -> bool:
        """Whether the rules are known."""
        return self._configuration is not None

    @property
    def configuration(self) -> ClassifyConfiguration:
        """Rules and parsing options.

        Raises:
            InvalidOptionError: they are saved ones, and not loaded yet.
        """
        if self._configuration is None:
            raise InvalidOptionError("the saved configuration is not loaded yet; call prepare() or await aprepare()")
        return self._configuration

    @property
    def settings(self) -> Settings:
        """What decides an outcome; made once, since that takes time with thousands of rules."""
        if self._settings is None:
            self._settings = Settings(
                self.configuration,
                self.configuration_id,
                self.backend,
                min_confidence=self.options["min_confidence"],
                timeout=self.options["timeout"],
            )
        return self._settings

    async def prepare(self) -> None:
        """Loads a saved configuration, once for all that ask at the same time; runs on the background loop."""
        saved = self.configuration_id
        if self._configuration is None and saved is not None:
            timeout = self.options["timeout"]
            self._configuration = await self._loading_here().do(
                saved, lambda: load_configuration(self.backend, saved, timeout)
            )

    def _loading_here(self) -> SingleFlight[ClassifyConfiguration]:
        """What is being loaded on the running loop: a forked child has another one."""
        loop = asyncio.get_running_loop()
        if self._loading is None or self._loading[0] is not loop:
            self._loading = loop, SingleFlight()
        return self._loading[1]

    def raises(self, on_error: OnError | None) -> bool:
        """Whether a call raises its failures; None leaves it to the classifier's own `on_error`."""
        return (self.options["on_error"] if on_error is None else checked_on_error(on_error)) == "raise"

    def new_run(
        self,
        *,
        keep_failures: bool,
        number_the_nameless: bool = True,
        max_concurrency: int | None = None,
        time_limit: float | None = None,
    ) -> Run:
        """A run over any number of documents; see `Run`."""
        window = WINDOW_PER_SLOT * self._concurrency
        if max_concurrency is not None:
            window = min(window, checked_count("max_concurrency", max_concurrency))
        return Run(
            self._start,
            self.failed,
            window=window,
            keep_failures=keep_failures,
            number_the_nameless=number_the_nameless,
            time_limit=None if time_limit is None else checked_seconds("time_limit", time_limit),
        )

    def not_started(self, error: ClassifyError) -> Classification:
        """The outcome of a document that was not begun because of `error`, also where no rules are known."""
        return Classification(
            status=Status.NOT_STARTED,
            error=error,
            backend=self.backend.name,
            rules_id=self.settings.rules_id if self.is_prepared else UNRESOLVED_RULES_ID,
            source_name=error.source_name,
        )

    def failed(self, error: ClassifyError) -> Classification:
        """The outcome of a document that failed with `error` before it could be classified."""
        return self.not_started(error).model_copy(update={"status": status_of(error)})

    def cancel_open(self) -> None:
        """Ends what is under way, for good."""
        self._closed = True
        for future in list(self._open):
            future.cancel()

    async def aclose(self) -> None:
        """Closes a backend that was made by name; runs on the background loop."""
        if self.choice.name is not None:
            await self.backend.aclose()

    def _start(self, source: Source, run: RunState) -> Future[Classification]:
        future = background.submit(self._outcome(source, run))
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        if self._closed:  # closed while it was begun
            future.cancel()
        return future

    async def _outcome(self, source: Source, run: RunState) -> Classification:
        if self._closed:
            raise RunStoppedError("this classifier is closed; make a new one")
        if not self.is_prepared:
            try:
                run.check()
                await self.prepare()
            except ClassifyError as error:
                run.stop(error)
                own = without_stack(error)  # all that asked share the error, and each has a name of its own
                own.source_name = source.name
                return self.not_started(own)
        return await self._execution_here().outcome(source, run)

    def _execution_here(self) -> Execution:
        """The state of the running loop: semaphores and tasks cannot be carried from one loop to another."""
        loop = asyncio.get_running_loop()
        if self._execution is None or self._execution[0] is not loop:
            slots = asyncio.Semaphore(self._concurrency)
            self._execution = loop, Execution(self.settings, self._cache, self._budget, slots)
        return self._execution[1]

    @property
    def _concurrency(self) -> int:
        chosen: int | None = self.options["max_concurrency"]
        return self.backend.default_concurrency if chosen is None else chosen
