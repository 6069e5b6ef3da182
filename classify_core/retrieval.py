"""Labels for what a query found: by its documents' full text where a store has it, and kept there for the next query.

What a query finds are parts of documents. A store may hold the whole of each, and the label that a former query made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from classify_core.classifier import Classifier
from classify_core.errors import ClassifyError
from classify_core.grouping import Item, grouped
from classify_core.labelling import Labeller
from classify_core.labels import FailedDocument, Label, Labelled, Labelling, LabelPolicy
from classify_core.metadata import MetadataSchema, selects
from classify_core.progress import ProgressCallback

_SHARE_OF_LOOKING_UP: Final = 0.5
"""Of the time of a call: what remains must do for classifying by the text at hand, where a store does not answer."""
_LEAST_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What a store holds of a document.

    Attributes:
        text: its full text; None where the store does not know it.
        metadata: that of the document, or of each of its nodes.
    """

    text: str | None = field(repr=False)
    metadata: tuple[Mapping[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A label that an item did not carry.

    Attributes:
        item: the item, as it was retrieved.
        label: the label, of a success.
    """

    item: Item
    label: Label


class LabelStore(Protocol):
    """What knows whole documents and keeps labels; made for one call. No method raises for a store that fails."""

    def key_of(self, item: Item) -> str:
        """The identifier by which the store knows the document of an item."""

    def look_up(self, keys: Sequence[str], *, seconds: float | None) -> Mapping[str, StoredDocument]:
        """What the store holds; what it does not know, or not in time, is left out."""

    async def alook_up(self, keys: Sequence[str], *, seconds: float | None) -> Mapping[str, StoredDocument]:
        """The same, awaited."""

    def write_back(self, labels: Sequence[NewLabel], *, seconds: float | None) -> None:
        """Keeps labels; waits no longer than so many seconds for it."""

    async def awrite_back(self, labels: Sequence[NewLabel], *, seconds: float | None) -> None:
        """The same, awaited."""


class RetrievalLabeller(Labeller):
    """Labels retrieved items; makes no label that the store has, and gives the store those that it makes."""

    def __init__(self, classifier: Classifier, policy: LabelPolicy, store: LabelStore) -> None:
        # Types are selected after labels were kept: else what is not wanted would be classified by each query anew.
        super().__init__(classifier, replace(policy, keep_types=None, drop_types=None))
        self._selection = policy
        self._store = store

    def label(
        self,
        items: Sequence[Item],
        *,
        show_progress: bool = False,
        deadline: float | None = None,
        adapt: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Labelling:
        """What the items come to; looking up, classifying and waiting until labels are kept share the deadline.

        Raises:
            ForeignLabelError: an item carries somebody else's type; nothing was classified.
        """
        try:
            self._classifier.prepare()
        except ClassifyError as error:
            return self._selected(self._without_rules(items, error))
        countdown = _Countdown(deadline)
        found = self._store.look_up(self._unlabelled_keys(items), seconds=countdown.share(_SHARE_OF_LOOKING_UP))
        whole = self._whole(items, found)
        labelling = super().label(
            whole.items,
            show_progress=show_progress,
            deadline=countdown.seconds_left(),
            adapt=adapt,
            on_progress=on_progress,
        )
        spread = whole.spread(labelling, items, self._policy.schema)
        self._store.write_back(self._new_labels(items, spread), seconds=countdown.seconds_left())
        return self._selected(spread)

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
            return self._selected(self._without_rules(items, error))
        countdown = _Countdown(deadline)
        found = await self._store.alook_up(self._unlabelled_keys(items), seconds=countdown.share(_SHARE_OF_LOOKING_UP))
        whole = self._whole(items, found)
        labelling = await super().alabel(
            whole.items,
            show_progress=show_progress,
            deadline=countdown.seconds_left(),
            adapt=adapt,
            on_progress=on_progress,
        )
        spread = whole.spread(labelling, items, self._policy.schema)
        await self._store.awrite_back(self._new_labels(items, spread), seconds=countdown.seconds_left())
        return self._selected(spread)

    def _unlabelled_keys(self, items: Sequence[Item]) -> list[str]:
        """By which the store knows the documents that carry no fresh label."""
        self._refuse_foreign_labels(items)
        groups = grouped(items, self._policy.group_by)
        unlabelled = [indices for indices in groups if self._fresh_label(items, indices) is None]
        return list(dict.fromkeys(self._store.key_of(items[index]) for indices in unlabelled for index in indices))

    def _whole(self, items: Sequence[Item], found: Mapping[str, StoredDocument]) -> _Whole:
        """One item for all those whose document's text the store holds; the others as they are; its labels on both."""
        whole = _Whole([], [])
        for indices in grouped(items, self._policy.group_by):
            parts: dict[str | int, list[int]] = {}
            for index in indices:
                stored = found.get(self._store.key_of(items[index]))
                is_whole = stored is not None and stored.text is not None
                parts.setdefault(self._store.key_of(items[index]) if is_whole else index, []).append(index)
            for places in parts.values():
                first = items[places[0]]
                whole.items.append(self._replaced(first, found.get(self._store.key_of(first))))
                whole.members.append(places)
        return whole

    def _replaced(self, item: Item, stored: StoredDocument | None) -> Item:
        """An item with its document's text and label; none of its own, on which its siblings may not agree."""
        if stored is None:
            return item
        parts = [Item("", metadata) for metadata in stored.metadata]
        label = self._fresh_label(parts, range(len(parts)))
        if stored.text is None and label is None:
            return item
        text = item.text if stored.text is None else stored.text
        return replace(item, text=text, metadata=self._policy.schema.labelled(item.metadata, label or {}))

    def _new_labels(self, items: Sequence[Item], labelling: Labelling) -> list[NewLabel]:
        """The labels of successes that their items did not carry."""
        schema, rules_id = self._policy.schema, self._classifier.rules_id
        carried = schema.fresh_label
        return [
            NewLabel(items[one.index], one.label)
            for one in labelling.labelled
            if schema.own_label(one.label) is not None
            and schema.type_of(one.label) != schema.type_of(carried(items[one.index].metadata, rules_id) or {})
        ]

    def _selected(self, labelling: Labelling) -> Labelling:
        schema, keep, drop = self._selection.schema, self._selection.keep_types, self._selection.drop_types
        passed = [one for one in labelling.labelled if selects(schema.type_of(one.label), keep=keep, drop=drop)]
        return replace(labelling, labelled=passed)


@dataclass(frozen=True, slots=True)
class _Whole:
    """Items to label, some of which stand for all retrieved items of their document.

    Attributes:
        items: what is labelled.
        members: for each, the places of the retrieved items that it stands for.
    """

    items: list[Item]
    members: list[list[int]]

    def spread(self, labelling: Labelling, retrieved: Sequence[Item], schema: MetadataSchema) -> Labelling:
        """What the retrieved items come to, where `labelling` is what these come to."""
        labels = {place: one.label for one in labelling.labelled for place in self.members[one.index]}
        labelled = [
            Labelled(place, schema.labelled(retrieved[place].metadata, labels[place]), labels[place])
            for place in sorted(labels)
        ]
        failed = tuple(replace(one, indices=self._places(one)) for one in labelling.failed)
        return replace(labelling, labelled=labelled, failed=failed)

    def _places(self, failed: FailedDocument) -> tuple[int, ...]:
        return tuple(place for index in failed.indices for place in self.members[index])


class _Countdown:
    """The time of a call that its parts share; None is no limit."""

    def __init__(self, seconds: float | None) -> None:
        self._ends = None if seconds is None else time.monotonic() + seconds

    def seconds_left(self) -> float | None:
        return None if self._ends is None else max(self._ends - time.monotonic(), _LEAST_SECONDS)

    def share(self, fraction: float) -> float | None:
        left = self.seconds_left()
        return None if left is None else left * fraction
