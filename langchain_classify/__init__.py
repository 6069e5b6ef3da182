"""The classify API for LangChain: a runnable, a document transformer and a tool for agents."""

from classify_core.errors import MissingExtraError

try:
    from langchain_classify.runnable import ClassifyRunnable
    from langchain_classify.tool import ClassifyTool
    from langchain_classify.transformer import ClassifyDocumentTransformer
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "langchain_core":
        raise
    raise MissingExtraError(
        'langchain_classify needs langchain-core; install it with: pip install "classify-adapters[langchain]"'
    ) from error

__all__ = ["ClassifyDocumentTransformer", "ClassifyRunnable", "ClassifyTool"]
