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

from llama_index_classify.postprocessor import ClassifyPostprocessor
from llama_index_classify.reader import ClassifyReader
from llama_index_classify.transform import ClassifyTransform

__all__ = ["ClassifyPostprocessor", "ClassifyReader", "ClassifyTransform"]
