"""Engines of `LocalBackend` that ask a model of LlamaIndex's: `LocalBackend(LLMEngine(llm))`."""

from llama_index_classify.engines.embedding import EmbeddingEngine
from llama_index_classify.engines.llm import LLMEngine

__all__ = ["EmbeddingEngine", "LLMEngine"]
