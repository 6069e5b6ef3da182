"""Lets a LangChain embedding model classify."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from classify_core.local.embedded import DEFAULT_MAX_CHARACTERS, EmbeddedEngine
from classify_core.local.model_calls import refuse_other
from langchain_classify.engines.model_names import name_of


class EmbeddingEngine(EmbeddedEngine):
    """Decides by how near a document's meaning is to each rule's, as an embedding model sees it.

        runnable = ClassifyRunnable(rules, backend=LocalBackend(EmbeddingEngine(embeddings)))

    It knows synonyms, and with a multilingual model other languages, which the default engine does not. Rules are
    embedded once, a document in about five passages. What counts is how far a rule stands out from kinds of documents
    in general, so that one decision works for models whose similarities lie in different ranges.

    Args:
        embeddings: the model.
        max_characters: how much of a document is embedded: of a longer one its beginning, middle and end.

    Raises:
        InvalidOptionError: `embeddings` is none, or `max_characters` too small.
    """

    def __init__(self, embeddings: Embeddings, *, max_characters: int = DEFAULT_MAX_CHARACTERS) -> None:
        refuse_other(Embeddings, embeddings, engine="EmbeddingEngine", example="embeddings")
        self._embeddings = embeddings
        super().__init__(name_of(embeddings), max_characters=max_characters)

    def _embed(self, texts: list[str]) -> list[list[float]]:
        return self._embeddings.embed_documents(texts)
