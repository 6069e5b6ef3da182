"""What a classifier keeps between its calls: the resolved backend, the rules, what is known and what is open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias
from weakref import WeakSet

from classify_core.backend import Backend, Batch, BatchBackend, JobBackend
from classify_core.backend_choice import BackendChoice
from classify_core.background import background
from classify_core.cache import Cache, CacheLike, Journal, cache_of
from classify_core.calibration import Calibration
from classify_core.checks import checked_count, checked_seconds
from classify_core.classification import Classification, Status
from classify_core.configuring import (
    Adapt,
    checked_on_error,
    learning_backend,
    load_configuration,
    refuse_useless_adaptation,
)
from classify_core.crew import Crew, Finished
from classify_core.document import Document
from classify_core.errors import ClassifyError, InvalidOptionError, RunStoppedError
from classify_core.execution import Execution, status_of
from classify_core.handles import JobHandle
from classify_core.knowledge import Knowledge
from classify_core.learning.examples import Examples
from classify_core.learning.study import learn_examples
from classify_core.models import ClassifyConfiguration
from classify_core.pricing import Budget, Estimate, UsageCounter, estimate
from classify_core.progress.events import ProgressCallback, Stage, checked_callback
from classify_core.rules import UNRESOLVED_RULES_ID
from classify_core.run import Run, RunOptions
from classify_core.run_state import RunState, without_stack
from classify_core.settings import Settings
from classify_core.single_flight import SingleFlight
from classify_core.source import Content, Source, content_key

OnError: TypeAlias = Literal["raise", "record"]

# Enough open documents that a free place never waits for the caller's iterable.
OPEN_PER_PLACE: Final = 2


class Session:
    """The state behind a `Classifier`, whose methods are faces of it.

    Args:
        choice: the resolved backend.
        configuration: rules and parsing options; None where `configuration_id` names saved ones, to be loaded.
        configuration_id: the saved configuration, if it is one.
        min_confidence, timeout, on_error, cache, refresh, max_concurrency, max_credits, adapt: as for `Classifier`.
        examples: its examples, checked.
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
        refresh: bool,
        max_concurrency: int | None,
        max_credits: float | None,
        adapt: Adapt,
        examples: Examples,
    ) -> None:
        self.choice = choice
        self.configuration_id = configuration_id
        self.options: dict[str, Any] = {
            "min_confidence": min_confidence,
            "timeout": timeout,
            "on_error": on_error,
            "cache": cache,
            "refresh": refresh,
            "max_concurrency": max_concurrency,
            "max_credits": max_credits,
            "adapt": adapt,
        }
        refuse_useless_adaptation(adapt, choice.backend)
        if examples:
            learning_backend(choice.backend).refuse_adaptation()
        self.cache: Cache | None = cache_of(cache)
        self.usage = UsageCounter()
        self.calibration: Calibration | None = None
        self._configuration = configuration
        self._examples = examples
        self._unrestored: Mapping[str, Any] | None = None
        self._budget = Budget(max_credits)
        self._execution: tuple[asyncio.AbstractEventLoop, Execution] | None = None
        self._settings: Settings | None = None
        self._loading: tuple[asyncio.AbstractEventLoop, SingleFlight[ClassifyConfiguration]] | None = None
        self._crews: WeakSet[Crew[Any]] = WeakSet()
        self._closed = False

    @property
    def backend(self) -> Backend:
        """The resolved backend."""
        return self.choice.backend

    @property
    def is_prepared(self) -> bool:
        """Whether the rules are known, and the examples learned."""
        return self._configuration is not None and not self._examples and self._unrestored is None

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

    @property
    def knowledge(self) -> Knowledge:
        """What is known already under these settings."""
        return Knowledge(self.settings, self.cache)

    async def prepare(self) -> None:
        """Loads a saved configuration and learns the examples, once for all that ask; runs on the background loop."""
        saved = self.configuration_id
        if self._configuration is None and saved is not None:
            timeout = self.options["timeout"]
            self._configuration = await self._loading_here().do(
                saved, lambda: load_configuration(self.backend, saved, timeout)
            )
        if self._unrestored is not None:
            self._restore_documents(self._unrestored)
        if self._examples:
            await self._loading_here().do("examples", self._learn_examples)

    async def prepare_together(self, *, raises: bool) -> None:
        """The same for documents that may teach each other: what they are seen by is made of the rules and examples.

        Args:
            raises: whether a failure is raised; else each document of the call will tell it.
        """
        if self.is_prepared or not (raises or isinstance(self.backend, BatchBackend)):
            return
        try:
            await self.prepare()
        except ClassifyError:
            if raises:
                raise

    async def _learn_examples(self) -> ClassifyConfiguration:
        if self._examples:
            await learn_examples(self, self._examples)
            self._examples = ()
        return self.configuration

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
        keep_failures: bool = False,
        number_the_nameless: bool = True,
        max_concurrency: int | None = None,
        deadline: float | None = None,
        refresh: bool | None = None,
        adapt: Adapt | None = False,
        on_progress: ProgressCallback | None = None,
    ) -> Run[Classification]:
        """A run that classifies any number of documents; see `Run`.

        Its documents teach each other if `adapt` says so; None leaves it to the classifier's own `adapt`.
        """
        options = self._run_options(
            keep_failures=keep_failures,
            number_the_nameless=number_the_nameless,
            max_concurrency=max_concurrency,
            deadline=deadline,
            on_progress=on_progress,
        )
        state = self._run_state(refresh=refresh, max_concurrency=max_concurrency)
        state.batch = self._new_batch(adapt)
        return Run(state, self._crew_for(self._outcome, options), self.failed, options)

    def new_second_look(self, first: RunState) -> Run[Classification]:
        """A run that classifies documents of another one once more, in what is left of its time."""
        options = self._run_options(
            number_the_nameless=False,
            max_concurrency=first.open_limit,
            deadline=first.seconds_left,
            on_progress=None,
        )
        state = self._run_state(refresh=first.refresh, max_concurrency=first.open_limit)
        state.batch, state.is_raw, state.seconds = first.batch, first.is_raw, first.seconds
        return Run(state, self._crew_for(self._outcome, options), self.failed, options)

    def new_study(self, *, keep_failures: bool) -> Run[Classification]:
        """A run that looks at documents in order to learn from them."""
        run = self.new_run(keep_failures=keep_failures, adapt=True)
        run.state.is_study = True
        return run

    def _new_batch(self, adapt: Adapt | None) -> Batch | None:
        chosen = self.options["adapt"] if adapt is None else adapt
        if chosen is False or not isinstance(self.backend, BatchBackend) or self._configuration is None:
            return None
        return self.backend.new_batch(self._configuration)

    async def revised(self, run: RunState, outcomes: Mapping[int, Classification]) -> dict[int, Classification]:
        """The outcomes of a run with a view to all its documents; runs on the background loop."""
        return await self.execution().revised(run, outcomes)

    def learned(self) -> dict[str, Any]:
        """What was learned, as plain data; empty where that is nothing."""
        learned = self._unrestored
        if learned is None and isinstance(self.backend, BatchBackend) and self._configuration is not None:
            learned = self.backend.learned(self._configuration)
        found = {"documents": learned, "calibration": None if self.calibration is None else self.calibration.to_dict()}
        return {name: each for name, each in found.items() if each is not None}

    def restore(self, learned: Mapping[str, Any]) -> None:
        """Takes up what was learned before; where the rules are still to be loaded, once they are.

        Raises:
            InvalidOptionError: it is damaged, or does not fit the rules or the backend.
        """
        calibration, documents = learned.get("calibration"), learned.get("documents")
        restored = None if calibration is None else Calibration.from_dict(calibration)
        if documents is not None and self._configuration is None:
            self._unrestored = documents
        elif documents is not None:
            self._restore_documents(documents)
        self.calibration = restored

    def _restore_documents(self, learned: Mapping[str, Any]) -> None:
        learning_backend(self.backend).restore(self.configuration, learned)
        self._unrestored = None
        self._examples = ()  # they are part of it

    def new_submission(
        self, *, deadline: float | None, refresh: bool | None, on_progress: ProgressCallback | None
    ) -> Run[JobHandle]:
        """A run that only begins with documents."""
        options = self._run_options(deadline=deadline, on_progress=on_progress)
        state = self._run_state(refresh=refresh, is_submission=True)
        return Run(state, self._crew_for(self._handle, options), self._handle_of_failure, options)

    def execution(self) -> Execution:
        """The state of the running loop: semaphores and tasks cannot be carried from one loop to another."""
        loop = asyncio.get_running_loop()
        if self._execution is None or self._execution[0] is not loop:
            execution = Execution(
                self.settings,
                self.knowledge,
                self._budget,
                self.usage,
                open_limit=self._concurrency,
                calibration=lambda: self.calibration,
            )
            self._execution = loop, execution
        return self._execution[1]

    def not_started(self, error: ClassifyError) -> Classification:
        """The outcome of a document that was not begun because of `error`, also where no rules are known."""
        return Classification(
            status=Status.NOT_STARTED,
            error=error,
            backend=self.backend.name,
            rules_id=self._known_rules_id,
            source_name=error.source_name,
        )

    def failed(self, error: ClassifyError) -> Classification:
        """The outcome of a document that failed with `error` before it could be classified."""
        return self.not_started(error).model_copy(update={"status": status_of(error)})

    async def estimate(self, sources: Sequence[Source]) -> Estimate:
        """What sources would cost; runs on the background loop."""
        await self.prepare()
        return await estimate(
            sources,
            key_of=self._key_of,
            cache=None if self.options["refresh"] else self.cache,
            parsing=self.configuration.parsing_configuration,
            is_hosted=isinstance(self.backend, JobBackend),
            concurrency=os.cpu_count() or 1,
        )

    def _key_of(self, source: Source, content: Content | None) -> str:
        return self.knowledge.key_of(content_key(source, content))

    def cancel_open(self) -> None:
        """Ends what is under way, for good."""
        self._closed = True
        background.call_soon_if_running(self._cancel_crews)

    def _cancel_crews(self) -> None:
        for crew in list(self._crews):
            crew.cancel()

    async def aclose(self) -> None:
        """Closes a backend that was made by name; runs on the background loop."""
        if self.choice.name is not None:
            await self.backend.aclose()

    def _run_options(self, *, max_concurrency: int | None = None, **options: Any) -> RunOptions:
        places = self._concurrency
        held = self.backend.documents_in_hand if isinstance(self.backend, JobBackend) else places
        open_limit = places + held
        if max_concurrency is not None:
            open_limit = min(open_limit, checked_count("max_concurrency", max_concurrency))
        if options["deadline"] is not None:
            checked_seconds("deadline", options["deadline"])
        checked_callback(options["on_progress"])
        return RunOptions(open_limit=open_limit, held_limit=OPEN_PER_PLACE * held, **options)

    def _run_state(
        self, *, refresh: bool | None, is_submission: bool = False, max_concurrency: int | None = None
    ) -> RunState:
        chosen = [limit for limit in (max_concurrency, self.options["max_concurrency"]) if limit is not None]
        return RunState(
            open_limit=min(chosen, default=None),
            journal=self.cache if isinstance(self.cache, Journal) else None,
            is_submission=is_submission,
            refresh=bool(self.options["refresh"] if refresh is None else refresh),
        )

    def _crew_for(
        self, work: Callable[[Document], Any], options: RunOptions
    ) -> Callable[[Callable[[Finished[Any]], None]], Crew[Any]]:
        def new_crew(deliver: Callable[[Finished[Any]], None]) -> Crew[Any]:
            crew = Crew(work, deliver, min(self._concurrency, options.open_limit))
            background.call_soon(self._crews.add, crew)  # calls begin in any thread, and a set is no meeting place
            return crew

        return new_crew

    async def _outcome(self, document: Document) -> Classification:
        refusal = await self._refusal(document)
        return await self.execution().outcome(document) if refusal is None else self.not_started(refusal)

    async def _handle(self, document: Document) -> JobHandle:
        refusal = await self._refusal(document)
        if refusal is None:
            return await self.execution().handle(document)
        return self._handle_without_job(self.not_started(refusal))

    async def _refusal(self, document: Document) -> ClassifyError | None:
        """Why neither this document nor any other of the call can be worked on; None once the rules are known."""
        try:
            await self._ready(document.run)
        except ClassifyError as error:
            own = without_stack(error)  # all that asked share the error, and each has a name of its own
            own.source_name = document.name
            document.report(Stage.FAILED)
            return own
        return None

    async def _ready(self, run: RunState) -> None:
        if self._closed:
            raise RunStoppedError("this classifier is closed; make a new one")
        if self.is_prepared or run.is_study:  # a study may be what prepares it
            return
        try:
            run.check()
            await self.prepare()
        except ClassifyError as error:
            run.stop(error)
            raise

    def _handle_of_failure(self, error: ClassifyError) -> JobHandle:
        return self._handle_without_job(self.failed(error))

    def _handle_without_job(self, outcome: Classification) -> JobHandle:
        return JobHandle(
            rules_id=outcome.rules_id, backend=outcome.backend, source_name=outcome.source_name, outcome=outcome
        )

    @property
    def _known_rules_id(self) -> str:
        return UNRESOLVED_RULES_ID if self._configuration is None else self.settings.rules_id

    @property
    def _concurrency(self) -> int:
        chosen: int | None = self.options["max_concurrency"]
        return self.backend.default_concurrency if chosen is None else chosen
