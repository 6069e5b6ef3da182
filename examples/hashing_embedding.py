"""An embedding that needs no download, for the demo: words hashed into a vector of fixed length.

It knows words, not meanings. Put your own embedding model in its place.
"""

from __future__ import annotations

from langchain_core.embeddings import Embeddings
from llama_index.core.embeddings import BaseEmbedding
from sklearn.feature_extraction.text import HashingVectorizer

DIMENSIONS = 512
_VECTORIZER = HashingVectorizer(n_features=DIMENSIONS, norm="l2", alternate_sign=False)


def embed(texts: list[str]) -> list[list[float]]:
    """One vector a text, of length 1 unless the text has no words."""
    if not texts:  # scikit-learn fails on none
        return []
    vectors: list[list[float]] = _VECTORIZER.transform(texts).toarray().tolist()
    return vectors


class LlamaIndexHashing(BaseEmbedding):
    """The embedding for LlamaIndex."""

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "LlamaIndexHashing"

    def _get_text_embedding(self, text: str) -> list[float]:
        return embed([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return embed(texts)

    def _get_query_embedding(self, query: str) -> list[float]:
        return embed([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return embed([query])[0]


class LangChainHashing(Embeddings):
    """The embedding for LangChain."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text."""
        return embed(texts)

    def embed_query(self, text: str) -> list[float]:
        """The query's vector."""
        return embed([text])[0]
