"""The documents of one call, on which cheap and dear backend work together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from classify_core.backend import Batch, ClassifyRequest
from classify_core.cascade.choosing import Choice
from classify_core.cascade.ledger import Ledger
from classify_core.cascade.sureness import Opinion
from classify_core.classification import Answer
from classify_core.source import Source


class Teach(Protocol):
    """Has the cheap backend learn from its own batch and the dear one's labels."""

    async def __call__(self, labels: Mapping[str, str | None], *, by_themselves: bool) -> object:
        """See `BatchBackend.learn`."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A document, its cheap answer, and what it would have cost."""

    source: Source
    answer: Answer
    price: float


class CascadeBatch:
    """The documents of one call: all of them get a cheap answer first, and then some are sent.

    Used on the background loop alone.

    Args:
        cheap: the cheap backend's own batch.
        teach: has that backend learn; None where it is not to be taught.
        choice: which documents are sent.
        ledger: counts what becomes of them.
        types: those of the rules.
    """

    def __init__(
        self, cheap: Batch, teach: Teach | None, choice: Choice, ledger: Ledger, *, types: Collection[str]
    ) -> None:
        self.cheap = cheap
        self._teach = teach
        self._choice = choice
        self._ledger = ledger
        self._types = frozenset(types)
        self._seen: dict[str, _Seen] = {}
        self._unreadable: dict[str, Source] = {}
        self._chosen: set[str] = set()
        self._labels: dict[str, str | None] = {}
        self._together: Mapping[str, Answer] = {}

    def saw(self, request: ClassifyRequest, answer: Answer, price: float) -> Answer:
        """Takes note of a document's cheap answer, and returns it as one that may not be the last."""
        self._seen[request.content_key] = _Seen(request.source, answer, price)
        return answer.model_copy(update={"is_provisional": True})

    def could_not_read(self, request: ClassifyRequest) -> None:
        """Takes note of a document that only the dear backend may be able to read."""
        self._unreadable[request.content_key] = request.source

    def is_chosen(self, content_key: str) -> bool:
        """Whether the document is to be sent."""
        return content_key in self._chosen

    def cheap_answer(self, content_key: str) -> Answer | None:
        """The last cheap answer; None where the document could not be read."""
        seen = self._seen.get(content_key)
        return None if seen is None else self._together.get(content_key, seen.answer)

    def price(self, content_key: str) -> float | None:
        """What the document costs, where that is known."""
        seen = self._seen.get(content_key)
        return None if seen is None else seen.price

    def labelled(self, content_key: str, answer: Answer) -> None:
        """Takes note of the dear backend's answer; a type that is in no rule teaches nothing."""
        is_of_rules = answer.type is None or answer.type in self._types
        if content_key in self._seen and is_of_rules:
            self._labels[content_key] = answer.type

    async def chosen(self) -> Mapping[str, Source]:
        """The documents to be sent next; none in the end."""
        sources = {key: source for key, source in self._unreadable.items() if key not in self._chosen}
        if not self._choice.is_over:
            await self._look(by_themselves=False)
            opinions = [
                Opinion(key, self._seen[key].answer, self._together.get(key, self._seen[key].answer))
                for key in sorted(self._seen.keys() - self._chosen)
            ]
            sources |= {key: self._seen[key].source for key in self._choice.next(opinions)}
        self._chosen |= sources.keys()
        return sources

    async def answers(self) -> Mapping[str, Answer]:
        """The last answers of all documents that were not sent."""
        was_taught = self._teach is not None and bool(self._labels)
        if was_taught or not self._together:  # without lessons a second time says the same
            await self._look(by_themselves=True)
        self._compare()
        answers = {key: self._together.get(key, self._seen[key].answer) for key in self._seen.keys() - self._chosen}
        for key in answers:
            self._ledger.stayed(key, self._seen[key].price)
        return answers

    async def _look(self, *, by_themselves: bool) -> None:
        """Has the cheap backend look at all documents together, with what the dear one said so far."""
        labels = {key: name for key, name in sorted(self._labels.items()) if key not in self._choice.held_out}
        if self._teach is not None and labels:
            await self._teach(labels, by_themselves=by_themselves)
        self._together = await self.cheap.answers()

    def _compare(self) -> None:
        held_out = [key for key in self._choice.held_out if key in self._labels]
        agreeing = sum(self._together.get(key, self._seen[key].answer).type == self._labels[key] for key in held_out)
        self._ledger.compared(agreeing, len(held_out))
