"""Classified documents in LangChain: a type and its confidence for chains, loaders, retrievers, routes and agents."""

from classify_core.errors import MissingExtraError

try:
    import langchain_core  # noqa: F401 - asked for first, so that its absence is answered with the remedy
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "langchain_core":
        raise
    raise MissingExtraError(
        'langchain_classify needs langchain-core; install it with: pip install "classify-adapters[langchain]"'
    ) from error

from langchain_classify.attributes import attribute_info
from langchain_classify.blob_parser import ClassifyBlobParser
from langchain_classify.compressor import ClassifyDocumentCompressor
from langchain_classify.engines import ChatModelEngine, EmbeddingEngine
from langchain_classify.filters import type_filter
from langchain_classify.indexing import LabelKeyEncoder
from langchain_classify.loader import ClassifyLoader
from langchain_classify.routing import TypeCondition, TypeRouter, route_by_type, type_condition
from langchain_classify.runnable import ClassifyRunnable
from langchain_classify.tool import ClassifyTool
from langchain_classify.transformer import ClassifyDocumentTransformer

__all__ = [
    "ChatModelEngine",
    "ClassifyBlobParser",
    "ClassifyDocumentCompressor",
    "ClassifyDocumentTransformer",
    "ClassifyLoader",
    "ClassifyRunnable",
    "ClassifyTool",
    "EmbeddingEngine",
    "LabelKeyEncoder",
    "TypeCondition",
    "TypeRouter",
    "attribute_info",
    "route_by_type",
    "type_condition",
    "type_filter",
]
