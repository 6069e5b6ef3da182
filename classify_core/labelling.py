"""Labels for what a framework hands over: which documents need one, asking for it, and what each item then carries.

Adapters translate their nodes or documents to `Item`s and write the labels back; all that is decided is decided here,
so that both frameworks come to the same.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from classify_core.classification import Classification
from classify_core.classifier import Classifier
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.grouping import GroupBy, Item, grouped, joined_text
from classify_core.metadata import MetadataSchema, MetadataValue, selects
from classify_core.progress import ProgressCallback
from classify_core.run import batch_error
from classify_core.source import Source

logger = logging.getLogger(__name__)

OnFailure: TypeAlias = Literal["raise", "annotate", "skip"]
"""`raise`: a `BatchError` at the end; `annotate`: status and error become metadata; `skip`: the item is left out."""

Label: TypeAlias = Mapping[str, MetadataValue]

ON_FAILURE: Final = ("raise", "annotate", "skip")


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """How labels are written.

    Attributes:
        schema: the metadata keys.
        group_by: what one document is.
        on_failure: what becomes of a document that could not be classified.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types, drop_types: which types pass; a document that could not be classified always does.
    """

    schema: MetadataSchema = field(default_factory=MetadataSchema)
    group_by: GroupBy = "auto"
    on_failure: OnFailure = "annotate"
    overwrite: bool = False
    keep_types: tuple[str, ...] | None = None
    drop_types: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.on_failure not in ON_FAILURE:
            raise InvalidOptionError(f"on_failure={self.on_failure!r}: give one of {', '.join(ON_FAILURE)}")


@dataclass(frozen=True, slots=True)
class Labelled:
    """What one item comes to.

    Attributes:
        index: the item's place in the list that was given.
        metadata: its metadata with the label: a new dict.
        label: the label alone.
    """

    index: int
    metadata: dict[str, Any]
    label: Label


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
    ) -> list[Labelled]:
        """The items that remain, in the order given, each with its label.

        Args:
            items: what a framework handed over.
            show_progress: a bar on standard error.
            deadline: seconds for all documents together; what is not done by then is a failure.
            on_progress: is told of each step of each document that carries no fresh label, counted from 0.

        Raises:
            ForeignLabelError: an item carries somebody else's type; nothing was classified.
            BatchError: `on_failure` is `"raise"` and a document could not be classified; `.outcomes` holds those of
                the documents that carried no fresh label.
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
    ) -> list[Labelled]:
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
        source = source_of(items, indices)
        return _Group(indices, failure=source) if isinstance(source, ClassifyError) else _Group(indices, source)

    def _without_rules(self, items: Sequence[Item], error: ClassifyError) -> list[Labelled]:
        """What the items come to where a saved configuration could not be loaded.

        No label can be told fresh from stale then: what carries one passes as it is, the rest is a failure.

        Raises:
            ClassifyError: `on_failure` is `"raise"`.
        """
        if self._policy.on_failure == "raise":
            raise error
        logger.warning("the saved rules could not be loaded, so %d items were not classified: %s", len(items), error)
        self._refuse_foreign_labels(items)
        schema = self._policy.schema
        failure = schema.to_metadata(self._classifier.not_started(error))
        labelled = []
        for index, item in enumerate(items):
            own = schema.own_label(item.metadata)
            if own is None and self._policy.on_failure == "skip":
                continue
            label = failure if own is None else own
            if selects(schema.type_of(label), keep=self._policy.keep_types, drop=self._policy.drop_types):
                labelled.append(Labelled(index, schema.labelled(item.metadata, label), label))
        return labelled

    def _labelled(
        self, items: Sequence[Item], groups: Sequence[_Group], classified: Sequence[Classification]
    ) -> list[Labelled]:
        schema, labels = self._policy.schema, dict[int, Label]()
        outcomes = self._outcomes(groups, classified)
        _raise_failures([outcome for outcome in outcomes if outcome is not None], self._policy.on_failure)
        for group, outcome in zip(groups, outcomes, strict=True):
            label = group.label if outcome is None else schema.to_metadata(outcome)
            if label is not None and self._passes(label, outcome):
                labels |= dict.fromkeys(group.indices, label)
        return [
            Labelled(index, schema.labelled(items[index].metadata, labels[index]), labels[index])
            for index in sorted(labels)
        ]

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

    def _passes(self, label: Label, outcome: Classification | None) -> bool:
        if self._policy.on_failure == "skip" and outcome is not None and not outcome.status.is_success:
            return False
        named = self._policy.schema.type_of(label)
        return selects(named, keep=self._policy.keep_types, drop=self._policy.drop_types)


def source_of(items: Sequence[Item], indices: Sequence[int]) -> Source | ClassifyError:
    """What is classified for a group: the original document where a single item has it, else the items' text."""
    first = items[indices[0]]
    if first.source is not None and len(indices) == 1:
        return first.source
    return Source.text(joined_text(items, indices), name=first.display_name)


def _sources(groups: Sequence[_Group]) -> list[Source]:
    return [group.source for group in groups if group.source is not None]


def _raise_failures(outcomes: Sequence[Classification], on_failure: OnFailure) -> None:
    failures = [outcome for outcome in outcomes if not outcome.status.is_success]
    if failures and on_failure == "raise":
        remedy = 'on_failure="annotate" keeps them with the error in their metadata, "skip" leaves them out'
        error = batch_error(len(outcomes), failures, remedy)
        error.outcomes = tuple(outcomes)
        raise error from failures[0].error
