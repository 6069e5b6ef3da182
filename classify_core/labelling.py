"""Labels for what a framework hands over: which documents need one, asking for it, and what each item then carries.

Adapters translate their nodes or documents to `Item`s and write the labels back; all that is decided is decided here,
so that both frameworks come to the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from classify_core.background import in_thread
from classify_core.classification import Classification
from classify_core.classifier import Classifier
from classify_core.errors import ClassifyError
from classify_core.grouping import Item, grouped
from classify_core.hosted import HostedBackend
from classify_core.labels import FailedDocument, Label, Labelled, Labelling, LabelPolicy, OnFailure
from classify_core.metadata import selects
from classify_core.originals import original_of, text_of
from classify_core.progress import ProgressCallback
from classify_core.run import batch_error
from classify_core.source import Source

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Document:
    """One document: the items it has, and a fresh label, the original to classify, why that cannot be had, or none.

    Without any of them its items' text is classified.
    """

    indices: list[int]
    label: Label | None = None
    source: Source | None = None
    fault: ClassifyError | None = None


class _Sources:
    """What is classified; a text is made when its turn comes, since all of them together are a second copy of all."""

    def __init__(self, items: Sequence[Item], documents: Sequence[_Document]) -> None:
        self._items = items
        self._documents = [document for document in documents if document.label is None and document.fault is None]

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Source]:
        for document in self._documents:
            yield text_of(self._items, document.indices) if document.source is None else document.source


class Labeller:
    """Labels items with a classifier, one classification a document, none for one that carries a fresh label."""

    def __init__(self, classifier: Classifier, policy: LabelPolicy) -> None:
        self._classifier = classifier
        self._policy = policy

    def label(
        self,
        items: Sequence[Item],
        *,
        show_progress: bool = False,
        deadline: float | None = None,
        adapt: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Labelling:
        """What the items come to, each with its document's label.

        Args:
            items: what a framework handed over.
            show_progress: a bar on standard error.
            deadline: seconds for all documents together; what is not done by then is a failure.
            adapt: False where the items are not all there are, such as a window of a stream or what a query found: a
                label must not depend on them. Else the documents may teach each other, as the classifier says.
            on_progress: is told of each step of each document that carries no fresh label, counted from 0.

        Raises:
            ForeignLabelError: an item carries somebody else's type; nothing was classified.
        """
        try:
            self._classifier.prepare()
        except ClassifyError as error:
            return self._without_rules(items, error)
        documents = self._documents(items)
        classified = self._classifier.classify_many(
            _Sources(items, documents),
            show_progress=show_progress,
            on_error="record",
            deadline=deadline,
            adapt=adapt,
            on_progress=on_progress,
        )
        return self._labelled(items, documents, self._outcomes(documents, classified))

    async def alabel(
        self,
        items: Sequence[Item],
        *,
        show_progress: bool = False,
        deadline: float | None = None,
        adapt: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Labelling:
        """The same, awaited."""
        try:
            await self._classifier.aprepare()
        except ClassifyError as error:
            return self._without_rules(items, error)
        documents = await _off_the_loop(self._documents, items)
        classified = await self._classifier.aclassify_many(
            _Sources(items, documents),
            show_progress=show_progress,
            on_error="record",
            deadline=deadline,
            adapt=adapt,
            on_progress=on_progress,
        )
        return await _off_the_loop(self._labelled, items, documents, self._outcomes(documents, classified))

    def _documents(self, items: Sequence[Item]) -> list[_Document]:
        self._refuse_foreign_labels(items)
        return [self._document(items, indices) for indices in grouped(items, self._policy.group_by)]

    def _refuse_foreign_labels(self, items: Sequence[Item]) -> None:
        if not self._policy.overwrite:
            for item in items:
                if self._policy.schema.is_foreign(item.metadata):
                    self._policy.schema.refuse_foreign_label(item.metadata, name=item.display_name)

    def _document(self, items: Sequence[Item], indices: list[int]) -> _Document:
        label = self._fresh_label(items, indices)
        if label is not None:
            return _Document(indices, label=label)
        original = original_of(items, indices, choice=self._policy.source, allow_remote=self._knows_identifiers)
        if isinstance(original, ClassifyError):
            return _Document(indices, fault=original)
        return _Document(indices, source=original)

    def _fresh_label(self, items: Sequence[Item], indices: Sequence[int]) -> Label | None:
        """The fresh label of a document, which some of its items may lack; None where they name two types."""
        schema, rules_id = self._policy.schema, self._classifier.rules_id
        fresh = [schema.fresh_label(items[index].metadata, rules_id) for index in indices]
        known = [label for label in fresh if label is not None]
        return known[0] if known and len({schema.type_of(label) for label in known}) == 1 else None

    @property
    def _knows_identifiers(self) -> bool:
        """Whether the backend can be given an identifier of the hosted service; one of the user's own is never."""
        return isinstance(self._classifier.backend, HostedBackend)

    def _without_rules(self, items: Sequence[Item], error: ClassifyError) -> Labelling:
        """What the items come to where a saved configuration could not be loaded, or the examples not be read.

        No label can be told fresh from stale then: what carries one passes as it is, the rest is a failure.
        """
        logger.warning("rules or examples could not be loaded, so %d items were not classified: %s", len(items), error)
        self._refuse_foreign_labels(items)
        outcome = self._classifier.not_started(error)
        own = [self._policy.schema.own_label(item.metadata) for item in items]
        groups = grouped(items, self._policy.group_by)
        unlabelled = [[index for index in indices if own[index] is None] for indices in groups]
        failed = tuple(FailedDocument(tuple(indices), outcome) for indices in unlabelled if indices)
        labels = {index: label for index, label in enumerate(own) if label is not None and self._passes(label)}
        error_raised = error if self._policy.on_failure == "raise" else None
        return Labelling(self._written(items, labels | self._failure_labels(failed)), failed, 0, error_raised)

    def _outcomes(
        self, documents: Sequence[_Document], classified: Sequence[Classification]
    ) -> list[Classification | None]:
        """The outcome of each document; None where it has a fresh label."""
        answers = iter(classified)
        return [None if document.label is not None else self._outcome(document, answers) for document in documents]

    def _outcome(self, document: _Document, answers: Iterator[Classification]) -> Classification:
        return next(answers) if document.fault is None else self._classifier.failed(document.fault)

    def _labelled(
        self, items: Sequence[Item], documents: Sequence[_Document], outcomes: Sequence[Classification | None]
    ) -> Labelling:
        labels, failed = dict[int, Label](), list[FailedDocument]()
        for document, outcome in zip(documents, outcomes, strict=True):
            if outcome is not None and not outcome.status.is_success:
                failed.append(FailedDocument(tuple(document.indices), outcome))
                continue
            label = document.label if outcome is None else self._policy.schema.to_metadata(outcome)
            if label is not None and self._passes(label):
                labels |= dict.fromkeys(document.indices, label)
        asked = [outcome for outcome in outcomes if outcome is not None]
        written = self._written(items, labels | self._failure_labels(failed))
        return Labelling(written, tuple(failed), len(asked), _raised(asked, self._policy.on_failure))

    def _failure_labels(self, failed: Sequence[FailedDocument]) -> dict[int, Label]:
        """What is written where a document failed; a type that is not known drops nothing."""
        if self._policy.on_failure == "skip":
            return {}
        schema = self._policy.schema
        return {index: schema.to_metadata(one.classification) for one in failed for index in one.indices}

    def _written(self, items: Sequence[Item], labels: dict[int, Label]) -> list[Labelled]:
        schema = self._policy.schema
        return [
            Labelled(index, schema.labelled(item.metadata, labels[index]), labels[index])
            for index, item in enumerate(items)
            if index in labels
        ]

    def _passes(self, label: Label) -> bool:
        named = self._policy.schema.type_of(label)
        return selects(named, keep=self._policy.keep_types, drop=self._policy.drop_types)


async def _off_the_loop(step: Callable[..., T], items: Sequence[Item], *others: Any) -> T:
    """A step of the work in a thread: for a hundred thousand items it takes seconds, and files may be looked for."""
    return await in_thread(copy_context().run, step, items, *others)


def _raised(outcomes: Sequence[Classification], on_failure: OnFailure) -> ClassifyError | None:
    failures = [outcome for outcome in outcomes if not outcome.status.is_success]
    if not failures or on_failure != "raise":
        return None
    remedy = 'on_failure="annotate" keeps them with the error in their metadata, "skip" leaves them out'
    error = batch_error(len(outcomes), failures, remedy)
    error.outcomes = tuple(outcomes)
    error.__cause__ = failures[0].error
    return error
