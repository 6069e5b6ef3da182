"""The documents that are labelled, in chunks as a splitter leaves them, and a backend that counts what it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from classify_core import Answer, Backend, ClassifyConfiguration, ClassifyRequest, LocalBackend, Rule

RULES: Final = (
    Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
)
_SENTENCES: Final = (
    "Invoice number {number}, line item {position}: two lamps, tax 4 EUR, total amount due 24 EUR. ",
    "Recipe {number}, step {position} of the preparation: knead 300 g of flour with the other ingredients. ",
)
_ANSWER: Final = Answer(
    type="invoice", confidence=0.9, reasoning="an invoice number, line items and a total amount due"
)


@dataclass(frozen=True)
class Corpus:
    """How many documents there are, and in what chunks.

    Attributes:
        documents: how many.
        chunks_a_document: how many chunks each has.
        characters: the length of a chunk's text.
    """

    documents: int
    chunks_a_document: int
    characters: int

    @property
    def chunk_count(self) -> int:
        """The chunks of all documents."""
        return self.documents * self.chunks_a_document

    def text(self, number: int, position: int) -> str:
        """The text of a document's chunk; any number is a document, also beyond the corpus."""
        sentence = _SENTENCES[number % len(_SENTENCES)].format(number=number, position=position)
        return (sentence * (self.characters // len(sentence) + 1))[: self.characters]


class CountingBackend:
    """Counts the classifications.

    Args:
        inner: what classifies; None answers at once, so that nothing but the labelling takes time.
    """

    def __init__(self, inner: Backend | None = None) -> None:
        self._inner = inner
        self.name = "scripted" if inner is None else inner.name
        self.default_concurrency = 8 if inner is None else inner.default_concurrency
        self.asked = 0

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Answers a document."""
        self.asked += 1
        return _ANSWER if self._inner is None else await self._inner.classify(request, timeout=timeout)

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """Refused as by the embedded backend: there are no saved configurations here."""
        return await LocalBackend().load_configuration(configuration_id)

    async def aclose(self) -> None:
        """Closes what classifies."""
        if self._inner is not None:
            await self._inner.aclose()
