"""Lets a LlamaIndex embedding model classify."""

from __future__ import annotations

from llama_index.core.base.embeddings.base import BaseEmbedding

from classify_core.local.embedded import DEFAULT_MAX_CHARACTERS, EmbeddedEngine
from classify_core.local.model_calls import model_name_of, refuse_other


class EmbeddingEngine(EmbeddedEngine):
    """Decides by how near a document's meaning is to each rule's, as an embedding model sees it.

        classifier = Classifier(rules, backend=LocalBackend(EmbeddingEngine(embed_model)))

    It knows synonyms, and with a multilingual model other languages, which the default engine does not. Rules are
    embedded once, a document in about five passages. What counts is how far a rule stands out from kinds of documents
    in general, so that one decision works for models whose similarities lie in different ranges.

    Args:
        embed_model: the model; never taken from `Settings` by itself.
        max_characters: how much of a document is embedded: of a longer one its beginning, middle and end.

    Raises:
        InvalidOptionError: `embed_model` is none, or `max_characters` too small.
    """

    def __init__(self, embed_model: BaseEmbedding, *, max_characters: int = DEFAULT_MAX_CHARACTERS) -> None:
        refuse_other(BaseEmbedding, embed_model, engine="EmbeddingEngine", example="Settings.embed_model")
        self._embed_model = embed_model
        super().__init__(model_name_of(embed_model, embed_model.model_name), max_characters=max_characters)

    def _embed(self, texts: list[str]) -> list[list[float]]:
        return self._embed_model.get_text_embedding_batch(texts)
