"""`ClassifyRunnable`: a source or a document in, a `Classification` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from langchain_core.documents import Document
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import ensure_config
from pydantic import BaseModel, RootModel

from classify_core.classification import Classification
from classify_core.errors import ClassifyError, ClassifyTimeoutError, ConnectionFailedError, ServerError
from langchain_classify.batching import Batch
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules, on_error_for
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import DocumentLike, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class ClassifyRunnableInput(RootModel[Document | str]):
    """What may come from outside as JSON: a text or a document.

    A path, an address or a `Source` is given by a program only, since who sends one reads what the server can read.
    """


class ClassifyRunnable(ClassifyComponent, RunnableSerializable[DocumentLike, Classification]):
    """Classifies one document a call; `batch` and `abatch` many, each distinct one once.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> classify = ClassifyRunnable(rules, backend="local")
    >>> classify.invoke("Invoice number 7: line items, total amount 20 EUR").type
    'invoice'

    Callbacks and tracers get a reference to the document (kind, name, size, digest) as the run's input, never its
    text. Where it is a step of a sequence, the sequence's own run still records what the sequence was given: let the
    sequence begin with a path, or hide its inputs in the tracer.

    `with_retry` also retries what will never succeed, unless told otherwise; pass
    `retry_if_exception_type=ClassifyRunnable.RETRYABLE`. Single requests are retried already.

    Args:
        on_failure: `"raise"`: the document's own error; `"annotate"`: a `Classification` with `status` and `error`.
        fields: the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.
    """

    RETRYABLE: ClassVar[tuple[type[ClassifyError], ...]] = (ConnectionFailedError, ServerError, ClassifyTimeoutError)
    """Errors that a later attempt may not meet. A `RateLimitError` is none: what waiting helps was waited for."""

    model_config = COMPONENT_CONFIG

    on_failure: Literal["raise", "annotate"] = "raise"

    def __init__(
        self, rules: Rules | None = None, *, on_failure: Literal["raise", "annotate"] = "raise", **fields: Any
    ) -> None:
        super().__init__(rules, on_failure=on_failure, **fields)

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """The schema of inputs from outside; see `ClassifyRunnableInput`."""
        del config
        return ClassifyRunnableInput

    def invoke(self, input: DocumentLike, config: RunnableConfig | None = None, **kwargs: Any) -> Classification:  # noqa: A002 - LangChain's name
        """Classifies one document.

        Raises:
            ClassifyError: it could not be classified, and `on_failure` is `"raise"`.
            InvalidOptionError: `input` is no document.
        """
        del kwargs  # a chain passes what it was given to all of its steps
        source = source_of(input)

        def classify(_: Any) -> Classification:
            return self.classifier.classify(
                source, on_error=on_error_for(self.on_failure), on_progress=dispatched_progress()
            )

        return self._call_with_config(classify, cast("Any", source.reference), config)

    async def ainvoke(self, input: DocumentLike, config: RunnableConfig | None = None, **kwargs: Any) -> Classification:  # noqa: A002 - LangChain's name
        """The same, awaited; cancelling it cancels the work."""
        del kwargs
        source = source_of(input)

        async def classify(_: Any) -> Classification:
            async with adispatched_progress() as callback:
                return await self.classifier.aclassify(
                    source, on_error=on_error_for(self.on_failure), on_progress=callback
                )

        return await self._acall_with_config(classify, cast("Any", source.reference), config)

    def batch(
        self,
        inputs: Sequence[DocumentLike],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Classification]:
        """Classifies documents as one run, in the order given; all are worked on, whatever fails.

        As many are open at once as backend and plan allow, and no more than the config's `max_concurrency`.

        Raises:
            ClassifyError: the first document's that could not be classified, unless `return_exceptions`.
        """
        if not inputs:
            return []
        work = Batch(inputs, keep_errors=return_exceptions)
        at_once = _at_once(config)

        def classify(_: Any, config: list[RunnableConfig]) -> list[Any]:
            outcomes = self.classifier.classify_many(
                work.documents,
                on_error="record",
                max_concurrency=at_once,
                on_progress=dispatched_progress(work.of_documents(config)),
            )
            return work.results(outcomes, raises=self.on_failure == "raise")

        return self._batch_with_config(
            cast("Any", classify), cast("Any", work.references), config, return_exceptions=return_exceptions, **kwargs
        )

    async def abatch(
        self,
        inputs: Sequence[DocumentLike],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Classification]:
        """The same, awaited; cancelling it cancels the work, and nothing goes on in the background."""
        if not inputs:
            return []
        work = Batch(inputs, keep_errors=return_exceptions)
        at_once = _at_once(config)

        async def classify(_: Any, config: list[RunnableConfig]) -> list[Any]:
            async with adispatched_progress(work.of_documents(config)) as callback:
                outcomes = await self.classifier.aclassify_many(
                    work.documents, on_error="record", max_concurrency=at_once, on_progress=callback
                )
            return work.results(outcomes, raises=self.on_failure == "raise")

        return await self._abatch_with_config(
            cast("Any", classify), cast("Any", work.references), config, return_exceptions=return_exceptions, **kwargs
        )


def _at_once(config: RunnableConfig | list[RunnableConfig] | None) -> int | None:
    """How many documents the config allows at once; None leaves it to backend and plan."""
    first = config[0] if isinstance(config, list) else config
    return ensure_config(first).get("max_concurrency")
