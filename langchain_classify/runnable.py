"""`ClassifyRunnable`: a source or a document in, a `Classification` out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from pydantic import BaseModel, RootModel

from classify_core.classification import Classification
from langchain_classify.batches.completing import CompletingMethods
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules, on_error_for
from langchain_classify.composed.composing import ClassifyBinding, ClassifyConfigurable, ComposingMethods
from langchain_classify.composed.retrying import RETRYABLE
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import DocumentLike, source_of
from langchain_classify.traced_inputs import areference_to

if TYPE_CHECKING:
    from langchain_core.runnables.utils import AnyConfigurableField, ConfigurableField

    from classify_core.errors import ClassifyError
    from classify_core.progress import ProgressCallback
    from langchain_classify.batches.batch import Batch
    from langchain_classify.batches.runs import Runs


class ClassifyRunnableInput(RootModel[Document | str]):
    """What may come from outside as JSON: a text or a document.

    A path, an address or a `Source` is given by a program only, since who sends one reads what the server can read.
    """


class ClassifyRunnable(
    ComposingMethods, CompletingMethods, ClassifyComponent, RunnableSerializable[DocumentLike, Classification]
):
    """Classifies one document a call; `batch` and its like many, each distinct one once.

    With the embedded engine the documents of a `batch` teach each other what their types look like here, from a few
    dozen on (`adapt=` of `Classifier`); those of `batch_as_completed` never do, as each is told when it is done.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> classify = ClassifyRunnable(rules, backend="local")
    >>> classify.invoke("Invoice number 7: line items, total amount 20 EUR").type
    'invoice'

    Callbacks and tracers get a reference to the document (kind, name, size, digest) as a run's input, never its text;
    also through `with_retry`, `with_fallbacks`, `map`, `with_config`, `bind`, `with_types`, `with_listeners`,
    `configurable_fields` and `configurable_alternatives` of this class, one after another. What stands around it keeps
    its own record: the run of a `RunnableSequence` or `RunnableParallel` holds what that was given, a step before it
    what it gives out, a tool made by `as_tool` what it is called with (take `ClassifyTool`), and a fallback that is not
    ours gets the text. Let a sequence begin with a path, or hide its inputs in the tracer.

    `with_retry` does not try again what will never succeed. `stream` yields one chunk, the result.

    Args:
        on_failure: `"raise"`: the document's own error; `"annotate"`: a `Classification` with `status` and `error`.
        fields: the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.
    """

    RETRYABLE: ClassVar[tuple[type[ClassifyError], ...]] = RETRYABLE
    """What `with_retry` tries again, unless told otherwise."""

    model_config = COMPONENT_CONFIG

    _refuses: ClassVar[bool] = True

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

        return await self._acall_with_config(classify, cast("Any", await areference_to(source)), config)

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Runnable[DocumentLike, Classification]:
        """As of any runnable."""
        return ClassifyBinding(bound=self).with_config(config, **kwargs)

    def bind(self, **kwargs: Any) -> Runnable[DocumentLike, Classification]:
        """As of any runnable."""
        return ClassifyBinding(bound=self).bind(**kwargs)

    def with_types(self, **types: Any) -> Runnable[DocumentLike, Classification]:
        """As of any runnable."""
        return ClassifyBinding(bound=self).with_types(**types)

    def with_listeners(self, **listeners: Any) -> Runnable[DocumentLike, Classification]:
        """As of any runnable."""
        return ClassifyBinding(bound=self).with_listeners(**listeners)

    def configurable_fields(self, **fields: AnyConfigurableField) -> Any:
        """As of any runnable; equal values share a classifier, and all share the backend's connections."""
        return ClassifyConfigurable(bound=super().configurable_fields(**fields))

    def configurable_alternatives(
        self,
        which: ConfigurableField,
        *,
        default_key: str = "default",
        prefix_keys: bool = False,
        **alternatives: Runnable[Any, Any] | Callable[[], Runnable[Any, Any]],
    ) -> Any:
        """As of any runnable."""
        configurable = super().configurable_alternatives(
            which, default_key=default_key, prefix_keys=prefix_keys, **alternatives
        )
        return ClassifyConfigurable(bound=configurable)

    def _completed(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> Generator[tuple[int, Any], None, None]:
        del kwargs
        yield from batch.refused()
        on_progress = dispatched_progress(batch.of_documents(runs.configs_within)) if runs.are_heard else None
        with closing(self._classified(batch, runs, on_progress, together=together and self.adapts)) as classified:
            for number, outcome in classified:
                yield batch.place_of(number), self._result(outcome)

    def _classified(
        self, batch: Batch, runs: Runs[Any], on_progress: ProgressCallback | None, *, together: bool
    ) -> Generator[tuple[int, Classification], None, None]:
        """The documents' outcomes by number: all in the end, where they can teach each other, or each as it is done."""
        options = _options(runs, on_progress)
        if together:
            yield from enumerate(self.classifier.classify_many(batch.documents, **options))
        else:
            yield from self.classifier.classify_as_completed(batch.documents, **options)

    async def _acompleted(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> AsyncGenerator[tuple[int, Any], None]:
        del kwargs
        for refused in batch.refused():
            yield refused
        configs = batch.of_documents(runs.configs_within) if runs.are_heard else []
        async with adispatched_progress(configs) as on_progress:
            classified = self._aclassified(batch, runs, on_progress, together=together and self.adapts)
            async with aclosing(classified):
                async for number, outcome in classified:
                    yield batch.place_of(number), self._result(outcome)

    async def _aclassified(
        self, batch: Batch, runs: Runs[Any], on_progress: ProgressCallback | None, *, together: bool
    ) -> AsyncGenerator[tuple[int, Classification], None]:
        options = _options(runs, on_progress)
        if together:
            for outcome in enumerate(await self.classifier.aclassify_many(batch.documents, **options)):
                yield outcome
            return
        async with aclosing(self.classifier.aclassify_as_completed(batch.documents, **options)) as completed:
            async for outcome in completed:
                yield outcome

    def _result(self, outcome: Classification) -> Classification | ClassifyError:
        return outcome.error if outcome.error is not None and self.on_failure == "raise" else outcome


def _options(runs: Runs[Any], on_progress: ProgressCallback | None) -> dict[str, Any]:
    return {"on_error": "record", "max_concurrency": runs.max_concurrency, "on_progress": on_progress}
