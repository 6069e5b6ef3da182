"""`Classifier`: rules and a backend, for one document or a million."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from classify_core.backend import Backend
from classify_core.backend_choice import BackendLike, HostedOptions, choose_backend
from classify_core.background import background
from classify_core.cache import CacheLike, cache_of
from classify_core.checks import checked_count, checked_seconds
from classify_core.classification import Classification, Status
from classify_core.configuring import check_options, checked_on_error, configuration_from, load_configuration
from classify_core.errors import ClassifyError, InvalidOptionError, RunStoppedError
from classify_core.execution import Budget, Execution, RunState, Settings, status_of
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.pickling import restored
from classify_core.progress import progress
from classify_core.rules import UNRESOLVED_RULES_ID
from classify_core.run import Run, Sources, adrive, drive
from classify_core.single_flight import SingleFlight
from classify_core.source import Source, SourceLike

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

    from classify_core.limits import Plan, RateLimits

OnError: TypeAlias = Literal["raise", "record"]

DEFAULT_TIMEOUT: Final = 600.0
# Enough open documents that a free slot never waits for the caller's iterable.
WINDOW_PER_SLOT: Final = 2


class Classifier:
    """Classifies documents by rules written in plain words.

    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> with Classifier(rules, backend="local") as classifier:
    ...     classifier.classify("Invoice number 7: line items, total amount 20 EUR").type
    'invoice'

    Args:
        rules: the types to tell apart; `load_rules` reads them from a file.
        backend: `"hosted"`, `"local"`, any `Backend`, or `"auto"`: hosted when there is a key, else local. It is
            resolved here, once.
        configuration_id: a rule set saved at the hosted service, instead of `rules` and `parsing`.
        parsing: which pages of a document are read.
        api_key: the hosted service's key; by default from `LLAMA_CLOUD_API_KEY`.
        base_url: the hosted service's region (`"us"`, `"eu"`) or address; by default from `LLAMA_CLOUD_BASE_URL`.
        project_id, organization_id: sent with each hosted request.
        http_client: your own, fresh `httpx.AsyncClient` (proxy, certificates). It is handed over: used on the
            background event loop alone and closed with the classifier.
        min_confidence: 0.0 to 1.0; below it the type is withheld and `status` is `below_threshold`.
        timeout: seconds for one document, from when work on it begins.
        on_error: `"raise"`: all documents are worked on, then `BatchError` carries the outcomes; `"record"`: a
            failed document is an outcome with `status` and `error`.
        cache: answers already known: True keeps them in memory, a path in a file, False only within one call.
        plan: the hosted plan whose rate limits are kept, by name or as `RateLimits`.
        max_concurrency: documents open at once; by default what backend and plan allow.
        max_credits: hosted credits after which nothing more is begun; documents under way still finish.

    Raises:
        InvalidRulesError: the rules break a limit of the service.
        InvalidOptionError: another argument cannot work.
        AuthenticationError: `backend="hosted"` and there is no usable key.
    """

    def __init__(
        self,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        backend: BackendLike = "auto",
        configuration_id: str | None = None,
        parsing: ParsingConfiguration | Mapping[str, Any] | None = None,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        project_id: str | None = None,
        organization_id: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        min_confidence: float | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        on_error: OnError = "raise",
        cache: CacheLike = True,
        plan: Plan | RateLimits | None = None,
        max_concurrency: int | None = None,
        max_credits: float | None = None,
    ) -> None:
        check_options(min_confidence, timeout, on_error, max_concurrency, max_credits)
        self._configuration = configuration_from(rules, configuration_id, parsing)
        self._choice = choose_backend(
            backend,
            HostedOptions(
                api_key=api_key,
                base_url=base_url,
                project_id=project_id,
                organization_id=organization_id,
                http_client=http_client,
                plan=plan,
            ),
        )
        if configuration_id is not None and self._choice.name == "local":
            raise InvalidOptionError("configuration_id names rules saved at the hosted service; give rules= instead")
        self._configuration_id = configuration_id
        self._options: dict[str, Any] = {
            "min_confidence": min_confidence,
            "timeout": timeout,
            "on_error": on_error,
            "cache": cache,
            "max_concurrency": max_concurrency,
            "max_credits": max_credits,
        }
        self._cache = cache_of(cache)
        self._budget = Budget(max_credits)
        self._execution: tuple[asyncio.AbstractEventLoop, Execution] | None = None
        self._known_settings: Settings | None = None
        self._loading: SingleFlight[ClassifyConfiguration] = SingleFlight()
        self._open: set[Future[Any]] = set()
        self._closed = False

    @property
    def backend(self) -> Backend:
        """The resolved backend."""
        return self._choice.backend

    @property
    def configuration(self) -> ClassifyConfiguration:
        """Rules and parsing options; a saved configuration is loaded when it is first needed (`prepare`)."""
        self.prepare()
        return self._loaded_configuration()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules."""
        return self.configuration.rules

    @property
    def rules_id(self) -> str:
        """Short hash of rules, mode, parsing, `min_confidence` and backend: tells a stale label from a fresh one."""
        self.prepare()
        return self._settings().rules_id

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments that make an equal classifier: backend resolved, no key, no HTTP client."""
        chosen: dict[str, Any] = {"configuration_id": self._configuration_id}
        if self._configuration_id is None:
            configuration = self._loaded_configuration()
            chosen = {"rules": list(configuration.rules), "parsing": configuration.parsing_configuration}
        return chosen | self._choice.arguments() | self._options

    def prepare(self) -> None:
        """Loads a saved configuration, once; does nothing where the rules are here.

        Raises:
            NotFoundError: there is no such configuration in the project.
            ClassifyError: it could not be loaded, or not within `timeout`.
        """
        if self._configuration is None:
            background.run(self._prepare())

    async def aprepare(self) -> None:
        """The same, awaited."""
        if self._configuration is None:
            await background.arun(self._prepare())

    def not_started(self, error: ClassifyError) -> Classification:
        """The outcome of a document that was not begun because of `error`, also where no rules are known."""
        rules_id = UNRESOLVED_RULES_ID if self._configuration is None else self.rules_id
        return Classification(
            status=Status.NOT_STARTED,
            error=error,
            backend=self.backend.name,
            rules_id=rules_id,
            source_name=error.source_name,
        )

    def failed(self, error: ClassifyError) -> Classification:
        """The outcome of a document that failed with `error` before it could be classified."""
        return self.not_started(error).model_copy(update={"status": status_of(error)})

    def classify(self, source: SourceLike, *, on_error: OnError | None = None) -> Classification:
        """Classifies one document.

        Raises:
            ClassifyError: it could not be classified, unless `on_error` is `"record"`.
        """
        run = self._new_run(on_error="record", number_the_nameless=False)
        with run:
            outcomes = [outcome for _, outcome in self._drive(run, [source])]
        return _raised(outcomes[0], raises=self._raises(on_error))

    async def aclassify(self, source: SourceLike, *, on_error: OnError | None = None) -> Classification:
        """The same, awaited; cancelling it cancels the work."""
        run = self._new_run(on_error="record", number_the_nameless=False)
        with run:
            outcomes = [outcome async for _, outcome in adrive(run, [source])]
        return _raised(outcomes[0], raises=self._raises(on_error))

    def classify_many(
        self,
        sources: Iterable[SourceLike],
        *,
        show_progress: bool = False,
        on_error: OnError | None = None,
        max_concurrency: int | None = None,
        time_limit: float | None = None,
    ) -> list[Classification]:
        """Classifies documents, each distinct one once, and returns the outcomes in the order given.

        Args:
            sources: texts, paths, bytes or `Source`s.
            show_progress: a bar on standard error.
            on_error: for this call, instead of the classifier's own.
            max_concurrency: of this call's documents no more are open at once; it narrows the classifier's own bound.
            time_limit: seconds for the whole call, rules to load excepted; what is not done by then is given up.

        Raises:
            BatchError: at least one has no classification, unless `on_error` is `"record"`; `.outcomes` holds all.
        """
        if self._raises(on_error):
            self.prepare()
        run, outcomes = (
            self._new_run(max_concurrency, on_error=on_error, time_limit=time_limit),
            dict[int, Classification](),
        )
        with run, progress(sources, show=show_progress) as bar:
            for index, outcome in self._drive(run, sources):
                outcomes[index] = outcome
                bar.update()
        return _collected(run, outcomes)

    async def aclassify_many(
        self,
        sources: Sources,
        *,
        show_progress: bool = False,
        on_error: OnError | None = None,
        max_concurrency: int | None = None,
        time_limit: float | None = None,
    ) -> list[Classification]:
        """The same, awaited; cancelling it cancels the work."""
        if self._raises(on_error):
            await self.aprepare()
        run, outcomes = (
            self._new_run(max_concurrency, on_error=on_error, time_limit=time_limit),
            dict[int, Classification](),
        )
        with run, progress(sources, show=show_progress) as bar:
            async for index, outcome in adrive(run, sources):
                outcomes[index] = outcome
                bar.update()
        return _collected(run, outcomes)

    def classify_as_completed(
        self, sources: Iterable[SourceLike], *, on_error: OnError | None = None
    ) -> Iterator[tuple[int, Classification]]:
        """Yields `(index, classification)` as each document is done; `sources` is consumed lazily, in this thread.

        Raises:
            BatchError: at the end, where documents failed, unless `on_error` is `"record"`; since everything was
                yielded already, `.outcomes` holds only the failures.
        """
        if self._raises(on_error):
            self.prepare()
        with self._new_run(on_error=on_error) as run:
            yield from self._drive(run, sources)
            run.raise_failures()

    async def aclassify_as_completed(
        self, sources: Sources, *, on_error: OnError | None = None
    ) -> AsyncIterator[tuple[int, Classification]]:
        """The same, for `async for`; `sources` is consumed on the caller's loop."""
        if self._raises(on_error):
            await self.aprepare()
        with self._new_run(on_error=on_error) as run:
            async for finished in adrive(run, sources):
                yield finished
            run.raise_failures()

    def close(self) -> None:
        """Cancels open work, whose outcomes are `not_started`, and closes connections; your own backend stays open."""
        self._cancel_open()
        if self._choice.name is not None:
            background.run(self.backend.aclose())

    async def aclose(self) -> None:
        """The same, awaited."""
        self._cancel_open()
        if self._choice.name is not None:
            await background.arun(self.backend.aclose())

    def _cancel_open(self) -> None:
        self._closed = True
        for future in list(self._open):
            future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        rules = self._configuration_id or f"{len(self._loaded_configuration().rules)} rules"
        return f"Classifier({rules}, backend={self.backend.name!r})"

    def __copy__(self) -> Self:
        """A classifier is a handle of shared work: a copy is the same one, with key and connections."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def picklable_arguments(self) -> dict[str, Any]:
        """The same, for another process.

        Raises:
            InvalidOptionError: an HTTP client of the user's own would be lost on the way.
        """
        self._choice.refuse_pickling()
        return self.arguments()

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (_make, self.picklable_arguments())

    def _drive(self, run: Run, sources: Iterable[SourceLike]) -> Iterator[tuple[int, Classification]]:
        background.refuse_inside()
        return drive(run, sources)

    def _new_run(
        self,
        max_concurrency: int | None = None,
        *,
        on_error: OnError | None,
        number_the_nameless: bool = True,
        time_limit: float | None = None,
    ) -> Run:
        window = WINDOW_PER_SLOT * self._concurrency
        if max_concurrency is not None:
            window = min(window, checked_count("max_concurrency", max_concurrency))
        return Run(
            self._start,
            self.failed,
            window=window,
            keep_failures=self._raises(on_error),
            number_the_nameless=number_the_nameless,
            time_limit=None if time_limit is None else checked_seconds("time_limit", time_limit),
        )

    def _start(self, source: Source, run: RunState) -> Future[Classification]:
        future = background.submit(self._outcome(source, run))
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    async def _outcome(self, source: Source, run: RunState) -> Classification:
        if self._closed:
            raise RunStoppedError("this classifier is closed; make a new one")
        if self._configuration is None:
            try:
                run.check()
                await self._prepare()
            except ClassifyError as error:
                run.stop(error)
                return self.not_started(error).model_copy(update={"source_name": source.name})
        return await self._execution_here().outcome(source, run)

    async def _prepare(self) -> None:
        saved = self._configuration_id
        if self._configuration is None and saved is not None:
            timeout = self._options["timeout"]
            self._configuration = await self._loading.do(
                saved, lambda: load_configuration(self.backend, saved, timeout)
            )

    def _execution_here(self) -> Execution:
        """The state of the running loop: semaphores and tasks cannot be carried from one loop to another."""
        loop = asyncio.get_running_loop()
        if self._execution is None or self._execution[0] is not loop:
            slots = asyncio.Semaphore(self._concurrency)
            self._execution = loop, Execution(self._settings(), self._cache, self._budget, slots)
        return self._execution[1]

    def _settings(self) -> Settings:
        if self._known_settings is None:
            self._known_settings = Settings(
                self._loaded_configuration(),
                self._configuration_id,
                self.backend,
                min_confidence=self._options["min_confidence"],
                timeout=self._options["timeout"],
            )
        return self._known_settings

    def _loaded_configuration(self) -> ClassifyConfiguration:
        if self._configuration is None:
            raise InvalidOptionError("the saved configuration is not loaded yet; call prepare() or await aprepare()")
        return self._configuration

    @property
    def _concurrency(self) -> int:
        chosen: int | None = self._options["max_concurrency"]
        return self.backend.default_concurrency if chosen is None else chosen

    def _raises(self, on_error: OnError | None) -> bool:
        return (self._options["on_error"] if on_error is None else checked_on_error(on_error)) == "raise"


def _collected(run: Run, outcomes: Mapping[int, Classification]) -> list[Classification]:
    ordered = [outcomes[index] for index in sorted(outcomes)]
    run.raise_failures(ordered)
    return ordered


def _raised(outcome: Classification, *, raises: bool) -> Classification:
    if outcome.error is not None and raises:
        raise outcome.error
    return outcome


def _make(arguments: dict[str, Any]) -> Classifier:
    return Classifier(**arguments)
