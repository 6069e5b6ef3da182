"""Labels for what a framework hands over: which documents need one, asking for it, and what each item then carries.

Adapters translate their nodes or documents to `Item`s and write the labels back; all that is decided is decided here,
so that both frameworks come to the same.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from classify_core.classification import Classification
from classify_core.classifier import Classifier
from classify_core.errors import ClassifyError
from classify_core.grouping import Item, grouped
from classify_core.labels import FailedDocument, Label, Labelled, Labelling, LabelPolicy, OnFailure
from classify_core.local import LocalBackend
from classify_core.metadata import selects
from classify_core.originals import source_of
from classify_core.progress import ProgressCallback
from classify_core.run import batch_error
from classify_core.source import Source

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Group:
    """One document: the items it has, and one of what to classify, why that cannot be, and a fresh label."""

    indices: list[int]
    source: Source | None = None
    failure: ClassifyError | None = None
    label: Label | None = None


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
        on_progress: ProgressCallback | None = None,
    ) -> Labelling:
        """What the items come to, each with its document's label.

        Args:
            items: what a framework handed over.
            show_progress: a bar on standard error.
            deadline: seconds for all documents together; what is not done by then is a failure.
            on_progress: is told of each step of each document that carries no fresh label, counted from 0.

        Raises:
            ForeignLabelError: an item carries somebody else's type; nothing was classified.
        """
        try:
            self._classifier.prepare()
        except ClassifyError as error:
            return self._without_rules(items, error)
        groups = self._groups(items)
        outcomes = self._classifier.classify_many(
            _sources(groups),
            show_progress=show_progress,
            on_error="record",
            deadline=deadline,
            on_progress=on_progress,
        )
        return self._labelled(items, groups, outcomes)

    async def alabel(
        self,
        items: Sequence[Item],
        *,
        show_progress: bool = False,
        deadline: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Labelling:
        """The same, awaited."""
        try:
            await self._classifier.aprepare()
        except ClassifyError as error:
            return self._without_rules(items, error)
        groups = self._groups(items)
        outcomes = await self._classifier.aclassify_many(
            _sources(groups),
            show_progress=show_progress,
            on_error="record",
            deadline=deadline,
            on_progress=on_progress,
        )
        return self._labelled(items, groups, outcomes)

    def _groups(self, items: Sequence[Item]) -> list[_Group]:
        self._refuse_foreign_labels(items)
        return [self._group(items, indices) for indices in grouped(items, self._policy.group_by)]

    def _refuse_foreign_labels(self, items: Sequence[Item]) -> None:
        if not self._policy.overwrite:
            for item in items:
                self._policy.schema.refuse_foreign_label(item.metadata, name=item.display_name)

    def _group(self, items: Sequence[Item], indices: list[int]) -> _Group:
        schema, rules_id = self._policy.schema, self._classifier.rules_id
        fresh = [schema.fresh_label(items[index].metadata, rules_id) for index in indices]
        known = [label for label in fresh if label is not None]
        if known and len({schema.type_of(label) for label in known}) == 1:
            return _Group(indices, label=known[0])
        source = source_of(items, indices, choice=self._policy.source, allow_remote=self._reads_remote)
        return _Group(indices, failure=source) if isinstance(source, ClassifyError) else _Group(indices, source)

    @property
    def _reads_remote(self) -> bool:
        """Whether the backend can be given an identifier of the hosted service."""
        return not isinstance(self._classifier.backend, LocalBackend)

    def _without_rules(self, items: Sequence[Item], error: ClassifyError) -> Labelling:
        """What the items come to where a saved configuration could not be loaded.

        No label can be told fresh from stale then: what carries one passes as it is, the rest is a failure.
        """
        logger.warning("the saved rules could not be loaded, so %d items were not classified: %s", len(items), error)
        self._refuse_foreign_labels(items)
        outcome = self._classifier.not_started(error)
        own = [self._policy.schema.own_label(item.metadata) for item in items]
        documents = grouped(items, self._policy.group_by)
        unlabelled = [[index for index in indices if own[index] is None] for indices in documents]
        failed = tuple(FailedDocument(tuple(indices), outcome) for indices in unlabelled if indices)
        labels = {index: label for index, label in enumerate(own) if label is not None and self._passes(label)}
        error_raised = error if self._policy.on_failure == "raise" else None
        return Labelling(self._written(items, labels | self._failure_labels(failed)), failed, 0, error_raised)

    def _labelled(
        self, items: Sequence[Item], groups: Sequence[_Group], classified: Sequence[Classification]
    ) -> Labelling:
        labels, failed = dict[int, Label](), list[FailedDocument]()
        outcomes = self._outcomes(groups, classified)
        for group, outcome in zip(groups, outcomes, strict=True):
            if outcome is not None and not outcome.status.is_success:
                failed.append(FailedDocument(tuple(group.indices), outcome))
                continue
            label = group.label if outcome is None else self._policy.schema.to_metadata(outcome)
            if label is not None and self._passes(label):
                labels |= dict.fromkeys(group.indices, label)
        asked = [outcome for outcome in outcomes if outcome is not None]
        written = self._written(items, labels | self._failure_labels(failed))
        return Labelling(written, tuple(failed), len(asked), _raised(asked, self._policy.on_failure))

    def _outcomes(self, groups: Sequence[_Group], classified: Sequence[Classification]) -> list[Classification | None]:
        """The outcome of each group; None where it has a fresh label."""
        remaining = iter(classified)
        return [
            next(remaining)
            if group.source is not None
            else None
            if group.failure is None
            else self._classifier.failed(group.failure)
            for group in groups
        ]

    def _failure_labels(self, failed: Sequence[FailedDocument]) -> dict[int, Label]:
        """What is written where a document failed; a type that is not known drops nothing."""
        if self._policy.on_failure == "skip":
            return {}
        schema = self._policy.schema
        return {index: schema.to_metadata(one.classification) for one in failed for index in one.indices}

    def _written(self, items: Sequence[Item], labels: dict[int, Label]) -> list[Labelled]:
        schema = self._policy.schema
        return [
            Labelled(index, schema.labelled(items[index].metadata, labels[index]), labels[index])
            for index in sorted(labels)
        ]

    def _passes(self, label: Label) -> bool:
        named = self._policy.schema.type_of(label)
        return selects(named, keep=self._policy.keep_types, drop=self._policy.drop_types)


def _sources(groups: Sequence[_Group]) -> list[Source]:
    return [group.source for group in groups if group.source is not None]


def _raised(outcomes: Sequence[Classification], on_failure: OnFailure) -> ClassifyError | None:
    failures = [outcome for outcome in outcomes if not outcome.status.is_success]
    if not failures or on_failure != "raise":
        return None
    remedy = 'on_failure="annotate" keeps them with the error in their metadata, "skip" leaves them out'
    error = batch_error(len(outcomes), failures, remedy)
    error.outcomes = tuple(outcomes)
    error.__cause__ = failures[0].error
    return error
