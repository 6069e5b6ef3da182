"""`Classifier`: rules and a backend, for one document or a million."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from classify_core.backend import Backend
from classify_core.backend_choice import BackendLike, HostedOptions, choose_backend
from classify_core.background import background
from classify_core.cache import CacheLike
from classify_core.classification import Classification
from classify_core.classifying import ClassifyingMethods
from classify_core.configuring import Adapt, check_options, configuration_from
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.learning import ExamplesLike, LearningMethods, by_type, examples_of
from classify_core.models import ClassifyConfiguration, ParsingConfiguration, Rule
from classify_core.pickling import restored
from classify_core.pricing import UsageTotals
from classify_core.session import OnError, Session
from classify_core.submitting import SubmittingMethods

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

    from classify_core.limits import Plan, RateLimits

DEFAULT_TIMEOUT: Final = 600.0


class Classifier(ClassifyingMethods, SubmittingMethods, LearningMethods):
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
        refresh: make answers anew that the cache holds. A hosted job is still found, and not paid for, again.
        plan: the hosted plan whose rate limits are kept, by name or as `RateLimits`.
        max_concurrency: documents open at once; by default what backend and plan allow.
        max_credits: hosted credits that are not exceeded, by the pages that a document is counted to have before it is
            begun; `estimate` tells them beforehand.
        adapt: whether the documents of one `classify_many`, and of an adapter's call with a list, teach each other what
            their types look like here; local backends only. `"auto"`: where there is scikit-learn and a few dozen
            documents. `classify` and `classify_as_completed` never do so by themselves.
        examples: documents of some types, by type, which teach the classifier; local backends only. They are read when
            they are first needed, never sent, and no part of the rules.
        retry_failed: make a hosted job again that FAILED in a former run; it is billed again.
        usage: ask what each hosted job was billed, which takes one more request a document.
        delete_after: delete a hosted job and its upload once the result is in.
        cancel_remote: cancel hosted jobs that are not waited for any more; else the next run finds them.
        upload_expires_in: seconds after which the service may remove an upload; by default its own 48 hours.

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
        refresh: bool = False,
        plan: Plan | RateLimits | None = None,
        max_concurrency: int | None = None,
        max_credits: float | None = None,
        adapt: Adapt = "auto",
        examples: ExamplesLike | None = None,
        retry_failed: bool = False,
        usage: bool = False,
        delete_after: bool = False,
        cancel_remote: bool = False,
        upload_expires_in: float | None = None,
    ) -> None:
        check_options(min_confidence, timeout, on_error, max_concurrency, max_credits)
        configuration = configuration_from(rules, configuration_id, parsing)
        hosted = HostedOptions(
            api_key=api_key,
            base_url=base_url,
            project_id=project_id,
            organization_id=organization_id,
            http_client=http_client,
            plan=plan,
            retry_failed=retry_failed,
            usage=usage,
            delete_after=delete_after,
            cancel_remote=cancel_remote,
            upload_expires_in=upload_expires_in,
        )
        choice = choose_backend(backend, hosted)
        if configuration_id is not None and choice.name == "local":
            raise InvalidOptionError("configuration_id names rules saved at the hosted service; give rules= instead")
        checked_examples = examples_of(examples, configuration)
        self._examples = None if examples is None else by_type(checked_examples)
        self._session = Session(
            choice,
            configuration,
            configuration_id,
            min_confidence=min_confidence,
            timeout=timeout,
            on_error=on_error,
            cache=cache,
            refresh=refresh,
            max_concurrency=max_concurrency,
            max_credits=max_credits,
            adapt=adapt,
            examples=checked_examples,
        )

    @property
    def backend(self) -> Backend:
        """The resolved backend."""
        return self._session.backend

    @property
    def configuration(self) -> ClassifyConfiguration:
        """Rules and parsing options; a saved configuration is loaded when it is first needed (`prepare`)."""
        self.prepare()
        return self._session.configuration

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules."""
        return self.configuration.rules

    @property
    def rules_id(self) -> str:
        """Short hash of rules, mode, parsing, `min_confidence` and backend: tells a stale label from a fresh one."""
        self.prepare()
        return self._session.settings.rules_id

    def arguments(self) -> dict[str, Any]:
        """The constructor arguments that make an equal classifier: backend resolved, no key, no HTTP client."""
        session = self._session
        chosen: dict[str, Any] = {"configuration_id": session.configuration_id}
        if session.configuration_id is None:
            configuration = session.configuration
            chosen = {"rules": list(configuration.rules), "parsing": configuration.parsing_configuration}
        examples = {} if self._examples is None else {"examples": self._examples}
        return chosen | session.choice.arguments() | session.options | examples

    def picklable_arguments(self) -> dict[str, Any]:
        """The same, for another process.

        Raises:
            InvalidOptionError: an HTTP client of the user's own would be lost on the way.
        """
        self._session.choice.refuse_pickling()
        return self.arguments()

    def not_started(self, error: ClassifyError) -> Classification:
        """The outcome of a document that was not begun because of `error`, also where no rules are known."""
        return self._session.not_started(error)

    def failed(self, error: ClassifyError) -> Classification:
        """The outcome of a document that failed with `error` before it could be classified."""
        return self._session.failed(error)

    @property
    def usage(self) -> UsageTotals:
        """What this classifier's calls came to so far: documents, jobs and credits."""
        return self._session.usage.totals()

    def close(self) -> None:
        """Cancels open work, whose outcomes are `not_started`, and closes connections; your own backend stays open."""
        self._session.cancel_open()
        background.run(self._session.aclose())

    async def aclose(self) -> None:
        """The same, awaited."""
        self._session.cancel_open()
        await background.arun(self._session.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        rules = self._session.configuration_id or f"{len(self._session.configuration.rules)} rules"
        return f"Classifier({rules}, backend={self.backend.name!r})"

    def __copy__(self) -> Self:
        """A classifier is a handle of shared work: a copy is the same one, with key and connections."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (_make, (self.picklable_arguments(), self._session.learned()))


def _make(state: tuple[dict[str, Any], dict[str, Any]]) -> Classifier:
    arguments, learned = state
    classifier = Classifier(**arguments)
    if learned:
        classifier._session.restore(learned)  # noqa: SLF001 - its own
    return classifier
