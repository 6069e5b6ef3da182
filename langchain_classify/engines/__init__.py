"""Engines of `LocalBackend` that ask a model of LangChain's: `LocalBackend(ChatModelEngine(model))`."""

from langchain_classify.engines.chat_model import ChatModelEngine
from langchain_classify.engines.embedding import EmbeddingEngine

__all__ = ["ChatModelEngine", "EmbeddingEngine"]
