"""Classified documents in LlamaIndex: their type and confidence in each node's metadata."""

from classify_core.errors import MissingExtraError

try:
    import llama_index.core  # noqa: F401 - asked for first, so that its absence is answered with the remedy
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("llama_index"):
        raise
    raise MissingExtraError(
        'llama_index_classify needs llama-index-core; install it with: pip install "classify-adapters[llama-index]"'
    ) from error

from llama_index_classify.auto_retrieval import vector_store_info
from llama_index_classify.engines import EmbeddingEngine, LLMEngine
from llama_index_classify.failures import IngestionFailure, failures_in
from llama_index_classify.filters import type_filters
from llama_index_classify.forgetting import aforget_failures, forget_failures
from llama_index_classify.postprocessor import ClassifyPostprocessor
from llama_index_classify.reader import ClassifyReader
from llama_index_classify.routing import IngestionRouter, RouteReport, RoutingReport
from llama_index_classify.selector import ClassifySelector
from llama_index_classify.tool_spec import ClassifyToolSpec
from llama_index_classify.transform import ClassifyTransform

__all__ = [
    "ClassifyPostprocessor",
    "ClassifyReader",
    "ClassifySelector",
    "ClassifyToolSpec",
    "ClassifyTransform",
    "EmbeddingEngine",
    "IngestionFailure",
    "IngestionRouter",
    "LLMEngine",
    "RouteReport",
    "RoutingReport",
    "aforget_failures",
    "failures_in",
    "forget_failures",
    "type_filters",
    "vector_store_info",
]
