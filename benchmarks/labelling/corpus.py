"""The nodes that are labelled, as a splitter leaves them, and a backend that counts what it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from llama_index.core.schema import NodeRelationship, ObjectType, RelatedNodeInfo, TextNode

from classify_core import Answer, Backend, ClassifyConfiguration, ClassifyRequest, LocalBackend, Rule

RULES: Final = (
    Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
)
_SENTENCES: Final = (
    "Invoice number {number}, line item {position}: two lamps, tax 4 EUR, total amount due 24 EUR. ",
    "Recipe {number}, step {position} of the preparation: knead 300 g of flour with the other ingredients. ",
)
_EXCLUDED: Final = ("file_name", "file_type", "file_size", "creation_date", "last_modified_date")
_ANSWER: Final = Answer(
    type="invoice", confidence=0.9, reasoning="an invoice number, line items and a total amount due"
)


@dataclass(frozen=True)
class Corpus:
    """How many documents there are, and in what nodes.

    Attributes:
        documents: how many.
        nodes_a_document: how many nodes each has.
        characters: the length of a node's text.
    """

    documents: int
    nodes_a_document: int
    characters: int

    @property
    def node_count(self) -> int:
        """The nodes of all documents."""
        return self.documents * self.nodes_a_document

    def nodes(self) -> list[TextNode]:
        """The nodes of all documents, made anew."""
        return [node for number in range(self.documents) for node in self.nodes_of(number)]

    def nodes_of(self, number: int) -> Iterator[TextNode]:
        """The nodes of one document; any number is one, also beyond the corpus."""
        metadata = _metadata(number)
        source = RelatedNodeInfo(node_id=f"document-{number}", node_type=ObjectType.DOCUMENT, metadata=metadata)
        for position in range(self.nodes_a_document):
            begin = position * self.characters
            yield TextNode(
                id_=f"document-{number}-{position}",
                text=self._text(number, position),
                metadata=dict(metadata),
                excluded_embed_metadata_keys=list(_EXCLUDED),
                excluded_llm_metadata_keys=list(_EXCLUDED),
                relationships={NodeRelationship.SOURCE: source},
                start_char_idx=begin,
                end_char_idx=begin + self.characters,
            )

    def _text(self, number: int, position: int) -> str:
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


def _metadata(number: int) -> dict[str, str | int]:
    """What `SimpleDirectoryReader` writes, and two keys of somebody's own."""
    return {
        "file_path": f"/data/inbox/document-{number}.txt",
        "file_name": f"document-{number}.txt",
        "file_type": "text/plain",
        "file_size": 48_000 + number,
        "creation_date": "2026-03-01",
        "last_modified_date": "2026-03-02",
        "author": f"author {number % 17}",
        "title": f"Document number {number}",
    }
